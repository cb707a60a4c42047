#include <virtio_driver/hardware.h>

uint32_t virtio_register_read(const volatile uint8_t *at, uint32_t bytes)
{
	const volatile void *any = at;

	switch (bytes) {
	case 1:
		return *at;
	case 2:
		return *(const volatile uint16_t *)any;
	default:
		return *(const volatile uint32_t *)any;
	}
}

void virtio_register_write(volatile uint8_t *at, uint32_t bytes, uint32_t value)
{
	volatile void *any = at;

	switch (bytes) {
	case 1:
		*at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)any = (uint16_t)value;
		break;
	default:
		*(volatile uint32_t *)any = value;
		break;
	}
}
