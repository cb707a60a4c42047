/* What the operator can ask of the console itself: Ctrl-A and one key. */
#include <stdio.h>
#include <string.h>

#include <sk/idl/supervisor_client.h>

#include "console.h"

#define PATIENCE 1000000u /* looks at a line that takes nothing, before the machine goes off all the same */

static const char help[] =
	"\r\nCtrl-A, then\r\n"
	"  m       the monitor\r\n"
	"  1 .. 9  a console (n: the next one)\r\n"
	"  l       log lines in between: on, off\r\n"
	"  s       scroll-back of this console\r\n"
	"  w       the terminal's size: COLUMNSxROWS;\r\n"
	"  x       leave: switches the machine off\r\n"
	"  Ctrl-A  the character itself\r\n";

static void say(struct console *console, const char *text)
{
	output_text(&console->output, OUTPUT_LOG_ID, text, strlen(text));
}

static void say_about(struct console *console, const char *before, const char *name, const char *after)
{
	if (console->output.line_begun) {
		say(console, "\r\n");
	}
	say(console, before);
	say(console, name);
	say(console, after);
}

/* Queues [from, to) of what a stream printed, as far as its scroll-back and the queue go. */
static void replay(struct console *console, const struct stream *stream, uint64_t from, uint64_t to)
{
	uint64_t room = output_room(&console->output) / 2;
	uint64_t most = stream->back.bytes < room ? stream->back.bytes : room;

	if (to - from > most) {
		from = to - most;
	}
	for (uint64_t i = from; i != to; i++) {
		output_text(&console->output, stream->id, (const char *)&stream->back.data[i % stream->back.bytes], 1);
	}
}

void escape_select(struct console *console, uint32_t index)
{
	struct sk_console_state *state = console->state;
	const struct stream *stream = &console->streams[index];

	if (index == state->selected) {
		return;
	}
	state->shown[state->selected] = console_selected(console)->printed->read;
	__atomic_store_n(&state->selected, index, __ATOMIC_RELEASE);
	if (console->output.framed) {
		return;
	}
	say_about(console, "--- ", stream->name, " ---\r\n");
	replay(console, stream, state->shown[index], stream->printed->read);
}

static void select_id(struct console *console, char id)
{
	const struct stream *stream = console_stream(console, id);

	if (stream == NULL) {
		const char name[] = { id, '\0' };

		say_about(console, "no console ", name, "; Ctrl-A h shows the keys\r\n");
		return;
	}
	escape_select(console, (uint32_t)(stream - console->streams));
}

static void select_next(struct console *console)
{
	uint32_t index = console->state->selected;

	do {
		index = (index + 1) % console->stream_count;
	} while (console->streams[index].id == '0' && index != console->state->selected);
	escape_select(console, index);
}

static void list_streams(struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		const struct stream *stream = &console->streams[i];
		char line[64];

		(void)snprintf(line, sizeof(line), "  %c  %s%s\r\n", stream->id, stream->name,
			       i == console->state->selected ? "  (this one)" : "");
		say(console, line);
	}
}

static void show_scroll_back(struct console *console)
{
	const struct stream *stream = console_selected(console);
	uint64_t to = stream->printed->read;

	say_about(console, "--- scroll-back of ", stream->name, " ---\r\n");
	replay(console, stream, to < stream->back.bytes ? 0 : to - stream->back.bytes, to);
	say_about(console, "--- end of scroll-back of ", stream->name, " ---\r\n");
}

static void leave(struct console *console)
{
	if (console->supervisor == SK_CAP_NONE) {
		say(console, "\r\nthe console may not switch the machine off (no capability \"supervisor\")\r\n");
		return;
	}
	say(console, "\r\nswitching the machine off\r\n");
	for (uint32_t i = 0; i < PATIENCE && !output_flush(&console->output); i++) {
	}
	if (operator_power_off(console->supervisor) != SK_OK) {
		say(console, "the supervisor refused\r\n");
	}
}

void escape_command(struct console *console, uint8_t key)
{
	switch (key) {
	case 'm':
		select_id(console, 'M');
		break;
	case 'n':
		select_next(console);
		break;
	case 'l':
		console->state->log_shown ^= 1;
		say(console, console->state->log_shown != 0 ? "\r\nlog lines: shown\r\n" : "\r\nlog lines: hidden\r\n");
		break;
	case 's':
		show_scroll_back(console);
		break;
	case 'w':
		console->state->size_typed = 0;
		console->state->escape = ESCAPE_COLUMNS;
		break;
	case 'x':
		leave(console);
		break;
	case 'h':
	case '?':
		say(console, help);
		list_streams(console);
		break;
	default:
		if (key >= '1' && key <= '9') {
			select_id(console, (char)key);
		} else {
			say(console, "\r\nCtrl-A h shows the keys\r\n");
		}
		break;
	}
}
