/*
 * A trace in the Trace Event Format, which chrome://tracing and ui.perfetto.dev show: a track for each core (who runs
 * there), for each server's thread (what it serves) and for each vCPU (its exits), and an arrow for each call.
 *
 * Who runs on a core follows from turns, calls and replies: a call goes on in its server, a reply in the caller, and
 * where the plan decides otherwise its choice is the next event. A caller has one call at a time. A server that takes
 * another call has put off the one before: the slice on its track ends there, the caller's goes on.
 */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include <sk/abi.h>
#include <sk/idl/supervisor.h>

enum process { CORES = 1, SERVERS = 2, VCPUS = 3 };

/* A call that was not answered yet, by its caller. */
struct open_call {
	uint64_t token; /* 0: none */
	uint64_t from_ns;
	uint64_t served_ns; /* since when it is on the server's track */
	uint32_t tag;
	uint32_t server;
	uint64_t word;
};

struct running {
	uint32_t object; /* 0: nobody */
	uint64_t from_ns;
};

static struct {
	const struct trace *trace;
	struct bytes *out;
	uint64_t flows;
	struct running on[TRACE_CORES];
	struct open_call calls[TRACE_OBJECTS];
	uint32_t serves[TRACE_OBJECTS]; /* by server: the caller whose slice is open on its track; 0: none */
} state;

__attribute__((format(printf, 1, 2))) static void event(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	bytes_text(state.out, state.out->size > 2 ? ",\n{" : "\n{");
	bytes_text(state.out, text);
	bytes_text(state.out, "}");
}

#define TIME "%" PRIu64 ".%03" PRIu64
#define TIME_OF(ns) (ns) / 1000u, (ns) % 1000u

static uint32_t process_of(uint32_t object)
{
	return state.trace->who[object].kind == (uint32_t)SK_TRACED_KIND_VCPU ? VCPUS : SERVERS;
}

static void method_of(char name[64], uint32_t tag)
{
	const struct sk_trace_method *method = trace_method(tag);

	if (method != NULL) {
		(void)snprintf(name, 64, "%s.%s", method->interface, method->method);
	} else {
		(void)snprintf(name, 64, "method 0x%x", (unsigned)(tag & SK_TAG_METHOD_MASK));
	}
}

static void runs(uint32_t core, uint32_t object, uint64_t ns)
{
	struct running *on = &state.on[core];
	char name[TRACE_NAME_BYTES];

	if (on->object == object) {
		return;
	}
	if (on->object != 0 && ns > on->from_ns) {
		trace_name(state.trace, name, on->object);
		event("\"ph\":\"X\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"dur\":" TIME ",\"name\":\"%s\"", CORES,
		      core + 1, TIME_OF(on->from_ns), TIME_OF(ns - on->from_ns), name);
	}
	*on = (struct running){ object, ns };
}

/* The slice of the call on its server's track ends. */
static void served(uint32_t caller, uint64_t ns)
{
	const struct open_call *call = &state.calls[caller];
	char method[64];
	char name[TRACE_NAME_BYTES];

	if (call->server == 0 || state.serves[call->server] != caller) {
		return;
	}
	state.serves[call->server] = 0;
	method_of(method, call->tag);
	trace_name(state.trace, name, caller);
	event("\"ph\":\"X\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"dur\":" TIME
	      ",\"name\":\"%s\",\"args\":{\"caller\":\"%s\",\"word\":\"0x%" PRIx64 "\"}",
	      process_of(call->server), call->server, TIME_OF(call->served_ns), TIME_OF(ns - call->served_ns), method, name,
	      call->word);
}

static void called(const struct trace_event *at, uint64_t ns)
{
	uint32_t caller = SK_TRACE_OBJECT_OF(at->record.token);
	uint32_t server = SK_TRACE_PEER_OF(at->record.what);
	struct open_call *call = &state.calls[caller];

	if (call->token != at->record.token) {
		*call = (struct open_call){ .token = at->record.token, .from_ns = ns };
	} else {
		served(caller, ns); /* delivered again: its server was restarted */
	}
	if (state.serves[server] != 0) {
		served(state.serves[server], ns);
	}
	call->served_ns = ns;
	call->tag = SK_TRACE_TAG_OF(at->record.what);
	call->server = server;
	call->word = at->record.word;
	state.serves[server] = caller;
	state.flows++;
	event("\"ph\":\"s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"id\":%" PRIu64
	      ",\"name\":\"call\",\"cat\":\"call\"", process_of(caller), caller, TIME_OF(ns), state.flows);
	event("\"ph\":\"f\",\"bp\":\"e\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"id\":%" PRIu64
	      ",\"name\":\"call\",\"cat\":\"call\"", process_of(server), server, TIME_OF(ns), state.flows);
	runs(at->core, server, ns);
}

static void answered(const struct trace_event *at, uint64_t ns)
{
	uint32_t caller = SK_TRACE_OBJECT_OF(at->record.token);
	struct open_call *call = &state.calls[caller];
	char method[64];

	if (call->token == at->record.token) {
		served(caller, ns);
		method_of(method, call->tag);
		event("\"ph\":\"X\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"dur\":" TIME
		      ",\"name\":\"%s\",\"args\":{\"word\":\"0x%" PRIx64 "\",\"status\":%d,\"answer\":\"0x%" PRIx64 "\"}",
		      process_of(caller), caller, TIME_OF(call->from_ns), TIME_OF(ns - call->from_ns), method, call->word,
		      (int)sk_reply_status(SK_TRACE_TAG_OF(at->record.what)), at->record.word);
		call->token = 0;
		runs(at->core, caller, ns);
	}
}

static void instant(const struct trace_event *at, uint64_t ns)
{
	uint32_t kind = SK_TRACE_KIND_OF(at->record.what);
	uint32_t subject = SK_TRACE_OBJECT_OF(at->record.token);
	uint32_t peer = SK_TRACE_PEER_OF(at->record.what);
	char name[TRACE_NAME_BYTES] = "nobody";
	char text[96];

	if (kind == SK_TRACE_INTERRUPT) {
		(void)snprintf(text, sizeof(text), "interrupt %u", (unsigned)SK_TRACE_TAG_OF(at->record.what));
	} else {
		uint32_t who = kind == SK_TRACE_SIGNAL ? peer : subject;

		if (who != 0) {
			trace_name(state.trace, name, who);
		}
		(void)snprintf(text, sizeof(text), "%s %s", trace_kind_name(kind), name);
	}
	event("\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%" PRIu32 ",\"ts\":" TIME ",\"name\":\"%s\",\"args\":{\"word\":\"0x%"
	      PRIx64 "\"}", CORES, at->core + 1, TIME_OF(ns), text, at->record.word);
}

static void name_tracks(const struct trace *trace)
{
	static const char *const processes[] = { [CORES] = "cores", [SERVERS] = "servers", [VCPUS] = "vCPUs" };

	for (int i = CORES; i <= VCPUS; i++) {
		event("\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}", i, processes[i]);
		event("\"ph\":\"M\",\"pid\":%d,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":%d}", i, i);
	}
	for (uint32_t i = 0; i < trace->cores; i++) {
		event("\"ph\":\"M\",\"pid\":%d,\"tid\":%" PRIu32 ",\"name\":\"thread_name\",\"args\":{\"name\":\"core %" PRIu32
		      "\"}", CORES, i + 1, i);
	}
	for (uint32_t i = 0; i < TRACE_OBJECTS; i++) {
		if (trace->who[i].kind != 0) {
			event("\"ph\":\"M\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}",
			      process_of(i), i, trace->who[i].name);
		}
	}
}

void trace_write_chrome(const struct trace *trace, struct bytes *out)
{
	memset(&state, 0, sizeof(state));
	state.trace = trace;
	state.out = out;
	bytes_text(out, "[");
	name_tracks(trace);
	for (size_t i = 0; i < trace->count; i++) {
		const struct trace_event *at = &trace->events[i];
		uint64_t ns = trace_ns(trace, at->record.time);

		switch (SK_TRACE_KIND_OF(at->record.what)) {
		case SK_TRACE_CALL:
			called(at, ns);
			break;
		case SK_TRACE_REPLY:
			answered(at, ns);
			break;
		case SK_TRACE_DISPATCH:
			runs(at->core, SK_TRACE_OBJECT_OF(at->record.token), ns);
			break;
		default:
			instant(at, ns);
			break;
		}
	}
	for (uint32_t core = 0; trace->count != 0 && core < trace->cores; core++) {
		runs(core, 0, trace_ns(trace, trace->events[trace->count - 1].record.time));
	}
	bytes_text(out, "\n]\n");
}
