/* The kernel's trace: a ring for each core, which the operator's servers read. Orders: idl/supervisor.idl, operator. */
#ifndef SUPERVISOR_TRACING_H
#define SUPERVISOR_TRACING_H

#include <sk/abi.h>

/* Takes the rings and grants them, read-only. Nothing unless the manifest asks for a trace. */
sk_status_t tracing_connect(void);

#endif
