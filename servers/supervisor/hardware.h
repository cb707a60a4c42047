/*
 * What a driver has of the machine: registers, interrupts, memory for its device,
 * and, of VMs that it does I/O for, the knowledge where their memory lies.
 *
 * A device that reads and writes memory by itself goes on when its driver has died, and there is no IOMMU
 * to hold it back. So the manifest may name the one store that stops the device (`stop`), and the supervisor makes
 * it whenever it stops the driver: from then on memory may be cleared, kept or given to somebody else.
 */
#ifndef SUPERVISOR_HARDWARE_H
#define SUPERVISOR_HARDWARE_H

#include "system.h"

/* Gives the server its devices, its "dma" memory, and the slots for "dma:SERVER:N". */
sk_status_t hardware_connect(struct server *server);

/* It owns a PCI host bridge, whose functions stand in the manifest. */
bool hardware_has_host(const struct server *server);

/* Stops the server's devices. Its threads don't run. */
void hardware_stop(const struct server *server);

/* The VM has memory now, so its device's driver may ask where; and no longer. */
sk_status_t hardware_grant_dma(const struct vm *vm, const struct manifest_vm_device *device);
void hardware_revoke_dma(const struct vm *vm);

#endif
