#include "config.h"

uint32_t config_read(const volatile uint8_t *config, uint32_t offset, uint32_t bytes)
{
	const volatile void *at = config + offset;

	switch (bytes) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	default:
		return *(const volatile uint32_t *)at;
	}
}

void config_write(volatile uint8_t *config, uint32_t offset, uint32_t bytes, uint32_t value)
{
	volatile void *at = config + offset;

	switch (bytes) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	default:
		*(volatile uint32_t *)at = value;
		break;
	}
}
