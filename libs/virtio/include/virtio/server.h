/*
 * What every virtio device server has in common: its process is one device on
 * MMIO. A server fills in the device, says what serves its queues, and ends its main() in
 * virtio_server_run(); the exits, the interrupt line, the lock and the VMM's reset are here.
 *
 *	SK_SERVER(virtio_server_dispatch, signalled)
 *
 * Regions: "persistent" (at least VIRTIO_STATE_FIELDS_BYTES) and the guest's memory, "memory@<base>" (`guest-memory` in
 * the manifest), or of it only the pool that the guest copies its buffers to and from, "pool@<base>" (`bounce-memory`);
 * capabilities "virq" and "sched".
 */
#ifndef VIRTIO_SERVER_H
#define VIRTIO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <virtio/mmio.h>

struct sk_caller;
struct sk_msg;

/*
 * True of the last instance of a server that is not restarted any more: it is there so that the guest waits for nothing
 * for ever. virtio_server_open() makes a device of it that refuses everything (virtio_mmio_refuse); what the
 * server has in flight beside its queues is its own affair.
 */
bool virtio_server_is_last(void);

/*
 * Attaches `device` to this process's regions. Says in the log what is missing, and ends the process, if anything
 * is: for main(). Its operations may be called from virtio_server_run() on, and always under the lock.
 */
void virtio_server_open(struct virtio_mmio *device);

/* Looks at everything that an earlier instance may have left, and serves. */
_Noreturn void virtio_server_run(void);

/* For SK_SERVER. */
bool virtio_server_dispatch(const struct sk_caller *caller, struct sk_msg *msg);

/*
 * Around everything that the server does to the device outside its operations. The unlocking sets the interrupt
 * line, answers writes that waited for the device to settle, and sees to it that what has to be served again will be.
 */
void virtio_server_lock(void);
void virtio_server_unlock(void);

/* The bits of this server's notification that are the library's: for the server's `signalled`. */
void virtio_server_signalled(uint64_t bits);

#endif
