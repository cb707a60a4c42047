#include "place.h"

#include <linux/virtio_pci.h>

#include "config.h"

/* Capabilities begin at multiples of 4 behind the header, so a list without a loop has fewer. */
#define CAPABILITIES_MAX ((CONFIG_BYTES - PCI_STD_HEADER_SIZEOF) / 4u)
#define COMMON_BYTES 56u
#define VIRTIO_DEVICE 0x1040u /* and the kind's number */

struct part {
	uint32_t bar;
	uint32_t offset;
	uint32_t bytes; /* 0: not there */
};

struct parts {
	struct part at[VIRTIO_PCI_CAP_DEVICE_CFG + 1u]; /* by cfg_type */
	uint32_t multiplier;
};

/* Of several of a type the first counts (section 4.1.4.1). */
static void read_capability(const volatile uint8_t *config, uint32_t at, struct parts *parts)
{
	uint32_t length = config_read(config, at + VIRTIO_PCI_CAP_LEN, 1);
	uint32_t type = config_read(config, at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
	uint32_t needed = type == VIRTIO_PCI_CAP_NOTIFY_CFG ? VIRTIO_PCI_NOTIFY_CAP_MULT + 4u : VIRTIO_PCI_CAP_LENGTH + 4u;

	if (type == 0 || type > VIRTIO_PCI_CAP_DEVICE_CFG || length < needed || needed > CONFIG_BYTES - at ||
	    parts->at[type].bytes != 0) {
		return;
	}
	parts->at[type] = (struct part){
		.bar = config_read(config, at + VIRTIO_PCI_CAP_BAR, 1),
		.offset = config_read(config, at + VIRTIO_PCI_CAP_OFFSET, 4),
		.bytes = config_read(config, at + VIRTIO_PCI_CAP_LENGTH, 4),
	};
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
		parts->multiplier = config_read(config, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
	}
}

static void read_capabilities(const volatile uint8_t *config, struct parts *parts)
{
	uint32_t at = config_read(config, PCI_CAPABILITY_LIST, 1) & ~3u;

	for (uint32_t i = 0; i < CAPABILITIES_MAX && at >= PCI_STD_HEADER_SIZEOF; i++) {
		if (config_read(config, at, 1) == PCI_CAP_ID_VNDR) {
			read_capability(config, at, parts);
		}
		at = config_read(config, at + 1, 1) & ~3u;
	}
}

static bool is_inside(const struct part *part, uint32_t bar, uint64_t bytes, uint32_t least, uint32_t align)
{
	return part->bar == bar && part->bytes >= least && part->offset % align == 0 && part->offset < bytes &&
	       part->bytes <= bytes - part->offset;
}

bool place_read(const volatile uint8_t *config, uint64_t bytes, struct pci_virtio_place *place, uint32_t *bar)
{
	struct parts parts = { 0 };
	const struct part *common = &parts.at[VIRTIO_PCI_CAP_COMMON_CFG];
	const struct part *notify = &parts.at[VIRTIO_PCI_CAP_NOTIFY_CFG];
	const struct part *isr = &parts.at[VIRTIO_PCI_CAP_ISR_CFG];
	const struct part *device = &parts.at[VIRTIO_PCI_CAP_DEVICE_CFG];

	if ((config_read(config, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) == 0) {
		return false;
	}
	read_capabilities(config, &parts);
	*bar = common->bar;
	if (*bar >= PCI_STD_NUM_BARS || !is_inside(common, *bar, bytes, COMMON_BYTES, 4) ||
	    !is_inside(notify, *bar, bytes, 2, 2) || parts.multiplier % 2 != 0 || !is_inside(isr, *bar, bytes, 1, 1) ||
	    (device->bytes != 0 && !is_inside(device, *bar, bytes, 1, 4))) {
		return false;
	}
	*place = (struct pci_virtio_place){
		.common = common->offset,
		.notify = notify->offset,
		.notify_bytes = notify->bytes,
		.notify_multiplier = parts.multiplier,
		.isr = isr->offset,
		.config = device->offset,
		.config_bytes = device->bytes,
		.id = config_read(config, PCI_DEVICE_ID, 2) - VIRTIO_DEVICE,
	};
	return true;
}
