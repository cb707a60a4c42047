/* See lines.h. */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

char *lines_stream_name(const struct manifest *manifest, uint32_t server, uint32_t stream)
{
	const char *name = manifest->servers[server].name;
	return stream == 0 ? text_print("%s", name) : text_print("%s:%u", name, stream);
}

static char *stream_name(const struct lines *lines, char id)
{
	uint32_t stream = 0;
	if (id == DEMUX_RAW || id == DEMUX_LOG) {
		return NULL; /* the kernel's words, and the logs, which name their server */
	}
	if (id == DEMUX_CONTROL) {
		return text_print("control");
	}
	uint32_t server = manifest_server_of_stream(lines->manifest, id, &stream);
	return server == MANIFEST_NONE ? text_print("unknown stream") :
					 lines_stream_name(lines->manifest, server, stream);
}

static void line_print(struct lines *lines, char stream, struct line *line)
{
	FILE *file = stream == DEMUX_MONITOR ? lines->monitor : lines->log;
	char *name = stream_name(lines, stream);
	while (line->length > 0 && line->text[line->length - 1] == '\r') {
		line->length--;
	}
	if (name != NULL) {
		fprintf(file, "[%s] ", name);
	}
	fwrite(line->text, 1, line->length, file);
	fputc('\n', file);
	free(name);
	line->length = 0;
}

void lines_take(struct lines *lines, char stream, const uint8_t *data, size_t size)
{
	struct line **slot = &lines->streams[(uint8_t)stream % LINES_STREAMS];
	if (*slot == NULL) {
		*slot = calloc(1, sizeof(**slot));
		if (*slot == NULL) {
			fatal(TOOL_FAILED, "out of memory");
		}
	}
	struct line *line = *slot;
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			line_print(lines, stream, line);
			continue;
		}
		if (line->length == LINES_BYTES) {
			line_print(lines, stream, line);
		}
		line->text[line->length++] = (char)data[i];
	}
	fflush(lines->log);
}

void lines_flush(struct lines *lines)
{
	for (uint32_t i = 0; i < LINES_STREAMS; i++) {
		if (lines->streams[i] != NULL && lines->streams[i]->length != 0) {
			line_print(lines, (char)i, lines->streams[i]);
		}
	}
	fflush(lines->log);
}
