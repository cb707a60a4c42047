/*
 * The monitor: the operator's shell. It is a server like any other, with a stream
 * on the console and a capability to ask the supervisor with; it owns nothing, so it can be
 * killed and restarted (even by its own command) without loss but for the line being typed.
 *
 * On a person's terminal it edits lines. On a framed line a program sends one command a line,
 * nothing is echoed, and the prompt says that the answer is complete.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/console_client.h>
#include <sk/idl/kernel.h>
#include <sk/process.h>
#include <sk/server.h>

#include "command.h"
#include "line.h"
#include "names.h"
#include "screen.h"

static struct {
	struct line line;
	struct sk_byte_ring *typed;
	uint64_t capacity;
} monitor;

static void key(uint8_t byte)
{
	switch (line_key(&monitor.line, byte)) {
	case LINE_READY:
		command_run(monitor.line.text);
		line_begin(&monitor.line);
		break;
	case LINE_TOO_LONG:
		screen_print("a line of more than %u characters\n", LINE_BYTES - 1);
		line_begin(&monitor.line);
		break;
	case LINE_COMPLETE:
		command_complete(&monitor.line);
		break;
	default:
		break;
	}
}

static void signalled(uint64_t bits)
{
	uint8_t byte;

	(void)bits;
	while (sk_byte_ring_read(monitor.typed, monitor.capacity, &byte, 1) == 1) {
		key(byte);
	}
}

SK_SERVER(sk_server_other, signalled)

/* A console that does not answer is taken for a person's. */
static bool is_terminal(void)
{
	uint32_t selected = 0;
	uint32_t streams = 0;
	bool log_shown = false;
	bool framed = false;

	return console_info(names_console(), &selected, &streams, &log_shown, &framed) != SK_OK || !framed;
}

int main(void)
{
	const struct sk_start_region *stream = sk_region_named("stream");

	if (stream == NULL || stream->bytes / 2 <= sizeof(struct sk_byte_ring)) {
		(void)printf("no region \"stream\": nobody to talk to\n");
		return EXIT_FAILURE;
	}
	uint64_t half = stream->bytes / 2;
	monitor.capacity = sk_byte_ring_capacity(half);
	monitor.typed = (struct sk_byte_ring *)(uintptr_t)(stream->address + half);
	names_open(sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT),
		   sk_cap_named_of_type("console", SK_OBJECT_TYPE_ENDPOINT),
		   sk_cap_named_of_type("injection", SK_OBJECT_TYPE_ENDPOINT));
	bool terminal = is_terminal();
	screen_open((struct sk_byte_ring *)(uintptr_t)stream->address, monitor.capacity,
		    sk_cap_named_of_type("console", SK_OBJECT_TYPE_NOTIFICATION),
		    sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION), terminal);
	screen_open_keys(monitor.typed, monitor.capacity);
	line_open(&monitor.line, "skink> ", terminal);
	screen_text(sk_start()->instance == 0 ? "Skink's monitor; `help` lists the commands\n"
					      : "\nthe monitor was restarted\n");
	line_begin(&monitor.line);
	signalled(SK_SIGNAL_STREAM);
	sk_server_run();
}
