/* Interface console: what the monitor and the supervisor may ask. */
#include <string.h>

#include <sk/idl/console_server.h>

#include "serve.h"

#define FLUSH_ROUNDS 100000u /* a reader of the line that is stuck must not stop a power-off for good */

static struct console *served;

void serve_begin(struct console *console)
{
	served = console;
}

sk_status_t console_serve_stream(const struct sk_caller *caller, uint32_t index, struct sk_stream_info *info)
{
	(void)caller;
	if (index >= served->stream_count) {
		return CONSOLE_ERROR_NO_SUCH_STREAM;
	}
	const struct stream *stream = &served->streams[index];
	*info = (struct sk_stream_info){
		.id = (uint32_t)stream->id,
		.printed = stream->printed->written,
		.taken = stream->printed->read,
		.typed = stream->typed->written,
		.lost = served->state->lost[index],
	};
	memcpy(info->name, stream->name, sizeof(info->name));
	return SK_OK;
}

sk_status_t console_serve_info(const struct sk_caller *caller, uint32_t *selected, uint32_t *streams, bool *log_shown,
			       bool *framed)
{
	(void)caller;
	*selected = served->state->selected;
	*streams = served->stream_count;
	*log_shown = served->state->log_shown != 0;
	*framed = served->output.framed;
	return SK_OK;
}

sk_status_t console_serve_select(const struct sk_caller *caller, uint32_t index)
{
	(void)caller;
	if (index >= served->stream_count) {
		return CONSOLE_ERROR_NO_SUCH_STREAM;
	}
	escape_select(served, index);
	return SK_OK;
}

sk_status_t console_serve_show_log(const struct sk_caller *caller, bool shown)
{
	(void)caller;
	served->state->log_shown = shown ? 1 : 0;
	return SK_OK;
}

sk_status_t console_serve_scroll_back(const struct sk_caller *caller, uint32_t index, uint64_t from, uint64_t *next,
				      uint8_t *text, uint32_t *text_bytes)
{
	const struct scroll_back *back = &served->log_back;
	uint64_t end = served->state->log_written;

	(void)caller;
	if (index != CONSOLE_LOG_INDEX) {
		if (index >= served->stream_count) {
			return CONSOLE_ERROR_NO_SUCH_STREAM;
		}
		back = &served->streams[index].back;
		end = served->streams[index].printed->read;
	}
	if (end > back->bytes && from < end - back->bytes) {
		from = end - back->bytes;
	}
	uint64_t left = from < end ? end - from : 0;
	uint32_t count = left < *text_bytes ? (uint32_t)left : *text_bytes;
	for (uint32_t i = 0; i < count; i++) {
		text[i] = back->data[(from + i) % back->bytes];
	}
	*text_bytes = count;
	*next = from + count;
	return SK_OK;
}

sk_status_t console_serve_flush(const struct sk_caller *caller)
{
	enum mux_result result = MUX_MORE;

	(void)caller;
	for (uint32_t i = 0; i < FLUSH_ROUNDS && result != MUX_EMPTY; i++) {
		result = mux_round(served);
	}
	for (uint32_t i = 0; i < FLUSH_ROUNDS && pl011_port_busy(&served->output.port); i++) {
	}
	return SK_OK;
}

sk_status_t console_serve_resize(const struct sk_caller *caller, uint16_t columns, uint16_t rows)
{
	(void)caller;
	size_set(served, columns, rows);
	input_signal(served);
	return SK_OK;
}
