/*
 * Cores come up and go down. Every core passes machine_enter(), the boot core
 * first and with more to do; from then on TPIDR_EL2 names the core and EL2's
 * vectors are ours.
 */
#include <arch/image.h>
#include <arch/switch.h>

/* Outside of any context: everything physical comes to EL2. */
#define HCR_KERNEL (HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO | HCR_TGE)

static void machine_init(const struct sk_boot_info *info)
{
	pl011_init(info->panic_uart);
	if (!arch_virtualisation_supported()) {
		panic("this CPU lacks what the kernel needs: EL2, 40-bit addresses, GICv3 registers");
	}
	timer_init();
	core_count = info->core_count;
	for (uint32_t i = 0; i < core_count; i++) {
		cores[i].index = i;
		cores[i].arch.stack_top = (uint64_t)kernel_stacks[i + 1u];
		cores[i].arch.server_hcr = HCR_SERVER;
		cores[i].arch.server_sctlr = SCTLR_SERVER;
		cores[i].arch.mpidr = info->core_mpidr[i] & MPIDR_AFFINITY;
	}
	if (cores[0].arch.mpidr != (read_sysreg(mpidr_el1) & MPIDR_AFFINITY)) {
		panic("the boot info names another boot core");
	}
	gic_init(info);
}

_Noreturn void machine_enter(uint32_t index)
{
	const struct sk_boot_info *info = (const struct sk_boot_info *)image_end;
	struct core *core = &cores[index];
	write_sysreg(tpidr_el2, (uint64_t)core);
	core->arch.saved_vectors = read_sysreg(vbar_el2);
	write_sysreg(vbar_el2, (uint64_t)vectors);
	write_sysreg(hcr_el2, HCR_KERNEL);
	isb();
	if (index == 0) {
		machine_init(info);
	}
	timer_core_init();
	gic_core_init(core);
	if (index == 0) {
		kernel_main(info);
	}
	core_entered(core);
	panic("core %u came back from its work", index);
}

bool arch_virtualisation_supported(void)
{
	return field_get(read_sysreg(id_aa64pfr0_el1), PFR0_GIC) != 0 &&
	       field_get(read_sysreg(id_aa64mmfr0_el1), MMFR0_PARANGE) >= MMFR0_PARANGE_40;
}

/* A context runs on the core only between these two: outside, no exception from a lower level can come. */
sk_status_t arch_virtualisation_enable(struct core *core)
{
	uint64_t found = read_sysreg(vbar_el2);
	if (found != (uint64_t)vectors) {
		core->arch.saved_vectors = found;
		write_sysreg(vbar_el2, (uint64_t)vectors);
	}
	write_sysreg(hcr_el2, HCR_KERNEL);
	stage2_core_init();
	list_core_init();
	isb();
	return SK_OK;
}

sk_status_t arch_virtualisation_disable(struct core *core)
{
	write_sysreg(ich_hcr_el2, 0);
	write_sysreg(vttbr_el2, 0);
	write_sysreg(hcr_el2, HCR_KERNEL);
	write_sysreg(vbar_el2, core->arch.saved_vectors);
	isb();
	return SK_OK;
}

void arch_core_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

bool arch_interrupt_pending(void)
{
	return (read_sysreg(isr_el1) & ISR_I) != 0;
}

void arch_idle(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
	arch_irq(core_this());
}
