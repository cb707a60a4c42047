/*
 * Measures call and reply between two processes on one core, the message in registers; tells what memory a small
 * server takes, itself; and switches the machine off. The counter counts in steps of 16 instructions under -icount
 * shift=0, so a sample is the mean of many rounds; what the loop costs without the call is measured and taken off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>

#include "samples.h"

#define ROUNDS 64u
#define METHOD 1u

/* The compiler is kept from knowing the words before and after, in both loops alike. */
static inline void touch(struct sk_msg *msg)
{
	__asm__ volatile("" : "+r"(msg->tag), "+r"(msg->w[0]), "+r"(msg->w[1]), "+r"(msg->w[2]), "+r"(msg->w[3]),
			 "+r"(msg->w[4]), "+r"(msg->w[5]));
}

static uint64_t ticks_bare(void)
{
	uint64_t start = sk_counter();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct sk_msg msg = { .tag = METHOD, .w = { i, 1, 2, 3, 4, 5 } };

		touch(&msg);
	}
	return sk_counter() - start;
}

/* 0: a call failed. */
static uint64_t ticks_calling(sk_cap_t echo)
{
	uint64_t start = sk_counter();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct sk_msg msg = { .tag = METHOD, .w = { i, 1, 2, 3, 4, 5 } };

		if (sk_call(echo, &msg) != SK_OK || msg.w[0] != i) {
			return 0;
		}
		touch(&msg);
	}
	return sk_counter() - start;
}

static bool measure_calls(sk_cap_t echo)
{
	static struct samples samples;
	uint64_t bare = UINT64_MAX; /* an interrupt in it would make calls look cheaper */

	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t ticks = ticks_bare();

		bare = ticks < bare ? ticks : bare;
	}
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t ticks = ticks_calling(echo);

		if (ticks == 0) {
			return false;
		}
		samples_add(&samples, sk_ticks_to_ns(ticks > bare ? ticks - bare : 0), ROUNDS);
	}
	samples_print(&samples, "ipc_roundtrip");
	return true;
}

/* Of server.ld: what is never written begins at the one and ends before the other. */
extern const char sk_image_start[];
extern const char __init_array_start[];

/* All memory that this process owns, kernel objects and translation tables included, but for heap and rings. */
static bool measure_footprint(sk_cap_t supervisor)
{
	static const char *const buffers[] = { "heap", "log", "stream", "persistent" };
	static struct samples samples;
	struct sk_server_info info;
	uint32_t i = 0;

	do {
		if (operator_server(supervisor, i++, &info) != SK_OK) {
			return false;
		}
	} while (strncmp((const char *)info.name, sk_start()->name, sizeof(info.name)) != 0);

	uint64_t bytes = info.memory_bytes + (uint64_t)(__init_array_start - sk_image_start);

	for (i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		const struct sk_start_region *region = sk_region_named(buffers[i]);

		bytes -= region != NULL ? region->bytes : 0;
	}
	samples_add(&samples, bytes, 1);
	samples_print(&samples, "server_footprint_bytes");
	return true;
}

int main(void)
{
	sk_cap_t supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);

	if (!measure_calls(sk_cap_named("echo"))) {
		(void)printf("server \"echo\" does not answer\n");
		return EXIT_FAILURE;
	}
	if (!measure_footprint(supervisor)) {
		(void)printf("the supervisor does not know this server\n");
		return EXIT_FAILURE;
	}
	return operator_power_off(supervisor) == SK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
