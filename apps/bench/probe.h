/*
 * The probe's registers, as the guest program bench sees them: 64 bits each, read or written whole.
 */
#ifndef PROBE_H
#define PROBE_H

/* R: counter N of core 0 (idl/kernel.idl, core.counter) at 8 * N. Counting this read costs the same each time. */
#define PROBE_COUNTERS 0x000u
/* R: ns since the machine was reset. */
#define PROBE_NOW 0x100u
/* W: ends the server that the probe's argument of this number (0 and up) names. */
#define PROBE_KILL 0x108u
/* W: the probe crashes, and its next instance ends the write. R: instances so far. */
#define PROBE_CRASH 0x110u
/* R: bytes that the stream named "monitor" has printed, as the console server says: it answers once it serves. */
#define PROBE_MONITOR_PRINTED 0x118u
/* W: the kernel's trace, 1: on, 0: off. */
#define PROBE_TRACE 0x120u
/* R: exits so far of all vCPUs of all VMs. */
#define PROBE_EXITS 0x130u
/* R: bytes of memory that nobody has. */
#define PROBE_FREE 0x138u
/* W: the probe raises its line, an edge. */
#define PROBE_RAISE 0x140u
#define PROBE_INTID 60u

#define PROBE_BASE 0x0b000000u
#define PROBE_BYTES 0x1000u

#endif
