/* What the manifest gives works: regions as far as they go, capabilities for what they are for. */
#include "intruder.h"

#include <sk/idl/block_client.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/sched_client.h>
#include <sk/process.h>
#include <sk/server.h>

#include "disk.h"

static void granted(bool works, const char *what)
{
	intruder_count(INTRUDER_GRANTED, works, what, 0, 0);
}

/* Both ends of each region can be read, and written if it says so: with what is there already. */
static void touch_regions(void)
{
	const struct sk_start *start = sk_start();

	for (uint32_t i = 0; i < start->region_count; i++) {
		const struct sk_start_region *region = &start->regions[i];
		volatile uint8_t *first = (volatile uint8_t *)(uintptr_t)region->address;
		volatile uint8_t *last = first + region->bytes - 1u;
		uint8_t ends[] = { *first, *last };

		if ((region->flags & SK_REGION_WRITABLE) != 0) {
			*first = ends[0];
			*last = ends[1];
		}
		granted(region->bytes != 0, "a region");
	}
}

static void use_timer(void)
{
	sk_cap_t sched = sk_cap_named("sched");
	uint64_t deadline_ns = 0;
	const uint64_t far_ns = 1ull << 60;

	granted(timers_set(sched, far_ns) == SK_OK && timers_get(sched, &deadline_ns) == SK_OK &&
		deadline_ns == far_ns, "a timer");
	granted(timers_set(sched, 0) == SK_OK, "no timer");
}

static void use_signals(void)
{
	sk_cap_t own = sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION);
	sk_cap_t virq = sk_cap_named("virq");
	uint64_t bits = 0;

	granted(sk_signal(own, SK_SIGNAL_FIRST_FREE) == SK_OK && sk_poll(own, &bits) == SK_OK &&
		(bits & SK_SIGNAL_FIRST_FREE) != 0, "the notification");
	granted(sk_signal(sk_cap_named("console"), SK_SIGNAL_LOG) == SK_OK, "the console's bits");
	granted(sk_signal(sk_cap_named("channel:disk"), SK_SIGNAL_PEER) == SK_OK, "the channel's bit");
	granted(virq_set_level(virq, true) == SK_OK && virq_set_level(virq, false) == SK_OK, "the line");
}

void grants_try(void)
{
	touch_regions();
	use_timer();
	use_signals();
	disk_try();
	sk_server_start_workers(); /* ends this instance if it fails */
	granted(true, "the second worker");
}
