/*
 * A guest's device whose server is not restarted any more, by the manifest's `mark-failed`. Its guest goes on without
 * it.
 *
 * A virtio device can say so: its exits go to the server `fallback` from then on (servers/fallback), where it needs a
 * reset, and an interrupt makes the guest look. Any other device reads as zero and ignores what is written, which is
 * how the kernel answers exits to an endpoint that was abandoned. Its line is low: no guest is caught in its handler.
 */
#ifndef SUPERVISOR_FAILED_H
#define SUPERVISOR_FAILED_H

#include "vm.h"

/*
 * Marks the device that the server serves. Its threads are stopped, its endpoint is not abandoned yet. What the
 * device's driver has of it in its hardware is dropped; a virtio device that an operator's restart brings back is a new
 * one.
 */
void failed_mark(struct server *server);

/* A new instance of the server begins: the device is its own again. */
void failed_unmark(struct server *server);

/* The fallback itself is not restarted any more: what it would lower is low, and its devices read as zero. */
void failed_silence(void);

/* The VM is taken down: none of its devices is marked any more. */
void failed_forget(const struct vm *vm);

#endif
