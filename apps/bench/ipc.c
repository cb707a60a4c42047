/*
 * Measures call and reply between two processes on one core, the message in registers, and switches the machine
 * off. The counter counts in steps of 16 instructions under -icount shift=0, so a sample is the mean of many rounds;
 * what the loop costs without the call is measured and taken off.
 */
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
	static struct samples samples;
	sk_cap_t echo = sk_cap_named("echo");
	sk_cap_t supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);

	(void)ticks_calling(echo); /* FP state and the like settle */
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t bare = ticks_bare();
		uint64_t ticks = ticks_calling(echo);

		if (ticks == 0) {
			(void)printf("server \"echo\" does not answer\n");
			return EXIT_FAILURE;
		}
		samples_add(&samples, sk_ticks_to_ns(ticks > bare ? ticks - bare : 0), ROUNDS);
	}
	samples_print(&samples, "ipc_roundtrip");
	return operator_power_off(supervisor) == SK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
