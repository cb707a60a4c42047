/* Signals to everybody, waits for others' bits, answers to calls that are not in service, capabilities in messages. */
#include "intruder.h"

#include <string.h>

#include <sk/idl/block.h>
#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>
#include <sk/process.h>
#include <sk/syscall.h>

#define CAP_AREA_WORD ((SK_PAGE_BYTES - 64u) / 8u) /* of the message buffer: slots of capabilities that are sent */
#define TOKEN_SEQUENCES 24u
#define TOKEN_OBJECTS 1024u
#define SLOTS_BEYOND 16u

static uint32_t type_at(uint32_t slot)
{
	for (uint32_t i = 0; i < sk_start()->cap_count; i++) {
		if (sk_start()->caps[i].slot == slot) {
			return sk_start()->caps[i].type;
		}
	}
	return SK_OBJECT_TYPE_NONE;
}

static void try_signals(void)
{
	for (uint32_t slot = 0; slot < SK_CAP_SLOTS + SLOTS_BEYOND; slot++) {
		uint32_t type = type_at(slot);
		sk_status_t status = sk_signal(slot, UINT64_MAX);
		bool may = type == SK_OBJECT_TYPE_NOTIFICATION || type == SK_OBJECT_TYPE_VIRQ;

		intruder_count(INTRUDER_SIGNAL, may ? status == SK_OK : status < 0, "a signal to slot", slot,
			       (uint64_t)status);
	}
}

/* Whose notification it is shows in whether it can be waited for: every other one is only to be signalled. */
static void try_waits(void)
{
	uint32_t own = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	uint64_t bits;

	for (uint32_t slot = 0; slot < SK_CAP_SLOTS + SLOTS_BEYOND; slot++) {
		sk_status_t status = sk_poll(slot, &bits);

		intruder_count(INTRUDER_WAIT, slot == own ? status == SK_OK || status == SK_WOULD_BLOCK
							  : status < 0 && status != SK_WOULD_BLOCK,
			       "a poll of slot", slot, (uint64_t)status);
		if (slot != own && slot != SK_WAIT_ENDPOINT) {
			struct sk_msg msg;
			struct sk_caller caller;

			intruder_count(INTRUDER_WAIT, sk_wait_failed(sk_wait(slot, &msg, &caller)), "a wait for slot",
				       slot, 0);
		}
	}
}

static void try_token(uint64_t token)
{
	struct sk_msg msg = { .tag = sk_reply_tag(SK_OK) | SK_TAG_BYTES(64), .w = { 0xbad } };
	sk_status_t status = sk_reply(token, &msg);

	intruder_count(INTRUDER_TOKEN, status < 0, "a reply to", token, (uint64_t)status);
}

/* Forged: everybody's first calls, neighbours of the one in service, and, once answered, that one again. */
static void try_tokens(void)
{
	uint64_t token = exits_token();

	for (uint64_t sequence = 0; sequence < TOKEN_SEQUENCES; sequence++) {
		for (uint64_t object = 0; object < TOKEN_OBJECTS; object++) {
			uint64_t forged = sequence << 16 | object;

			if (forged != token && forged != 0) {
				try_token(forged);
			}
		}
	}
	for (uint32_t bit = 0; bit < 64; bit++) {
		try_token(token ^ 1ull << bit);
	}
	try_token(UINT64_MAX);
	try_token(1ull << 63);
	exits_after_access();
	try_token(token);
	intruder_count(INTRUDER_GRANTED, exits_token() != token, "the guest's next access", token, 0);
}

/* None of the servers called takes capabilities: theirs and this process's tables stay as they are. */
static void try_capabilities(void)
{
	static const char *const servers[] = { "sched", "driver" };
	static const uint64_t methods[] = { TIMERS_TAG_GET, BLOCK_TAG_OPEN };
	uint64_t *words = sk_message_buffer();

	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t slot = 0; slot < SK_CAP_SLOTS; slot++) {
			struct sk_msg msg = { .tag = methods[i] | SK_TAG_BYTES(0xfff) | SK_TAG_CAPS(3) };

			words[CAP_AREA_WORD] = slot;
			words[CAP_AREA_WORD + 1u] = slot + 1u;
			words[CAP_AREA_WORD + 2u] = UINT64_MAX - slot;
			(void)sk_call(sk_cap_named(servers[i]), &msg);
			intruder_count(INTRUDER_MESSAGE, SK_TAG_CAPS_OF(msg.tag) == 0, "capabilities from", i, msg.tag);
		}
	}
	for (uint32_t slot = 1; slot <= SK_CAP_SLOTS; slot++) {
		uint64_t bits;

		if (type_at(slot) == SK_OBJECT_TYPE_NONE) {
			intruder_count(INTRUDER_MESSAGE, sk_poll(slot, &bits) == SK_BAD_CAP, "a capability in slot",
				       slot, 0);
		}
	}
}

void messages_try(void)
{
	try_signals();
	try_waits();
	try_tokens();
	try_capabilities();
}
