/*
 * A vCPU's virtual CPU interface: its list registers and what belongs to them
 * (Arm IHI 0069, 12.4), in the hardware while the vCPU is resident on its core. The
 * first list_used list registers are in use, also by lines that the guest has ended,
 * until virq.c takes them out; the others are zero. A vCPU leaves with none in use.
 *
 * The guest timer's line: between the physical interrupt and the guest's end of the
 * virtual one the physical line is active, on behalf of the resident vCPU. Either
 * arch.timer_masked says so (not in a list register), or the list register with HW
 * set does, and then the guest's end deactivates both at once. When the vCPU leaves
 * the hardware the active state goes with it.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define LIST_EACH(M) M(0) M(1) M(2) M(3)
#define LIST_READ(n) if (index == (n)) { return read_sysreg(ich_lr##n##_el2); }
#define LIST_WRITE(n) if (index == (n)) { write_sysreg(ich_lr##n##_el2, value); return; }

static uint32_t count;

static inline uint64_t hardware_read(uint32_t index)
{
	LIST_EACH(LIST_READ)
	return 0;
}

static inline void hardware_write(uint32_t index, uint64_t value)
{
	LIST_EACH(LIST_WRITE)
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

void gic_vcpu_save(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	virq_spill(vcpu);
	arch->ich_vmcr = read_sysreg(ich_vmcr_el2);
	arch->ich_ap0r0 = read_sysreg(ich_ap0r0_el2);
	arch->ich_ap1r0 = read_sysreg(ich_ap1r0_el2);
	write_sysreg(ich_hcr_el2, 0);
	if (arch->timer_masked) {
		gic_timer_hold(core_this(), false);
	}
}

void gic_vcpu_load(struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	if (arch->timer_masked) {
		gic_timer_hold(core_this(), true);
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
	uint64_t list = hardware_read(--arch->list_used);
	hardware_write(arch->list_used, 0);
	*line = (uint32_t)field_get(list, ICH_LR_VINTID);
	*state = (enum list_state)field_get(list, ICH_LR_STATE);
	if ((list & ICH_LR_HW) != 0 && *state != LIST_EMPTY) {
		arch->timer_masked = true;
	}
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
		if (state == LIST_PENDING && !timer_asserted()) {
			return false; /* the guest has set its timer anew meanwhile */
		}
		arch->timer_masked = false;
		state = state == LIST_BOTH ? LIST_ACTIVE : state; /* a linked line can't be both */
		list |= ICH_LR_HW | field_put(TIMER_LINE, ICH_LR_PINTID);
	} else if (end_notice) {
		list |= ICH_LR_EOI;
	}
	hardware_write(arch->list_used++, list | field_put(state, ICH_LR_STATE));
	return true;
}

void arch_list_filled(struct vcpu *vcpu, bool more)
{
	struct arch_vcpu *arch = &vcpu->arch;
	uint64_t hcr = more ? ICH_HCR_EN | ICH_HCR_UIE : ICH_HCR_EN;
	if (hcr != arch->ich_hcr) {
		arch->ich_hcr = hcr;
		write_sysreg(ich_hcr_el2, hcr);
	}
	if (arch->timer_masked && (vcpu->waiting[0] & 1u << TIMER_LINE) == 0) {
		arch->timer_masked = false; /* nobody will end it; if the timer still wants to interrupt, it does so again */
		arch_interrupt_complete(TIMER_LINE);
	}
}
