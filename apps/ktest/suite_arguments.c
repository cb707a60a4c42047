/*
 * Each method with wild arguments, one at a time; methods that there aren't; and each object called with every other
 * type's methods. Whatever is answered is one of the ABI's statuses, and the machine goes on.
 */
#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "methods.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"
#include "world.h"

#define STATUS_MIN SK_UNSUPPORTED
#define DESTROY 31u /* the number of that method in each interface: it has no arguments */

static uint32_t calls;
static uint32_t strange; /* answers that are no status */

static sk_status_t call(sk_cap_t to, uint64_t tag, const uint64_t *words)
{
	struct sk_msg msg = { .tag = tag };

	for (uint32_t i = 0; i < SK_WORDS; i++) {
		msg.w[i] = words[i];
	}

	sk_status_t status = sk_call(to, &msg);

	calls++;
	strange += status > 0 || status < STATUS_MIN ? 1u : 0u;
	return status;
}

/* The world is made anew where a call has broken it; a case has slots for some worlds only. */
static void renew(struct world *world)
{
	if (!world_whole(world)) {
		pool_end();
		pool_begin(NULL);
		world_make(world);
	}
}

static void wild_words(struct world *world, const struct method *method)
{
	static const uint64_t tame[][SK_WORDS] = {
		{ 0, 0, 0, 0, 0, 0 }, { 4096, 4096, 4096, 4096, 4096, 4096 }, { 1, 1, 1, 1, 1, 1 },
	};

	for (uint32_t set = 0; set < sizeof(tame) / sizeof(tame[0]); set++) {
		for (uint32_t word = 0; word < SK_WORDS; word++) {
			for (uint32_t i = 0; i < nasty_count; i++) {
				uint64_t words[SK_WORDS];

				for (uint32_t j = 0; j < SK_WORDS; j++) {
					words[j] = j == word ? nasty_numbers[i] : tame[set][j];
				}
				(void)call(world_object(world, method->tag >> 8), method->tag, words);
				renew(world);
			}
		}
	}
}

static void case_wild(void)
{
	struct world world;

	pool_begin("arguments: wild ones");
	world_make(&world);
	calls = 0;
	strange = 0;
	for (uint32_t i = 0; i < method_count; i++) {
		if (methods[i].words_only && (methods[i].tag & 0xffu) != DESTROY) {
			wild_words(&world, &methods[i]);
		}
	}
	tap_is(strange, 0, "%u calls with a wild argument each are answered with a status", calls);
	pool_end();
}

static void case_unknown(void)
{
	static const uint64_t words[SK_WORDS];
	struct world world;
	uint32_t known = 0;

	pool_begin("arguments: methods that there aren't");
	world_make(&world);
	calls = 0;
	strange = 0;
	for (uint32_t interface = SK_OBJECT_TYPE_MEMORY; interface <= SK_OBJECT_TYPE_MACHINE; interface++) {
		for (uint32_t number = 32; number < 256; number++) {
			sk_status_t status = call(world_object(&world, interface),
						  SK_TAG_METHOD(interface, number) | 0xffffull << 48, words);
			known += status != SK_UNKNOWN_OP && status != SK_NO_RIGHT ? 1u : 0u;
		}
	}
	tap_is(known, 0, "none of %u is known", calls);
	tap_is(strange, 0, "all are answered with a status");
	pool_end();
}

static void case_crossed(void)
{
	static const uint64_t words[SK_WORDS] = { 1, 1, 1, 1, 1, 1 };
	struct world world;
	uint32_t done = 0;

	pool_begin("arguments: other types' methods");
	world_make(&world);
	calls = 0;
	strange = 0;
	for (uint32_t type = SK_OBJECT_TYPE_MEMORY; type <= SK_OBJECT_TYPE_MACHINE; type++) {
		for (uint32_t i = 0; i < method_count; i++) {
			if (methods[i].tag >> 8 != type) {
				done += call(world_object(&world, type), methods[i].tag, words) == SK_OK ? 1u : 0u;
			}
		}
	}
	tap_is(done, 0, "none of %u does anything", calls);
	tap_ok(world_whole(&world), "the objects are as they were");
	pool_end();
}

void suite_arguments(void)
{
	case_wild();
	case_unknown();
	case_crossed();
}
