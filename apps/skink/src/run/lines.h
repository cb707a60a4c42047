/*
 * Where streams go that are not the first VM's console: whole lines, each with
 * its stream's name, on standard error or in the log file.
 */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include <skink/manifest.h>

#include "demux.h"

#define LINES_STREAMS 128u
#define LINES_BYTES 1024u

struct lines {
	FILE *log; /* all streams but the monitor's */
	FILE *monitor;
	const struct manifest *manifest;
	struct line {
		char text[LINES_BYTES];
		size_t length;
	} * streams[LINES_STREAMS];
};

/* What the console calls one of a server's streams: NAME, NAME:1 … The caller frees it. */
char *lines_stream_name(const struct manifest *manifest, uint32_t server, uint32_t stream);

void lines_take(struct lines *lines, char stream, const uint8_t *data, size_t size);
/* Prints what is left of unfinished lines. */
void lines_flush(struct lines *lines);

#endif
