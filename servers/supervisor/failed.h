/*
 * A guest's device whose server is not restarted any more, by the manifest's `mark-failed`. Its guest goes on without
 * it.
 *
 * A virtio device can say so: it needs a reset, and an interrupt makes the guest look. Who knows what the guest waits
 * for is its server, so there is a last instance of that, which has all that the others had and does
 * nothing but answer with errors (libs/virtio). If not even that one lives, the device's exits go to the server
 * `fallback` (servers/fallback), which has nothing of the guest, and only says that the device needs a reset. Any other device reads as zero and ignores what is written, which is
 * how the kernel answers exits to an endpoint that was abandoned. Its line is low: no guest is caught in its handler.
 */
#ifndef SUPERVISOR_FAILED_H
#define SUPERVISOR_FAILED_H

#include "vm.h"

/*
 * True, and it is said in the log, if the server serves a virtio device with queues in its guest's memory: its last
 * instance is to begin.
 */
bool failed_answers(const struct server *server);

/*
 * Marks the device that the server serves. Its threads are stopped, its endpoint is not abandoned yet. What the
 * device's driver has of it in its hardware is dropped; a virtio device that an operator's restart brings back is a new
 * one.
 */
void failed_mark(struct server *server);

/* A new instance of the server begins, not its last one: the device is its own again, and a new one. */
void failed_unmark(struct server *server);

/* The fallback itself is not restarted any more: what it would lower is low, and its devices read as zero. */
void failed_silence(void);

/* The VM is taken down: none of its devices is marked any more. */
void failed_forget(const struct vm *vm);

#endif
