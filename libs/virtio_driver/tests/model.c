#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_pci.h>

#include <virtio_driver/hardware.h>

struct model model;
static uint8_t page[MODEL_PCI_BYTES]; /* never read: where an access is tells the register */

void *model_page(void)
{
	return page;
}

void model_init(uint32_t id, uint64_t features, uint32_t size)
{
	model = (struct model){
		.magic = 0x74726976, .version = 2, .id = id, .offered = features | 1ull << VIRTIO_F_VERSION_1,
	};
	for (uint32_t i = 0; i < MODEL_QUEUES; i++) {
		model.queues[i].max = size;
	}
}

void model_init_pci(uint32_t id, uint64_t features, uint32_t size)
{
	model_init(id, features, size);
	model.pci = true;
	model.notify_off = 1;
	model.place = (struct pci_virtio_place){
		.common = 0x100, .notify = 0x3000, .notify_bytes = 0x20, .notify_multiplier = 8, .isr = 0x1801,
		.config = 0x2000, .config_bytes = MODEL_CONFIG_BYTES, .id = id,
	};
}

static bool has(uint32_t feature)
{
	return (model.accepted >> feature & 1u) != 0;
}

static struct model_queue *selected(void)
{
	static struct model_queue none;

	none = (struct model_queue){ 0 };
	return model.queue_select < MODEL_QUEUES ? &model.queues[model.queue_select] : &none;
}

static void reset(void)
{
	for (uint32_t i = 0; i < MODEL_QUEUES; i++) {
		model.queues[i] = (struct model_queue){ .max = model.queues[i].max };
	}
	model.status = 0;
	model.accepted = 0;
	model.interrupt_status = 0;
	model.resets++;
}

static uint32_t generation(void)
{
	if (model.config_changes != 0) {
		model.config_changes--;
		model.generation++;
	}
	return model.generation;
}

static uint32_t read_register(uint32_t offset)
{
	uint32_t word = 0;

	if (offset >= VIRTIO_MMIO_CONFIG) {
		assert_int_equal(offset % 4, 0);
		assert_true(offset - VIRTIO_MMIO_CONFIG < MODEL_CONFIG_BYTES);
		memcpy(&word, model.config + (offset - VIRTIO_MMIO_CONFIG), sizeof(word));
		return word;
	}
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return model.magic;
	case VIRTIO_MMIO_VERSION:
		return model.version;
	case VIRTIO_MMIO_DEVICE_ID:
		return model.id;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return (uint32_t)(model.features_select == 0 ? model.offered : model.offered >> 32);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return selected()->max;
	case VIRTIO_MMIO_QUEUE_READY:
		return selected()->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return model.interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return model.status;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return generation();
	default:
		fail_msg("read of register 0x%x", offset);
		return 0;
	}
}

/* virtio 1.2, section 3.1.1: status only grows, each bit after what it stands on. */
static void set_status(uint32_t status)
{
	if (status == 0) {
		if (model.stays_alive) {
			model.status = 1;
		} else {
			reset();
		}
		return;
	}
	assert_int_equal(model.status & ~status, 0);
	if ((status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
		assert_true((status & VIRTIO_CONFIG_S_FEATURES_OK) != 0);
	}
	if ((status & ~model.status & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
		assert_int_equal(model.accepted & ~model.offered, 0);
		if (model.refuses || !has(VIRTIO_F_VERSION_1)) {
			status &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
		}
	}
	model.status = status;
}

static void set_ready(uint32_t value)
{
	struct model_queue *queue = selected();

	assert_int_equal(value, 1);
	assert_true(model.queue_select < MODEL_QUEUES);
	assert_true(queue->size != 0 && queue->size <= queue->max && (queue->size & (queue->size - 1)) == 0);
	assert_int_equal(queue->descriptors % 16 + queue->available % 2 + queue->used % 4, 0);
	assert_true((model.status & VIRTIO_CONFIG_S_FEATURES_OK) != 0);
	queue->ready = 1;
}

static void set_half(uint64_t *value, uint32_t half, bool high)
{
	*value = high ? (*value & UINT32_MAX) | (uint64_t)half << 32 : (*value & ~(uint64_t)UINT32_MAX) | half;
}

static void write_register(uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		model.features_select = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		model.driver_select = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		assert_int_equal(model.status & VIRTIO_CONFIG_S_FEATURES_OK, 0);
		set_half(&model.accepted, value, model.driver_select != 0);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		model.queue_select = value;
		break;
	case VIRTIO_MMIO_QUEUE_NUM:
		selected()->size = value;
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		set_ready(value);
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		assert_true((model.status & VIRTIO_CONFIG_S_DRIVER_OK) != 0);
		model.notifies++;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		assert_int_equal(value & ~model.interrupt_status, 0);
		model.interrupt_status &= ~value;
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&selected()->descriptors, value, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_half(&selected()->available, value, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_half(&selected()->used, value, offset == VIRTIO_MMIO_QUEUE_USED_HIGH);
		break;
	default:
		fail_msg("write of register 0x%x", offset);
	}
}

/* A register of a function of PCI, as virtio-mmio has it; 0: it has none. */
static uint32_t mmio_register(uint32_t offset, uint32_t bytes, bool write)
{
	static const struct {
		uint32_t offset, bytes, mmio;
	} known[] = {
		{ VIRTIO_PCI_COMMON_DFSELECT, 4, VIRTIO_MMIO_DEVICE_FEATURES_SEL },
		{ VIRTIO_PCI_COMMON_DF, 4, VIRTIO_MMIO_DEVICE_FEATURES },
		{ VIRTIO_PCI_COMMON_GFSELECT, 4, VIRTIO_MMIO_DRIVER_FEATURES_SEL },
		{ VIRTIO_PCI_COMMON_GF, 4, VIRTIO_MMIO_DRIVER_FEATURES },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_MMIO_STATUS },
		{ VIRTIO_PCI_COMMON_CFGGENERATION, 1, VIRTIO_MMIO_CONFIG_GENERATION },
		{ VIRTIO_PCI_COMMON_Q_SELECT, 2, VIRTIO_MMIO_QUEUE_SEL },
		{ VIRTIO_PCI_COMMON_Q_ENABLE, 2, VIRTIO_MMIO_QUEUE_READY },
		{ VIRTIO_PCI_COMMON_Q_DESCLO, 4, VIRTIO_MMIO_QUEUE_DESC_LOW },
		{ VIRTIO_PCI_COMMON_Q_DESCHI, 4, VIRTIO_MMIO_QUEUE_DESC_HIGH },
		{ VIRTIO_PCI_COMMON_Q_AVAILLO, 4, VIRTIO_MMIO_QUEUE_AVAIL_LOW },
		{ VIRTIO_PCI_COMMON_Q_AVAILHI, 4, VIRTIO_MMIO_QUEUE_AVAIL_HIGH },
		{ VIRTIO_PCI_COMMON_Q_USEDLO, 4, VIRTIO_MMIO_QUEUE_USED_LOW },
		{ VIRTIO_PCI_COMMON_Q_USEDHI, 4, VIRTIO_MMIO_QUEUE_USED_HIGH },
	};

	if (offset == VIRTIO_PCI_COMMON_Q_SIZE && bytes == 2) {
		return write ? VIRTIO_MMIO_QUEUE_NUM : VIRTIO_MMIO_QUEUE_NUM_MAX;
	}
	for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].offset == offset && known[i].bytes == bytes) {
			return known[i].mmio;
		}
	}
	return 0;
}

static uint32_t read_function(uint32_t offset, uint32_t bytes)
{
	const struct pci_virtio_place *place = &model.place;
	uint32_t value = 0;

	if (offset == place->isr && bytes == 1) {
		value = model.interrupt_status;
		model.interrupt_status = 0;
		return value;
	}
	if (offset >= place->config && offset + bytes <= place->config + place->config_bytes) {
		memcpy(&value, model.config + offset - place->config, bytes);
		return value;
	}
	if (offset == place->common + VIRTIO_PCI_COMMON_Q_NOFF && bytes == 2) {
		return model.notify_off + model.queue_select;
	}

	uint32_t mmio = mmio_register(offset - place->common, bytes, false);

	assert_int_not_equal(mmio, 0);
	return bytes == 1 ? read_register(mmio) & 0xffu : read_register(mmio);
}

static void write_function(uint32_t offset, uint32_t bytes, uint32_t value)
{
	const struct pci_virtio_place *place = &model.place;

	if (offset >= place->notify && offset < place->notify + place->notify_bytes) {
		assert_int_equal(bytes, 2);
		assert_int_equal(offset - place->notify, (model.notify_off + value) * place->notify_multiplier);
		write_register(VIRTIO_MMIO_QUEUE_NOTIFY, value);
		return;
	}

	uint32_t mmio = mmio_register(offset - place->common, bytes, true);

	assert_int_not_equal(mmio, 0);
	write_register(mmio, value);
}

uint32_t virtio_register_read(const volatile uint8_t *at, uint32_t bytes)
{
	uint32_t offset = (uint32_t)((uintptr_t)at - (uintptr_t)page);

	assert_true(offset % bytes == 0 && offset < sizeof(page));
	if (model.pci) {
		return read_function(offset, bytes);
	}
	assert_int_equal(bytes, 4);
	if (offset / VIRTIO_TRANSPORT_BYTES != model.transport) {
		offset %= VIRTIO_TRANSPORT_BYTES;
		return offset == VIRTIO_MMIO_MAGIC_VALUE ? 0x74726976 : offset == VIRTIO_MMIO_VERSION ? 2 : 0;
	}
	return read_register(offset % VIRTIO_TRANSPORT_BYTES);
}

void virtio_register_write(volatile uint8_t *at, uint32_t bytes, uint32_t value)
{
	uint32_t offset = (uint32_t)((uintptr_t)at - (uintptr_t)page);

	assert_true(offset % bytes == 0 && offset < sizeof(page));
	if (model.pci) {
		write_function(offset, bytes, value);
		return;
	}
	assert_int_equal(bytes, 4);
	assert_int_equal(offset / VIRTIO_TRANSPORT_BYTES, model.transport);
	write_register(offset % VIRTIO_TRANSPORT_BYTES, value);
}

static uint16_t *u16_at(uint64_t address)
{
	return (uint16_t *)(uintptr_t)address;
}

static void take_buffer(struct model_chain *chain, const struct vring_desc *descriptor)
{
	bool writable = (descriptor->flags & VRING_DESC_F_WRITE) != 0;

	assert_true(chain->count < MODEL_BUFFERS);
	assert_true(descriptor->len != 0);
	assert_true(chain->count == 0 || writable || !chain->buffers[chain->count - 1].writable);
	chain->buffers[chain->count++] = (struct model_buffer){
		(uint8_t *)(uintptr_t)descriptor->addr, descriptor->len, writable,
	};
}

static void take_table(struct model_chain *chain, const struct vring_desc *indirect)
{
	const struct vring_desc *table = (const struct vring_desc *)(uintptr_t)indirect->addr;
	uint32_t entries = indirect->len / (uint32_t)sizeof(*table);
	uint32_t at = 0;

	assert_true(has(VIRTIO_RING_F_INDIRECT_DESC));
	assert_int_equal(indirect->len % sizeof(*table), 0);
	assert_true(entries <= model.queues[chain->queue].size);
	for (uint32_t i = 0; i < entries; i++) {
		assert_true(at < entries);
		assert_int_equal(table[at].flags & VRING_DESC_F_INDIRECT, 0);
		take_buffer(chain, &table[at]);
		if ((table[at].flags & VRING_DESC_F_NEXT) == 0) {
			return;
		}
		at = table[at].next;
	}
	fail_msg("a table without an end");
}

bool model_take(uint32_t number, struct model_chain *chain)
{
	struct model_queue *queue = &model.queues[number];

	if (queue->ready == 0 || queue->taken == u16_at(queue->available)[1]) {
		return false;
	}

	uint16_t at = u16_at(queue->available)[2 + queue->taken % queue->size];
	const struct vring_desc *descriptors = (const struct vring_desc *)(uintptr_t)queue->descriptors;

	*chain = (struct model_chain){ .queue = number, .head = at };
	for (uint32_t i = 0; i < queue->size; i++) {
		assert_true(at < queue->size);
		if ((descriptors[at].flags & VRING_DESC_F_INDIRECT) != 0) {
			assert_int_equal(descriptors[at].flags, VRING_DESC_F_INDIRECT);
			take_table(chain, &descriptors[at]);
			break;
		}
		take_buffer(chain, &descriptors[at]);
		if ((descriptors[at].flags & VRING_DESC_F_NEXT) == 0) {
			break;
		}
		at = descriptors[at].next;
	}
	queue->taken++;
	if (has(VIRTIO_RING_F_EVENT_IDX)) {
		*u16_at(queue->used + 4 + 8ull * queue->size) = (uint16_t)(queue->taken + model.event_distance);
	}
	return true;
}

static bool wants_interrupt(const struct model_queue *queue, uint16_t before)
{
	if (has(VIRTIO_RING_F_EVENT_IDX)) {
		uint16_t event = u16_at(queue->available)[2 + queue->size];

		return (uint16_t)(queue->put - event - 1) < (uint16_t)(queue->put - before);
	}
	return (u16_at(queue->available)[0] & VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

void model_put(const struct model_chain *chain, uint32_t bytes)
{
	struct model_queue *queue = &model.queues[chain->queue];
	uint32_t *element = (uint32_t *)(uintptr_t)(queue->used + 4 + 8ull * (queue->put % queue->size));
	uint16_t before = queue->put;

	element[0] = chain->head;
	element[1] = bytes;
	queue->put++;
	u16_at(queue->used)[1] = queue->put;
	if (wants_interrupt(queue, before)) {
		model.interrupt_status |= VIRTIO_MMIO_INT_VRING;
		model.interrupts++;
	}
}
