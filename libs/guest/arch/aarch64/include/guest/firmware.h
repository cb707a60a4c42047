/*
 * What the guest takes for its firmware: SMCCC 1.1 discovery (Arm DEN 0028),
 * PSCI 1.1 (DEN 0022), TRNG 1.0 (DEN 0098), and our own few calls in the range for
 * a hypervisor vendor. HVC and SMC mean the same. Nothing reaches the machine's real firmware.
 */
#ifndef GUEST_FIRMWARE_H
#define GUEST_FIRMWARE_H

#include <guest/guest.h>

/* What the VMM has to do once the caller has its answer. */
enum firmware_request { FIRMWARE_NOTHING, FIRMWARE_POWER_OFF, FIRMWARE_RESET, FIRMWARE_SLEEP /* until an interrupt */ };

struct firmware_answer {
	uint64_t x[4];    /* for the caller's x0 and up */
	uint32_t count;   /* how many of them are written; 0: none */
	uint64_t action;  /* vm_exit's */
	enum firmware_request request;
};

struct firmware_call {
	uint32_t vcpu; /* caller */
	bool again;    /* an earlier instance of the VMM died over it */
	uint32_t function;
	uint64_t argument[3];
};

/* Answers one call, whatever is in it. */
void firmware_serve(struct guest *guest, const struct firmware_call *call, struct firmware_answer *answer);

/* SMCCC: bit 31 fast, bit 30 64-bit, 29:24 owner, 15:0 number. */
#define FIRMWARE_FAST (1u << 31)
#define FIRMWARE_64 (1u << 30)
#define FIRMWARE_OWNER(function) ((function) >> 24 & 0x3fu)
#define FIRMWARE_OWNER_HYPERVISOR 6u

/* Answer to a function that there is none of (DEN 0028, section 7). */
#define FIRMWARE_NOT_SUPPORTED ((uint64_t)-1)

/* SMCCC's own functions (DEN 0028, section 7), and their answers. */
#define FIRMWARE_SMCCC_VERSION 0x80000000u
#define FIRMWARE_SMCCC_FEATURES 0x80000001u
#define FIRMWARE_WORKAROUND_1 0x80008000u /* Spectre variant 2 */
#define FIRMWARE_WORKAROUND_2 0x80007fffu /* speculative store bypass */
#define FIRMWARE_WORKAROUND_3 0x80003fffu /* Spectre-BHB */
#define FIRMWARE_SMCCC_1_1 0x10001u
#define FIRMWARE_NOT_REQUIRED ((uint64_t)-2)  /* WORKAROUND_2's own way to say it */
#define FIRMWARE_UNAFFECTED 1u                /* the others' */

/* Random numbers (DEN 0098): functions, and errors of TRNG_RND. */
#define FIRMWARE_TRNG_VERSION 0x84000050u
#define FIRMWARE_TRNG_FEATURES 0x84000051u
#define FIRMWARE_TRNG_UUID 0x84000052u
#define FIRMWARE_TRNG_RND 0x84000053u
#define FIRMWARE_TRNG_NO_ENTROPY ((uint64_t)-3)
#define FIRMWARE_TRNG_INVALID ((uint64_t)-2)

/* Our own: VERSION answers FIRMWARE_SKINK_VERSION_VALUE; PUTC writes a character to the VMM's log. */
#define FIRMWARE_SKINK_VERSION 0xc6000000u
#define FIRMWARE_SKINK_PUTC 0xc6000001u
#define FIRMWARE_SKINK_VERSION_VALUE 0x534b0001u
#define FIRMWARE_HYPERVISOR_UID 0x8600ff01u

#endif
