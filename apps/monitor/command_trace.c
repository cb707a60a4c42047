/*
 * The kernel's trace. The rings are this process's to read (regions trace0, trace1 …), while a trace is on, too: then
 * the oldest records of a ring may be overwritten as they are read.
 */
#include <stdio.h>
#include <string.h>

#include <sk/idl/supervisor_client.h>
#include <sk/process.h>
#include <sk/start.h>
#include <skink/trace.h>

#include "command.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "trace.h"

#define SHOWN 24u         /* records, unless a number is given */
#define SHOWN_MAX 500u
#define WHO_MAX 96u       /* threads and vCPUs whose names are remembered for a command */
#define TEXT_BYTES 160u
#define NS_PER_S 1000000000ull

static const struct sk_trace_record *rings[SK_MAX_CORES];
static uint32_t cores;

static struct who {
	uint32_t object;
	struct sk_traced is;
} known[WHO_MAX];
static uint32_t known_count;

static bool rings_find(void)
{
	char name[SK_NAME_BYTES];

	known_count = 0;
	for (cores = 0; cores < SK_MAX_CORES; cores++) {
		(void)snprintf(name, sizeof(name), "trace%u", (unsigned)cores);
		const struct sk_start_region *region = sk_region_named(name);

		if (region == NULL || region->bytes < SK_TRACE_BYTES) {
			break;
		}
		rings[cores] = (const struct sk_trace_record *)(uintptr_t)region->address;
	}
	return cores != 0;
}

static bool rings_open(void)
{
	if (!rings_find()) {
		screen_text("no trace: the manifest's /supervisor does not say `trace` (skink run --trace)\n");
		return false;
	}
	return true;
}

/* Who that is, asked once a command; NULL: nobody, or too many. */
static const struct sk_traced *who_is(uint32_t object)
{
	for (uint32_t i = 0; i < known_count; i++) {
		if (known[i].object == object) {
			return known[i].is.kind != 0 ? &known[i].is : NULL;
		}
	}
	if (known_count == WHO_MAX) {
		return NULL;
	}
	struct who *who = &known[known_count++];

	*who = (struct who){ .object = object };
	if (operator_traced(names_supervisor(), object, &who->is) != SK_OK) {
		who->is.kind = 0;
		return NULL;
	}
	who->is.name[sizeof(who->is.name) - 1] = '\0';
	return &who->is;
}

static void name_of(char name[TRACE_NAME_BYTES], uint32_t object)
{
	const struct sk_traced *who = who_is(object);

	if (who == NULL) {
		(void)snprintf(name, TRACE_NAME_BYTES, "object %u", (unsigned)object);
	} else if (who->kind == (uint32_t)SK_TRACED_KIND_VCPU || who->index != 0) {
		(void)snprintf(name, TRACE_NAME_BYTES, "%.23s/%u", (const char *)who->name, (unsigned)who->index);
	} else {
		(void)snprintf(name, TRACE_NAME_BYTES, "%.23s", (const char *)who->name);
	}
}

/* The tag of the call which that token names; 0: it is no longer in a ring. */
static uint32_t call_of(uint64_t token)
{
	for (uint32_t core = 0; core < cores; core++) {
		for (uint32_t i = 0; i < SK_TRACE_RECORDS; i++) {
			const struct sk_trace_record *record = &rings[core][i];

			if (record->token == token && SK_TRACE_KIND_OF(record->what) == SK_TRACE_CALL) {
				return SK_TRACE_TAG_OF(record->what);
			}
		}
	}
	return 0;
}

static void trace_switch(const struct argument *arguments, uint32_t count)
{
	(void)count;
	report_order("trace", arguments[0].word, operator_trace(names_supervisor(), arguments[0].value != 0));
}

static void show_record(uint32_t core, const struct sk_trace_record *record)
{
	bool reply = SK_TRACE_KIND_OF(record->what) == SK_TRACE_REPLY;
	uint64_t hz = sk_start()->counter_hz;
	uint64_t ns = record->time / hz * NS_PER_S + record->time % hz * NS_PER_S / hz;
	char text[TEXT_BYTES];

	trace_text(text, sizeof(text), record, reply ? call_of(record->token) : 0, name_of);
	screen_print("%4llu.%09llu %u %s\n", (unsigned long long)(ns / NS_PER_S), (unsigned long long)(ns % NS_PER_S),
		     (unsigned)core, text);
}

void trace_show_records(uint32_t core, const struct sk_trace_record *records, uint32_t count)
{
	(void)rings_find();
	for (uint32_t i = 0; i < count; i++) {
		show_record(core, &records[i]);
	}
}

/* What a ring has, from the newest back: `left` records, the next one at `next` - 1. */
struct walk {
	uint32_t next;
	uint32_t left;
};

static const struct sk_trace_record *walk_record(const struct walk *walk, uint32_t core)
{
	return &rings[core][(walk->next - 1u) % SK_TRACE_RECORDS];
}

static struct walk walk_begin(const struct sk_trace_record *ring)
{
	uint32_t oldest = trace_oldest(ring);
	uint32_t count = 0;

	if (oldest != SK_TRACE_RECORDS) {
		while (count < SK_TRACE_RECORDS &&
		       SK_TRACE_KIND_OF(ring[(oldest + count) % SK_TRACE_RECORDS].what) != SK_TRACE_NONE) {
			count++;
		}
	}
	return (struct walk){ oldest + count, count };
}

/* The core that has the newest of all that is left; SK_MAX_CORES: nothing is. */
static uint32_t newest_core(const struct walk walks[SK_MAX_CORES])
{
	uint32_t newest = SK_MAX_CORES;

	for (uint32_t core = 0; core < cores; core++) {
		if (walks[core].left != 0 &&
		    (newest == SK_MAX_CORES ||
		     walk_record(&walks[core], core)->time > walk_record(&walks[newest], newest)->time)) {
			newest = core;
		}
	}
	return newest;
}

static void trace_show(const struct argument *arguments, uint32_t count)
{
	static uint8_t order[SHOWN_MAX]; /* the cores of what is shown, newest first */
	uint32_t wanted = count == 0 ? SHOWN : arguments[0].value < SHOWN_MAX ? (uint32_t)arguments[0].value : SHOWN_MAX;
	struct walk walks[SK_MAX_CORES];
	uint32_t found = 0;
	uint32_t core;

	if (!rings_open()) {
		return;
	}
	for (core = 0; core < cores; core++) {
		walks[core] = walk_begin(rings[core]);
	}
	while (found < wanted && (core = newest_core(walks)) != SK_MAX_CORES) {
		walks[core].next--;
		walks[core].left--;
		order[found++] = (uint8_t)core;
	}
	if (found == 0) {
		screen_text("nothing was traced yet: trace on\n");
	}
	while (found != 0) {
		core = order[--found];
		walks[core].next++;
		show_record(core, walk_record(&walks[core], core));
	}
}

static void dump_who(uint32_t object)
{
	uint32_t before = known_count;
	const struct sk_traced *who = object != 0 ? who_is(object) : NULL;

	if (who != NULL && known_count != before) {
		screen_print("trace who %u %u %u %s\n", (unsigned)object, (unsigned)who->kind, (unsigned)who->index,
			     (const char *)who->name);
	}
}

/* For programs: `skink trace` reads this. Numbers are hexadecimal but for objects, cores and the count. */
static void trace_dump(const struct argument *arguments, uint32_t count)
{
	uint32_t records = 0;

	(void)arguments;
	(void)count;
	if (!rings_open()) {
		return;
	}
	screen_print("trace begin %u %llu\n", (unsigned)cores, (unsigned long long)sk_start()->counter_hz);
	for (uint32_t core = 0; core < cores; core++) {
		for (struct walk walk = walk_begin(rings[core]); walk.left != 0; walk.left--, records++) {
			const struct sk_trace_record *record =
				&rings[core][(walk.next - walk.left) % SK_TRACE_RECORDS];

			dump_who(SK_TRACE_OBJECT_OF(record->token));
			dump_who(SK_TRACE_PEER_OF(record->what));
			screen_print("trace %u %llx %llx %llx %llx\n", (unsigned)core, (unsigned long long)record->time,
				     (unsigned long long)record->token, (unsigned long long)record->what,
				     (unsigned long long)record->word);
		}
	}
	screen_print("trace end %u\n", (unsigned)records);
}

const struct command command_trace[] = {
	{ "trace", { ARGUMENT_SWITCH }, 1, "on|off", "have the kernel note what it does",
	  "Calls, replies, signals, turns, faults, interrupts and starts of each core, the last 8192 of them; `on` forgets\n"
	  "what was noted before.", trace_switch },
	{ "trace-show", { ARGUMENT_NUMBER }, 0, "[NUMBER]", "the last things that were noted",
	  "Each with its time in seconds and its core. At most 500; 24 unless a number is given.", trace_show },
	{ "trace-dump", { ARGUMENT_NONE }, 0, "", "all that was noted, for `skink trace`", NULL, trace_dump },
	{ .name = NULL },
};
