#include <virtio_driver/transport.h>

#define RESET_TRIES 1000000u
#define CONFIG_TRIES 100u

static uint32_t status_of(const struct virtio_hardware *hardware)
{
	return hardware->transport->status(hardware);
}

bool virtio_hardware_reset(const struct virtio_hardware *hardware)
{
	hardware->transport->set_status(hardware, 0);
	for (uint32_t i = 0; i < RESET_TRIES; i++) {
		if (status_of(hardware) == 0) {
			return true;
		}
	}
	return false;
}

static void add_status(const struct virtio_hardware *hardware, uint32_t bits)
{
	hardware->transport->set_status(hardware, status_of(hardware) | bits);
}

bool virtio_hardware_begin(struct virtio_hardware *hardware, uint64_t wanted)
{
	const uint64_t version_1 = 1ull << VIRTIO_F_VERSION_1;

	if (!virtio_hardware_reset(hardware) || !hardware->transport->allow_memory(hardware)) {
		return false;
	}
	add_status(hardware, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(hardware, VIRTIO_CONFIG_S_DRIVER);
	hardware->features = hardware->transport->offered(hardware) & (wanted | version_1);
	hardware->transport->accept(hardware, hardware->features);
	add_status(hardware, VIRTIO_CONFIG_S_FEATURES_OK);
	if ((hardware->features & version_1) == 0 || (status_of(hardware) & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
		add_status(hardware, VIRTIO_CONFIG_S_FAILED);
		return false;
	}
	return true;
}

uint32_t virtio_hardware_queue_max(const struct virtio_hardware *hardware, uint32_t index)
{
	return hardware->transport->queue_max(hardware, index);
}

bool virtio_hardware_queue(struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring)
{
	return hardware->transport->queue(hardware, index, ring);
}

bool virtio_hardware_go(const struct virtio_hardware *hardware)
{
	add_status(hardware, VIRTIO_CONFIG_S_DRIVER_OK);
	return !virtio_hardware_is_broken(hardware);
}

void virtio_hardware_notify(const struct virtio_hardware *hardware, uint32_t index)
{
	hardware->transport->notify(hardware, index);
}

uint32_t virtio_hardware_interrupt(const struct virtio_hardware *hardware)
{
	return hardware->transport->interrupt(hardware);
}

bool virtio_hardware_is_broken(const struct virtio_hardware *hardware)
{
	uint32_t status = status_of(hardware);

	return (status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0 || (status & VIRTIO_CONFIG_S_DRIVER_OK) == 0;
}

static uint64_t config_once(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	const struct virtio_transport *transport = hardware->transport;

	if (bytes == 8) {
		return transport->config(hardware, offset, 4) | (uint64_t)transport->config(hardware, offset + 4, 4) << 32;
	}
	return transport->config(hardware, offset, bytes);
}

uint64_t virtio_hardware_config(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < CONFIG_TRIES; i++) {
		uint32_t before = hardware->transport->generation(hardware);

		value = config_once(hardware, offset, bytes);
		if (hardware->transport->generation(hardware) == before) {
			break;
		}
	}
	return value;
}
