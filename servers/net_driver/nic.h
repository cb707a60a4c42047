/*
 * The hardware: a virtio-net device (virtio 1.2, section 5.1), one queue to receive and one to transmit, a fixed buffer
 * for each of their entries. The buffers are the driver's alone: the device accesses no memory of anybody else.
 * Not thread-safe: worker 0's.
 */
#ifndef NET_DRIVER_NIC_H
#define NET_DRIVER_NIC_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_NET_NO_LEGACY
#include <linux/virtio_net.h>

#include <virtio_driver/process.h>

#define NIC_BUFFERS 128u /* of each queue; a power of two */
#define NIC_BUFFER_BYTES 2048u
#define NIC_FRAME_BYTES (NIC_BUFFER_BYTES - (uint32_t)sizeof(struct virtio_net_hdr_v1)) /* the longest frame */
#define NIC_FRAME_BYTES_MIN 14u

struct nic {
	struct virtio_hardware hardware;
	struct virtio_ring receive;
	struct virtio_ring transmit;
	struct virtio_dma dma;
	bool there;
	uint8_t (*receive_buffers)[NIC_BUFFER_BYTES];
	uint8_t (*transmit_buffers)[NIC_BUFFER_BYTES];
	uint16_t free[NIC_BUFFERS]; /* transmit buffers that the device does not have: a stack */
	uint32_t free_count;
};

enum nic_state {
	NIC_READY,
	NIC_ABSENT,    /* there is none */
	NIC_UNUSABLE,  /* the device refuses, or is one that this driver can't handle */
	NIC_NO_MEMORY, /* `dma` is too small */
};

/*
 * Resets this process's device and puts it into service, with all receive buffers in its queue; `nic->dma` is set. After
 * it nothing that an earlier instance of the driver began goes on.
 */
enum nic_state nic_open(struct nic *nic);

/* Where a frame of up to NIC_FRAME_BYTES may be put that nic_send() then sends; NULL: there is no room now. */
uint8_t *nic_frame(struct nic *nic);

/* Sends the frame of `bytes` bytes that was put where nic_frame() said. */
void nic_send(struct nic *nic, uint32_t bytes);

/*
 * The next frame that came in; it is the driver's until nic_recycle(number). VIRTIO_RING_BROKEN: the device can't be
 * believed any more. A frame that can't be one has 0 bytes.
 */
enum virtio_ring_status nic_take(struct nic *nic, const uint8_t **frame, uint32_t *bytes, uint32_t *number);
void nic_recycle(struct nic *nic, uint32_t number);

/* Takes back what the device has sent. False: it can't be believed any more. */
bool nic_reclaim(struct nic *nic);

/* Tells the device of what was sent and recycled, if it wants to know. */
void nic_kick(struct nic *nic);

/*
 * Asks for an interrupt: for a frame that comes in, and, if `room`, for one that was sent. True: there is one already.
 */
bool nic_arm(struct nic *nic, bool room);

#endif
