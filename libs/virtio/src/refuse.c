#include <virtio/mmio.h>

#define CHAINS_MAX 64u /* at a stretch: meanwhile the guest's vCPU waits */

/* VIRTIO_BLK_S_IOERR, VIRTIO_NET_ERR. */
static const uint8_t refused = 1;

static void refuse(struct virtio_queue *queue, const struct virtio_chain *chain)
{
	uint32_t bytes = chain->writable_bytes != 0 ? 1 : 0;

	if (bytes != 0) {
		(void)virtio_chain_write(chain, chain->writable_bytes - 1, &refused, 1);
	}
	virtio_queue_complete(queue, chain, bytes);
}

bool virtio_mmio_refuse(struct virtio_mmio *device, uint32_t index)
{
	struct virtio_queue *queue = &device->queues[index];
	struct virtio_chain chain;
	bool more = true;

	for (uint32_t i = 0; more && i < CHAINS_MAX; i++) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_TAKEN:
			more = chain.readable != 0;
			if (more) {
				refuse(queue, &chain);
			}
			break;
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			break;
		default:
			virtio_mmio_break(device);
			more = false;
			break;
		}
	}
	virtio_mmio_notify(device, index);
	return more;
}
