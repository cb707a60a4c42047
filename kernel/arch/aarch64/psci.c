/*
 * The machine's firmware, which starts and stops cores and the machine itself:
 * PSCI (Arm DEN 0022) by SMC. Guests' own PSCI calls never come here.
 */
#include <arch/machine.h>

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

sk_status_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	switch (call(PSCI_CPU_ON, mpidr, entry, context)) {
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

void psci_cpu_off(void)
{
	(void)call(PSCI_CPU_OFF, 0, 0, 0);
}

bool psci_cpu_is_off(uint64_t mpidr)
{
	return call(PSCI_AFFINITY_INFO, mpidr, 0, 0) != PSCI_AFFINITY_ON;
}

static _Noreturn void halt(void)
{
	for (;;) {
		__asm__ volatile("wfi");
	}
}

_Noreturn void arch_power_off(void)
{
	(void)call(PSCI_SYSTEM_OFF, 0, 0, 0);
	halt();
}

_Noreturn void arch_reset(void)
{
	(void)call(PSCI_SYSTEM_RESET, 0, 0, 0);
	halt();
}
