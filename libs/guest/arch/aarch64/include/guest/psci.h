/* PSCI 1.1 (Arm DEN 0022): functions, return values, and the entry that firmware_serve() uses. */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include <guest/firmware.h>

/* 32-bit convention; those that have a 64-bit form have it with FIRMWARE_64 set. */
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u
#define PSCI_LAST 0x8400001fu

/* Return values (DEN 0022, section 5.2.2). */
#define PSCI_SUCCESS ((uint64_t)0)
#define PSCI_NOT_SUPPORTED ((uint64_t)-1)
#define PSCI_INVALID_PARAMETERS ((uint64_t)-2)
#define PSCI_DENIED ((uint64_t)-3)
#define PSCI_ALREADY_ON ((uint64_t)-4)
#define PSCI_ON_PENDING ((uint64_t)-5)
#define PSCI_INTERNAL_FAILURE ((uint64_t)-6)
#define PSCI_INVALID_ADDRESS ((uint64_t)-9)

/* What PSCI_VERSION, AFFINITY_INFO and MIGRATE_INFO_TYPE answer. */
#define PSCI_VERSION_1_1 0x10001u
#define PSCI_AFFINITY_ON 0u
#define PSCI_AFFINITY_OFF 1u
#define PSCI_AFFINITY_ON_PENDING 2u
#define PSCI_MIGRATE_NOT_NEEDED 2u

/* Is it a function of PSCI, in either convention? */
static inline bool psci_is(uint32_t function)
{
	return (function & ~FIRMWARE_64) >= PSCI_VERSION && (function & ~FIRMWARE_64) <= PSCI_LAST;
}

/* `call`'s arguments are already narrowed to 32 bits for a 32-bit function. */
void psci_serve(struct guest *guest, const struct firmware_call *call, struct firmware_answer *answer);

#endif
