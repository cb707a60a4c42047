#include <virtio_driver/hardware.h>

static volatile uint32_t *register_at(const struct virtio_hardware *hardware, uint32_t offset)
{
	return (volatile uint32_t *)(volatile void *)(hardware->registers + offset);
}

uint32_t virtio_register_read(const struct virtio_hardware *hardware, uint32_t offset)
{
	return *register_at(hardware, offset);
}

void virtio_register_write(const struct virtio_hardware *hardware, uint32_t offset, uint32_t value)
{
	*register_at(hardware, offset) = value;
}
