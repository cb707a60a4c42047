/*
 * The guest's virtio console (virtio 1.2, section 5.3), one process per VM. Port 0, the guest's console, is region
 * "stream": a stream on the console server, as each server with a `stream` has it. Port N, 1 and up, is a further such
 * stream, region "streamN", and a further console to the guest; or a channel to any other server, with rings as in a
 * stream: region "portN", or "portN:peer" for the other end of such a one, as between the consoles of two VMs. Bytes go
 * between the guest's memory and the rings here, and nowhere else; what has to survive is in the persistent region and in
 * the rings (console.c says how).
 *
 * Arguments: `columns=N rows=N`, the size of its screen until the console server tells one; `nameN=TEXT`, what port N is
 * called there, up to 32 bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static sk_cap_t peers[CONSOLE_PORTS];

static void tell(uint32_t ports)
{
	for (; ports != 0; ports &= ports - 1) {
		uint32_t port = (uint32_t)__builtin_ctz(ports);

		(void)sk_signal(peers[port], console.ports[port].is_terminal ? SK_SIGNAL_STREAM : SK_SIGNAL_PEER);
	}
}

/* After anything that may have moved bytes. */
static void tell_peers(void)
{
	tell(__atomic_exchange_n(&console.signal, 0, __ATOMIC_RELAXED));
}

static void signalled(uint64_t bits)
{
	if ((bits & (SK_SIGNAL_STREAM | SK_SIGNAL_PEER)) != 0) {
		virtio_server_lock();
		console_look_at_size(&console);
		virtio_mmio_serve(&console.device, VIRTIO_MMIO_ALL_QUEUES);
		virtio_server_unlock();
	}
	virtio_server_signalled(bits);
	tell_peers();
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	bool replied = virtio_server_dispatch(caller, msg);

	if (__builtin_expect(console.signal != 0, 0)) {
		tell_peers();
	}
	return replied;
}

SK_SERVER(dispatch, signalled)

enum kind { TERMINAL, CHANNEL, CHANNEL_PEER };

/* `before`, the port's number unless it is 0, `behind`. A restart is quicker without printf(). */
static const char *numbered(char name[SK_NAME_BYTES], const char *before, uint32_t port, const char *behind)
{
	const char number[] = { port == 0 ? '\0' : (char)('0' + port), '\0' };

	return strcat(strcat(strcpy(name, before), number), behind);
}

/* A port by its region; false: there is none of that name, or it is of no use. */
static bool add_port(const char *before, uint32_t port, const char *behind, enum kind kind)
{
	char name[SK_NAME_BYTES];
	char other[2 * SK_NAME_BYTES] = "channel:";
	const struct sk_start_region *region = sk_region_named(numbered(name, before, port, behind));

	if (region == NULL ||
	    !console_add_port(&console, (void *)(uintptr_t)region->address, region->bytes, kind == CHANNEL_PEER)) {
		return false;
	}
	console.ports[port].is_terminal = kind == TERMINAL;
	peers[port] = sk_cap_named_of_type(kind == TERMINAL ? "console" : strcat(other, name),
					   SK_OBJECT_TYPE_NOTIFICATION);
	console.ports[port].name = sk_argument(numbered(name, "name", port, port == 0 ? "0" : ""));
	return true;
}

static void add_ports(void)
{
	bool more = add_port("stream", 0, "", TERMINAL);

	for (uint32_t i = 1; more && i < CONSOLE_PORTS; i++) {
		more = add_port("stream", i, "", TERMINAL) || add_port("port", i, "", CHANNEL) ||
		       add_port("port", i, ":peer", CHANNEL_PEER);
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
	console_describe(&console, (uint16_t)sk_argument_number("columns", 0), (uint16_t)sk_argument_number("rows", 0));
	virtio_server_open(&console.device);
	if (console.device.failed) {
		virtio_server_run();
	}
	console_open(&console,
		     virtio_console_state_fields((uint8_t *)(uintptr_t)persistent->address + OWN_STATE_AT));
	/* An earlier instance may have died between a byte and its signal. */
	tell((1u << console.port_count) - 1u);
	virtio_server_run();
}
