/*
 * VMs. The supervisor owns a VM's objects (its space, its memory, its vCPUs, its
 * lines) and so can take its vCPUs off whatever its VMM does; everything that needs to
 * know the guest is the VMM's, and ordered from it by errands.
 */
#ifndef SUPERVISOR_VM_H
#define SUPERVISOR_VM_H

#include "system.h"

/* Orders that the operator, the manifest and the guest can give. */
enum vm_order { VM_START, VM_PAUSE, VM_RESUME, VM_STOP, VM_RESET };

/*
 * Makes the VM's objects and gives its VMM and its devices' servers what they need of them, after
 * those were built. NULL, or what went wrong: what was made so far is then there to be demolished.
 */
const char *vm_build(struct vm *vm);

/* Sends the exits of the VM's device to that server, with `client` in the badge, wherever they went before. */
sk_status_t vm_route_device(const struct vm *vm, uint32_t device, const struct server *to, uint32_t client);

/*
 * Requests of the VM's device may be in its driver's hardware, which then still reads and writes the VM's memory. The
 * hardware is stopped, the requests are forgotten, and a new instance of the driver goes on with those of others. The
 * device's server does not run.
 */
void vm_end_dma(const struct manifest_vm_device *device);

/* Gives back all that the VM owns. Its vCPUs don't run, and neither do its VMM and its devices' servers. */
void vm_demolish(struct vm *vm);

/*
 * The operator's: takes a stopped or failed VM down with all its servers, and makes it again, stopped.
 * SK_BAD_STATE: its state does not allow it. SK_NO_MEMORY: it could not be made; it stays destroyed.
 */
sk_status_t vm_destroy(struct vm *vm);
sk_status_t vm_create(struct vm *vm);

/*
 * Carries out an order. SK_OK: it is on its way, and `token` (if not 0) is answered when it is done. SK_BAD_STATE:
 * the VM's state does not allow it. SK_NO_MEMORY: too many orders at once.
 */
sk_status_t vm_order(struct vm *vm, enum vm_order order, uint64_t token);

/* The guest is off, asks to be reset, or can't go on: its VMM says so. */
void vm_is_off(struct vm *vm);
sk_status_t vm_wants_reset(struct vm *vm);
void vm_is_failed(struct vm *vm, const char *why);

/* The server is gone for good and its fallback is stop-vm: the VM that it serves stops. */
void vm_server_lost(uint32_t server, const char *why);

#endif
