/* See demux.h. */
#include "demux.h"

bool demux_is_id(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == DEMUX_LOG ||
	       byte == DEMUX_MONITOR;
}

static void demux_switch(struct demux *demux, uint8_t byte)
{
	static const uint8_t literal = DEMUX_SWITCH;
	demux->switching = false;
	if (byte == DEMUX_SWITCH) {
		demux->deliver(demux->context, demux->stream, &literal, 1);
	} else if (demux_is_id(byte)) {
		demux->stream = (char)byte;
	} else {
		demux->bad++;
	}
}

void demux_take(struct demux *demux, const uint8_t *data, size_t size)
{
	size_t i = 0;
	while (i < size) {
		if (demux->switching) {
			demux_switch(demux, data[i++]);
			continue;
		}
		size_t begin = i;
		while (i < size && data[i] != DEMUX_SWITCH) {
			i++;
		}
		if (i > begin) {
			demux->deliver(demux->context, demux->stream, data + begin, i - begin);
		}
		if (i < size) {
			demux->switching = true;
			i++;
		}
	}
}

void demux_encode(struct bytes *out, char *current, char stream, const uint8_t *data, size_t size)
{
	static const uint8_t literal[2] = { DEMUX_SWITCH, DEMUX_SWITCH };
	if (*current != stream) {
		uint8_t select[2] = { DEMUX_SWITCH, (uint8_t)stream };
		bytes_append(out, select, sizeof(select));
		*current = stream;
	}
	for (size_t i = 0; i < size; i++) {
		if (data[i] == DEMUX_SWITCH) {
			bytes_append(out, literal, sizeof(literal));
		} else {
			bytes_append(out, &data[i], 1);
		}
	}
}
