/*
 * From events to what lies on tracks.
 *
 * Who runs on a core follows from turns, calls and replies: a call goes on in its server, a reply in the caller, and
 * where the plan decides otherwise its choice is the next event. A caller has one call at a time. A server that takes
 * another call has put off the one before: the slice on its track ends there, the caller's goes on.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>

#include <sk/abi.h>
#include <sk/idl/supervisor.h>

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
	const struct trace_sink *sink;
	struct running on[TRACE_CORES];
	struct open_call calls[TRACE_OBJECTS];
	uint32_t serves[TRACE_OBJECTS]; /* by server: the caller whose slice is open on its track; 0: none */
} state;

enum trace_group trace_group_of(const struct trace *trace, uint32_t object)
{
	return trace->who[object].kind == (uint32_t)SK_TRACED_KIND_VCPU ? TRACE_VCPUS : TRACE_SERVERS;
}

static void method_of(char name[TRACE_METHOD_BYTES], uint32_t tag)
{
	const struct sk_trace_method *method = trace_method(tag);

	if (method != NULL) {
		(void)snprintf(name, TRACE_METHOD_BYTES, "%s.%s", method->interface, method->method);
	} else {
		(void)snprintf(name, TRACE_METHOD_BYTES, "method 0x%x", (unsigned)(tag & SK_TAG_METHOD_MASK));
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
		struct trace_slice slice = { TRACE_CORES_GROUP, core, on->from_ns, ns, name, NULL, 0, false, 0, 0 };

		trace_name(state.trace, name, on->object);
		state.sink->slice(&slice);
	}
	*on = (struct running){ object, ns };
}

/* The slice of the call on its server's track ends. */
static void served(uint32_t caller, uint64_t ns)
{
	const struct open_call *call = &state.calls[caller];
	char method[TRACE_METHOD_BYTES];
	char name[TRACE_NAME_BYTES];

	if (call->server == 0 || state.serves[call->server] != caller) {
		return;
	}
	state.serves[call->server] = 0;
	method_of(method, call->tag);
	trace_name(state.trace, name, caller);
	state.sink->slice(&(struct trace_slice){ trace_group_of(state.trace, call->server), call->server, call->served_ns, ns,
						 method, name, call->word, false, 0, 0 });
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
	state.sink->arrow(caller, server, ns);
	runs(at->core, server, ns);
}

static void answered(const struct trace_event *at, uint64_t ns)
{
	uint32_t caller = SK_TRACE_OBJECT_OF(at->record.token);
	struct open_call *call = &state.calls[caller];
	char method[TRACE_METHOD_BYTES];

	if (call->token == at->record.token) {
		served(caller, ns);
		method_of(method, call->tag);
		state.sink->slice(&(struct trace_slice){
			trace_group_of(state.trace, caller), caller, call->from_ns, ns, method, NULL, call->word, true,
			(int)sk_reply_status(SK_TRACE_TAG_OF(at->record.what)), at->record.word });
		call->token = 0;
		runs(at->core, caller, ns);
	}
}

static void instant(const struct trace_event *at, uint64_t ns)
{
	uint32_t kind = SK_TRACE_KIND_OF(at->record.what);
	uint32_t who = kind == SK_TRACE_SIGNAL ? SK_TRACE_PEER_OF(at->record.what) : SK_TRACE_OBJECT_OF(at->record.token);
	char name[TRACE_NAME_BYTES] = "nobody";
	char text[TRACE_METHOD_BYTES];

	if (kind == SK_TRACE_INTERRUPT) {
		(void)snprintf(text, sizeof(text), "interrupt %u", (unsigned)SK_TRACE_TAG_OF(at->record.what));
	} else {
		if (who != 0) {
			trace_name(state.trace, name, who);
		}
		(void)snprintf(text, sizeof(text), "%s %s", trace_kind_name(kind), name);
	}
	state.sink->instant(at->core, ns, kind, text, at->record.word);
}

void trace_walk(const struct trace *trace, const struct trace_sink *sink)
{
	memset(&state, 0, sizeof(state));
	state.trace = trace;
	state.sink = sink;
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
}
