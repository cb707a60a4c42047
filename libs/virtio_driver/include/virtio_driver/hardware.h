/*
 * A virtio device behind a virtio-mmio transport (virtio 1.2, section 4.2), as its driver sees it: finding it, agreeing
 * on features, telling it where its queues are, notifications and interrupts. Modern devices only (version 2).
 *
 * A driver's life: virtio_hardware_find, _begin, read the device's configuration, _queue for each queue, _go; then
 * _notify and _interrupt. _begin resets first, so a driver that starts again begins where every driver does: after it
 * returned, the device has forgotten all queues and accesses no memory.
 */
#ifndef VIRTIO_DRIVER_HARDWARE_H
#define VIRTIO_DRIVER_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include <virtio_driver/ring.h>

#define VIRTIO_TRANSPORT_BYTES 0x200u /* of registers and configuration, on QEMU's virt */

struct virtio_hardware {
	volatile uint8_t *registers;
	uint64_t features; /* agreed on by virtio_hardware_begin() */
};

/*
 * The only accesses to registers, 32 bits, `offset` as in linux/virtio_mmio.h. A machine's are in registers.c.
 */
uint32_t virtio_register_read(const struct virtio_hardware *hardware, uint32_t offset);
void virtio_register_write(const struct virtio_hardware *hardware, uint32_t offset, uint32_t value);

/*
 * Looks for a device of kind `id` (linux/virtio_ids.h) in the transports that lie in `bytes` of registers, and takes
 * the first. False: there is none.
 */
bool virtio_hardware_find(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id);

/* Stops it: true once the device says that it is reset. */
bool virtio_hardware_reset(const struct virtio_hardware *hardware);

/*
 * Resets the device and agrees on what it offers of `wanted`; VIRTIO_F_VERSION_1 is always wanted, and required. False:
 * the device does not reset, is older than that, or refuses; it is marked FAILED.
 */
bool virtio_hardware_begin(struct virtio_hardware *hardware, uint64_t wanted);

static inline bool virtio_hardware_has(const struct virtio_hardware *hardware, uint32_t feature)
{
	return (hardware->features >> feature & 1u) != 0;
}

/* The largest ring that queue `index` may have; 0: there is no such queue, or it is in use. */
uint32_t virtio_hardware_queue_max(const struct virtio_hardware *hardware, uint32_t index);

/* Tells the device where the queue is. */
void virtio_hardware_queue(const struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring);

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
