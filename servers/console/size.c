/*
 * The terminal's size. Who is at the other end of the line tells it: `skink run` by typing Ctrl-A w COLUMNSxROWS; as a
 * person could, or an operator by interface console. Each stream's typing ring has it beside its bytes (sk/byte_ring.h),
 * stored after the console's own word: an instance that finds the two apart goes on with that.
 */
#include "console.h"

#define TYPED_MAX 999u /* a further digit has room */

void size_tell(struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		struct stream *stream = &console->streams[i];

		if (stream->typed->told != console->state->size) {
			__atomic_store_n(&stream->typed->told, console->state->size, __ATOMIC_RELEASE);
			stream->signal = true;
		}
	}
}

void size_set(struct console *console, uint32_t columns, uint32_t rows)
{
	__atomic_store_n(&console->state->size, columns << 16 | rows, __ATOMIC_RELEASE);
	size_tell(console);
}

void size_byte(struct console *console, uint8_t byte)
{
	struct sk_console_state *state = console->state;
	uint32_t shift = state->escape == ESCAPE_COLUMNS ? 16 : 0;
	uint32_t number = state->size_typed >> shift & 0xffffu;

	if (byte >= '0' && byte <= '9' && number <= TYPED_MAX) {
		state->size_typed += (9 * number + (uint32_t)(byte - '0')) << shift;
	} else if (byte == 'x' && state->escape == ESCAPE_COLUMNS) {
		state->escape = ESCAPE_ROWS;
	} else {
		bool complete = byte == ';' && state->escape == ESCAPE_ROWS;

		state->escape = ESCAPE_NONE;
		if (complete) {
			size_set(console, state->size_typed >> 16, state->size_typed & 0xffffu);
		}
	}
}
