/*
 * The driver of an entropy source: QEMU's virtio-rng. Whoever the manifest lets call it gets random bytes, each of them
 * once (idl/entropy.idl).
 *
 * It keeps no state. A new instance resets the hardware and asks it for new bytes; calls that waited are delivered to it
 * again.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/entropy_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/spin.h>

#include "source.h"

#define WAITERS 64u

struct draw {
	uint64_t words[4];
};

/* Any worker answers calls: all of it under the lock. */
static struct {
	struct sk_spin lock;
	struct source source;
	uint64_t waiting[WAITERS]; /* tokens, in the order in which they came */
	uint32_t waiters;
	sk_cap_t interrupt;
} driver;

static uint32_t take(struct draw *draw)
{
	*draw = (struct draw){ 0 };
	return source_take(&driver.source, draw->words, sizeof(draw->words));
}

static void poll(void)
{
	if (!source_poll(&driver.source)) {
		sk_exit(1, "the entropy source says that it did what it was not asked to do");
	}
}

/* A reply that is refused is one to a caller that is gone. */
static void answer_first(void)
{
	struct draw draw;
	uint32_t bytes = take(&draw);

	(void)entropy_draw_reply(driver.waiting[0], SK_OK, bytes, draw.words[0], draw.words[1], draw.words[2],
				 draw.words[3]);
	driver.waiters--;
	for (uint32_t i = 0; i < driver.waiters; i++) {
		driver.waiting[i] = driver.waiting[i + 1];
	}
}

/* Answers who waits, as far as there is something; after it the hardware interrupts if somebody still does. */
static void settle(void)
{
	bool more = true;

	while (more) {
		poll();
		while (driver.waiters != 0 && driver.source.bytes >= sizeof(struct draw)) {
			answer_first();
		}
		more = driver.waiters != 0 && source_arm(&driver.source);
	}
	if (driver.waiters == 0) {
		source_disarm(&driver.source);
	}
}

static sk_status_t wait_for_it(uint64_t token)
{
	if (driver.waiters == WAITERS) {
		return ENTROPY_ERROR_BUSY;
	}
	driver.waiting[driver.waiters++] = token;
	settle();
	return SK_DEFERRED;
}

sk_status_t entropy_serve_draw(const struct sk_caller *caller, bool wait, uint32_t *bytes, uint64_t *first,
			       uint64_t *second, uint64_t *third, uint64_t *fourth)
{
	sk_status_t status = SK_OK;
	struct draw draw = { 0 };

	if (!driver.source.there) {
		return ENTROPY_ERROR_NO_SOURCE;
	}
	sk_spin_lock(&driver.lock);
	poll();
	if (wait && (driver.waiters != 0 || driver.source.bytes < sizeof(draw))) {
		status = wait_for_it(caller->token);
	} else if (driver.waiters == 0) {
		*bytes = take(&draw);
	}
	sk_spin_unlock(&driver.lock);
	*first = draw.words[0];
	*second = draw.words[1];
	*third = draw.words[2];
	*fourth = draw.words[3];
	return status;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (SK_BADGE_IFACE(caller->badge) == ENTROPY_INTERFACE) {
		return entropy_dispatch(caller, msg);
	}
	return sk_server_other(caller, msg);
}

/* The device first: its line is low when the kernel looks at it again. */
static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_INTERRUPT) == 0) {
		return;
	}
	(void)virtio_hardware_interrupt(&driver.source.hardware);
	(void)interrupt_acknowledge(driver.interrupt);
	if (!driver.source.there) {
		return;
	}
	if (virtio_hardware_is_broken(&driver.source.hardware)) {
		sk_exit(1, "the entropy source needs a reset");
	}
	sk_spin_lock(&driver.lock);
	settle();
	sk_spin_unlock(&driver.lock);
}

SK_SERVER(dispatch, signalled)

static bool open_source(void)
{
	static const char *const texts[] = {
		[SOURCE_ABSENT] = "there is no entropy source",
		[SOURCE_UNUSABLE] = "the entropy source refuses to work with this driver",
		[SOURCE_NO_MEMORY] = "`dma-kib` is too small for its queue; expected at least 4",
	};

	if (!virtio_process_memory(&driver.source.dma)) {
		return false;
	}

	enum source_state state = source_open(&driver.source);

	if (state != SOURCE_READY) {
		(void)printf("%s\n", texts[state]);
	}
	return state != SOURCE_NO_MEMORY;
}

int main(void)
{
	driver.interrupt = sk_cap_named_of_type("irq", SK_OBJECT_TYPE_INTERRUPT);
	if (!open_source()) {
		return EXIT_FAILURE;
	}
	sk_server_run();
}
