/*
 * The trace: while somebody has given this core a ring for it, what happens is
 * noted there (sk/trace.h has the format). Off, a note costs a load and a branch;
 * on, a dozen instructions, and no call: the straight run keeps its registers.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include <kernel/core.h>

/* A note, if this core has a ring: whose token it is about, the other party's object, tag and word (sk/trace.h). */
static inline __attribute__((always_inline)) void trace(struct core *core, enum sk_trace_kind kind, uint64_t token,
							uint64_t peer, uint64_t tag, uint64_t word)
{
	struct sk_trace_record *record = core->trace;
	if (__builtin_expect(record != NULL, 0)) {
		*record = (struct sk_trace_record){ arch_counter(), token, SK_TRACE_WHAT(kind, tag, peer), word };
		uintptr_t next = (uintptr_t)(record + 1) & (SK_TRACE_BYTES - 1u);
		core->trace = (void *)(((uintptr_t)record & ~(uintptr_t)(SK_TRACE_BYTES - 1u)) | next);
	}
}

#endif
