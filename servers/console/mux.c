/*
 * Streams take turns of CONSOLE_TURN_BYTES, logs of one line, so that none keeps
 * the others waiting. The order of stores for each byte of a stream is: scroll-back,
 * hardware, read index. A stream's byte i is at place i of its scroll-back, so repeating the first
 * after a kill does no harm, and only a kill between the last two can send a byte twice.
 */
#include <string.h>

#include <sk/syscall.h>

#include "console.h"

#define LOG_LINE_BYTES 400u /* longer lines are cut into several */
#define ROOM_SIGNAL_BYTES 16u /* a ring this close to full has a writer that may wait for room */

static void keep(const struct scroll_back *back, uint64_t index, uint8_t byte)
{
	if (back->bytes != 0) {
		back->data[index % back->bytes] = byte;
	}
}

/*
 * A writer that found the ring full waits for a signal. It may have filled it at any moment of this turn: compare what
 * it wrote by now with what had been read before the turn. (Its store of `written` and look at `read`, and our
 * store of `read` and this look at `written`, are each in order: one of us sees the other.)
 */
static void signal_room(const struct stream *stream, uint64_t read_before)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t written = __atomic_load_n(&stream->printed->written, __ATOMIC_RELAXED);

	if (written - read_before + ROOM_SIGNAL_BYTES >= stream->capacity) {
		(void)sk_signal(stream->client, SK_SIGNAL_STREAM);
	}
}

/* One byte to the line; false: the hardware is full. `*index` is stored here or behind the queue. */
static bool emit(struct output *output, struct sk_byte_ring *ring, uint64_t read, uint8_t byte)
{
	if (output_special(output, byte)) {
		output_text(output, output->frame, (const char *)&byte, 1);
		output_commit_behind(output, &ring->read, read + 1);
		return output_flush(output);
	}
	if (!pl011_port_put(&output->port, byte)) {
		return false;
	}
	__atomic_store_n(&ring->read, read + 1, __ATOMIC_RELEASE);
	return true;
}

/* One turn of a stream; false: the hardware is full. */
static bool forward_stream(struct console *console, struct stream *stream)
{
	struct output *output = &console->output;
	struct sk_byte_ring *ring = stream->printed;
	uint64_t used = sk_byte_ring_used(ring, stream->capacity);
	uint64_t count = used < CONSOLE_TURN_BYTES ? used : CONSOLE_TURN_BYTES;
	uint64_t before = ring->read;
	bool visible = output->framed || stream == console_selected(console);
	bool went = true;
	uint8_t byte = '\n';

	if (count == 0) {
		return true;
	}
	if (visible && !output_select(output, stream->id)) {
		return false;
	}
	for (uint64_t read = before; went && read != before + count; read++) {
		byte = ring->data[read % stream->capacity];
		keep(&stream->back, read, byte);
		if (visible) {
			went = emit(output, ring, read, byte);
		} else {
			__atomic_store_n(&ring->read, read + 1, __ATOMIC_RELEASE);
		}
	}
	if (visible) {
		output->line_begun = byte != '\n';
	}
	signal_room(stream, before);
	return went;
}

/* Length of the line that waits in a log, its newline included; 0: none is complete yet. */
static uint64_t line_length(const struct log_source *log)
{
	uint64_t used = sk_byte_ring_used(log->ring, log->capacity);
	uint64_t end = used < LOG_LINE_BYTES ? used : LOG_LINE_BYTES;

	for (uint64_t i = 0; i < end; i++) {
		if (log->ring->data[(log->ring->read + i) % log->capacity] == '\n') {
			return i + 1;
		}
	}
	return end == LOG_LINE_BYTES ? end : 0;
}

/* Room for "[name] ", each byte of the line, and the line's end. */
#define LINE_ROOM (LOG_LINE_BYTES + SK_NAME_BYTES + 8u)

static size_t compose_line(const struct log_source *log, uint64_t length, char *line)
{
	size_t used = 0;

	line[used++] = '[';
	for (const char *c = log->name; *c != '\0'; c++) {
		line[used++] = *c;
	}
	line[used++] = ']';
	line[used++] = ' ';
	for (uint64_t i = 0; i < length; i++) {
		uint8_t byte = log->ring->data[(log->ring->read + i) % log->capacity];

		if (byte == '\n' || byte == '\r') {
			continue;
		}
		/* A log is text: a server must not be able to play with the operator's terminal. */
		line[used++] = byte == '\t' || (byte >= 0x20 && byte != 0x7f) ? (char)byte : '?';
	}
	line[used++] = '\n';
	return used;
}

static void keep_line(struct console *console, const char *line, size_t length)
{
	uint64_t written = console->state->log_written;

	for (size_t i = 0; i < length; i++) {
		keep(&console->log_back, written + i, (uint8_t)line[i]);
	}
	__atomic_store_n(&console->state->log_written, written + length, __ATOMIC_RELEASE);
}

/* One line of a log, if one is complete; false: the hardware is full. */
static bool forward_log(struct console *console, struct log_source *log)
{
	struct output *output = &console->output;
	char line[LINE_ROOM];
	uint64_t length = line_length(log);

	if (length == 0) {
		return true;
	}
	size_t bytes = compose_line(log, length, line);
	uint64_t read = log->ring->read + length;

	keep_line(console, line, bytes);
	if (!output->framed && console->state->log_shown == 0) {
		__atomic_store_n(&log->ring->read, read, __ATOMIC_RELEASE);
		return true;
	}
	if (output->framed) {
		output_text(output, OUTPUT_LOG_ID, line, bytes);
	} else {
		if (output->line_begun) {
			output_text(output, OUTPUT_LOG_ID, "\r\n", 2);
		}
		output_text(output, OUTPUT_LOG_ID, line, bytes - 1);
		output_text(output, OUTPUT_LOG_ID, "\r\n", 2);
	}
	output_commit_behind(output, &log->ring->read, read);
	return output_flush(output);
}

static bool something_waits(const struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		if (sk_byte_ring_used(console->streams[i].printed, console->streams[i].capacity) != 0) {
			return true;
		}
	}
	for (uint32_t i = 0; i < console->log_count; i++) {
		if (line_length(&console->logs[i]) != 0) {
			return true;
		}
	}
	return false;
}

enum mux_result mux_round(struct console *console)
{
	if (!output_flush(&console->output)) {
		return MUX_FULL;
	}
	for (uint32_t i = 0; i < console->log_count; i++) {
		if (!forward_log(console, &console->logs[console->next_log])) {
			return MUX_FULL;
		}
		console->next_log = (console->next_log + 1) % console->log_count;
	}
	for (uint32_t i = 0; i < console->stream_count; i++) {
		if (!forward_stream(console, &console->streams[console->next_stream])) {
			return MUX_FULL;
		}
		console->next_stream = (console->next_stream + 1) % console->stream_count;
	}
	return something_waits(console) ? MUX_MORE : MUX_EMPTY;
}

bool mux_urgent(const struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		const struct stream *stream = &console->streams[i];

		if (sk_byte_ring_used(stream->printed, stream->capacity) > stream->capacity / 2) {
			return true;
		}
	}
	return false;
}
