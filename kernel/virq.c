/*
 * Lines into a guest. The VMM's interrupt-controller model writes each line's
 * configuration into the VM's line table; from then on a line that a device server
 * raises goes from here into a list register of the target vCPU, and nobody else
 * is asked.
 *
 * Truth is in three places: `pending` of each vCPU (a bit per line that waits for a
 * list register; any core sets and clears bits), the list registers (the vCPU's own
 * core only, see arch_list_*), and the table's ASSERTED bits (levels). A line is in
 * at most one list register of its VM's vCPUs unless it was retargeted while active.
 * Whatever happens elsewhere than on the vCPU's core only changes the first and the
 * third and asks for a virq_flush(), which makes the second follow.
 *
 * The table is shared with the VMM, which may write anything into it at any time.
 * Each configuration is read once per decision and every index in it is checked;
 * nonsense in it harms that VM alone. The `state` words are written with atomics. They
 * tell the VMM what the last look at the list registers saw: a VMM that wants to know
 * whether a line is pending or active asks for a line_update (change: none) first.
 */
#include <kernel/arch.h>
#include <sk/idl/kernel.h>

/* In `state`, the kernel's own notes: what the next look is to do, and whose list register has a shared line. */
#define LINE_DROP_PENDING (1u << 8)
#define LINE_DROP_ACTIVE (1u << 9)
#define LINE_MAKE_ACTIVE (1u << 10)
#define LINE_REQUESTS (LINE_DROP_PENDING | LINE_DROP_ACTIVE | LINE_MAKE_ACTIVE)
#define LINE_HOLDER_SHIFT 16
#define LINE_HOLDER_MASK 0x00ff0000u   /* index of the vCPU, plus 1 */

#define WORD_BITS 64u

static struct sk_line *line_at(const struct space *vm, uint32_t vcpu, uint32_t line)
{
	if (vm->lines == NULL || line >= SK_PRIVATE_LINES + vm->shared_lines) {
		return NULL;
	}
	return &vm->lines[sk_line_index(vcpu, line)];
}

static uint32_t config_of(const struct sk_line *entry)
{
	return __atomic_load_n(&entry->config, __ATOMIC_RELAXED);
}

static uint32_t state_of(const struct sk_line *entry)
{
	return __atomic_load_n(&entry->state, __ATOMIC_RELAXED);
}

static void state_change(struct sk_line *entry, uint32_t clear, uint32_t set)
{
	uint32_t old = state_of(entry);
	while (((old & ~clear) | set) != old &&
	       !__atomic_compare_exchange_n(&entry->state, &old, (old & ~clear) | set, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED)) {
	}
}

static uint32_t priority_of(uint32_t config)
{
	return config >> SK_LINE_PRIORITY_SHIFT & 0xffu;
}

static struct vcpu *vcpu_at(const struct space *vm, uint32_t index)
{
	return index < vm->vcpu_count ? vm->vcpus[index] : NULL;
}

/* Who gets a shared line; NULL: nobody, as long as it is configured so. */
static struct vcpu *target_of(const struct space *vm, uint32_t config)
{
	return vcpu_at(vm, config >> SK_LINE_VCPU_SHIFT & 0xffu);
}

/* The level is high, or an edge is latched. */
static bool wants(uint32_t config, uint32_t state)
{
	return (state & SK_LINE_PENDING) != 0 || (config & SK_LINE_LEVEL) == 0 || (state & SK_LINE_ASSERTED) != 0;
}

static bool bit_set(struct vcpu *vcpu, uint32_t line)
{
	uint64_t bit = 1ull << line % WORD_BITS;
	return (__atomic_fetch_or(&vcpu->pending[line / WORD_BITS], bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

static bool bit_clear(struct vcpu *vcpu, uint32_t line)
{
	uint64_t bit = 1ull << line % WORD_BITS;
	return (__atomic_fetch_and(&vcpu->pending[line / WORD_BITS], ~bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

static bool waits(const struct vcpu *vcpu, uint32_t line)
{
	return (__atomic_load_n(&vcpu->pending[line / WORD_BITS], __ATOMIC_ACQUIRE) & 1ull << line % WORD_BITS) != 0;
}

static bool is_here(const struct vcpu *vcpu)
{
	return vcpu->context.core == core_this()->index;
}

static void wake(struct vcpu *vcpu)
{
	if (vcpu->context.state == CONTEXT_BLOCKED) {
		vcpu->life = VCPU_RUNNING;
		vcpu->context.state = CONTEXT_READY;
		plan_wake(core_this(), &vcpu->context);
	}
}

/* The vCPU is to look at its lines before it runs on. */
static void look_again(struct vcpu *vcpu)
{
	if (is_here(vcpu)) {
		vcpu->work |= VCPU_WORK_LINES;
	} else {
		core_post(&vcpu->context, REMOTE_VIRQ);
	}
}

/* The line waits for a list register of the vCPU, which hears of it if the line is enabled. */
static void raise(struct vcpu *vcpu, uint32_t line, uint32_t config)
{
	(void)bit_set(vcpu, line);
	if ((config & SK_LINE_ENABLED) != 0) {
		look_again(vcpu);
		if (is_here(vcpu)) {
			wake(vcpu);
		}
	}
}

void virq_pend(struct vcpu *vcpu, uint32_t line)
{
	struct sk_line *entry = line_at(vcpu->context.space, vcpu->index, line);
	if (entry != NULL) {
		state_change(entry, 0, SK_LINE_PENDING);
		raise(vcpu, line, config_of(entry));
	}
}

static void latch(struct space *vm, uint32_t line, struct sk_line *entry, uint32_t config)
{
	state_change(entry, 0, SK_LINE_PENDING);
	struct vcpu *target = target_of(vm, config);
	if (target != NULL) {
		raise(target, line, config);
	}
}

void virq_pulse(struct space *vm, uint32_t line)
{
	struct sk_line *entry = line < SK_PRIVATE_LINES ? NULL : line_at(vm, 0, line);
	if (entry != NULL) {
		latch(vm, line, entry, config_of(entry));
	}
}

void virq_set_level(struct space *vm, uint32_t line, bool high)
{
	struct sk_line *entry = line < SK_PRIVATE_LINES ? NULL : line_at(vm, 0, line);
	if (entry == NULL) {
		return;
	}
	uint32_t config = config_of(entry);
	struct vcpu *target = target_of(vm, config);
	if (high) {
		bool rises = (state_of(entry) & SK_LINE_ASSERTED) == 0;
		state_change(entry, 0, SK_LINE_ASSERTED);
		if ((config & SK_LINE_LEVEL) == 0) {
			if (rises) {
				latch(vm, line, entry, config);
			}
		} else if (target != NULL) {
			raise(target, line, config);
		}
		return;
	}
	state_change(entry, SK_LINE_ASSERTED, 0);
	if (target == NULL || wants(config, state_of(entry))) {
		return;
	}
	if (!bit_clear(target, line)) {
		look_again(target); /* a list register may have it */
	} else if (wants(config, state_of(entry))) {
		raise(target, line, config); /* it rose again between */
	}
}

/* A waiting line that may go to a list register. */
struct choice {
	struct sk_line *entry; /* NULL: there is none */
	uint32_t line;
	uint32_t config;
	bool more;             /* it is not the only one */
};

static inline bool any_waits(const struct vcpu *vcpu)
{
	uint64_t any = 0;
#pragma GCC unroll 4
	for (uint32_t word = 0; word < VCPU_LINE_WORDS; word++) {
		any |= __atomic_load_n(&vcpu->pending[word], __ATOMIC_RELAXED);
	}
	return any != 0;
}

/* May the line, as it is configured, go to a list register of the vCPU? */
static inline bool goes(const struct vcpu *vcpu, uint32_t line, const struct sk_line *entry, uint32_t config)
{
	if (line >= SK_PRIVATE_LINES && target_of(vcpu->context.space, config) != vcpu) {
		return false;
	}
	return (config & SK_LINE_ENABLED) != 0 || (state_of(entry) & LINE_MAKE_ACTIVE) != 0;
}

/* Finds the most urgent, the lowest of equals. */
static void choose(const struct vcpu *vcpu, struct choice *best)
{
	best->entry = NULL;
	best->more = false;
	for (uint32_t word = 0; word < VCPU_LINE_WORDS; word++) {
		uint64_t bits = __atomic_load_n(&vcpu->pending[word], __ATOMIC_RELAXED);
		for (; bits != 0; bits &= bits - 1u) {
			uint32_t line = word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
			struct sk_line *entry = line_at(vcpu->context.space, vcpu->index, line);
			uint32_t config = entry == NULL ? 0 : config_of(entry);
			if (entry == NULL || !goes(vcpu, line, entry, config)) {
				continue;
			}
			best->more = best->entry != NULL;
			if (!best->more || priority_of(config) < priority_of(best->config)) {
				best->entry = entry;
				best->line = line;
				best->config = config;
			}
		}
	}
}

/* The line leaves the list register without having been taken by the guest. */
static void unlist(struct vcpu *vcpu, uint32_t index, uint32_t line, struct sk_line *entry, uint32_t config)
{
	arch_list_clear(vcpu, index);
	state_change(entry, LINE_HOLDER_MASK, 0);
	struct vcpu *target = line < SK_PRIVATE_LINES ? vcpu : target_of(vcpu->context.space, config);
	if (wants(config, state_of(entry))) {
		if (target == vcpu || target == NULL) {
			(void)bit_set(vcpu, line);
		} else {
			raise(target, line, config);
		}
	}
}

/* A private level is the VMM's own: whether it is still high is asked before the guest goes on. */
static void ask(struct vcpu *vcpu, uint32_t line)
{
	vcpu->ended_lines |= 1u << line;
	vcpu->work |= VCPU_WORK_ENDED;
	wake(vcpu);
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

/* The guest has ended the line. */
static void ended(struct vcpu *vcpu, uint32_t index, uint32_t line, struct sk_line *entry, uint32_t config)
{
	arch_list_clear(vcpu, index);
	uint32_t clear = LINE_DROP_PENDING | LINE_DROP_ACTIVE | LINE_HOLDER_MASK;
	bool active = (state_of(entry) & LINE_MAKE_ACTIVE) != 0; /* made so anew, and not listed yet */
	bool anew = waits(vcpu, line) && !active;
	clear |= active ? 0 : SK_LINE_ACTIVE;
	state_change(entry, anew ? clear : clear | SK_LINE_PENDING, 0);
	if (line < SK_PRIVATE_LINES && (config & (SK_LINE_LEVEL | SK_LINE_PHYSICAL)) == SK_LINE_LEVEL) {
		ask(vcpu, line);
		return;
	}
	if ((config & SK_LINE_LEVEL) != 0 && (state_of(entry) & SK_LINE_ASSERTED) != 0) {
		struct vcpu *target = line < SK_PRIVATE_LINES ? vcpu : target_of(vcpu->context.space, config);
		if (target == vcpu) {
			(void)bit_set(vcpu, line);
		} else if (target != NULL) {
			raise(target, line, config);
		}
	}
}

/* Looks at what the guest did with list register `index`, and whether its line still belongs there. */
static __attribute__((noinline)) void fold(struct vcpu *vcpu, uint32_t index)
{
	uint32_t line;
	enum list_state list = arch_list_state(vcpu, index, &line);
	struct sk_line *entry = line_at(vcpu->context.space, vcpu->index, line);
	if (entry == NULL) {
		arch_list_clear(vcpu, index); /* the table was taken away */
		return;
	}
	uint32_t config = config_of(entry);
	uint32_t state = state_of(entry);
	enum list_state wanted = list;
	if ((state & LINE_DROP_PENDING) != 0) {
		wanted &= ~(unsigned)LIST_PENDING;
	}
	if ((state & LINE_DROP_ACTIVE) != 0) {
		wanted &= ~(unsigned)LIST_ACTIVE;
	}
	if (wanted == LIST_EMPTY) {
		ended(vcpu, index, line, entry, config);
		return;
	}
	if (wanted == LIST_PENDING) {
		bool ours = line < SK_PRIVATE_LINES || target_of(vcpu->context.space, config) == vcpu;
		if ((config & SK_LINE_ENABLED) == 0 || !ours || !wants(config, state)) {
			unlist(vcpu, index, line, entry, config);
			return;
		}
	}
	if (wanted != list) {
		(void)arch_list_set(vcpu, index, line, priority_of(config), wanted, (config & SK_LINE_LEVEL) != 0);
	}
	uint32_t clear = LINE_DROP_PENDING | LINE_DROP_ACTIVE | SK_LINE_ACTIVE;
	if (wanted == LIST_ACTIVE && !waits(vcpu, line)) {
		clear |= SK_LINE_PENDING; /* the guest took it, and it was not latched anew */
	}
	state_change(entry, clear, wanted == LIST_PENDING ? 0 : SK_LINE_ACTIVE);
}

/* No list register is free: the least urgent line that the guest has not taken yet makes room for a more urgent one. */
static int32_t displace(struct vcpu *vcpu, uint32_t priority)
{
	struct sk_line *victim = NULL;
	uint32_t victim_line = 0;
	int32_t index = -1;
	for (uint32_t i = 0; i < arch_list_registers(); i++) {
		uint32_t line;
		if (arch_list_state(vcpu, i, &line) == LIST_PENDING) {
			struct sk_line *entry = line_at(vcpu->context.space, vcpu->index, line);
			uint32_t other = entry == NULL ? 0 : priority_of(config_of(entry));
			if (other > priority) {
				priority = other;
				victim = entry;
				victim_line = line;
				index = (int32_t)i;
			}
		}
	}
	if (victim != NULL) {
		unlist(vcpu, (uint32_t)index, victim_line, victim, config_of(victim));
	}
	return index;
}

/* Raised while a list register has it: beside an active one an edge waits; a level is looked at when it ends. */
static enum list_state merge(const struct vcpu *vcpu, uint32_t index, uint32_t config, uint32_t state)
{
	uint32_t line;
	enum list_state list = arch_list_state(vcpu, index, &line);
	bool latched = (config & SK_LINE_LEVEL) == 0 || (state & SK_LINE_PENDING) != 0;
	return latched ? list | LIST_PENDING : list;
}

/* Puts a waiting line into a list register; false: there is none for it. */
static bool list(struct vcpu *vcpu, struct choice *choice)
{
	struct sk_line *entry = choice->entry;
	uint32_t config = choice->config;
	enum list_state wanted = LIST_PENDING;
	int32_t index = arch_list_used(vcpu) == 0 ? -1 : arch_list_find(vcpu, choice->line);
	if (index >= 0) {
		wanted = merge(vcpu, (uint32_t)index, config, state_of(entry));
	} else {
		index = arch_list_free(vcpu);
		if (index < 0) {
			index = displace(vcpu, priority_of(config));
			choice->more = true;
		}
		if (index < 0) {
			return false;
		}
	}
	(void)bit_clear(vcpu, choice->line);
	uint32_t state = state_of(entry);
	uint32_t holder = choice->line < SK_PRIVATE_LINES ? 0 : (vcpu->index + 1u) << LINE_HOLDER_SHIFT;
	if ((state & LINE_MAKE_ACTIVE) != 0) {
		wanted = (state & SK_LINE_PENDING) != 0 ? LIST_BOTH : LIST_ACTIVE;
	}
	if (arch_list_set(vcpu, (uint32_t)index, choice->line, priority_of(config), wanted,
			  (config & SK_LINE_LEVEL) != 0)) {
		state_change(entry, LINE_REQUESTS | LINE_HOLDER_MASK,
			     (wanted & LIST_ACTIVE) != 0 ? holder | SK_LINE_ACTIVE : holder);
	} else {
		state_change(entry, LINE_REQUESTS | LINE_HOLDER_MASK | SK_LINE_PENDING, 0);
	}
	return true;
}

/* Fills free list registers; false: more waits than there are. */
static __attribute__((noinline)) bool fill(struct vcpu *vcpu)
{
	/* In a table at rest no more change hands; a VMM that changes priorities all the while doesn't hold us. */
	for (uint32_t turns = 4u * arch_list_registers(); turns != 0; turns--) {
		struct choice choice;
		choose(vcpu, &choice);
		if (choice.entry != NULL && !list(vcpu, &choice)) {
			return false;
		}
		if (!choice.more) {
			return true;
		}
	}
	return false;
}

void virq_flush(struct vcpu *vcpu)
{
	vcpu->work &= ~VCPU_WORK_LINES;
	core_count_event(core_this(), COUNT_VIRQ_FLUSHES);
	for (uint32_t used = arch_list_used(vcpu); used != 0; used &= used - 1u) {
		fold(vcpu, (uint32_t)__builtin_ctz(used));
	}
	arch_list_underflow_notice(vcpu, any_waits(vcpu) && !fill(vcpu));
}

bool virq_pending(const struct vcpu *vcpu)
{
	if (any_waits(vcpu)) {
		struct choice choice;
		choose(vcpu, &choice);
		if (choice.entry != NULL) {
			return true;
		}
	}
	for (uint32_t used = arch_list_used(vcpu); used != 0; used &= used - 1u) {
		uint32_t line;
		if ((arch_list_state(vcpu, (uint32_t)__builtin_ctz(used), &line) & LIST_PENDING) != 0) {
			return true;
		}
	}
	return false;
}

void virq_arrived(struct vcpu *vcpu)
{
	vcpu->work |= VCPU_WORK_LINES;
	if (vcpu->context.state == CONTEXT_BLOCKED && virq_pending(vcpu)) {
		wake(vcpu);
	}
}

/* The line waits at vCPUs that are no longer its target. */
static void retarget(struct space *vm, uint32_t line, struct vcpu *target)
{
	for (uint32_t i = 0; i < vm->vcpu_count && target != NULL; i++) {
		struct vcpu *other = vm->vcpus[i];
		if (other != NULL && other != target && bit_clear(other, line)) {
			(void)bit_set(target, line);
		}
	}
}

/* Makes list registers follow at once where this core can, else as soon as the other core hears. */
static void settle(struct vcpu *vcpu)
{
	if (is_here(vcpu)) {
		virq_arrived(vcpu);
		virq_flush(vcpu);
	} else {
		look_again(vcpu);
	}
}

/* If it waited to be made active, it waits no longer, unless it is latched or high besides. */
static void undo_make_active(struct vcpu *target, uint32_t line, struct sk_line *entry, uint32_t config)
{
	uint32_t due = SK_LINE_PENDING | ((config & SK_LINE_LEVEL) != 0 ? SK_LINE_ASSERTED : 0);
	if ((state_of(entry) & LINE_MAKE_ACTIVE) == 0) {
		return;
	}
	state_change(entry, LINE_MAKE_ACTIVE, 0);
	if (target != NULL && (state_of(entry) & due) == 0) {
		(void)bit_clear(target, line);
		if ((state_of(entry) & due) != 0) {
			raise(target, line, config); /* latched between */
		}
	}
}

sk_status_t virq_update(struct space *vm, uint32_t vcpu, uint32_t line, uint32_t change)
{
	bool private = line < SK_PRIVATE_LINES;
	if (vm->lines == NULL) {
		return SK_BAD_STATE;
	}
	if (line >= SK_PRIVATE_LINES + vm->shared_lines || change > SPACE_LINE_CHANGE_CLEAR_ACTIVE ||
	    (private && vcpu_at(vm, vcpu) == NULL)) {
		return SK_BAD_ARG;
	}
	struct sk_line *entry = line_at(vm, vcpu, line);
	uint32_t config = config_of(entry);
	struct vcpu *target = private ? vcpu_at(vm, vcpu) : target_of(vm, config);
	switch (change) {
	case SPACE_LINE_CHANGE_SET_PENDING:
		state_change(entry, 0, SK_LINE_PENDING);
		if (target != NULL) {
			raise(target, line, config);
		}
		return SK_OK;
	case SPACE_LINE_CHANGE_CLEAR_PENDING:
		/* A line that the hardware drives is pending for as long as that says so. */
		if ((config & SK_LINE_PHYSICAL) == 0) {
			state_change(entry, SK_LINE_PENDING, LINE_DROP_PENDING);
			bool high = (config & SK_LINE_LEVEL) != 0 && (state_of(entry) & SK_LINE_ASSERTED) != 0;
			if (target != NULL && !high) {
				(void)bit_clear(target, line);
			}
		}
		break;
	case SPACE_LINE_CHANGE_CLEAR_ACTIVE:
		undo_make_active(target, line, entry, config);
		state_change(entry, SK_LINE_ACTIVE, LINE_DROP_ACTIVE);
		break;
	case SPACE_LINE_CHANGE_SET_ACTIVE:
		/* Active from now on, also while it finds no list register: until it is in one it does not come. */
		state_change(entry, LINE_DROP_ACTIVE, LINE_MAKE_ACTIVE | SK_LINE_ACTIVE);
		if (target != NULL) {
			(void)bit_set(target, line);
		}
		break;
	default:
		break;
	}
	uint32_t state = state_of(entry);
	struct vcpu *holder = private ? target : vcpu_at(vm, ((state & LINE_HOLDER_MASK) >> LINE_HOLDER_SHIFT) - 1u);
	if (!private) {
		retarget(vm, line, target);
		if (target != NULL && holder == NULL && (config & SK_LINE_LEVEL) != 0 &&
		    (state & SK_LINE_ASSERTED) != 0) {
			(void)bit_set(target, line); /* it rose before it had a target, or was an edge then */
		}
	}
	if (holder != NULL) {
		settle(holder);
	}
	if (target != NULL && target != holder) {
		settle(target);
	}
	return SK_OK;
}
