#include <virtio_driver/transport.h>

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u

static uint32_t get(const struct virtio_hardware *hardware, uint32_t offset)
{
	return virtio_register_read(hardware->registers + offset, 4);
}

static void set(const struct virtio_hardware *hardware, uint32_t offset, uint32_t value)
{
	virtio_register_write(hardware->registers + offset, 4, value);
}

bool virtio_hardware_find(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id)
{
	for (uint64_t at = 0; bytes - at >= VIRTIO_TRANSPORT_BYTES; at += VIRTIO_TRANSPORT_BYTES) {
		*hardware = (struct virtio_hardware){
			.transport = &virtio_transport_mmio,
			.registers = (volatile uint8_t *)registers + at,
		};
		if (get(hardware, VIRTIO_MMIO_MAGIC_VALUE) == MAGIC && get(hardware, VIRTIO_MMIO_VERSION) == VERSION &&
		    get(hardware, VIRTIO_MMIO_DEVICE_ID) == id) {
			return true;
		}
	}
	return false;
}

static uint32_t status(const struct virtio_hardware *hardware)
{
	return get(hardware, VIRTIO_MMIO_STATUS);
}

static void set_status(const struct virtio_hardware *hardware, uint32_t value)
{
	set(hardware, VIRTIO_MMIO_STATUS, value);
}

static bool allow_memory(const struct virtio_hardware *hardware)
{
	(void)hardware;
	return true;
}

static uint64_t offered(const struct virtio_hardware *hardware)
{
	set(hardware, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);

	uint64_t high = get(hardware, VIRTIO_MMIO_DEVICE_FEATURES);

	set(hardware, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return high << 32 | get(hardware, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void accept(const struct virtio_hardware *hardware, uint64_t features)
{
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static uint32_t queue_max(const struct virtio_hardware *hardware, uint32_t index)
{
	set(hardware, VIRTIO_MMIO_QUEUE_SEL, index);
	return get(hardware, VIRTIO_MMIO_QUEUE_READY) != 0 ? 0 : get(hardware, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void set_address(const struct virtio_hardware *hardware, uint32_t low, uint32_t high, uint64_t address)
{
	set(hardware, low, (uint32_t)address);
	set(hardware, high, (uint32_t)(address >> 32));
}

static bool queue(struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring)
{
	set(hardware, VIRTIO_MMIO_QUEUE_SEL, index);
	set(hardware, VIRTIO_MMIO_QUEUE_NUM, ring->size);
	set_address(hardware, VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DESC_HIGH, ring->descriptors_address);
	set_address(hardware, VIRTIO_MMIO_QUEUE_AVAIL_LOW, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, ring->available_address);
	set_address(hardware, VIRTIO_MMIO_QUEUE_USED_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH, ring->used_address);
	set(hardware, VIRTIO_MMIO_QUEUE_READY, 1);
	return true;
}

static void notify(const struct virtio_hardware *hardware, uint32_t index)
{
	set(hardware, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

static uint32_t interrupt(const struct virtio_hardware *hardware)
{
	uint32_t why = get(hardware, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (why != 0) {
		set(hardware, VIRTIO_MMIO_INTERRUPT_ACK, why);
	}
	return why;
}

static uint32_t generation(const struct virtio_hardware *hardware)
{
	return get(hardware, VIRTIO_MMIO_CONFIG_GENERATION);
}

/* Configuration is read by aligned words: what lies in one word is read at once. */
static uint32_t config(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	uint32_t word = get(hardware, VIRTIO_MMIO_CONFIG + (offset & ~3u)) >> (8 * (offset & 3u));

	return bytes == 4 ? word : word & ((1u << (8 * bytes)) - 1u);
}

const struct virtio_transport virtio_transport_mmio = {
	.status = status,
	.set_status = set_status,
	.allow_memory = allow_memory,
	.offered = offered,
	.accept = accept,
	.queue_max = queue_max,
	.queue = queue,
	.notify = notify,
	.interrupt = interrupt,
	.generation = generation,
	.config = config,
};
