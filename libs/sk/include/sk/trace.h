/*
 * What a core's kernel notes of what it does, while it is told to (core.trace): a ring of records in memory that the
 * tool which reads them maps. The newest overwrite the oldest, and nothing says which is the newest but the time: who
 * wants all of them in order ends the trace first, and clears the memory before it begins.
 *
 * Who takes part is named by a token: calls made so far << 16 | number of the thread's or vCPU's object, as
 * space.cap_info tells it; a call and its reply have the same one, and so has a call that is delivered again.
 */
#ifndef SK_TRACE_H
#define SK_TRACE_H

#include <stdint.h>

#define SK_TRACE_BYTES 0x40000u /* of a ring, which begins at a multiple of it */
#define SK_TRACE_RECORDS (SK_TRACE_BYTES / sizeof(struct sk_trace_record)) /* in a ring */

enum sk_trace_kind {
	SK_TRACE_NONE,      /* never written */
	SK_TRACE_CALL,      /* a call, an exit or a fault reaches its server: tag; word: the first of the message */
	SK_TRACE_REPLY,     /* it is answered: tag: status; word: the first of the reply. Peer 0: the kernel did it */
	SK_TRACE_SIGNAL,    /* word: bits. Who signals is current; the peer is who waits for it, 0: nobody */
	SK_TRACE_DISPATCH,  /* the plan's choice: who runs; the peer: on whose turn. Both 0: the core idles */
	SK_TRACE_FAULT,     /* a thread: tag: reason; word: its address */
	SK_TRACE_INTERRUPT, /* tag: number of a device's line */
	SK_TRACE_START,     /* a thread starts, or starts again */
};

struct sk_trace_record {
	uint64_t time;  /* of the machine's counter: sk_now_ns()'s, in its ticks */
	uint64_t token; /* whose; 0: nobody's */
	uint64_t what;  /* tag (its lower half), peer's object << 32, enum sk_trace_kind << 48 */
	uint64_t word;
};

/* sk_trace_record.what of its parts, the parts of it, and who is named by a token. */
#define SK_TRACE_WHAT(kind, tag, peer) ((uint64_t)(kind) << 48 | (uint64_t)(uint16_t)(peer) << 32 | (uint32_t)(tag))
#define SK_TRACE_KIND_OF(what) ((uint32_t)((what) >> 48))
#define SK_TRACE_PEER_OF(what) ((uint32_t)((what) >> 32) & 0xffffu)
#define SK_TRACE_TAG_OF(what) ((uint32_t)(what))
#define SK_TRACE_OBJECT_OF(token) ((uint32_t)(token) & 0xffffu)

/* The newest record of a ring in use, also while the kernel writes there; SK_TRACE_RECORDS: there is none. */
uint32_t sk_trace_newest(const struct sk_trace_record *ring);

#endif
