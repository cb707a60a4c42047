/*
 * Calls to whatever is below us, by the SMC Calling Convention (Arm DEN 0028), and PSCI (Arm DEN 0022) over it.
 */
#ifndef GUEST_SMCCC_H
#define GUEST_SMCCC_H

#include <stdint.h>

struct smccc_result {
	uint64_t x[4];
};

/* The instruction itself, with immediate 0 and seven arguments' registers: see smccc.S. */
struct smccc_result smccc_hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
struct smccc_result smccc_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* By the conduit that the device tree names. Returns x0. */
int64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* The next ones do not return when they work. */
_Noreturn void psci_system_off(void);
int64_t psci_cpu_off(void);

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_NOT_SUPPORTED (-1)

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND32 0x84000001u
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON32 0x84000003u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO32 0x84000004u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0xc4000012u

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)

#define PSCI_STATE_ON 0
#define PSCI_STATE_OFF 1
#define PSCI_STATE_ON_PENDING 2

#endif
