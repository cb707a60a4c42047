/*
 * Records of the kernel's trace (sk/trace.h) as text. Names of methods come from the tables that idlc makes of all
 * interfaces; names of threads and vCPUs from whoever can tell. Used by the monitor and by `skink trace`.
 */
#ifndef SKINK_TRACE_H
#define SKINK_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include <sk/idl/idl_support.h>
#include <sk/trace.h>

#define TRACE_NAME_BYTES 32u /* of a name, with its zero */

/* Writes the name of a thread's or vCPU's object: "uart0", "linux/1"; a number if it knows none. */
typedef void (*trace_namer)(char name[TRACE_NAME_BYTES], uint32_t object);

/* The method that a message's tag names; NULL: of no interface here. */
const struct sk_trace_method *trace_method(uint32_t tag);

/* "call", "reply", …; "?" for what is no kind. */
const char *trace_kind_name(uint32_t kind);

/*
 * What happened, without time and core: "call    linux/0 -> uart0: vm_exit.mmio_read (…)". A reply's tag has only its
 * status: `call_tag` is the tag of the call that it answers, 0 if that is not known. At most `size` bytes, with the
 * zero that ends it. Any record is fine, also one that was torn.
 */
void trace_text(char *text, size_t size, const struct sk_trace_record *record, uint32_t call_tag, trace_namer namer);

/*
 * The oldest record of a ring in use, as an index; SK_TRACE_RECORDS if it is empty. From there on, around, they are in
 * order of time.
 */
uint32_t trace_oldest(const struct sk_trace_record *ring);

#endif
