/*
 * The guest's accesses. One is in service during most attempts, so that each restart has it delivered again. What comes
 * with an access is its address, its kind and nothing else: not one register of the guest, which has a secret in
 * all of them (apps/guest/watched).
 */
#include "intruder.h"

#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>
#include <sk/syscall.h>

#include "exchange.h"

#define DEVICE 0x0a000000ull
#define ENOUGH 0x80000000ull
#define SECRET 0x5ec4e7005ec4e700ull /* WATCHED_SECRET of apps/guest/watched */
#define SECRET_BITS 0xffull          /* the guest adds the register's number */
#define MEMORY_SECRET 0xff           /* and this to what it has in memory */
#define OWN 0x0dd0bee50dd0be00ull

static uint64_t token;

uint64_t exits_token(void)
{
	return token;
}

static bool is_access(uint64_t badge)
{
	return badge < SK_BADGE_SIGNAL && SK_BADGE_IFACE(badge) == VM_EXIT_INTERFACE;
}

/* Answers the VMM's reset, the heartbeat and whoever else, until an access comes. */
static void wait_with(uint64_t answered, uint64_t value)
{
	struct sk_msg msg = { .tag = sk_reply_tag(SK_OK), .w = { value } };
	struct sk_caller caller = { 0 };
	uint64_t badge = sk_reply_wait(answered, &msg, &caller);

	while (!is_access(badge)) {
		msg = (struct sk_msg){ .tag = sk_reply_tag(SK_OK) };
		badge = sk_reply_wait(badge < SK_BADGE_SIGNAL ? caller.token : 0, &msg, &caller);
	}
	token = caller.token;
}

void exits_wait_for_guest(void)
{
	if (token == 0) {
		wait_with(0, 0);
	}
}

void exits_after_access(void)
{
	exits_wait_for_guest();
	wait_with(token, 0);
}

void exits_serve(void)
{
	uint64_t answered = sk_thread_index() == 0 ? token : 0;

	for (;;) {
		struct sk_msg msg = { .tag = sk_reply_tag(SK_OK), .w = { ENOUGH } };
		struct sk_caller caller;
		uint64_t badge = sk_reply_wait(answered, &msg, &caller);

		answered = badge < SK_BADGE_SIGNAL ? caller.token : 0;
	}
}

static bool is_secret(uint64_t value)
{
	return (value & ~SECRET_BITS) == (SECRET & ~SECRET_BITS);
}

/* The guest has a page of secrets. A server that is given all of its memory sees them there, and nowhere else. */
static uint32_t secrets_in(const struct sk_start_region *region)
{
	const volatile uint64_t *words = (const volatile uint64_t *)(uintptr_t)region->address;
	uint32_t found = 0;

	for (uint64_t i = 0; i < region->bytes / sizeof(*words); i++) {
		found += words[i] == (SECRET | MEMORY_SECRET) ? 1u : 0u;
	}
	return found;
}

static void look_at_memory(void)
{
	const struct sk_start *start = sk_start();

	for (uint32_t i = 0; i < start->region_count; i++) {
		const struct sk_start_region *region = &start->regions[i];
		uint32_t found = secrets_in(region);

		if (region == intruder_guest_memory() && strncmp(region->name, "memory@", 7) == 0) {
			intruder_count(INTRUDER_GRANTED, found != 0, "the guest's memory", found, 0);
		} else {
			intruder_count(INTRUDER_MEMORY, found == 0, "secrets of the guest's in a region", i, found);
		}
	}
}

/* Where the kernel and everybody's memory is. */
static bool is_machine_address(uint64_t value)
{
	return value >= 0x40000000u && value < 0x80000000u && !places_own(value);
}

static void look_at_message(const struct exchange *state)
{
	const uint64_t *words = &state->x[2];
	uint64_t method = state->x[1] & SK_TAG_METHOD_MASK;

	intruder_count(INTRUDER_EXIT, method == VM_EXIT_TAG_MMIO_READ && words[0] == DEVICE, "not the access",
		       state->x[1], words[0]);
	for (uint32_t i = 2; i < SK_WORDS; i++) {
		intruder_count(INTRUDER_EXIT, words[i] == 0, "a word that the access does not need", i, words[i]);
	}
	intruder_count(INTRUDER_EXIT, words[1] >> 32 == 0 && !is_secret(words[1]), "the access's description", words[1],
		       0);
}

static void look_at_registers(const struct exchange *state)
{
	for (uint32_t i = EXCHANGE_SCRATCH; i < EXCHANGE_REGISTERS; i++) {
		intruder_count(INTRUDER_EXIT, !is_secret(state->x[i]) && !is_machine_address(state->x[i]),
			       "a register", i, state->x[i]);
	}
	for (uint32_t i = 0; i < EXCHANGE_VECTOR_WORDS; i++) {
		intruder_count(INTRUDER_EXIT, state->v[i] == OWN, "a vector register's half", i, state->v[i]);
	}
	intruder_count(INTRUDER_EXIT, state->tpidrro == 0, "TPIDRRO_EL0", state->tpidrro, 0);
}

static void look_at_buffer(void)
{
	const uint64_t *words = sk_message_buffer();
	uint32_t found = 0;

	for (uint32_t i = 0; i < SK_PAGE_BYTES / sizeof(*words); i++) {
		found += is_secret(words[i]) ? 1u : 0u;
	}
	intruder_count(INTRUDER_EXIT, found == 0, "secrets in the message buffer", found, 0);
}

void exits_try(uint32_t accesses)
{
	struct exchange state;
	uint32_t seen = 0;

	memset(sk_message_buffer(), 0, SK_PAGE_BYTES);
	exits_wait_for_guest();
	look_at_memory();
	for (uint64_t answered = token; seen < accesses; answered = state.x[8]) {
		/* A vCPU has no message buffer: what a reply says it carries does not arrive anywhere. */
		uint64_t more = seen % 2 == 0 ? 0 : SK_TAG_BYTES(0xfff) | SK_TAG_CAPS(3);

		memset(&state, 0, sizeof(state));
		state.x[0] = answered;
		state.x[1] = sk_reply_tag(SK_OK) | more;
		exchange(&state, OWN);
		if (state.x[0] >= SK_BADGE_SIGNAL) {
			state.x[8] = 0;
		} else if (is_access(state.x[0])) {
			look_at_message(&state);
			look_at_registers(&state);
			look_at_buffer();
			token = state.x[8];
			seen++;
		}
	}
}
