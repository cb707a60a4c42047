#include "console.h"

#include <sk/syscall.h>

static void deliver(struct console *console, uint32_t index, uint8_t byte)
{
	struct stream *stream = &console->streams[index];
	int was_empty;

	if (sk_byte_ring_write(stream->typed, stream->capacity, &byte, 1, &was_empty) == 1) {
		stream->signal = true;
		return;
	}
	/* Nobody reads. Waiting would take the operator's escape key away, so the byte is lost, audibly. */
	console->state->lost[index]++;
	if (!console->output.framed) {
		output_text(&console->output, stream->id, "\a", 1);
	}
}

static void framed_byte(struct console *console, uint8_t byte)
{
	struct sk_console_state *state = console->state;

	if (state->escape == 0 && byte == OUTPUT_FRAME) {
		state->escape = 1;
		return;
	}
	if (state->escape != 0) {
		state->escape = 0;
		if (byte != OUTPUT_FRAME) {
			const struct stream *stream = console_stream(console, (char)byte);

			state->target = stream == NULL ? CONSOLE_STREAMS : (uint32_t)(stream - console->streams);
			return;
		}
	}
	if (state->target < console->stream_count) {
		deliver(console, state->target, byte);
	}
}

static void terminal_byte(struct console *console, uint8_t byte)
{
	struct sk_console_state *state = console->state;

	if (state->escape == ESCAPE_NONE && byte == CONSOLE_ESCAPE) {
		state->escape = ESCAPE_KEY;
		return;
	}
	if (state->escape == ESCAPE_COLUMNS || state->escape == ESCAPE_ROWS) {
		size_byte(console, byte);
		return;
	}
	if (state->escape != ESCAPE_NONE) {
		state->escape = ESCAPE_NONE;
		if (byte != CONSOLE_ESCAPE) {
			escape_command(console, byte);
			return;
		}
	}
	deliver(console, state->selected, byte);
}

void input_byte(struct console *console, uint8_t byte)
{
	if (console->output.framed) {
		framed_byte(console, byte);
	} else {
		terminal_byte(console, byte);
	}
}

/* A client that keeps its own interrupt state wants to hear of every arrival, not only of the first. */
void input_signal(struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		struct stream *stream = &console->streams[i];

		if (stream->signal) {
			stream->signal = false;
			(void)sk_signal(stream->client, SK_SIGNAL_STREAM);
		}
	}
}
