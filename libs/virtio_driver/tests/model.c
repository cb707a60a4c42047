#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <virtio_driver/hardware.h>

struct model model;
static uint8_t page[MODEL_PAGE_BYTES];

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

uint32_t virtio_register_read(const struct virtio_hardware *hardware, uint32_t offset)
{
	uint32_t word = 0;

	if (hardware->registers != page + (size_t)model.transport * VIRTIO_TRANSPORT_BYTES) {
		return offset == VIRTIO_MMIO_MAGIC_VALUE ? 0x74726976 : offset == VIRTIO_MMIO_VERSION ? 2 : 0;
	}
	if (offset >= VIRTIO_MMIO_CONFIG) {
		assert_int_equal(offset % 4, 0);
		assert_true(offset - VIRTIO_MMIO_CONFIG < MODEL_CONFIG_BYTES);
		memcpy(&word, model.config + offset - VIRTIO_MMIO_CONFIG, sizeof(word));
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

void virtio_register_write(const struct virtio_hardware *hardware, uint32_t offset, uint32_t value)
{
	assert_ptr_equal(hardware->registers, page + (size_t)model.transport * VIRTIO_TRANSPORT_BYTES);
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
