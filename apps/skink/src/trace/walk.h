/*
 * A trace as tracks: of each core, who runs there; of each server's thread, what it serves; of each vCPU, its exits; and
 * an arrow for each call. Whoever draws them gets one after the other; a slice comes when it ends.
 */
#ifndef TOOL_TRACE_WALK_H
#define TOOL_TRACE_WALK_H

#include "trace.h"

#define TRACE_METHOD_BYTES 80u

enum trace_group { TRACE_CORES_GROUP = 1, TRACE_SERVERS = 2, TRACE_VCPUS = 3 };

struct trace_slice {
	enum trace_group group;
	uint32_t track; /* the core, or the object */
	uint64_t from_ns;
	uint64_t to_ns;
	const char *name;   /* who runs; the method */
	const char *caller; /* of what is served; NULL: it is the caller's own, or a core's */
	uint64_t word;	    /* the first of the message */
	bool answered;	    /* of a caller: */
	int status;
	uint64_t answer;
};

struct trace_sink {
	void (*slice)(const struct trace_slice *slice);
	void (*arrow)(uint32_t caller, uint32_t server, uint64_t ns);
	/* Signals, faults, interrupts, starts: `kind` is sk/trace.h's. */
	void (*instant)(uint32_t core, uint64_t ns, uint32_t kind, const char *name, uint64_t word);
};

enum trace_group trace_group_of(const struct trace *trace, uint32_t object);

/* One at a time. */
void trace_walk(const struct trace *trace, const struct trace_sink *sink);

#endif
