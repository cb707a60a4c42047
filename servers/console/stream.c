/*
 * The streams and logs that the start page names, and the console's memory of
 * them. Regions: "control", "stream:NAME", "log:NAME", and "log" for the console's own.
 * Capabilities: a notification "NAME" or "stream:NAME" to signal the client with.
 */
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/process.h>

#include "console.h"

#define STREAM_PREFIX "stream:"
#define LOG_PREFIX "log:"
#define RING_BYTES_MIN 256u

/* The part of `name` behind `prefix`, or NULL if it does not begin with it. */
static const char *behind(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 ? name + length : NULL;
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

static sk_cap_t client_notification(const char *region_name, const char *name)
{
	sk_cap_t cap = sk_cap_named_of_type(region_name, SK_OBJECT_TYPE_NOTIFICATION);

	return cap != SK_CAP_NONE ? cap : sk_cap_named_of_type(name, SK_OBJECT_TYPE_NOTIFICATION);
}

static void add_stream(struct console *console, const struct sk_start_region *region, const char *name)
{
	uint64_t half = region->bytes / 2;

	if (console->stream_count == CONSOLE_STREAMS || half < RING_BYTES_MIN) {
		return;
	}
	struct stream *stream = &console->streams[console->stream_count++];
	copy_name(stream->name, name);
	stream->printed = ring_at(region->address);
	stream->typed = ring_at(region->address + half);
	stream->capacity = sk_byte_ring_capacity(half);
	stream->client = client_notification(region->name, name);
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

		if (strcmp(region->name, "control") == 0) {
			add_stream(console, region, region->name);
		} else if (behind(region->name, STREAM_PREFIX) != NULL) {
			add_stream(console, region, behind(region->name, STREAM_PREFIX));
		} else if (behind(region->name, LOG_PREFIX) != NULL) {
			add_log(console, region, behind(region->name, LOG_PREFIX));
		} else if (strcmp(region->name, "log") == 0) {
			add_log(console, region, start->name);
		}
	}
}

/* Letters as the manifest reader gives them out: libs/manifest, manifest_stream_id(). */
static void give_ids(struct console *console)
{
	static const char letters[] = "123456789abcdefghijklmnopqrstuvwxyz";
	const char *monitor = sk_argument("monitor");
	uint32_t next = 0;

	for (uint32_t i = 0; i < console->stream_count; i++) {
		struct stream *stream = &console->streams[i];

		if (strcmp(stream->name, "control") == 0) {
			stream->id = '0';
		} else if (strcmp(stream->name, monitor != NULL ? monitor : "monitor") == 0) {
			stream->id = 'M';
		} else if (next < sizeof(letters) - 1) {
			stream->id = letters[next++];
		}
	}
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

static void divide_scroll_back(struct console *console, uint8_t *back, uint64_t back_bytes)
{
	uint32_t share = (uint32_t)(back_bytes / (console->stream_count + 1)) & ~63u;

	for (uint32_t i = 0; i < console->stream_count; i++) {
		console->streams[i].back = (struct scroll_back){ back + (uint64_t)i * share, share };
	}
	console->log_back = (struct scroll_back){ back + (uint64_t)console->stream_count * share, share };
}

static void reset_state(struct console *console)
{
	struct sk_console_state *state = console->state;
	const struct stream *first = console_stream(console, '1');

	__atomic_store_n(&state->valid, 0, __ATOMIC_RELEASE);
	*state = (struct sk_console_state){
		.layout_streams = console->stream_count,
		.layout_bytes = console->log_back.bytes,
		.selected = first == NULL ? 0 : (uint32_t)(first - console->streams),
		.log_shown = 1,
		.target = CONSOLE_STREAMS,
	};
	for (uint32_t i = 0; i < console->stream_count; i++) {
		state->shown[i] = console->streams[i].printed->read;
	}
	__atomic_store_n(&state->valid, 1, __ATOMIC_RELEASE);
}

bool console_open(struct console *console, const struct sk_start *start, struct sk_console_state *state, uint8_t *back,
		  uint64_t back_bytes)
{
	console->state = state;
	find_regions(console, start);
	if (console->stream_count == 0) {
		return false;
	}
	give_ids(console);
	divide_scroll_back(console, back, back_bytes);
	if (state->valid != 1 || state->layout_streams != console->stream_count ||
	    state->layout_bytes != console->log_back.bytes || state->selected >= console->stream_count) {
		reset_state(console);
	}
	return true;
}
