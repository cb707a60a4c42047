/*
 * The framed physical console: several streams on one UART. The byte 0x1e and
 * an id switch to the stream with that id, in either direction; 0x1e 0x1e is one byte 0x1e of the
 * current stream. Before the first switch the bytes are DEMUX_RAW's: what the
 * kernel itself prints. Ids: '0' control lines, 'L' logs, 'M' monitor, '1'..'9' and 'a'..'z' the other servers'
 * streams.
 */
#ifndef DEMUX_H
#define DEMUX_H

#include "../tool.h"

#define DEMUX_SWITCH 0x1eu
#define DEMUX_RAW '\0'
#define DEMUX_CONTROL '0'
#define DEMUX_LOG 'L'
#define DEMUX_MONITOR 'M'

typedef void demux_deliver(void *context, char stream, const uint8_t *data, size_t size);

struct demux {
	char stream;	/* DEMUX_RAW at first */
	bool switching; /* the last byte was a 0x1e that is not answered yet */
	uint32_t bad;	/* 0x1e followed by what is no id: both are dropped */
	demux_deliver *deliver;
	void *context;
};

/* Takes bytes as they come, cut anywhere; hands on runs of one stream each. */
void demux_take(struct demux *demux, const uint8_t *data, size_t size);
bool demux_is_id(uint8_t byte);

/* Adds `data` for `stream` to what goes to the machine; `*current` is the stream selected there so far. */
void demux_encode(struct bytes *out, char *current, char stream, const uint8_t *data, size_t size);

#endif
