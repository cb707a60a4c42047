#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <linux/virtio_pci.h>

#define LAST 0xf0u /* where the test keeps the offset of the last capability, behind all of them */

struct bus *bus;

static uint32_t number_of(const volatile uint8_t *config)
{
	return (uint32_t)((uintptr_t)config - (uintptr_t)bus->pages) / BUS_PAGE;
}

uint32_t config_read(const volatile uint8_t *config, uint32_t offset, uint32_t bytes)
{
	uint32_t value = 0;

	assert_true(offset % bytes == 0 && offset + bytes <= CONFIG_BYTES && number_of(config) < BUS_FUNCTIONS);
	memcpy(&value, bus->pages[number_of(config)] + offset, bytes);
	return value;
}

/* It does not answer while its addresses change; what can't be written stays. */
static void write_bar(uint32_t number, uint32_t bar, uint32_t value)
{
	uint32_t mask = bus->bar_mask[number][bar];
	uint32_t old;

	assert_int_equal(bus_command(number) & PCI_COMMAND_MEMORY, 0);
	memcpy(&old, &bus->pages[number][PCI_BASE_ADDRESS_0 + 4 * bar], 4);
	bus_set(number, PCI_BASE_ADDRESS_0 + 4 * bar, 4, (old & ~mask) | (value & mask));
}

void config_write(volatile uint8_t *config, uint32_t offset, uint32_t bytes, uint32_t value)
{
	uint32_t number = number_of(config);

	assert_true(number < BUS_FUNCTIONS);
	if (offset == PCI_COMMAND) {
		assert_int_equal(bytes, 2);
		bus_set(number, offset, bytes, value & 0x0407);
	} else if (offset == PCI_ROM_ADDRESS) {
		assert_int_equal(value & PCI_ROM_ADDRESS_ENABLE, 0);
	} else {
		assert_true(offset >= PCI_BASE_ADDRESS_0 && offset < PCI_BASE_ADDRESS_0 + 24 && bytes == 4 && offset % 4 == 0);
		write_bar(number, (offset - PCI_BASE_ADDRESS_0) / 4, value);
	}
}

volatile uint8_t *bus_config(uint32_t number)
{
	return bus->pages[number];
}

uint32_t bus_command(uint32_t number)
{
	return config_read(bus->pages[number], PCI_COMMAND, 2);
}

uint64_t bus_bar(uint32_t number, uint32_t bar)
{
	uint32_t low = config_read(bus->pages[number], PCI_BASE_ADDRESS_0 + 4 * bar, 4);
	bool wide = (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	uint64_t high = wide ? config_read(bus->pages[number], PCI_BASE_ADDRESS_0 + 4 * bar + 4, 4) : 0;

	return high << 32 | (low & ~0xfu);
}

void bus_set(uint32_t number, uint32_t offset, uint32_t bytes, uint32_t value)
{
	memcpy(bus->pages[number] + offset, &value, bytes);
}

uint32_t bus_add_capability(uint32_t number, uint32_t type, uint32_t bar, uint32_t offset, uint32_t bytes)
{
	uint8_t *page = bus->pages[number];
	uint32_t at = page[LAST] == 0 ? PCI_STD_HEADER_SIZEOF : page[LAST] + 20u;

	page[page[LAST] == 0 ? PCI_CAPABILITY_LIST : page[LAST] + 1u] = (uint8_t)at;
	page[LAST] = (uint8_t)at;
	bus_set(number, at, 4, PCI_CAP_ID_VNDR | 20u << 16 | type << 24);
	bus_set(number, at + VIRTIO_PCI_CAP_BAR, 4, bar);
	bus_set(number, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	bus_set(number, at + VIRTIO_PCI_CAP_LENGTH, 4, bytes);
	bus_set(number, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4, 4);
	return at;
}

void bus_set_bar(uint32_t number, uint32_t bar, uint64_t bytes, bool wide)
{
	uint64_t mask = ~(bytes - 1) & ~0xfull;

	bus->bar_mask[number][bar] = (uint32_t)mask;
	bus_set(number, PCI_BASE_ADDRESS_0 + 4 * bar, 4, wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 | 8 : 0);
	if (wide) {
		bus->bar_mask[number][bar + 1] = (uint32_t)(mask >> 32);
	}
}

void bus_init(void)
{
	if (bus == NULL) {
		bus = mmap(NULL, sizeof(*bus), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(bus, MAP_FAILED);
	}
	memset(bus, 0, sizeof(*bus));
	for (uint32_t i = 0; i < BUS_FUNCTIONS; i++) {
		bus_set(i, PCI_VENDOR_ID, 4, UINT32_MAX);
	}
}

void bus_add_virtio(uint32_t number, uint32_t id)
{
	bus_set(number, PCI_VENDOR_ID, 4, 0x1af4u | (0x1040u + id) << 16);
	bus_set(number, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	bus_set(number, PCI_CLASS_DEVICE, 2, 0x0100);
	bus_set_bar(number, 1, 4096, false);
	bus_set_bar(number, 4, 16384, true);
	(void)bus_add_capability(number, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0);
	(void)bus_add_capability(number, VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 0x3000, 0x1000);
	(void)bus_add_capability(number, VIRTIO_PCI_CAP_DEVICE_CFG, 4, 0x2000, 0x1000);
	(void)bus_add_capability(number, VIRTIO_PCI_CAP_ISR_CFG, 4, 0x1000, 0x1000);
	(void)bus_add_capability(number, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0, 0x1000);
}
