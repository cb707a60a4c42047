#include "output.h"

#include <string.h>

static void append(struct output *output, uint8_t byte)
{
	if (output->queue_tail < OUTPUT_QUEUE_BYTES) {
		output->queue[output->queue_tail++] = byte;
	}
}

void output_open(struct output *output, bool framed, uint32_t *half_framed)
{
	output->framed = framed;
	output->half_framed = half_framed;
	output->frame = 0;
	output->queue_head = 0;
	output->queue_tail = 0;
	output->commit = NULL;
	if (framed && *half_framed != 0) {
		append(output, '\0');
	}
}

static void append_frame(struct output *output, char id)
{
	if (output->framed && output->frame != id) {
		append(output, OUTPUT_FRAME);
		append(output, (uint8_t)id);
		output->frame = id;
	}
}

void output_text(struct output *output, char id, const char *text, size_t bytes)
{
	if (output_room(output) < 2 * bytes + 2) {
		bytes = output_room(output) < 2 ? 0 : (output_room(output) - 2) / 2;
	}
	if (bytes == 0) {
		return;
	}
	append_frame(output, id);
	for (size_t i = 0; i < bytes; i++) {
		if (output_special(output, (uint8_t)text[i])) {
			append(output, OUTPUT_FRAME);
		}
		append(output, (uint8_t)text[i]);
	}
	output->line_begun = text[bytes - 1] != '\n';
}

static void set_half_framed(struct output *output, uint32_t value)
{
	if (output->framed) {
		__atomic_store_n(output->half_framed, value, __ATOMIC_RELEASE);
	}
}

bool output_flush(struct output *output)
{
	if (output_idle(output)) {
		return true;
	}
	set_half_framed(output, 1);
	while (output->queue_head < output->queue_tail) {
		if (!pl011_port_put(&output->port, output->queue[output->queue_head])) {
			return false;
		}
		output->queue_head++;
	}
	if (output->commit != NULL) {
		__atomic_store_n(output->commit, output->commit_value, __ATOMIC_RELEASE);
		output->commit = NULL;
	}
	set_half_framed(output, 0);
	output->queue_head = 0;
	output->queue_tail = 0;
	return true;
}

void output_commit_behind(struct output *output, uint64_t *index, uint64_t value)
{
	output->commit = index;
	output->commit_value = value;
}

bool output_select(struct output *output, char id)
{
	append_frame(output, id);
	return output_flush(output);
}
