#include <virtio_driver/process.h>

#include <stdio.h>

#include <sk/idl/kernel_client.h>
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

bool virtio_process_hardware(struct virtio_hardware *hardware, uint32_t id)
{
	const struct sk_start_region *registers = registers_region();

	return registers != NULL && virtio_hardware_find(hardware, (volatile void *)(uintptr_t)registers->address,
							 registers->bytes, id);
}
