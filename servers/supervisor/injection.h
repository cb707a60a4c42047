/* Fault injection's part in how servers are wired. Its methods are idl/supervisor.idl's (injection.c). */
#ifndef SUPERVISOR_INJECTION_H
#define SUPERVISOR_INJECTION_H

#define INJECTION_STALE "stale" /* the capability's name in a start page */

/* Gives each server a capability to something, and then destroys that. Nothing where faults are not to be injected. */
void injection_connect(void);

#endif
