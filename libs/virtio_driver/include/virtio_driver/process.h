/*
 * What the manifest gave to a driver's process: its device's registers and the memory "dma" that the device sees. A
 * driver has one device.
 */
#ifndef VIRTIO_DRIVER_PROCESS_H
#define VIRTIO_DRIVER_PROCESS_H

#include <virtio_driver/hardware.h>

/* Says in the log what the manifest lacks, and returns false, unless there are a device and `dma-kib`. */
bool virtio_process_memory(struct virtio_dma *dma);

/* The device, if it is there and of kind `id` (linux/virtio_ids.h). virtio_process_memory() was true. */
bool virtio_process_hardware(struct virtio_hardware *hardware, uint32_t id);

#endif
