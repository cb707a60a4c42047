#include <virtio_driver/process.h>

#include <stdio.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/pci_client.h>
#include <sk/process.h>

static const struct sk_start_region *registers_region(void)
{
	for (uint32_t i = 0; i < sk_start()->region_count; i++) {
		if ((sk_start()->regions[i].flags & SK_REGION_DEVICE) != 0) {
			return &sk_start()->regions[i];
		}
	}
	return NULL;
}

bool virtio_process_memory(struct virtio_dma *dma)
{
	const struct sk_start_region *region = sk_region_named("dma");
	enum memory_memory_kind kind;
	uint32_t mappings;
	uint64_t bytes;

	if (registers_region() == NULL || region == NULL) {
		(void)printf("needs a virtio device and `dma-kib`\n");
		return false;
	}
	*dma = (struct virtio_dma){ .at = (uint8_t *)(uintptr_t)region->address, .bytes = region->bytes };
	if (memory_info(sk_cap_named_of_type("dma", SK_OBJECT_TYPE_MEMORY), &dma->physical, &bytes, &kind, &mappings) !=
		    SK_OK ||
	    bytes < region->bytes) {
		(void)printf("no capability \"dma\" for its region\n");
		return false;
	}
	return true;
}

/* A function of PCI is one that the driver has a capability "pci" for. */
bool virtio_process_hardware(struct virtio_hardware *hardware, uint32_t id)
{
	const struct sk_start_region *region = registers_region();
	volatile void *registers = (volatile void *)(uintptr_t)region->address;
	sk_cap_t bus = sk_cap_named_of_type("pci", SK_OBJECT_TYPE_ENDPOINT);
	struct pci_virtio_place place;

	if (bus == SK_CAP_NONE) {
		return virtio_hardware_find(hardware, registers, region->bytes, id);
	}
	return pci_open(bus, 0, &place) == SK_OK &&
	       virtio_hardware_attach(hardware, registers, region->bytes, id, &place, bus);
}
