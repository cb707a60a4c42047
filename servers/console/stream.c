/*
 * The streams and logs that the start page names, and the console's memory of
 * them. Regions: "control", "stream:NAME" and "ttyN:NAME" for the further streams of a server, which are called NAME and
 * NAME:N, "log:NAME", and "log" for the console's own. Capabilities: a notification "stream:NAME" to signal the client
 * with.
 */
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/process.h>

#include "console.h"

#define CONTROL "control"
#define STREAM_PREFIX "stream:"
#define FURTHER_PREFIX "tty"
#define FIRST '0'
#define LOG_PREFIX "log:"
#define RING_BYTES_MIN 256u

/* The part of `name` behind `prefix`, or NULL if it does not begin with it. */
static const char *behind(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

/* The server's name in that of a region of a further stream; NULL: it is none. */
static const char *further(const char *name)
{
	const char *number = behind(name, FURTHER_PREFIX);

	return number != NULL && *number >= '1' && *number <= '9' && number[1] == ':' ? number + 2 : NULL;
}

static void copy_name(char *to, const char *from)
{
	(void)strncpy(to, from, SK_NAME_BYTES - 1);
	to[SK_NAME_BYTES - 1] = '\0';
}

static struct sk_byte_ring *ring_at(uint64_t address)
{
	return (struct sk_byte_ring *)(uintptr_t)address;
}

static void add_stream(struct console *console, const struct sk_start_region *region, const char *server, char number)
{
	char client[SK_NAME_BYTES + sizeof(STREAM_PREFIX)] = STREAM_PREFIX;
	uint64_t half = region->bytes / 2;

	if (console->stream_count == CONSOLE_STREAMS || half < RING_BYTES_MIN) {
		return;
	}
	struct stream *stream = &console->streams[console->stream_count++];
	copy_name(stream->name, server);
	if (number != FIRST) {
		const char suffix[] = { ':', number, '\0' };

		(void)strncat(stream->name, suffix, sizeof(stream->name) - 1 - strlen(stream->name));
	}
	stream->printed = ring_at(region->address);
	stream->typed = ring_at(region->address + half);
	stream->capacity = sk_byte_ring_capacity(half);
	(void)strncat(client, server, SK_NAME_BYTES - 1);
	stream->client = sk_cap_named_of_type(client, SK_OBJECT_TYPE_NOTIFICATION);
}

static void add_log(struct console *console, const struct sk_start_region *region, const char *name)
{
	uint64_t half = region->bytes / 2;

	if (console->log_count == CONSOLE_LOGS || half < RING_BYTES_MIN) {
		return;
	}
	struct log_source *log = &console->logs[console->log_count++];
	copy_name(log->name, name);
	log->ring = ring_at(region->address);
	log->capacity = sk_byte_ring_capacity(half);
}

static void find_regions(struct console *console, const struct sk_start *start)
{
	for (uint32_t i = 0; i < start->region_count; i++) {
		const struct sk_start_region *region = &start->regions[i];

		if (strcmp(region->name, CONTROL) == 0) {
			add_stream(console, region, region->name, FIRST);
		} else if (behind(region->name, STREAM_PREFIX) != NULL) {
			add_stream(console, region, behind(region->name, STREAM_PREFIX), FIRST);
		} else if (further(region->name) != NULL) {
			add_stream(console, region, further(region->name), region->name[sizeof(FURTHER_PREFIX) - 1]);
		} else if (behind(region->name, LOG_PREFIX) != NULL) {
			add_log(console, region, behind(region->name, LOG_PREFIX));
		} else if (strcmp(region->name, "log") == 0) {
			add_log(console, region, start->name);
		}
	}
}

static char id_of(const struct stream *stream, const struct manifest *manifest)
{
	const char *colon = strchr(stream->name, ':');
	char server[SK_NAME_BYTES];

	if (strcmp(stream->name, CONTROL) == 0) {
		return '0';
	}
	copy_name(server, stream->name);
	server[colon != NULL ? (size_t)(colon - stream->name) : sizeof(server) - 1] = '\0';
	return manifest_stream_id(manifest, manifest_find_server(manifest, server),
				  colon != NULL ? (uint32_t)(colon[1] - '0') : 0);
}

struct stream *console_stream(struct console *console, char id)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		if (console->streams[i].id == id) {
			return &console->streams[i];
		}
	}
	return NULL;
}

static void divide_scroll_back(struct console *console, const struct scroll_back *back)
{
	uint32_t share = back->bytes / (console->stream_count + 1) & ~63u;

	for (uint32_t i = 0; i < console->stream_count; i++) {
		console->streams[i].back = (struct scroll_back){ back->data + (uint64_t)i * share, share };
	}
	console->log_back = (struct scroll_back){ back->data + (uint64_t)console->stream_count * share, share };
}

static void take_ids(struct console *console)
{
	for (uint32_t i = 0; i < console->stream_count; i++) {
		console->streams[i].id = (char)console->state->ids[i];
	}
}

bool console_open(struct console *console, const struct sk_start *start, struct sk_console_state *state,
		  const struct scroll_back *back)
{
	console->state = state;
	find_regions(console, start);
	divide_scroll_back(console, back);
	if (state->valid != 1 || state->layout_streams != console->stream_count ||
	    state->layout_bytes != console->log_back.bytes || state->selected >= console->stream_count) {
		return false;
	}
	take_ids(console);
	return true;
}

void console_begin(struct console *console, const struct manifest *manifest)
{
	struct sk_console_state *state = console->state;
	const struct stream *first;

	__atomic_store_n(&state->valid, 0, __ATOMIC_RELEASE);
	*state = (struct sk_console_state){
		.layout_streams = console->stream_count,
		.layout_bytes = console->log_back.bytes,
		.log_shown = 1,
		.target = CONSOLE_STREAMS,
		.framed = manifest->chosen.framed ? 1 : 0,
	};
	for (uint32_t i = 0; i < console->stream_count; i++) {
		state->shown[i] = console->streams[i].printed->read;
		state->ids[i] = (uint8_t)id_of(&console->streams[i], manifest);
	}
	take_ids(console);
	first = console_stream(console, '1');
	state->selected = first == NULL ? 0 : (uint32_t)(first - console->streams);
	__atomic_store_n(&state->valid, 1, __ATOMIC_RELEASE);
}
