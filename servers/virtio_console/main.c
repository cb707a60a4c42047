/*
 * The guest's virtio console (virtio 1.2, section 5.3), one process per VM. Its ports are streams on the console
 * server: port 0, the guest's console, is region "stream", as each server with a `stream` has it; ports 1 and up are
 * regions "stream1" and up, if there are any. Bytes go between the guest's memory and the rings here, and nowhere else;
 * what has to survive is in the persistent region and in the rings (console.c says how).
 *
 * Arguments `columns=N rows=N`: the size of its screen, if the guest is to know one.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/kernel.h>
#include <sk/idl/virtio_console_persistent.h>
#include <sk/idl/virtio_persistent.h>
#include <sk/process.h>
#include <sk/server.h>
#include <virtio/server.h>

#include "console.h"

#define OWN_STATE_AT ((VIRTIO_STATE_FIELDS_BYTES + 63u) & ~63u)
#define OWN_STATE_BYTES VIRTIO_CONSOLE_STATE_FIELDS_BYTES

static struct console console;
static sk_cap_t reader;

/* After anything that may have printed. */
static void tell_reader(void)
{
	if (__atomic_exchange_n(&console.signal, false, __ATOMIC_RELAXED)) {
		(void)sk_signal(reader, SK_SIGNAL_STREAM);
	}
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_STREAM) != 0) {
		virtio_server_lock();
		virtio_mmio_serve(&console.device, VIRTIO_MMIO_ALL_QUEUES);
		virtio_server_unlock();
	}
	virtio_server_signalled(bits);
	tell_reader();
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	bool replied = virtio_server_dispatch(caller, msg);

	if (__builtin_expect(console.signal, 0)) {
		tell_reader();
	}
	return replied;
}

SK_SERVER(dispatch, signalled)

static void add_ports(void)
{
	char name[SK_NAME_BYTES] = "stream";

	for (uint32_t i = 0; i < CONSOLE_PORTS; i++) {
		const struct sk_start_region *region = sk_region_named(name);

		if (region == NULL || !console_add_port(&console, (void *)(uintptr_t)region->address, region->bytes)) {
			return;
		}
		(void)snprintf(name, sizeof(name), "stream%u", (unsigned)(i + 1));
	}
}

int main(void)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");

	add_ports();
	if (console.port_count == 0 || persistent == NULL || persistent->bytes < OWN_STATE_AT + OWN_STATE_BYTES) {
		(void)printf("no region \"%s\" of sufficient size\n",
			     console.port_count == 0 ? "stream" : "persistent");
		return EXIT_FAILURE;
	}
	reader = sk_cap_named_of_type("console", SK_OBJECT_TYPE_NOTIFICATION);
	console_describe(&console, (uint16_t)sk_argument_number("columns", 0), (uint16_t)sk_argument_number("rows", 0));
	virtio_server_open(&console.device);
	if (console.device.failed) {
		virtio_server_run();
	}
	console_open(&console,
		     virtio_console_state_fields((uint8_t *)(uintptr_t)persistent->address + OWN_STATE_AT));
	/* An earlier instance may have died between a byte and its signal. */
	(void)sk_signal(reader, SK_SIGNAL_STREAM);
	virtio_server_run();
}
