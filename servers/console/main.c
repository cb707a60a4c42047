/*
 * The console: owner of the physical PL011. It wakes when a ring that was empty
 * got something (SK_SIGNAL_STREAM, SK_SIGNAL_LOG), when something was typed or the
 * UART has room again (SK_SIGNAL_INTERRUPT), and when a batch is due (SK_SIGNAL_TIMER).
 *
 * Waking for every character that a guest prints would cost more than printing it. So after it
 * has emptied the rings the console leaves the next characters where they are for up to
 * CONSOLE_BATCH_NS: a ring that is not empty signals nobody. A lone character goes out at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/console_persistent.h>
#include <sk/idl/console_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/sched_client.h>
#include <sk/process.h>
#include <sk/server.h>

#include "console.h"
#include "serve.h"

#define ROUNDS_A_WAKE 16u        /* then whoever calls the console gets a chance */
#define TIMER_LOST_NS (16u * CONSOLE_BATCH_NS) /* a timer this late will not come any more */
#define SCROLL_BACK_OFFSET 4096u /* in the persistent region; the state's fields lie before it */
#define SPARE_BYTES 65536u       /* scroll-back without a persistent region */
_Static_assert(CONSOLE_STATE_FIELDS_BYTES <= SCROLL_BACK_OFFSET, "the state lies before the scroll-back");

static struct console console;

static struct {
	sk_cap_t sched;       /* none: no batches */
	sk_cap_t interrupt;
	uint64_t drained_ns;  /* when the rings were last seen empty */
	bool batch_set;       /* the timer runs */
} wake;

static void set_timer(uint64_t deadline_ns)
{
	wake.batch_set = timers_set(wake.sched, deadline_ns) == SK_OK;
}

/* Moves what waits to the line, and sees to it that the console wakes for the rest. */
static void drain(void)
{
	enum mux_result result = MUX_MORE;
	bool timer = wake.sched != SK_CAP_NONE;

	for (uint32_t i = 0; result == MUX_MORE && (i < ROUNDS_A_WAKE || !timer); i++) {
		result = mux_round(&console);
	}
	pl011_port_want_room(&console.output.port, result == MUX_FULL);
	wake.drained_ns = sk_now_ns();
	if (result == MUX_MORE) {
		set_timer(wake.drained_ns);
	}
}

static void take_input(void)
{
	uint8_t byte;

	pl011_port_clear(&console.output.port);
	while (pl011_port_get(&console.output.port, &byte)) {
		input_byte(&console, byte);
	}
	input_signal(&console);
	(void)interrupt_acknowledge(wake.interrupt);
}

/* True if what waits may wait a little longer, for more to come. */
static bool batch(void)
{
	if (wake.sched == SK_CAP_NONE || mux_urgent(&console)) {
		return false;
	}
	uint64_t since_ns = sk_now_ns() - wake.drained_ns;

	if (wake.batch_set) {
		return since_ns < TIMER_LOST_NS;
	}
	if (since_ns < CONSOLE_BATCH_NS) {
		set_timer(wake.drained_ns + CONSOLE_BATCH_NS);
	}
	return wake.batch_set;
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_INTERRUPT) != 0) {
		take_input();
	}
	if ((bits & SK_SIGNAL_TIMER) != 0) {
		wake.batch_set = false;
	}
	if ((bits & (SK_SIGNAL_INTERRUPT | SK_SIGNAL_TIMER)) != 0 || !batch()) {
		drain();
	}
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	bool replied;

	switch (SK_BADGE_IFACE(caller->badge)) {
	case CONSOLE_INTERFACE:
		replied = console_dispatch(caller, msg);
		break;
	default:
		return sk_server_other(caller, msg);
	}
	/* A call may have queued text. The reply is safe: drain()'s own calls travel in registers, not in the buffer. */
	drain();
	return replied;
}

SK_SERVER(dispatch, signalled)

/* Names and letters of the streams, and which mode the line is in. */
static const struct manifest *read_manifest(void)
{
	static struct manifest manifest;
	const struct sk_start_region *region = sk_region_named("manifest");
	struct manifest_error error;

	if (region == NULL) {
		(void)printf("no region \"manifest\"\n");
	} else if (!manifest_read((const void *)(uintptr_t)region->address, region->bytes, &manifest, &error)) {
		(void)printf("manifest: %s: %s\n", error.path, error.text);
	}
	return &manifest;
}

/* The persistent region, or, without one, memory that a restart forgets. */
static bool open_streams(void)
{
	const struct sk_start_region *region = sk_region_named("persistent");
	uint8_t *memory = NULL;
	uint64_t bytes = SPARE_BYTES;

	if (region != NULL && region->bytes > SCROLL_BACK_OFFSET) {
		memory = (uint8_t *)(uintptr_t)region->address;
		bytes = region->bytes;
	} else {
		memory = calloc(1, bytes);
		if (memory == NULL) {
			(void)printf("no region \"persistent\" and no memory for scroll-back\n");
			return false;
		}
	}
	struct scroll_back back = { memory + SCROLL_BACK_OFFSET, (uint32_t)(bytes - SCROLL_BACK_OFFSET) };
	if (!console_open(&console, sk_start(), console_state_fields(memory), &back) && console.stream_count != 0) {
		console_begin(&console, read_manifest());
	}
	return console.stream_count != 0;
}

/* Where the last instance was killed: it may have made room in a full ring and not said so to the writer that waits. */
static void go_on(void)
{
	size_tell(&console);
	take_input();
	drain();
	for (uint32_t i = 0; i < console.stream_count; i++) {
		(void)sk_signal(console.streams[i].client, SK_SIGNAL_STREAM);
	}
}

int main(void)
{
	const struct sk_start_region *registers = sk_region_named("pl011");

	if (registers == NULL) {
		(void)printf("no region \"pl011\": no line to own\n");
		return EXIT_FAILURE;
	}
	pl011_port_open(&console.output.port, (volatile void *)(uintptr_t)registers->address);
	if (!open_streams()) {
		(void)printf("no region \"control\" or \"stream:…\": nobody to serve\n");
		return EXIT_FAILURE;
	}
	wake.sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	wake.interrupt = sk_cap_named_of_type("irq", SK_OBJECT_TYPE_INTERRUPT);
	console.supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	output_open(&console.output, console.state->framed != 0, &console.state->half_framed);
	serve_begin(&console);
	(void)printf("%s, %u streams, %u logs, %u bytes of scroll-back each%s\n",
		     console.output.framed ? "framed" : "terminal", console.stream_count, console.log_count,
		     console.log_back.bytes, sk_start()->instance != 0 ? "; going on after a restart" : "");
	go_on();
	sk_server_run();
}
