/* See smccc.h. */
#include <guest/boot.h>
#include <guest/cpu.h>
#include <guest/smccc.h>

int64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc_result result =
		boot.conduit_smc ? smccc_smc(function, a1, a2, a3) : smccc_hvc(function, a1, a2, a3);
	/* Answers are 32 bits wide for 32-bit functions and sign-extended for the rest: one signed reading for both. */
	return (int32_t)result.x[0];
}

int64_t psci_cpu_off(void)
{
	return psci_call(PSCI_CPU_OFF, 0, 0, 0);
}

void psci_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;) {
		cpu_wfi();
	}
}
