#include <guest/firmware.h>

#include <guest/idreg.h>
#include <guest/port.h>
#include <guest/psci.h>

#define MIDR_PART(midr) ((uint32_t)(midr) >> 4 & 0xfffu)
#define MIDR_IMPLEMENTER(midr) ((uint32_t)(midr) >> 24)
#define ARM 0x41u
#define TRNG_VERSION_1_0 0x10000u
#define TRNG_WORDS 3u

/* Arm's cores that do not speculate far enough: variants 2, 4 and BHB do not concern them. */
static bool cpu_in_order(uint64_t midr)
{
	uint32_t part = MIDR_PART(midr);

	return MIDR_IMPLEMENTER(midr) == ARM &&
	       (part == 0xd03 /* A53 */ || part == 0xd04 /* A35 */ || part == 0xd05 /* A55 */);
}

/*
 * No workaround is carried out on the guest's behalf, so the honest answers are "this CPU does not
 * need it" and "not supported", never "call it".
 */
static uint64_t workaround_features(const struct guest *guest, uint32_t function)
{
	bool safe = cpu_in_order(guest->id[IDREG_INDEX(0u, 0u)]);

	switch (function) {
	case FIRMWARE_WORKAROUND_1:
		safe = safe || IDREG_FIELD(guest->id[IDREG_AA64PFR0], 56) != 0; /* CSV2 */
		return safe ? FIRMWARE_UNAFFECTED : FIRMWARE_NOT_SUPPORTED;
	case FIRMWARE_WORKAROUND_2:
		safe = safe || IDREG_FIELD(guest->id[IDREG_AA64PFR1], 4) != 0; /* SSBS: the guest helps itself */
		return safe ? FIRMWARE_NOT_REQUIRED : FIRMWARE_NOT_SUPPORTED;
	default:
		return safe ? FIRMWARE_UNAFFECTED : FIRMWARE_NOT_SUPPORTED;
	}
}

static uint64_t smccc_features(const struct guest *guest, uint32_t function)
{
	switch (function) {
	case FIRMWARE_SMCCC_VERSION:
	case FIRMWARE_SMCCC_FEATURES:
		return 0;
	case FIRMWARE_WORKAROUND_1:
	case FIRMWARE_WORKAROUND_2:
	case FIRMWARE_WORKAROUND_3:
		return workaround_features(guest, function);
	default:
		return FIRMWARE_NOT_SUPPORTED;
	}
}

/* 128 bits as four 32-bit words, first octet in the lowest byte (DEN 0028, 6.2). */
static void answer_uuid(struct firmware_answer *answer, const uint32_t words[4])
{
	answer->count = 4;
	for (uint32_t i = 0; i < 4; i++) {
		answer->x[i] = words[i];
	}
}

/* RND: up to 96 or 192 bits, the most significant in the first register, what was not asked for zero. */
static void trng_random(const struct firmware_call *call, struct firmware_answer *answer)
{
	uint32_t width = (call->function & FIRMWARE_64) != 0 ? 64 : 32;
	uint64_t bits = call->argument[0];
	uint64_t words[TRNG_WORDS];

	if (bits == 0 || bits > (uint64_t)width * TRNG_WORDS) {
		answer->x[0] = FIRMWARE_TRNG_INVALID;
		return;
	}
	if (!port_entropy(words, TRNG_WORDS)) {
		answer->x[0] = FIRMWARE_TRNG_NO_ENTROPY;
		return;
	}
	answer->count = 4;
	answer->x[0] = 0;
	for (uint32_t i = 0; i < TRNG_WORDS; i++) { /* i counts from the least significant word: x3, x2, x1 */
		uint64_t left = bits > (uint64_t)i * width ? bits - (uint64_t)i * width : 0;
		uint64_t keep = left > width ? width : left;
		uint64_t mask = keep == 0 ? 0 : UINT64_MAX >> (64 - keep);
		answer->x[3 - i] = words[i] & mask;
	}
}

static void trng_serve(const struct firmware_call *call, struct firmware_answer *answer)
{
	static const uint32_t uuid[4] = { 0x6b1c5f2e, 0x4d41c097, 0x6f8e73b2, 0x2b19a4d0 };
	uint64_t word;

	if (!port_entropy(&word, 1)) {
		answer->x[0] = FIRMWARE_NOT_SUPPORTED;
		return;
	}
	switch (call->function) {
	case FIRMWARE_TRNG_VERSION:
		answer->x[0] = TRNG_VERSION_1_0;
		break;
	case FIRMWARE_TRNG_FEATURES: {
		uint32_t about = (uint32_t)call->argument[0];
		bool known = (about >= FIRMWARE_TRNG_VERSION && about <= FIRMWARE_TRNG_RND) ||
			     about == (FIRMWARE_TRNG_RND | FIRMWARE_64);
		answer->x[0] = known ? 0 : FIRMWARE_NOT_SUPPORTED;
		break;
	}
	case FIRMWARE_TRNG_UUID:
		answer_uuid(answer, uuid);
		break;
	default:
		trng_random(call, answer);
		break;
	}
}

static void other_serve(const struct guest *guest, const struct firmware_call *call, struct firmware_answer *answer)
{
	static const uint32_t uid[4] = { 0x4e494b53, 0x4e1d2a4b, 0x9c07b5a1, 0x31e6d07f };

	switch (call->function) {
	case FIRMWARE_SMCCC_VERSION:
		answer->x[0] = FIRMWARE_SMCCC_1_1;
		break;
	case FIRMWARE_SMCCC_FEATURES:
		answer->x[0] = smccc_features(guest, (uint32_t)call->argument[0]);
		break;
	case FIRMWARE_WORKAROUND_1:
	case FIRMWARE_WORKAROUND_3:
		/* Where the discovery said "unaffected" the call must be harmless. */
		answer->x[0] = workaround_features(guest, call->function) == FIRMWARE_UNAFFECTED ? 0
												 : FIRMWARE_NOT_SUPPORTED;
		break;
	case FIRMWARE_TRNG_VERSION:
	case FIRMWARE_TRNG_FEATURES:
	case FIRMWARE_TRNG_UUID:
	case FIRMWARE_TRNG_RND:
	case FIRMWARE_TRNG_RND | FIRMWARE_64:
		trng_serve(call, answer);
		break;
	case FIRMWARE_HYPERVISOR_UID:
		answer_uuid(answer, uid);
		break;
	case FIRMWARE_SKINK_VERSION:
		answer->x[0] = FIRMWARE_SKINK_VERSION_VALUE;
		break;
	case FIRMWARE_SKINK_PUTC:
		port_log_character((char)call->argument[0]);
		answer->x[0] = 0;
		break;
	default:
		break;
	}
}

void firmware_serve(struct guest *guest, const struct firmware_call *call, struct firmware_answer *answer)
{
	struct firmware_call narrow = *call;

	if ((call->function & FIRMWARE_64) == 0) {
		for (uint32_t i = 0; i < 3; i++) {
			narrow.argument[i] = (uint32_t)narrow.argument[i];
		}
	}
	if (psci_is(call->function)) {
		psci_serve(guest, &narrow, answer);
		return;
	}
	*answer = (struct firmware_answer){ .x = { FIRMWARE_NOT_SUPPORTED }, .count = 1 };
	other_serve(guest, &narrow, answer);
}
