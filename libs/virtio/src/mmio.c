/*
 * Each register is one word of the persistent state, written by one store; what takes several is
 * ordered around one that decides:
 *
 *	queue set-up:  size and addresses, then ready = 1. Before it nobody looks at them.
 *	queue's end:   ready = 2; when nothing is in flight: position = 0, then ready = 0
 *	queue's reset: ready = 3; when nothing is in flight: position, size and addresses = 0, then ready = 0
 *	reset:         resetting = 1; when nothing is in flight, all registers to zero; resetting = 0
 *
 * A server that is killed in between finds ready = 2 or 3 or resetting = 1 and goes on from there. While it lives, what
 * counts are copies of its own.
 */
#include <string.h>

#include <virtio/mmio.h>

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u
#define VENDOR 0x4e4b4b53u /* "SKKN" */

#define TRANSPORT_FEATURES \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_RING_RESET | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
	 1ull << VIRTIO_RING_F_EVENT_IDX)

/* What the driver may set in Status: it only ever adds bits, DEVICE_NEEDS_RESET is the device's. */
#define DRIVER_STATUS                                                                                   \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK |             \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_FAILED)

#define QUEUE_IDLE 0u
#define QUEUE_READY 1u
#define QUEUE_ENDING 2u
#define QUEUE_RESETTING 3u

#define QUEUE_RESET 0x0c0u /* QueueReset, which linux/virtio_mmio.h does not have */

/* Of the state as this instance has it; kept for the next one first. */
#define STORE(device, field, value) \
	_Generic((field), uint32_t: store_word, uint64_t: store_long)((device), &(field), (value))

_Static_assert(sizeof(((struct sk_virtio_state *)0)->queues) / sizeof(struct sk_virtio_queue_state) == VIRTIO_QUEUES,
	       "the state of each queue");

static size_t offset_in(const struct virtio_mmio *device, const void *field)
{
	return (size_t)((const uint8_t *)field - (const uint8_t *)device->state);
}

static void store_word(struct virtio_mmio *device, uint32_t *field, uint32_t value)
{
	size_t offset = offset_in(device, field);

	__atomic_store_n((uint32_t *)(void *)((uint8_t *)device->kept + offset), value, __ATOMIC_RELEASE);
	*field = value;
	*(uint32_t *)(void *)((uint8_t *)&device->state_again + offset) = value;
}

static void store_long(struct virtio_mmio *device, uint64_t *field, uint64_t value)
{
	size_t offset = offset_in(device, field);

	__atomic_store_n((uint64_t *)(void *)((uint8_t *)device->kept + offset), value, __ATOMIC_RELEASE);
	*field = value;
	*(uint64_t *)(void *)((uint8_t *)&device->state_again + offset) = value;
}

static uint64_t offered(const struct virtio_mmio *device)
{
	uint64_t platform = device->bounces ? 1ull << VIRTIO_F_ACCESS_PLATFORM : 0;

	return device->failed ? 0 : device->features | platform | TRANSPORT_FEATURES;
}

/* The queue that QueueSel selects, or NULL. */
static struct sk_virtio_queue_state *selected(const struct virtio_mmio *device)
{
	uint32_t queue = device->state->queue_select;

	return queue < device->queue_count ? &device->state->queues[queue] : NULL;
}

static uint64_t read_config(const struct virtio_mmio *device, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	if (offset < device->config_bytes && offset % bytes == 0 && !device->failed) {
		uint32_t there = device->config_bytes - offset;

		memcpy(&value, device->config + offset, there < bytes ? there : bytes);
	}
	return value;
}

static uint32_t half_of(uint64_t word, uint32_t select)
{
	return select > 1 ? 0 : (uint32_t)(word >> (32 * select));
}

uint64_t virtio_mmio_read(const struct virtio_mmio *device, uint32_t offset, uint32_t bytes)
{
	const struct sk_virtio_state *state = device->state;
	const struct sk_virtio_queue_state *queue = selected(device);

	if (offset >= VIRTIO_MMIO_CONFIG) {
		return read_config(device, offset - VIRTIO_MMIO_CONFIG, bytes);
	}
	if (bytes != sizeof(uint32_t)) {
		return 0;
	}
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return device->failed ? 0 : device->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return half_of(offered(device), state->device_features_select);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue != NULL && !device->failed ? device->queue_size_max : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue != NULL && queue->ready != QUEUE_IDLE ? 1 : 0;
	case QUEUE_RESET:
		return queue != NULL && queue->ready == QUEUE_RESETTING ? 1 : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return state->interrupt;
	case VIRTIO_MMIO_STATUS:
		return state->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return UINT32_MAX; /* no such region */
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return state->config_generation;
	default:
		return 0;
	}
}

static void raise_interrupt(struct virtio_mmio *device, uint32_t why)
{
	STORE(device, device->state->interrupt, device->state->interrupt | why);
}

void virtio_mmio_break(struct virtio_mmio *device)
{
	if ((device->state->status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0 || virtio_mmio_heal(device)) {
		return;
	}
	if ((device->state->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
		raise_interrupt(device, VIRTIO_MMIO_INT_CONFIG);
	}
	STORE(device, device->state->status, device->state->status | VIRTIO_CONFIG_S_NEEDS_RESET);
}

void virtio_mmio_config_renewed(struct virtio_mmio *device)
{
	STORE(device, device->state->config_generation, device->state->config_generation + 1);
}

void virtio_mmio_config_changed(struct virtio_mmio *device)
{
	virtio_mmio_config_renewed(device);
	if ((device->state->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
		raise_interrupt(device, VIRTIO_MMIO_INT_CONFIG);
	}
}

/* A queue whose rings can't be is not used: nothing that the driver does with it has an effect. */
static bool open_queue(struct virtio_mmio *device, uint32_t index)
{
	struct sk_virtio_queue_state *state = &device->kept->queues[index];

	return state->size <= device->queue_size_max &&
	       virtio_queue_open(&device->queues[index], state, &device->memory, device->state->driver_features);
}

static void begin_queue(struct virtio_mmio *device, uint32_t index)
{
	struct sk_virtio_queue_state *state = &device->state->queues[index];

	if (state->ready != QUEUE_IDLE) {
		return;
	}
	STORE(device, state->position, 0);
	if (!open_queue(device, index)) {
		virtio_mmio_break(device);
		return;
	}
	STORE(device, state->ready, QUEUE_READY);
}

static bool drained(struct virtio_mmio *device, uint32_t index)
{
	return device->operations->drained == NULL || device->operations->drained(device, index);
}

static void clear_queue(struct virtio_mmio *device, struct sk_virtio_queue_state *state)
{
	STORE(device, state->size, 0);
	STORE(device, state->descriptors, 0);
	STORE(device, state->available, 0);
	STORE(device, state->used, 0);
}

static bool is_ending(const struct sk_virtio_queue_state *state)
{
	return state->ready == QUEUE_ENDING || state->ready == QUEUE_RESETTING;
}

/* Takes a queue out of use, if nothing of it is in flight; `how`: QUEUE_ENDING or QUEUE_RESETTING. */
static bool end_queue(struct virtio_mmio *device, uint32_t index, uint32_t how)
{
	struct sk_virtio_queue_state *state = &device->state->queues[index];

	if (state->ready == QUEUE_READY) {
		STORE(device, state->ready, how);
	}
	if (is_ending(state) && !drained(device, index)) {
		return false;
	}
	device->queues[index].size = 0;
	device->again &= ~(1u << index);
	STORE(device, state->position, 0);
	if (state->ready == QUEUE_RESETTING) {
		clear_queue(device, state);
	}
	STORE(device, state->ready, QUEUE_IDLE);
	return true;
}

static void clear_registers(struct virtio_mmio *device)
{
	struct sk_virtio_state *state = device->state;

	STORE(device, state->interrupt, 0);
	STORE(device, state->driver_features, 0);
	STORE(device, state->device_features_select, 0);
	STORE(device, state->driver_features_select, 0);
	STORE(device, state->queue_select, 0);
	for (uint32_t i = 0; i < VIRTIO_QUEUES; i++) {
		clear_queue(device, &state->queues[i]);
	}
	STORE(device, state->status, 0);
	STORE(device, state->resetting, 0);
}

bool virtio_mmio_settle(struct virtio_mmio *device)
{
	struct sk_virtio_state *state = device->state;
	bool settled = true;

	for (uint32_t i = 0; i < device->queue_count; i++) {
		if (state->resetting != 0 || is_ending(&state->queues[i])) {
			settled = end_queue(device, i, QUEUE_ENDING) && settled;
		}
	}
	if (settled && state->resetting != 0) {
		if (device->operations != NULL && device->operations->reset != NULL) {
			device->operations->reset(device);
		}
		clear_registers(device);
	}
	return settled;
}

bool virtio_mmio_reset(struct virtio_mmio *device)
{
	STORE(device, device->state->resetting, 1);
	return virtio_mmio_settle(device);
}

/*
 * FEATURES_OK stays off if the driver took what was not offered, or is not a modern one, or would use memory that can't
 * be seen here (virtio 1.2, section 6.2).
 */
static bool features_agree(const struct virtio_mmio *device)
{
	uint64_t accepted = device->state->driver_features;

	return (accepted & ~offered(device)) == 0 && (accepted >> VIRTIO_F_VERSION_1 & 1u) != 0 &&
	       (!device->bounces || (accepted >> VIRTIO_F_ACCESS_PLATFORM & 1u) != 0);
}

static bool write_status(struct virtio_mmio *device, uint32_t value)
{
	uint32_t status = device->state->status;

	if (value == 0) {
		return virtio_mmio_reset(device);
	}
	value &= DRIVER_STATUS;
	if ((status & VIRTIO_CONFIG_S_FEATURES_OK) == 0 && !features_agree(device)) {
		value &= ~(uint32_t)(VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
	}
	value |= device->failed ? VIRTIO_CONFIG_S_NEEDS_RESET : 0u;
	STORE(device, device->state->status, status | value);
	if ((value & ~status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
		virtio_mmio_serve(device, VIRTIO_MMIO_ALL_QUEUES);
	}
	return true;
}

static void write_features(struct virtio_mmio *device, uint32_t value)
{
	struct sk_virtio_state *state = device->state;
	uint64_t other;

	if ((state->status & VIRTIO_CONFIG_S_FEATURES_OK) != 0 || state->driver_features_select > 1) {
		return;
	}
	other = state->driver_features & (uint64_t)UINT32_MAX << (32 * (1 - state->driver_features_select));
	STORE(device, state->driver_features, other | (uint64_t)value << (32 * state->driver_features_select));
}

static void write_half(struct virtio_mmio *device, uint64_t *address, bool high, uint32_t value)
{
	uint64_t other = *address & (uint64_t)UINT32_MAX << (high ? 0 : 32);

	STORE(device, *address, other | (uint64_t)value << (high ? 32 : 0));
}

/* Size and addresses: only while the queue is not in use. */
static void write_queue(struct virtio_mmio *device, struct sk_virtio_queue_state *queue, uint32_t offset,
			uint32_t value)
{
	if (queue->ready != QUEUE_IDLE) {
		return;
	}
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		STORE(device, queue->size, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		write_half(device, &queue->descriptors, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		write_half(device, &queue->available, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		write_half(device, &queue->used, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
		break;
	default:
		break;
	}
}

static bool write_ready(struct virtio_mmio *device, uint32_t value)
{
	uint32_t index = device->state->queue_select;

	if (index >= device->queue_count) {
		return true;
	}
	if (value == 0) {
		return end_queue(device, index, QUEUE_ENDING);
	}
	begin_queue(device, index);
	return true;
}

bool virtio_mmio_write(struct virtio_mmio *device, uint32_t offset, uint32_t bytes, uint64_t value)
{
	struct sk_virtio_state *state = device->state;
	struct sk_virtio_queue_state *queue = selected(device);
	uint32_t word = (uint32_t)value;

	if (bytes != sizeof(uint32_t)) {
		return true;
	}
	if (state->resetting != 0 && (offset != VIRTIO_MMIO_STATUS || word != 0)) {
		return true;
	}
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		if (word < device->queue_count) {
			virtio_mmio_serve(device, 1u << word);
		}
		return true;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		STORE(device, state->interrupt, state->interrupt & ~word);
		return true;
	case VIRTIO_MMIO_STATUS:
		return write_status(device, word);
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		STORE(device, state->device_features_select, word);
		return true;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		STORE(device, state->driver_features_select, word);
		return true;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_features(device, word);
		return true;
	case VIRTIO_MMIO_QUEUE_SEL:
		STORE(device, state->queue_select, word);
		return true;
	case VIRTIO_MMIO_QUEUE_READY:
		return write_ready(device, word);
	case QUEUE_RESET:
		return queue == NULL || word != 1 || !virtio_mmio_has(device, VIRTIO_F_RING_RESET) ||
		       end_queue(device, state->queue_select, QUEUE_RESETTING);
	default:
		if (queue != NULL) {
			write_queue(device, queue, offset, word);
		}
		return true;
	}
}

void virtio_mmio_configure(struct virtio_mmio *device, const struct virtio_exit *exit, uint32_t offset, uint32_t bytes,
			   uint64_t value)
{
	uint32_t at = offset - VIRTIO_MMIO_CONFIG;

	if (device->operations != NULL && device->operations->configure != NULL && at % bytes == 0 && at < device->config_bytes &&
	    bytes <= device->config_bytes - at && device->state->resetting == 0) {
		device->operations->configure(device, exit, at, bytes, value);
	}
}

void virtio_mmio_rearm(struct virtio_mmio *device)
{
	for (uint32_t i = 0; i < device->queue_count; i++) {
		if (virtio_mmio_serves(device, i)) {
			raise_interrupt(device, VIRTIO_MMIO_INT_VRING);
		}
	}
	if ((device->state->status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
		raise_interrupt(device, VIRTIO_MMIO_INT_CONFIG);
	}
}

void virtio_mmio_remind(struct virtio_mmio *device)
{
	for (uint32_t i = 0; i < device->queue_count; i++) {
		if (virtio_mmio_serves(device, i) && virtio_queue_is_unseen(&device->queues[i])) {
			raise_interrupt(device, VIRTIO_MMIO_INT_VRING);
		}
	}
}

void virtio_mmio_notify(struct virtio_mmio *device, uint32_t queue)
{
	if (!virtio_mmio_serves(device, queue)) {
		return;
	}
	if (virtio_queue_wants_interrupt(&device->queues[queue])) {
		raise_interrupt(device, VIRTIO_MMIO_INT_VRING);
	}
	virtio_queue_checked(&device->queues[queue]);
}

void virtio_mmio_serve(struct virtio_mmio *device, uint32_t queues)
{
	for (uint32_t i = 0; i < device->queue_count; i++) {
		if ((queues >> i & 1u) == 0 || !virtio_mmio_serves(device, i)) {
			continue;
		}
		if (device->operations->serve(device, i)) {
			device->again |= 1u << i;
		} else {
			device->again &= ~(1u << i);
		}
	}
}

void virtio_mmio_open(struct virtio_mmio *device, struct sk_virtio_state *state)
{
	device->kept = state;
	device->state = &device->state_here;
	memcpy(&device->state_here, state, sizeof(*state));
	memcpy(&device->state_again, state, sizeof(*state));
	for (uint32_t i = 0; i < 2; i++) {
		memcpy(&device->memory_again[i], &device->memory, sizeof(device->memory));
	}
	device->again = 0;
	device->healed = false;
	device->live = VIRTIO_CONFIG_S_DRIVER_OK | (device->failed ? 0u : VIRTIO_CONFIG_S_NEEDS_RESET);
	memset(device->queues, 0, sizeof(device->queues));
	state = device->state;
	if (state->valid != 1) {
		clear_registers(device);
		for (uint32_t i = 0; i < VIRTIO_QUEUES; i++) {
			STORE(device, state->queues[i].position, 0);
			STORE(device, state->queues[i].ready, QUEUE_IDLE);
		}
		STORE(device, state->valid, 1);
		return;
	}
	for (uint32_t i = 0; i < device->queue_count; i++) {
		if (state->queues[i].ready != QUEUE_IDLE && !open_queue(device, i)) {
			virtio_mmio_break(device);
		}
	}
	if (device->failed && state->status != 0) {
		virtio_mmio_break(device);
		virtio_mmio_config_changed(device);
	}
}
