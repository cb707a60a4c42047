/*
 * The machine's firmware, which starts and stops cores and the machine itself:
 * PSCI (Arm DEN 0022) by SMC. Guests' own PSCI calls never come here.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define PSCI_CPU_ON 0xc4000003u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

#define PSCI_AFFINITY_ON 0
#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)

static int32_t call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;
	/* SMCCC 1.0 firmware may change x4 to x17. */
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			   "memory");
	return (int32_t)x0;
}

sk_status_t arch_core_online(uint32_t index)
{
	if (index >= core_count) {
		return SK_BAD_ARG;
	}
	switch (call(PSCI_CPU_ON, cores[index].arch.mpidr, (uint64_t)head_secondary, index)) {
	case PSCI_SUCCESS:
		return SK_OK;
	case PSCI_INVALID_PARAMETERS:
		return SK_BAD_ARG;
	case PSCI_ALREADY_ON:
	case PSCI_ON_PENDING:
		return SK_BAD_STATE;
	default:
		return SK_UNSUPPORTED;
	}
}

void arch_core_offline(void)
{
	struct core *core = core_this();
	gic_core_stop(core);
	write_sysreg(cnthp_ctl_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	isb();
	(void)call(PSCI_CPU_OFF, 0, 0, 0);
	panic("firmware refused to power core %u off", core->index);
}

/* AFFINITY_INFO (5.7): CPU_OFF takes its time, and CPU_ON answers ALREADY_ON until then. */
bool arch_core_is_off(uint32_t index)
{
	return call(PSCI_AFFINITY_INFO, cores[index].arch.mpidr, 0, 0) != PSCI_AFFINITY_ON;
}

static _Noreturn void leave(uint64_t function)
{
	(void)call(function, 0, 0, 0);
	for (;;) {
		__asm__ volatile("wfi");
	}
}

_Noreturn void arch_power_off(void)
{
	leave(PSCI_SYSTEM_OFF);
}

_Noreturn void arch_reset(void)
{
	leave(PSCI_SYSTEM_RESET);
}
