#include "nic.h"

#include <string.h>

#include <linux/virtio_ids.h>

#define RECEIVE 0u
#define TRANSMIT 1u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr_v1))

_Static_assert(NIC_BUFFERS <= VIRTIO_RING_SIZE_MAX, "a ring's entry for each buffer");

/* The largest ring that both sides can have. */
static uint32_t ring_size(const struct nic *nic, uint32_t queue)
{
	uint32_t size = virtio_hardware_queue_max(&nic->hardware, queue);

	size = size < NIC_BUFFERS ? size : NIC_BUFFERS;
	while ((size & (size - 1)) != 0) {
		size &= size - 1;
	}
	return size;
}

static bool take_memory(struct nic *nic, uint32_t receive, uint32_t transmit)
{
	uint64_t features = nic->hardware.features;

	nic->receive_buffers =
		virtio_dma_take_as_is(&nic->dma, (uint64_t)receive * NIC_BUFFER_BYTES, NIC_BUFFER_BYTES);
	nic->transmit_buffers =
		virtio_dma_take_as_is(&nic->dma, (uint64_t)transmit * NIC_BUFFER_BYTES, NIC_BUFFER_BYTES);
	return nic->receive_buffers != NULL && nic->transmit_buffers != NULL &&
	       virtio_ring_open(&nic->receive, &nic->dma, receive, features, 1) &&
	       virtio_ring_open(&nic->transmit, &nic->dma, transmit, features, 1);
}

static enum nic_state stop(struct nic *nic, enum nic_state state)
{
	(void)virtio_hardware_reset(&nic->hardware);
	return state;
}

enum nic_state nic_open(struct nic *nic)
{
	const uint64_t wanted = 1ull << VIRTIO_RING_F_EVENT_IDX;
	uint32_t receive;
	uint32_t transmit;

	nic->there = false;
	if (!virtio_process_hardware(&nic->hardware, VIRTIO_ID_NET)) {
		return NIC_ABSENT;
	}
	if (!virtio_hardware_begin(&nic->hardware, wanted)) {
		return NIC_UNUSABLE;
	}
	receive = ring_size(nic, RECEIVE);
	transmit = ring_size(nic, TRANSMIT);
	if (receive == 0 || transmit == 0) {
		return stop(nic, NIC_UNUSABLE);
	}
	if (!take_memory(nic, receive, transmit)) {
		return stop(nic, NIC_NO_MEMORY);
	}
	nic->free_count = 0;
	while (nic->free_count < transmit) {
		nic->free[nic->free_count] = (uint16_t)nic->free_count;
		nic->free_count++;
	}
	for (uint32_t i = 0; i < receive; i++) {
		nic_recycle(nic, i);
	}
	if (!virtio_hardware_queue(&nic->hardware, RECEIVE, &nic->receive) ||
	    !virtio_hardware_queue(&nic->hardware, TRANSMIT, &nic->transmit) || !virtio_hardware_go(&nic->hardware)) {
		return stop(nic, NIC_UNUSABLE);
	}
	nic->there = true;
	nic_kick(nic);
	return NIC_READY;
}

uint8_t *nic_frame(struct nic *nic)
{
	return nic->free_count != 0 ? nic->transmit_buffers[nic->free[nic->free_count - 1]] + HEADER_BYTES : NULL;
}

void nic_send(struct nic *nic, uint32_t bytes)
{
	uint32_t number = nic->free[--nic->free_count];
	uint8_t *at = nic->transmit_buffers[number];
	struct virtio_buffer buffer = { virtio_dma_address(&nic->dma, at), HEADER_BYTES + bytes, false };

	memset(at, 0, HEADER_BYTES); /* nothing is left to the device */
	(void)virtio_ring_add(&nic->transmit, &buffer, 1, number);
}

enum virtio_ring_status nic_take(struct nic *nic, const uint8_t **frame, uint32_t *bytes, uint32_t *number)
{
	uint32_t written;
	enum virtio_ring_status status = virtio_ring_take(&nic->receive, number, &written);

	if (status == VIRTIO_RING_DONE) {
		bool fits = written >= HEADER_BYTES + NIC_FRAME_BYTES_MIN && written <= NIC_BUFFER_BYTES;

		*frame = nic->receive_buffers[*number] + HEADER_BYTES;
		*bytes = fits ? written - HEADER_BYTES : 0;
	}
	return status;
}

void nic_recycle(struct nic *nic, uint32_t number)
{
	struct virtio_buffer buffer = { virtio_dma_address(&nic->dma, nic->receive_buffers[number]), NIC_BUFFER_BYTES,
					true };

	(void)virtio_ring_add(&nic->receive, &buffer, 1, number);
}

bool nic_reclaim(struct nic *nic)
{
	enum virtio_ring_status status;
	uint32_t number;
	uint32_t bytes;

	while ((status = virtio_ring_take(&nic->transmit, &number, &bytes)) == VIRTIO_RING_DONE) {
		nic->free[nic->free_count++] = (uint16_t)number;
	}
	return status == VIRTIO_RING_EMPTY;
}

void nic_kick(struct nic *nic)
{
	if (virtio_ring_must_notify(&nic->receive)) {
		virtio_hardware_notify(&nic->hardware, RECEIVE);
	}
	if (virtio_ring_must_notify(&nic->transmit)) {
		virtio_hardware_notify(&nic->hardware, TRANSMIT);
	}
}

bool nic_arm(struct nic *nic, bool room)
{
	bool more = virtio_ring_arm(&nic->receive);

	if (room) {
		return virtio_ring_arm(&nic->transmit) || more;
	}
	virtio_ring_disarm(&nic->transmit);
	return more;
}
