/*
 * A vCPU's virtual CPU interface: its list registers and what belongs to them
 * (Arm IHI 0069, 12.4). They are in the hardware while the vCPU is resident on its
 * core, else in its structure; the functions work on either, on its core only.
 * The first list_used of them are in use, also by lines that the guest has ended,
 * until virq.c takes them out; the hardware's others are zero.
 *
 * The guest timer's line: between the physical interrupt and the guest's end of the
 * virtual one the physical line is active, on behalf of the resident vCPU. Either
 * arch.timer_masked says so (not in a list register), or the list register with HW
 * set does, and then the guest's end deactivates both at once. When the vCPU leaves
 * the hardware the active state goes with it.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define LIST_FIRST(M) M(0) M(1) M(2) M(3)  /* what most machines have: reached without a jump table */
#define LIST_OTHERS(M) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
#define LIST_READ(n) if (index == (n)) { return read_sysreg(ich_lr##n##_el2); }
#define LIST_WRITE(n) if (index == (n)) { write_sysreg(ich_lr##n##_el2, value); return; }

static uint32_t count;

static __attribute__((noinline)) uint64_t hardware_read_other(uint32_t index)
{
	LIST_OTHERS(LIST_READ)
	return 0;
}

static __attribute__((noinline)) void hardware_write_other(uint32_t index, uint64_t value)
{
	LIST_OTHERS(LIST_WRITE)
}

static inline uint64_t hardware_read(uint32_t index)
{
	LIST_FIRST(LIST_READ)
	return hardware_read_other(index);
}

static inline void hardware_write(uint32_t index, uint64_t value)
{
	LIST_FIRST(LIST_WRITE)
	hardware_write_other(index, value);
}

static inline bool is_resident(const struct vcpu *vcpu)
{
	return core_this()->resident == vcpu;
}

static enum list_state state_of(uint64_t list)
{
	return (enum list_state)field_get(list, ICH_LR_STATE);
}

/* Linked to the physical line, which is active for as long as this is not empty. */
static bool is_linked(uint64_t list)
{
	return (list & ICH_LR_HW) != 0 && state_of(list) != LIST_EMPTY;
}

void list_core_init(void)
{
	count = (uint32_t)field_get(read_sysreg(ich_vtr_el2), ICH_VTR_LISTREGS) + 1u;
	count = count < LIST_REGISTERS_MAX ? count : LIST_REGISTERS_MAX;
	write_sysreg(ich_hcr_el2, 0);
	for (uint32_t i = 0; i < count; i++) {
		hardware_write(i, 0);
	}
}

void gic_vcpu_init(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	arch->list_used = 0;
	arch->ich_hcr = ICH_HCR_EN;
	arch->ich_vmcr = ICH_VMCR_VFIQEN;
	arch->ich_ap0r0 = 0;
	arch->ich_ap1r0 = 0;
	arch->timer_masked = false;
}

/* Is the physical timer line active for this vCPU? From its registers as saved. */
static bool holds_timer(const struct vcpu *vcpu)
{
	bool holds = vcpu->arch.timer_masked;
	for (uint32_t i = 0; i < vcpu->arch.list_used; i++) {
		holds |= is_linked(vcpu->arch.list[i]);
	}
	return holds;
}

void gic_vcpu_save(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	for (uint32_t i = 0; i < arch->list_used; i++) {
		arch->list[i] = hardware_read(i);
		hardware_write(i, 0);
	}
	arch->ich_vmcr = read_sysreg(ich_vmcr_el2);
	arch->ich_ap0r0 = read_sysreg(ich_ap0r0_el2);
	arch->ich_ap1r0 = read_sysreg(ich_ap1r0_el2);
	write_sysreg(ich_hcr_el2, 0);
	if (holds_timer(vcpu)) {
		gic_timer_hold(core_this(), false);
	}
}

void gic_vcpu_load(struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	if (holds_timer(vcpu)) {
		gic_timer_hold(core_this(), true);
	}
	for (uint32_t i = 0; i < arch->list_used; i++) {
		hardware_write(i, arch->list[i]);
	}
	write_sysreg(ich_vmcr_el2, arch->ich_vmcr);
	write_sysreg(ich_ap0r0_el2, arch->ich_ap0r0);
	write_sysreg(ich_ap1r0_el2, arch->ich_ap1r0);
	write_sysreg(ich_hcr_el2, arch->ich_hcr);
}

uint32_t arch_list_registers(void)
{
	return count;
}

bool arch_list_take(struct vcpu *vcpu, uint32_t *line, enum list_state *state)
{
	struct arch_vcpu *arch = &vcpu->arch;
	if (arch->list_used == 0) {
		return false;
	}
	uint32_t index = --arch->list_used;
	uint64_t list = arch->list[index];
	if (is_resident(vcpu)) {
		list = hardware_read(index);
		hardware_write(index, 0);
	}
	if (is_linked(list)) {
		arch->timer_masked = true;
	}
	*line = (uint32_t)field_get(list, ICH_LR_VINTID);
	*state = state_of(list);
	return true;
}

/* Does the guest's timer want an interrupt at this moment? */
static bool timer_asserted(void)
{
	return (read_sysreg(cntv_ctl_el0) & (CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) ==
	       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
}

bool arch_list_put(struct vcpu *vcpu, uint32_t line, uint32_t priority, enum list_state state, bool end_notice)
{
	struct arch_vcpu *arch = &vcpu->arch;
	uint64_t list = field_put(line, ICH_LR_VINTID) | field_put(priority, ICH_LR_PRIORITY) | ICH_LR_GROUP1;
	if (line == TIMER_LINE && arch->timer_masked) {
		if (state == LIST_PENDING && is_resident(vcpu) && !timer_asserted()) {
			return false; /* the guest has set its timer anew meanwhile */
		}
		arch->timer_masked = false;
		state = state == LIST_BOTH ? LIST_ACTIVE : state; /* a linked line can't be both */
		list |= ICH_LR_HW | field_put(TIMER_LINE, ICH_LR_PINTID);
	} else if (end_notice) {
		list |= ICH_LR_EOI;
	}
	list |= field_put(state, ICH_LR_STATE);
	uint32_t index = arch->list_used++;
	if (is_resident(vcpu)) {
		hardware_write(index, list);
	} else {
		arch->list[index] = list;
	}
	return true;
}

void arch_list_filled(struct vcpu *vcpu, bool more)
{
	struct arch_vcpu *arch = &vcpu->arch;
	uint64_t hcr = more ? ICH_HCR_EN | ICH_HCR_UIE : ICH_HCR_EN;
	if (hcr != arch->ich_hcr) {
		arch->ich_hcr = hcr;
		if (is_resident(vcpu)) {
			write_sysreg(ich_hcr_el2, hcr);
		}
	}
	if (arch->timer_masked && (vcpu->waiting[0] & 1u << TIMER_LINE) == 0) {
		arch->timer_masked = false; /* nobody will end it; if the timer still wants to interrupt, it does so again */
		if (is_resident(vcpu)) {
			gic_deactivate(TIMER_LINE);
		}
	}
}
