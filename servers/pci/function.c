#include "function.h"

#include "config.h"
#include "place.h"

#define VIRTIO_VENDOR 0x1af4u
#define VIRTIO_DEVICE_FIRST 0x1040u /* earlier ones are transitional */
#define VIRTIO_DEVICE_LAST 0x107fu
#define HEADER_TYPE 0x7fu
#define BAR_FLAGS 15u
#define ACCESSES (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

struct bar {
	uint64_t bytes; /* 0: there is none, or it is of I/O */
	bool wide;      /* 64 bits: the next one is its upper half */
};

static uint32_t bar_offset(uint32_t number)
{
	return PCI_BASE_ADDRESS_0 + 4 * number;
}

static uint32_t command(const struct function *function)
{
	return config_read(function->config, PCI_COMMAND, 2);
}

static void set_command(const struct function *function, uint32_t value)
{
	config_write(function->config, PCI_COMMAND, 2, value);
}

/* `first`: what stands in it. The last one has no upper half, whatever it says. */
static bool is_wide(uint32_t first, uint32_t number)
{
	return (first & (PCI_BASE_ADDRESS_SPACE_IO | PCI_BASE_ADDRESS_MEM_TYPE_MASK)) == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
	       number + 1 < PCI_STD_NUM_BARS;
}

static void set_bar(const struct function *function, uint32_t number, const struct bar *bar, uint64_t value)
{
	config_write(function->config, bar_offset(number), 4, (uint32_t)value);
	if (bar->wide) {
		config_write(function->config, bar_offset(number + 1), 4, (uint32_t)(value >> 32));
	}
}

static uint64_t get_bar(const struct function *function, uint32_t number, bool wide)
{
	uint64_t value = config_read(function->config, bar_offset(number), 4) & ~BAR_FLAGS;

	return wide ? value | (uint64_t)config_read(function->config, bar_offset(number + 1), 4) << 32 : value;
}

/* Which address bits it has. What is no size of a BAR comes out as one that fits nowhere. */
static struct bar measure(const struct function *function, uint32_t number)
{
	uint32_t first = config_read(function->config, bar_offset(number), 4);
	struct bar bar = { .wide = is_wide(first, number) };

	if ((first & PCI_BASE_ADDRESS_SPACE_IO) != 0) {
		set_bar(function, number, &bar, 0);
		return bar;
	}
	set_bar(function, number, &bar, UINT64_MAX);

	uint64_t mask = get_bar(function, number, bar.wide);

	if (mask == 0) {
		return bar;
	}
	mask |= bar.wide ? 0 : ~(uint64_t)UINT32_MAX;
	bar.bytes = (~mask & (mask << 1)) == 0 ? ~mask + 1 : UINT64_MAX;
	return bar;
}

/* The others lie behind each other, each at a multiple of its size. */
static bool place_other(const struct function *function, uint32_t number, const struct bar *bar, uint64_t *next)
{
	uint64_t end = function->spare.base + function->spare.bytes;

	if (bar->bytes > function->spare.bytes) {
		return false;
	}

	uint64_t at = (*next + bar->bytes - 1) & ~(bar->bytes - 1);

	if (at > end || bar->bytes > end - at) {
		return false;
	}
	set_bar(function, number, bar, at);
	*next = at + bar->bytes;
	return true;
}

static bool place_bars(const struct function *function, uint32_t ours)
{
	uint64_t next = function->spare.base;
	bool found = false;

	for (uint32_t i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct bar bar = measure(function, i);

		if (i == ours) {
			found = bar.bytes == function->registers.bytes;
			set_bar(function, i, &bar, function->registers.base);
		} else if (bar.bytes != 0 && !place_other(function, i, &bar, &next)) {
			return false;
		}
		i += bar.wide ? 1 : 0;
	}
	config_write(function->config, PCI_ROM_ADDRESS, 4, 0);
	return found;
}

static bool is_placed(const struct function *function, uint32_t ours)
{
	bool wide = is_wide(config_read(function->config, bar_offset(ours), 4), ours);

	return (command(function) & PCI_COMMAND_MEMORY) != 0 &&
	       get_bar(function, ours, wide) == function->registers.base;
}

static bool is_virtio(const struct function *function)
{
	uint32_t device = config_read(function->config, PCI_DEVICE_ID, 2);

	return config_read(function->config, PCI_VENDOR_ID, 2) == VIRTIO_VENDOR && device >= VIRTIO_DEVICE_FIRST &&
	       device <= VIRTIO_DEVICE_LAST && (config_read(function->config, PCI_HEADER_TYPE, 1) & HEADER_TYPE) == 0;
}

enum function_state function_open(const struct function *function, struct pci_virtio_place *place)
{
	uint32_t bar;

	if (config_read(function->config, PCI_VENDOR_ID, 2) == CONFIG_NOBODY) {
		return FUNCTION_ABSENT;
	}
	if (!is_virtio(function) || !place_read(function->config, function->registers.bytes, place, &bar)) {
		set_command(function, 0);
		return FUNCTION_FOREIGN;
	}
	if (!is_placed(function, bar)) {
		set_command(function, 0);
		if (!place_bars(function, bar)) {
			return FUNCTION_MISPLACED;
		}
	}
	set_command(function, PCI_COMMAND_MEMORY);
	return FUNCTION_READY;
}

bool function_master(const struct function *function)
{
	if ((command(function) & PCI_COMMAND_MEMORY) == 0) {
		return false;
	}
	set_command(function, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return true;
}

bool function_quiet(volatile uint8_t *config)
{
	uint32_t now = config_read(config, PCI_COMMAND, 2) & (ACCESSES | PCI_COMMAND_INTX_DISABLE);

	if (config_read(config, PCI_VENDOR_ID, 2) == CONFIG_NOBODY ||
	    config_read(config, PCI_CLASS_DEVICE, 2) == CONFIG_HOST_BRIDGE || now == PCI_COMMAND_INTX_DISABLE) {
		return false;
	}
	config_write(config, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	return true;
}
