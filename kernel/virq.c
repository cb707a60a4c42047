/*
 * Lines into a guest. The VMM's interrupt-controller model writes each line's
 * configuration into the VM's line table; from then on a line that a device server
 * raises goes from here into a list register of the target vCPU, and nobody else
 * is asked.
 *
 * Truth is the table's `state` word of a line and, of each vCPU, the set of lines
 * that may want one of its list registers (`waiting`). Any core changes either, with
 * atomics, and has the vCPU look. List registers are only a cache of the states, for
 * the vCPU that is resident on its core: filled with what is most urgent before it
 * runs, spilled back into the states whenever somebody looks, and when it leaves. So
 * no change has to find a line in a list register. It is made in the state, and where
 * it touches what a list register says of the line (LINE_LISTED_*), that no longer
 * counts when it is spilled.
 *
 * A line has one owner: the vCPU whose list register it is in, or that has it active;
 * else its target. A bit in `waiting` of another vCPU moves on to the owner, and that
 * of a line with nothing to tell goes, when somebody looks there.
 *
 * The table is shared with the VMM, which may write anything into it at any time.
 * Each word is read once per decision and every index in it is checked; nonsense in
 * it harms that VM alone. To the VMM a state tells what the last look at the list
 * registers saw: one that wants to know whether a line is pending or active asks for
 * a line_update (change: none) first.
 */
#include <kernel/arch.h>
#include <sk/idl/kernel.h>

/* In `state`, the kernel's own notes. */
#define LINE_LISTED (1u << 7)           /* the line is in a list register of its holder */
#define LINE_LISTED_PENDING (1u << 8)   /* its pending bit is there: gone once the guest has taken it */
#define LINE_LISTED_ACTIVE (1u << 9)    /* its active bit is there, or was when it was spilled */
#define LINE_HOLDER_SHIFT 16
#define LINE_HOLDER_MASK 0x00ff0000u    /* while listed or active: index of the vCPU, plus 1 */

#define WORD_BITS 64u

/* A line as one decision sees it. */
struct look {
	struct sk_line *entry;
	uint32_t line;
	uint32_t config;
	uint32_t state;
	struct vcpu *target; /* who gets it; NULL: nobody, as long as it is configured so */
};

static struct vcpu *vcpu_at(const struct space *vm, uint32_t index)
{
	return index < vm->vcpu_count ? vm->vcpus[index] : NULL;
}

/* False: there is no such line. A private one is `vcpu`'s. */
static inline bool look_at(const struct space *vm, struct vcpu *vcpu, uint32_t line, struct look *look)
{
	bool private = line < SK_PRIVATE_LINES;
	if (vm->lines == NULL || line >= SK_PRIVATE_LINES + vm->shared_lines || (private && vcpu == NULL)) {
		return false;
	}
	look->line = line;
	look->entry = &vm->lines[sk_line_index(private ? vcpu->index : 0, line)];
	look->config = __atomic_load_n(&look->entry->config, __ATOMIC_RELAXED);
	look->state = __atomic_load_n(&look->entry->state, __ATOMIC_RELAXED);
	look->target = private ? vcpu : vcpu_at(vm, look->config >> SK_LINE_VCPU_SHIFT & 0xffu);
	return true;
}

static struct vcpu *owner_of(const struct space *vm, const struct look *look)
{
	struct vcpu *holder = NULL;
	if (look->line >= SK_PRIVATE_LINES && (look->state & (LINE_LISTED | SK_LINE_ACTIVE)) != 0) {
		holder = vcpu_at(vm, ((look->state & LINE_HOLDER_MASK) >> LINE_HOLDER_SHIFT) - 1u);
	}
	return holder != NULL ? holder : look->target;
}

static uint32_t holder_bits(const struct vcpu *vcpu)
{
	return vcpu == NULL ? 0 : (vcpu->index + 1u) << LINE_HOLDER_SHIFT;
}

/* It is active, latched, or a level that is high. */
static bool wants_register(const struct look *look)
{
	return (look->state & (SK_LINE_ACTIVE | SK_LINE_PENDING)) != 0 ||
	       ((look->config & SK_LINE_LEVEL) != 0 && (look->state & SK_LINE_ASSERTED) != 0);
}

/* False: somebody else was quicker; `old` is what it is now. */
static inline bool state_replace(struct sk_line *entry, uint32_t *old, uint32_t state)
{
	return __atomic_compare_exchange_n(&entry->state, old, state, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline void state_change(struct look *look, uint32_t clear, uint32_t set)
{
	uint32_t old = look->state;
	while (((old & ~clear) | set) != old && !state_replace(look->entry, &old, (old & ~clear) | set)) {
	}
	look->state = (old & ~clear) | set;
}

static void waiting_set(struct vcpu *vcpu, uint32_t line)
{
	(void)__atomic_fetch_or(&vcpu->waiting[line / WORD_BITS], 1ull << line % WORD_BITS, __ATOMIC_ACQ_REL);
}

static void waiting_clear(struct vcpu *vcpu, uint32_t line)
{
	(void)__atomic_fetch_and(&vcpu->waiting[line / WORD_BITS], ~(1ull << line % WORD_BITS), __ATOMIC_ACQ_REL);
}

static bool is_here(const struct vcpu *vcpu)
{
	return vcpu->context.core == core_this()->index;
}

/* The vCPU looks at its lines before it runs on. */
static void notify(struct vcpu *vcpu)
{
	if (is_here(vcpu)) {
		virq_arrived(vcpu);
	} else {
		core_post(&vcpu->context, REMOTE_VIRQ);
	}
}

static inline void raise(const struct space *vm, const struct look *look)
{
	struct vcpu *owner = owner_of(vm, look);
	if (owner != NULL) {
		waiting_set(owner, look->line);
		/* Read anew: whoever has enabled it since may have looked before it waited. */
		if ((__atomic_load_n(&look->entry->config, __ATOMIC_SEQ_CST) & SK_LINE_ENABLED) != 0) {
			notify(owner);
		}
	}
}

static void latch(const struct space *vm, struct look *look)
{
	state_change(look, LINE_LISTED_PENDING, SK_LINE_PENDING);
	raise(vm, look);
}

void virq_pend(const struct space *vm, struct vcpu *vcpu, uint32_t line)
{
	struct look look;
	if (look_at(vm, vcpu, line, &look)) {
		latch(vm, &look);
	}
}

void virq_set_level(struct space *vm, uint32_t line, bool high)
{
	struct look look;
	if (!look_at(vm, NULL, line, &look)) {
		return;
	}
	bool rises = (look.state & SK_LINE_ASSERTED) == 0;
	state_change(&look, high ? 0 : SK_LINE_ASSERTED, high ? SK_LINE_ASSERTED : 0);
	if (high && (look.config & SK_LINE_LEVEL) == 0) {
		if (rises) {
			latch(vm, &look);
		}
	} else if (high || (look.state & LINE_LISTED) != 0) {
		raise(vm, &look); /* when it falls: a list register may say that it is pending */
	}
}

uint32_t virq_ended(struct vcpu *vcpu)
{
	uint32_t line = (uint32_t)__builtin_ctz(vcpu->ended_lines);
	vcpu->ended_lines &= vcpu->ended_lines - 1u;
	if (vcpu->ended_lines == 0) {
		vcpu->work &= ~VCPU_WORK_ENDED;
	}
	return line;
}

/* What the guest did with the line while it was in a list register. */
static inline uint32_t state_spilled(uint32_t state, enum list_state list)
{
	if ((state & LINE_LISTED_PENDING) != 0 && (list & LIST_PENDING) == 0) {
		state &= ~SK_LINE_PENDING;
	}
	if ((state & LINE_LISTED_ACTIVE) != 0) {
		state = (list & LIST_ACTIVE) != 0 ? state | SK_LINE_ACTIVE : state & ~SK_LINE_ACTIVE;
	}
	state &= ~(LINE_LISTED | LINE_LISTED_PENDING);
	return (state & SK_LINE_ACTIVE) != 0 ? state : state & ~(LINE_LISTED_ACTIVE | LINE_HOLDER_MASK);
}

/* The line waits where it belongs. False: nowhere. The other vCPU looks later, also on this core: one at a time. */
static inline __attribute__((always_inline)) bool place(const struct vcpu *vcpu, const struct look *look)
{
	struct vcpu *owner = owner_of(vcpu->context.space, look);
	if (!wants_register(look) || owner == NULL) {
		return false;
	}
	waiting_set(owner, look->line);
	if (owner != vcpu) {
		core_post(&owner->context, REMOTE_VIRQ);
	}
	return true;
}

void virq_spill(struct vcpu *vcpu)
{
	uint32_t line;
	enum list_state list;
	while (arch_list_take(vcpu, &line, &list)) {
		struct look look;
		if (!look_at(vcpu->context.space, vcpu, line, &look)) {
			continue; /* the table was taken away */
		}
		uint32_t old = look.state;
		while (!state_replace(look.entry, &old, state_spilled(old, list))) {
		}
		look.state = state_spilled(old, list);
		if (!place(vcpu, &look) && line < SK_PRIVATE_LINES &&
		    (look.config & (SK_LINE_LEVEL | SK_LINE_PHYSICAL)) == SK_LINE_LEVEL) {
			/* It is the VMM's own: whether it is still high is asked before the guest goes on. */
			vcpu->ended_lines |= 1u << line;
			vcpu->work |= VCPU_WORK_ENDED;
		}
	}
}

static inline bool concerns(struct vcpu *vcpu, uint32_t line, struct look *look)
{
	const struct space *vm = vcpu->context.space;
	return look_at(vm, vcpu, line, look) && wants_register(look) && owner_of(vm, look) == vcpu;
}

/* Unless it is raised just now: who does that has us look again. */
static __attribute__((noinline)) void drop(struct vcpu *vcpu, uint32_t line)
{
	struct look look;
	waiting_clear(vcpu, line);
	if (look_at(vcpu->context.space, vcpu, line, &look)) {
		(void)place(vcpu, &look);
	}
}

/* Active lines that had a list register keep it, for the guest to end; the rest goes by priority. Lower is first. */
static uint32_t urgency(const struct look *look)
{
	uint32_t kept = SK_LINE_ACTIVE | LINE_LISTED_ACTIVE;
	return (look->state & kept) == kept ? 0 : 1u + (look->config >> SK_LINE_PRIORITY_SHIFT & 0xffu);
}

/* The place of the least urgent one, if that is less urgent than `than`. */
static __attribute__((noinline)) struct look *displace(struct look *best, uint32_t room, uint32_t than)
{
	struct look *place = NULL;
	for (uint32_t i = 0; i < room; i++) {
		if (urgency(&best[i]) > than) {
			place = &best[i];
			than = urgency(place);
		}
	}
	return place;
}

/*
 * Finds the most urgent `room` of the waiting lines that may go to a list register. Lines with a bit of `ignore` in
 * their state don't count. Returns how many there are in all.
 */
static inline __attribute__((always_inline)) uint32_t choose(struct vcpu *vcpu, uint32_t ignore, struct look *best,
							     uint32_t room)
{
	uint32_t choices = 0;
	for (uint32_t word = 0; word < VCPU_LINE_WORDS; word++) {
		uint64_t bits = __atomic_load_n(&vcpu->waiting[word], __ATOMIC_RELAXED);
		for (; bits != 0; bits &= bits - 1u) {
			uint32_t line = word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
			struct look look;
			if (!concerns(vcpu, line, &look)) {
				drop(vcpu, line);
				continue;
			}
			bool goes = (look.config & SK_LINE_ENABLED) != 0 || (look.state & SK_LINE_ACTIVE) != 0;
			if (!goes || (look.state & ignore) != 0) {
				continue;
			}
			struct look *place = choices < room ? &best[choices] : displace(best, room, urgency(&look));
			if (place != NULL) {
				*place = look;
			}
			choices++;
		}
	}
	return choices;
}

/* Puts the line into a list register. An active one is only made pending too if that is to come here afterwards. */
static inline void put(struct vcpu *vcpu, struct look *look)
{
	bool again = look->target == vcpu && (look->config & SK_LINE_ENABLED) != 0;
	enum list_state list;
	uint32_t old = look->state;
	uint32_t notes;
	waiting_clear(vcpu, look->line); /* whoever changes the state from here on sets it again */
	do {
		look->state = old;
		if (!wants_register(look) || owner_of(vcpu->context.space, look) != vcpu) {
			return;
		}
		list = LIST_PENDING;
		if ((old & SK_LINE_ACTIVE) != 0) {
			list = again && (old & SK_LINE_PENDING) != 0 ? LIST_BOTH : LIST_ACTIVE;
		}
		notes = LINE_LISTED | LINE_LISTED_ACTIVE | holder_bits(vcpu);
		notes |= (list & LIST_PENDING) != 0 ? LINE_LISTED_PENDING : 0;
	} while (!state_replace(look->entry, &old, (old & ~LINE_HOLDER_MASK) | notes));
	bool notice = (look->config & SK_LINE_LEVEL) != 0 || look->target != vcpu;
	if (!arch_list_put(vcpu, look->line, look->config >> SK_LINE_PRIORITY_SHIFT & 0xffu, list, notice)) {
		look->state = old | notes;
		state_change(look, notes | LINE_HOLDER_MASK | SK_LINE_PENDING, 0);
	}
}

void virq_flush(struct vcpu *vcpu)
{
	struct look best[LIST_REGISTERS_MAX];
	uint32_t room = arch_list_registers();
	vcpu->work &= ~VCPU_WORK_LINES;
	core_count_event(core_this(), COUNT_VIRQ_FLUSHES);
	virq_spill(vcpu);
	uint32_t choices = choose(vcpu, 0, best, room);
	for (uint32_t i = 0; i < choices && i < room; i++) {
		put(vcpu, &best[i]);
	}
	arch_list_filled(vcpu, choices > room);
}

bool virq_pending(struct vcpu *vcpu)
{
	vcpu->work |= VCPU_WORK_LINES;
	virq_spill(vcpu);
	return choose(vcpu, SK_LINE_ACTIVE, NULL, 0) != 0 || (vcpu->work & VCPU_WORK_ENDED) != 0;
}

void virq_arrived(struct vcpu *vcpu)
{
	vcpu->work |= VCPU_WORK_LINES;
	if (vcpu->context.state == CONTEXT_BLOCKED && virq_pending(vcpu)) {
		vcpu->life = VCPU_STATE_RUNNING;
		vcpu->context.state = CONTEXT_READY;
		plan_wake(core_this(), &vcpu->context);
	}
}

/* The owner looks: at once where this core can, else as soon as the other core hears. */
static void settle(struct vcpu *owner, uint32_t line)
{
	if (owner != NULL) {
		waiting_set(owner, line);
		notify(owner);
		if (is_here(owner)) {
			virq_spill(owner); /* the VMM is going to look, too */
		}
	}
}

sk_status_t virq_update(struct space *vm, uint32_t vcpu, uint32_t line, uint32_t change)
{
	struct look look;
	if (vm->lines == NULL) {
		return SK_BAD_STATE;
	}
	if (change > SPACE_LINE_CHANGE_CLEAR_ACTIVE || !look_at(vm, vcpu_at(vm, vcpu), line, &look)) {
		return SK_BAD_ARG;
	}
	struct vcpu *owner = owner_of(vm, &look);
	switch (change) {
	case SPACE_LINE_CHANGE_SET_PENDING:
		latch(vm, &look);
		return SK_OK;
	case SPACE_LINE_CHANGE_CLEAR_PENDING:
		/* A line that the hardware drives is pending for as long as that says so. */
		if ((look.config & SK_LINE_PHYSICAL) == 0) {
			state_change(&look, SK_LINE_PENDING | LINE_LISTED_PENDING, 0);
		}
		break;
	case SPACE_LINE_CHANGE_SET_ACTIVE:
		state_change(&look, LINE_LISTED_ACTIVE | LINE_HOLDER_MASK, SK_LINE_ACTIVE | holder_bits(owner));
		break;
	case SPACE_LINE_CHANGE_CLEAR_ACTIVE:
		state_change(&look, SK_LINE_ACTIVE | LINE_LISTED_ACTIVE, 0);
		break;
	default:
		break;
	}
	settle(owner, line);
	if (look_at(vm, vcpu_at(vm, vcpu), line, &look) && owner_of(vm, &look) != owner) {
		settle(owner_of(vm, &look), line);
	}
	return SK_OK;
}
