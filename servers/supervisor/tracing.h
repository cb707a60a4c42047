/* The kernel's trace: a ring for each core, which the operator's servers read. Orders: idl/supervisor.idl, operator. */
#ifndef SUPERVISOR_TRACING_H
#define SUPERVISOR_TRACING_H

#include <sk/abi.h>
#include <sk/trace.h>

/* Takes the rings and grants them, read-only. Nothing unless the manifest asks for a trace. */
sk_status_t tracing_connect(void);

/* The last records of a core's trace, at most `max` of them, oldest first. How many: 0 if there is no trace now. */
uint32_t tracing_last(uint32_t core, struct sk_trace_record *to, uint32_t max);

#endif
