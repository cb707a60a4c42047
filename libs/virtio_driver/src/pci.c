#include <virtio_driver/transport.h>

#include <linux/virtio_pci.h>

#include <sk/idl/pci_client.h>

#define COMMON_BYTES 56u
#define INDEX 0u /* a driver has one device */

static uint32_t get(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	return virtio_register_read(hardware->registers + hardware->place.common + offset, bytes);
}

static void set(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes, uint32_t value)
{
	virtio_register_write(hardware->registers + hardware->place.common + offset, bytes, value);
}

static bool is_inside(uint32_t offset, uint32_t part, uint64_t bytes)
{
	return offset < bytes && part <= bytes - offset;
}

bool virtio_hardware_attach(struct virtio_hardware *hardware, volatile void *registers, uint64_t bytes, uint32_t id,
			    const struct pci_virtio_place *place, sk_cap_t bus)
{
	*hardware = (struct virtio_hardware){
		.transport = &virtio_transport_pci,
		.registers = registers,
		.place = *place,
		.bus = bus,
	};
	return place->id == id && is_inside(place->common, COMMON_BYTES, bytes) &&
	       is_inside(place->notify, place->notify_bytes, bytes) && is_inside(place->isr, 1, bytes) &&
	       (place->config_bytes == 0 || is_inside(place->config, place->config_bytes, bytes));
}

static uint32_t status(const struct virtio_hardware *hardware)
{
	return get(hardware, VIRTIO_PCI_COMMON_STATUS, 1);
}

static void set_status(const struct virtio_hardware *hardware, uint32_t value)
{
	set(hardware, VIRTIO_PCI_COMMON_STATUS, 1, value);
}

static bool allow_memory(const struct virtio_hardware *hardware)
{
	return pci_master(hardware->bus, INDEX) == SK_OK;
}

static uint64_t offered(const struct virtio_hardware *hardware)
{
	set(hardware, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);

	uint64_t high = get(hardware, VIRTIO_PCI_COMMON_DF, 4);

	set(hardware, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	return high << 32 | get(hardware, VIRTIO_PCI_COMMON_DF, 4);
}

static void accept(const struct virtio_hardware *hardware, uint64_t features)
{
	set(hardware, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(hardware, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)(features >> 32));
	set(hardware, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	set(hardware, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)features);
}

static uint32_t queue_max(const struct virtio_hardware *hardware, uint32_t index)
{
	set(hardware, VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
	return get(hardware, VIRTIO_PCI_COMMON_Q_ENABLE, 2) != 0 ? 0 : get(hardware, VIRTIO_PCI_COMMON_Q_SIZE, 2);
}

static void set_address(const struct virtio_hardware *hardware, uint32_t low, uint64_t address)
{
	set(hardware, low, 4, (uint32_t)address);
	set(hardware, low + 4, 4, (uint32_t)(address >> 32));
}

/* Where a queue is notified is the device's own saying. */
static bool queue(struct virtio_hardware *hardware, uint32_t index, const struct virtio_ring *ring)
{
	const struct pci_virtio_place *place = &hardware->place;

	set(hardware, VIRTIO_PCI_COMMON_Q_SELECT, 2, index);

	uint64_t offset = (uint64_t)get(hardware, VIRTIO_PCI_COMMON_Q_NOFF, 2) * place->notify_multiplier;

	if (index >= VIRTIO_HARDWARE_QUEUES || offset + 2 > place->notify_bytes) {
		return false;
	}
	hardware->notify_at[index] = place->notify + (uint32_t)offset;
	set(hardware, VIRTIO_PCI_COMMON_Q_SIZE, 2, ring->size);
	set_address(hardware, VIRTIO_PCI_COMMON_Q_DESCLO, ring->descriptors_address);
	set_address(hardware, VIRTIO_PCI_COMMON_Q_AVAILLO, ring->available_address);
	set_address(hardware, VIRTIO_PCI_COMMON_Q_USEDLO, ring->used_address);
	set(hardware, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	return true;
}

static void notify(const struct virtio_hardware *hardware, uint32_t index)
{
	virtio_register_write(hardware->registers + hardware->notify_at[index], 2, index);
}

/* Reading acknowledges (section 4.1.4.5); the bits are those of virtio-mmio. */
static uint32_t interrupt(const struct virtio_hardware *hardware)
{
	return virtio_register_read(hardware->registers + hardware->place.isr, 1);
}

static uint32_t generation(const struct virtio_hardware *hardware)
{
	return get(hardware, VIRTIO_PCI_COMMON_CFGGENERATION, 1);
}

static uint32_t config(const struct virtio_hardware *hardware, uint32_t offset, uint32_t bytes)
{
	const struct pci_virtio_place *place = &hardware->place;

	return is_inside(offset, bytes, place->config_bytes)
		       ? virtio_register_read(hardware->registers + place->config + offset, bytes)
		       : 0;
}

const struct virtio_transport virtio_transport_pci = {
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
