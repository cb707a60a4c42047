/*
 * What differs between the ways to reach a virtio device. hardware.c goes through this table and knows neither; what a
 * register does is in the specification's section on each.
 */
#ifndef VIRTIO_DRIVER_TRANSPORT_H
#define VIRTIO_DRIVER_TRANSPORT_H

#include <virtio_driver/hardware.h>

struct virtio_transport {
	uint32_t (*status)(const struct virtio_hardware *hardware);
	void (*set_status)(const struct virtio_hardware *hardware, uint32_t status);
	/* It is reset: it may access memory from now on, where that is not a matter of course. False: it may not. */
	bool (*allow_memory)(const struct virtio_hardware *hardware);
	uint64_t (*offered)(const struct virtio_hardware *hardware);
	void (*accept)(const struct virtio_hardware *hardware, uint64_t features);
	uint32_t (*queue_max)(const struct virtio_hardware *hardware, uint32_t index);
	bool (*queue)(struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring);
	void (*notify)(const struct virtio_hardware *hardware, uint32_t index);
	uint32_t (*interrupt)(const struct virtio_hardware *hardware);
	uint32_t (*generation)(const struct virtio_hardware *hardware);
	/* 1, 2 or 4 bytes of the device's configuration. */
	uint32_t (*config)(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes);
};

/* virtio 1.2, sections 4.2 and 4.1. */
extern const struct virtio_transport virtio_transport_mmio;
extern const struct virtio_transport virtio_transport_pci;

#endif
