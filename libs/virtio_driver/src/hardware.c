#include <virtio_driver/hardware.h>

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u
#define RESET_TRIES 1000000u
#define CONFIG_TRIES 100u

static uint32_t get(const struct virtio_hardware *hardware, uint32_t offset)
{
	return virtio_register_read(hardware, offset);
}

static void set(const struct virtio_hardware *hardware, uint32_t offset, uint32_t value)
{
	virtio_register_write(hardware, offset, value);
}

bool virtio_hardware_find(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id)
{
	for (uint64_t at = 0; bytes - at >= VIRTIO_TRANSPORT_BYTES; at += VIRTIO_TRANSPORT_BYTES) {
		*hardware = (struct virtio_hardware){ .registers = (volatile uint8_t *)registers + at };
		if (get(hardware, VIRTIO_MMIO_MAGIC_VALUE) == MAGIC && get(hardware, VIRTIO_MMIO_VERSION) == VERSION &&
		    get(hardware, VIRTIO_MMIO_DEVICE_ID) == id) {
			return true;
		}
	}
	return false;
}

bool virtio_hardware_reset(const struct virtio_hardware *hardware)
{
	set(hardware, VIRTIO_MMIO_STATUS, 0);
	for (uint32_t i = 0; i < RESET_TRIES; i++) {
		if (get(hardware, VIRTIO_MMIO_STATUS) == 0) {
			return true;
		}
	}
	return false;
}

static void add_status(const struct virtio_hardware *hardware, uint32_t bits)
{
	set(hardware, VIRTIO_MMIO_STATUS, get(hardware, VIRTIO_MMIO_STATUS) | bits);
}

static uint64_t offered(const struct virtio_hardware *hardware)
{
	set(hardware, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);

	uint64_t high = get(hardware, VIRTIO_MMIO_DEVICE_FEATURES);

	set(hardware, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return high << 32 | get(hardware, VIRTIO_MMIO_DEVICE_FEATURES);
}

bool virtio_hardware_begin(struct virtio_hardware *hardware, uint64_t wanted)
{
	const uint64_t version_1 = 1ull << VIRTIO_F_VERSION_1;

	if (!virtio_hardware_reset(hardware)) {
		return false;
	}
	add_status(hardware, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(hardware, VIRTIO_CONFIG_S_DRIVER);
	hardware->features = offered(hardware) & (wanted | version_1);
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(hardware->features >> 32));
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(hardware, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)hardware->features);
	add_status(hardware, VIRTIO_CONFIG_S_FEATURES_OK);
	if ((hardware->features & version_1) == 0 ||
	    (get(hardware, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
		add_status(hardware, VIRTIO_CONFIG_S_FAILED);
		return false;
	}
	return true;
}

uint32_t virtio_hardware_queue_max(const struct virtio_hardware *hardware, uint32_t index)
{
	set(hardware, VIRTIO_MMIO_QUEUE_SEL, index);
	return get(hardware, VIRTIO_MMIO_QUEUE_READY) != 0 ? 0 : get(hardware, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void set_address(const struct virtio_hardware *hardware, uint32_t low, uint32_t high, uint64_t address)
{
	set(hardware, low, (uint32_t)address);
	set(hardware, high, (uint32_t)(address >> 32));
}

void virtio_hardware_queue(const struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring)
{
	set(hardware, VIRTIO_MMIO_QUEUE_SEL, index);
	set(hardware, VIRTIO_MMIO_QUEUE_NUM, ring->size);
	set_address(hardware, VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DESC_HIGH, ring->descriptors_address);
	set_address(hardware, VIRTIO_MMIO_QUEUE_AVAIL_LOW, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, ring->available_address);
	set_address(hardware, VIRTIO_MMIO_QUEUE_USED_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH, ring->used_address);
	set(hardware, VIRTIO_MMIO_QUEUE_READY, 1);
}

bool virtio_hardware_go(const struct virtio_hardware *hardware)
{
	add_status(hardware, VIRTIO_CONFIG_S_DRIVER_OK);
	return !virtio_hardware_is_broken(hardware);
}

void virtio_hardware_notify(const struct virtio_hardware *hardware, uint32_t index)
{
	set(hardware, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

uint32_t virtio_hardware_interrupt(const struct virtio_hardware *hardware)
{
	uint32_t why = get(hardware, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (why != 0) {
		set(hardware, VIRTIO_MMIO_INTERRUPT_ACK, why);
	}
	return why;
}

bool virtio_hardware_is_broken(const struct virtio_hardware *hardware)
{
	uint32_t status = get(hardware, VIRTIO_MMIO_STATUS);

	return (status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0 || (status & VIRTIO_CONFIG_S_DRIVER_OK) == 0;
}

/* Configuration is read by aligned words: what lies in one word is read at once. */
static uint64_t config_once(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	uint32_t at = VIRTIO_MMIO_CONFIG + (offset & ~3u);
	uint64_t value = get(hardware, at) >> (8 * (offset & 3u));

	if (bytes == 8) {
		return value | (uint64_t)get(hardware, at + 4) << 32;
	}
	return bytes == 4 ? value : value & ((1u << (8 * bytes)) - 1u);
}

uint64_t virtio_hardware_config(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < CONFIG_TRIES; i++) {
		uint32_t before = get(hardware, VIRTIO_MMIO_CONFIG_GENERATION);

		value = config_once(hardware, offset, bytes);
		if (get(hardware, VIRTIO_MMIO_CONFIG_GENERATION) == before) {
			break;
		}
	}
	return value;
}
