/*
 * The way to the physical UART: bytes of streams, handed over one by one, and a
 * queue for what the console itself says in between.
 *
 * Framed mode's protocol: FRAME ID means that what follows is of stream ID; FRAME FRAME
 * is the byte FRAME itself. Input has the same framing. A reader ignores FRAME followed by NUL:
 * a restarted console sends NUL first when its predecessor may have died behind a FRAME.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <devices/pl011_port.h>

#define OUTPUT_FRAME 0x1eu
#define OUTPUT_LOG_ID 'L'
#define OUTPUT_QUEUE_BYTES 16384u

struct output {
	struct pl011_port port;
	bool framed;
	bool line_begun;       /* terminal: the cursor is not at the beginning of a line */
	char frame;            /* the stream that the reader believes to get; 0: unknown */
	uint32_t *half_framed; /* persistent; see console.idl */
	uint32_t queue_head;
	uint32_t queue_tail;
	uint64_t *commit;      /* ring index to store once the queue is on the line, or NULL */
	uint64_t commit_value;
	uint8_t queue[OUTPUT_QUEUE_BYTES];
};

/* `port` is open already. After a predecessor's death in mid-frame the reader is brought back into step. */
void output_open(struct output *output, bool framed, uint32_t *half_framed);

/* Room in the queue, bytes. */
static inline size_t output_room(const struct output *output)
{
	return OUTPUT_QUEUE_BYTES - output->queue_tail;
}

static inline bool output_idle(const struct output *output)
{
	return output->queue_tail == 0;
}

/* Queues text of stream `id` (escaped if need be); what finds no room is cut. */
void output_text(struct output *output, char id, const char *text, size_t bytes);

/* Hands the queue to the hardware; false when it took only a part. */
bool output_flush(struct output *output);

/* `*index` becomes `value` once all that is queued now is on the line. Queue must not be empty; one at a time. */
void output_commit_behind(struct output *output, uint64_t *index, uint64_t value);

/* Makes `id` the current stream; false: the hardware is full, try again. */
bool output_select(struct output *output, char id);

/* True if the byte has to go through the queue. */
static inline bool output_special(const struct output *output, uint8_t byte)
{
	return output->framed && byte == OUTPUT_FRAME;
}

#endif
