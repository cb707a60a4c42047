/*
 * A virtio device as its driver sees it, behind a virtio-mmio transport or as a function of PCI (virtio 1.2, sections 4.2
 * and 4.1): finding it, agreeing on features, telling it where its queues are, notifications and interrupts. Modern
 * devices only.
 *
 * A driver's life: virtio_hardware_find or _attach, _begin, read the device's configuration, _queue for each queue, _go;
 * then _notify and _interrupt. _begin resets first, so a driver that starts again begins where every driver does: after
 * it returned, the device has forgotten all queues and accesses no memory.
 */
#ifndef VIRTIO_DRIVER_HARDWARE_H
#define VIRTIO_DRIVER_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include <sk/abi.h>
#include <sk/idl/pci.h>
#include <virtio_driver/ring.h>

#define VIRTIO_TRANSPORT_BYTES 0x200u /* of registers and configuration of a virtio-mmio transport, on QEMU's virt */
#define VIRTIO_HARDWARE_QUEUES 4u     /* that a driver may use */

struct virtio_transport;

struct virtio_hardware {
	const struct virtio_transport *transport;
	volatile uint8_t *registers;
	uint64_t features; /* agreed on by virtio_hardware_begin() */
	/* Of a function of PCI. */
	struct pci_virtio_place place;
	sk_cap_t bus; /* endpoint of the server pci */
	uint32_t notify_at[VIRTIO_HARDWARE_QUEUES]; /* offset in the registers */
};

/* The only accesses to registers: 1, 2 or 4 bytes at a multiple of that. A machine's are in registers.c. */
uint32_t virtio_register_read(const volatile uint8_t *at, uint32_t bytes);
void virtio_register_write(volatile uint8_t *at, uint32_t bytes, uint32_t value);

/*
 * Looks for a device of kind `id` (linux/virtio_ids.h) in the virtio-mmio transports that lie in `bytes` of registers,
 * and takes the first. False: there is none.
 */
bool virtio_hardware_find(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id);

/*
 * Takes the function of PCI whose registers these are: `place` is what `pci.open` of the server behind `bus` said about
 * it. False: it is of another kind than `id`, or has parts beyond `bytes`.
 */
bool virtio_hardware_attach(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id,
			    const struct pci_virtio_place *place, sk_cap_t bus);

/* Stops it: true once the device says that it is reset. */
bool virtio_hardware_reset(const struct virtio_hardware *hardware);

/*
 * Resets the device and agrees on what it offers of `wanted`; VIRTIO_F_VERSION_1 is always wanted, and required. False:
 * the device does not reset, may not access memory, is older than that, or refuses; in the last case it is marked FAILED.
 */
bool virtio_hardware_begin(struct virtio_hardware *hardware, uint64_t wanted);

/* Was feature bit `feature` agreed on by virtio_hardware_begin()? */
static inline bool virtio_hardware_has(const struct virtio_hardware *hardware, uint32_t feature)
{
	return (hardware->features >> feature & 1u) != 0;
}

/* The largest ring that queue `index` may have; 0: there is no such queue, or it is in use. */
uint32_t virtio_hardware_queue_max(const struct virtio_hardware *hardware, uint32_t index);

/*
 * Tells the device where queue `index` (below VIRTIO_HARDWARE_QUEUES) is. False, and it is not in use: the device says
 * that it is to be notified beyond its own registers.
 */
__attribute__((warn_unused_result)) bool virtio_hardware_queue(struct virtio_hardware *hardware, uint32_t index,
								const struct virtio_ring *ring);

/* The device may work from now on. False: it says that something is wrong. */
bool virtio_hardware_go(const struct virtio_hardware *hardware);

/* There is something new in queue `index`. */
void virtio_hardware_notify(const struct virtio_hardware *hardware, uint32_t index);

/* Why it interrupted (VIRTIO_MMIO_INT_*), and that this was seen. */
uint32_t virtio_hardware_interrupt(const struct virtio_hardware *hardware);

/* It can't go on, or was reset by somebody else (the supervisor: then nobody is left to ask). */
bool virtio_hardware_is_broken(const struct virtio_hardware *hardware);

/* A field of the device's configuration: 1, 2, 4 or 8 bytes at `offset` there, consistent in itself. */
uint64_t virtio_hardware_config(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes);

#endif
