/*
 * Lines into a guest, with a table that its VMM may fill with anything at any time: each read of it is any value. No
 * index in it leads anywhere but to the VM's own vCPUs; and of a line's state, nothing that a device raised or the guest
 * took is lost or made up on the way through a list register.
 */
#include "proof.h"

static uint32_t proof_word(const uint32_t *word);
static bool proof_replace(uint32_t *word, uint32_t *old, uint32_t value);

#include <kernel/virq.c>

#define VCPUS 2u

struct core cores[SK_MAX_CORES];
uint32_t core_count = 1;
struct object *object_table;
uint32_t object_count;
_Thread_local struct core *mock_this;

static struct sk_line table[SK_VM_VCPUS_MAX * SK_PRIVATE_LINES + SK_SHARED_LINES_MAX];
static struct space vm;
static struct vcpu vcpu_0, vcpu_1;

/* A word of the table: in it, and any value. */
static uint32_t proof_word(const uint32_t *word)
{
	const uint32_t *first = &table[0].config;
	proof_that(__CPROVER_same_object(word, first), "a line is the table's");
	proof_that((uint64_t)__CPROVER_POINTER_OFFSET(word) < sk_line_table_bytes(vm.shared_lines), "and in it");
	return nondet_u32();
}

static bool is_ours(const struct vcpu *vcpu)
{
	return (vcpu == &vcpu_0 && vm.vcpu_count > 0) || (vcpu == &vcpu_1 && vm.vcpu_count > 1u);
}

void core_post(struct context *context, uint32_t flags)
{
	proof_that(is_ours(vcpu_of(context)) && flags == REMOTE_VIRQ, "a vCPU of the VM hears");
}

void plan_wake(struct core *core, struct context *context)
{
	proof_that(core == mock_this && is_ours(vcpu_of(context)), "a vCPU of the VM wakes");
}

static void vm_make(void)
{
	mock_this = &cores[0];
	vm.vm = true;
	vm.lines = nondet_bool() ? table : NULL;
	vm.shared_lines = any_below(SK_SHARED_LINES_MAX + 1u);
	vm.vcpu_count = any_below(VCPUS + 1u);
	vm.vcpus[0] = vm.vcpu_count > 0 ? &vcpu_0 : NULL;
	vm.vcpus[1] = vm.vcpu_count > 1u ? &vcpu_1 : NULL;
	vcpu_0.index = 0;
	vcpu_1.index = 1;
	vcpu_0.context.space = &vm;
	vcpu_1.context.space = &vm;
	vcpu_0.context.core = nondet_bool() ? 0 : 1u;
	vcpu_1.context.core = nondet_bool() ? 0 : 1u;
}

/* Any line number, and whatever the table says: who gets a line and who has it is nobody or a vCPU of the VM. */
void proof_look(void)
{
	vm_make();
	struct look look;
	uint32_t line = nondet_u32();
	struct vcpu *vcpu = nondet_bool() ? NULL : vm.vcpu_count > 0 ? &vcpu_0 : NULL;
	bool there = look_at(&vm, vcpu, line, &look);
	bool private = line < SK_PRIVATE_LINES;
	proof_that(there == (vm.lines != NULL && (private ? vcpu != NULL : line - SK_PRIVATE_LINES < vm.shared_lines)),
		   "any line of the VM, no other");
	if (there) {
		const struct vcpu *owner = owner_of(&vm, &look);
		proof_that(look.target == NULL || is_ours(look.target), "the target is a vCPU of the VM");
		proof_that(owner == NULL || is_ours(owner), "so is the owner");
		proof_that(!private || (look.target == vcpu && owner == vcpu), "a private line is its vCPU's");
		proof_that(line / WORD_BITS < VCPU_LINE_WORDS, "it has a bit in each vCPU's set");
	}
	proof_witness(there && !private && look.target == &vcpu_1, "a shared line's target");
	proof_witness(there && !private && look.target == NULL, "nonsense in the table");
}

/* What a list register tells of a line goes into its state: what the guest took is taken, what came since is not. */
void proof_spilled(void)
{
	uint32_t state = nondet_u32();
	enum list_state list = (enum list_state)any_below(4);
	uint32_t now = state_spilled(state, list);
	bool taken = (state & LINE_LISTED_PENDING) != 0 && (list & LIST_PENDING) == 0;
	bool active = (state & LINE_LISTED_ACTIVE) != 0 ? (list & LIST_ACTIVE) != 0 : (state & SK_LINE_ACTIVE) != 0;
	proof_that(((now & SK_LINE_PENDING) != 0) == ((state & SK_LINE_PENDING) != 0 && !taken),
		   "pending until the guest takes it, and again if it came since");
	proof_that(((now & SK_LINE_ACTIVE) != 0) == active, "active as the guest has it, or as it was changed since");
	proof_that((now & SK_LINE_ASSERTED) == (state & SK_LINE_ASSERTED), "the device's level stays");
	proof_that((now & (LINE_LISTED | LINE_LISTED_PENDING)) == 0, "it is in no list register");
	proof_that(active || (now & (LINE_LISTED_ACTIVE | LINE_HOLDER_MASK)) == 0, "nobody holds it, unless it is active");
	proof_that(!active || (now & LINE_HOLDER_MASK) == (state & LINE_HOLDER_MASK), "who has it active keeps it");
	proof_witness(taken && active, "the guest took it");
	proof_witness((now & SK_LINE_PENDING) != 0 && (list & LIST_PENDING) == 0, "it came again");
}

/* What went to a list register, and was not touched there, is afterwards what it was before. */
static uint32_t listed_state, written, chosen_from;
static enum list_state listed;
static bool room;

bool arch_list_put(struct vcpu *vcpu, uint32_t line, uint32_t priority, enum list_state state, bool end_notice)
{
	proof_that(is_ours(vcpu) && line < SK_PRIVATE_LINES + SK_SHARED_LINES_MAX && priority <= 0xffu, "a list register's");
	proof_that(state != LIST_EMPTY, "it says something");
	(void)end_notice;
	listed = state;
	listed_state = written;
	return room;
}

static bool proof_replace(uint32_t *word, uint32_t *old, uint32_t value)
{
	static bool second;
	(void)proof_word(word);
	if (!second && nondet_bool()) {
		*old = nondet_u32(); /* somebody else was quicker, and wrote anything */
		second = true;
		return false;
	}
	written = value;
	chosen_from = listed == LIST_EMPTY ? *old : chosen_from;
	return true;
}

void proof_put(void)
{
	vm_make();
	struct look look;
	uint32_t line = nondet_u32();
	proof_assume(vm.vcpu_count > 0 && look_at(&vm, &vcpu_0, line, &look));
	vcpu_0.waiting[line / WORD_BITS] = UINT64_MAX;
	room = nondet_bool();
	listed = LIST_EMPTY;
	put(&vcpu_0, &look);
	uint32_t before = chosen_from;
	/* A VMM that writes the kernel's own notes into a state makes nonsense of it, to its own harm. */
	bool kept = (before & (LINE_LISTED | LINE_LISTED_PENDING)) == 0;
	proof_that((vcpu_0.waiting[line / WORD_BITS] >> line % WORD_BITS & 1u) == 0, "it waits no more");
	if (listed != LIST_EMPTY) {
		proof_that((listed_state & LINE_LISTED) != 0, "its state says where it is");
		proof_that(!kept || ((listed_state & LINE_LISTED_PENDING) != 0) == ((listed & LIST_PENDING) != 0), "and as what");
		proof_that((listed_state & LINE_HOLDER_MASK) == holder_bits(&vcpu_0), "and whose");
		if (room && kept) {
			uint32_t same = state_spilled(listed_state, listed);
			uint32_t bits = SK_LINE_PENDING | SK_LINE_ACTIVE | SK_LINE_ASSERTED;
			proof_that((same & bits) == (before & bits), "untouched, it comes back as it was");
		}
	}
	proof_witness(listed == LIST_BOTH, "active and pending");
	proof_witness(listed == LIST_PENDING && !room, "a timer that is no more");
}

/* A device's line, a VMM's change, an injected one: with any number and any table, only the VM's vCPUs notice. */
void proof_change(void)
{
	vm_make();
	uint32_t line = nondet_u32();
	switch (any_below(3)) {
	case 0: virq_pend(&vm, NULL, line); break;
	case 1: virq_set_level(&vm, line, nondet_bool()); break;
	default:
		if (vm.vcpu_count > 0) {
			virq_pend(&vm, &vcpu_0, line);
		}
		break;
	}
	proof_witness(vcpu_1.waiting[1] != 0, "a line goes to the second vCPU");
}
