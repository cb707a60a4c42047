/* Records of the kernel's trace, as the monitor shows them. */
#ifndef MONITOR_TRACE_H
#define MONITOR_TRACE_H

#include <sk/trace.h>

/* A line for each of them, which are of one core: time, core, what happened, with names. */
void trace_show_records(uint32_t core, const struct sk_trace_record *records, uint32_t count);

#endif
