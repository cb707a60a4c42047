/*
 * Calls: every method of the kernel's interfaces by every slot of the capability table, every method number of every
 * interface by the endpoints of servers. By slots that hold something also with arguments that look right: the own
 * slots, addresses, sizes.
 */
#include "intruder.h"

#include <string.h>

#include <sk/idl/block.h>
#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>
#include <sk/process.h>
#include <sk/syscall.h>

#include "methods.h"

#define ROUNDS 40u            /* of different arguments */
#define METHODS_MAX 48u       /* of an interface of a server */
#define LAST_STATUS SK_UNSUPPORTED

static uint64_t random_state = 0x1234567deadbeefull;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dull >> 8;
}

static uint64_t draw_word(void)
{
	const struct sk_start *start = sk_start();

	switch (draw() % 6) {
	case 0:
		return nasty_numbers[draw() % nasty_count];
	case 1:
		return draw() << 8 | (draw() & 0xffu);
	case 2:
		return draw() % 64 * SK_PAGE_BYTES;
	case 3:
		return start->regions[draw() % start->region_count].address;
	case 4:
		return draw() % (SK_CAP_SLOTS + 2u);
	default:
		return start->caps[draw() % start->cap_count].slot;
	}
}

static const struct sk_start_cap *cap_at(uint32_t slot)
{
	for (uint32_t i = 0; i < sk_start()->cap_count; i++) {
		if (sk_start()->caps[i].slot == slot) {
			return &sk_start()->caps[i];
		}
	}
	return NULL;
}

/* The methods that the manifest's words come down to. */
static bool is_granted(const struct sk_start_cap *cap, uint64_t tag)
{
	uint64_t method = tag & SK_TAG_METHOD_MASK;

	if (strcmp(cap->name, "virq") == 0) {
		return method == VIRQ_TAG_SET_LEVEL;
	}
	if (strcmp(cap->name, "sched") == 0) {
		return method == TIMERS_TAG_SET || method == TIMERS_TAG_GET;
	}
	return strcmp(cap->name, "driver") == 0 && method == BLOCK_TAG_OPEN;
}

static void try_empty_slots(void)
{
	static const uint32_t wild[] = { 0, 512, 513, 1023, 1024, 4095, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX };

	for (uint32_t i = 0; i < method_count; i++) {
		for (uint32_t slot = 1; slot <= SK_CAP_SLOTS; slot++) {
			struct sk_msg msg = { .tag = methods[i].tag, .w = { draw_word(), slot, SK_PAGE_BYTES } };

			if (cap_at(slot) == NULL) {
				intruder_count(INTRUDER_EMPTY_SLOT, sk_call(slot, &msg) == SK_BAD_CAP, "empty slot",
					       slot, methods[i].tag);
			}
		}
		for (uint32_t j = 0; j < sizeof(wild) / sizeof(wild[0]); j++) {
			struct sk_msg msg = { .tag = methods[i].tag, .w = { draw_word() } };

			intruder_count(INTRUDER_EMPTY_SLOT, sk_call(wild[j], &msg) == SK_BAD_CAP, "no slot, tag",
				       wild[j], methods[i].tag);
		}
	}
}

static void fill_buffer(void)
{
	uint64_t *words = sk_message_buffer();

	for (uint32_t i = 0; i < SK_PAGE_BYTES / sizeof(*words); i++) {
		words[i] = draw_word();
	}
}

/* What is no status of the kernel's or of the interface is no answer either. */
static void try_call(const struct sk_start_cap *cap, uint64_t tag)
{
	struct sk_msg msg = { .tag = tag };
	enum intruder_class class = cap->type == SK_OBJECT_TYPE_ENDPOINT ? INTRUDER_SERVER_CALL : INTRUDER_KERNEL_CALL;
	sk_status_t status;

	for (uint32_t i = 0; i < SK_WORDS; i++) {
		msg.w[i] = draw_word();
	}
	status = sk_call(cap->slot, &msg);
	intruder_count(class, is_granted(cap, tag) || (status < 0 && status >= LAST_STATUS), cap->name, tag,
		       (uint64_t)status);
}

static uint64_t some_flags(void)
{
	return draw() % 4 == 0 ? SK_TAG_BYTES(draw() % 4096) | SK_TAG_CAPS(draw() % 4) : 0;
}

static void try_kernel_methods(const struct sk_start_cap *cap)
{
	for (uint32_t i = 0; i < method_count; i++) {
		for (uint32_t round = 0; round < ROUNDS; round++) {
			try_call(cap, methods[i].tag | some_flags());
		}
	}
}

static void try_interfaces(const struct sk_start_cap *cap)
{
	for (uint64_t interface = 0; interface < 256; interface++) {
		for (uint64_t method = 0; method < METHODS_MAX; method++) {
			try_call(cap, SK_TAG_METHOD(interface, method) | some_flags());
		}
	}
	for (uint32_t i = 0; i < 2000; i++) {
		try_call(cap, draw() << 24 | SK_TAG_METHOD(draw() % 256, draw() % 256));
	}
}

void calls_try(void)
{
	const struct sk_start *start = sk_start();

	try_empty_slots();
	fill_buffer();
	for (uint32_t i = 0; i < start->cap_count; i++) {
		try_kernel_methods(&start->caps[i]);
		try_interfaces(&start->caps[i]);
	}
}
