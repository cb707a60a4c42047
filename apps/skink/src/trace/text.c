/* A trace for people: a line an event. */
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 200u

static const struct trace *shown;

static void name_of(char name[TRACE_NAME_BYTES], uint32_t object)
{
	trace_name(shown, name, object);
}

bool trace_cut(struct trace *trace, const char *wanted, uint64_t span_us)
{
	uint64_t span = span_us * trace->hz / 1000000u;
	char text[TEXT_BYTES];
	size_t at = 0;
	size_t first = 0;

	shown = trace;
	for (; at < trace->count; at++) {
		trace_text(text, sizeof(text), &trace->events[at].record, 0, name_of);
		if (strstr(text, wanted) != NULL) {
			break;
		}
	}
	if (at == trace->count) {
		return false;
	}
	uint64_t time = trace->events[at].record.time;
	uint64_t from = time > span / 4 ? time - span / 4 : 0;

	while (trace->events[first].record.time < from) {
		first++;
	}
	trace->count -= first;
	memmove(trace->events, trace->events + first, trace->count * sizeof(trace->events[0]));
	while (trace->events[trace->count - 1].record.time > from + span) {
		trace->count--;
	}
	return true;
}

void trace_write_text(const struct trace *trace, struct bytes *out)
{
	static uint64_t token_of[TRACE_OBJECTS]; /* of who called: its last call */
	static uint32_t tag_of[TRACE_OBJECTS];
	char text[TEXT_BYTES];

	shown = trace;
	for (size_t i = 0; i < trace->count; i++) {
		const struct sk_trace_record *record = &trace->events[i].record;
		uint32_t caller = SK_TRACE_OBJECT_OF(record->token);
		uint64_t ns = trace_ns(trace, record->time);

		if (SK_TRACE_KIND_OF(record->what) == SK_TRACE_CALL) {
			token_of[caller] = record->token;
			tag_of[caller] = SK_TRACE_TAG_OF(record->what);
		}
		trace_text(text, sizeof(text), record, token_of[caller] == record->token ? tag_of[caller] : 0, name_of);

		char *line = text_print("%9" PRIu64 ".%03" PRIu64 " us  core %" PRIu32 "  %s\n", ns / 1000, ns % 1000,
					trace->events[i].core, text);

		bytes_text(out, line);
		free(line);
	}
}
