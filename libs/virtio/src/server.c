/*
 * Nothing that has to survive lives in this file: the writes that wait for a
 * reset to end are delivered again to the next instance, the line's level follows from the state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <sk/mmio.h>
#include <sk/idl/device_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/sched_client.h>
#include <sk/idl/virtio_persistent.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/spin.h>
#include <virtio/server.h>

#define VCPUS 16u
#define AGAIN_NS 20000u /* until a queue that has more is served again: others have their turns, the scheduler has rest */
#define MEMORY_PREFIX "memory@"
#define POOL_PREFIX "pool@"

static struct {
	struct sk_spin lock; /* of all below, and of the device */
	struct virtio_mmio *device;
	uint64_t waiting[VCPUS];    /* tokens of writes to be answered once the device has settled; 0: none */
	uint64_t reset;             /* the VMM's reset, likewise */
	bool unsettled;             /* there are any */
	bool line;
	sk_cap_t virq;
	sk_cap_t sched;
} server;

/* A level that was refused is still to be told. */
static void update_line(void)
{
	bool level = virtio_mmio_line(server.device);

	if (level != server.line && virq_set_level(server.virq, level) == SK_OK) {
		server.line = level;
	}
}

/* Whatever went wrong with telling it, the guest is told: of what it has not seen, and by the line. */
static void tell_again(void)
{
	(void)virtio_mmio_heal(server.device);
	virtio_mmio_serve(server.device, VIRTIO_MMIO_ALL_QUEUES);
	virtio_mmio_remind(server.device);
	server.line = !virtio_mmio_line(server.device);
}

/* A refused reply: the VM is gone. */
static void answer_waiting(void)
{
	server.unsettled = false;
	for (uint32_t i = 0; i < VCPUS; i++) {
		if (server.waiting[i] != 0) {
			(void)vm_exit_mmio_write_reply(server.waiting[i], SK_OK);
			server.waiting[i] = 0;
		}
	}
	if (server.reset != 0) {
		(void)device_reset_reply(server.reset, SK_OK);
		server.reset = 0;
	}
}

void virtio_server_lock(void)
{
	sk_spin_lock(&server.lock);
}

/* The timer is set outside the lock: a call may wait. One that comes too often finds nothing to do. */
void virtio_server_unlock(void)
{
	bool healed = server.device->healed;

	if (__builtin_expect(healed, 0)) {
		server.device->healed = false;
		server.device->again |= VIRTIO_MMIO_ALL_QUEUES;
	}

	bool again = server.device->again != 0;

	if (__builtin_expect(server.unsettled, 0) && virtio_mmio_settle(server.device)) {
		answer_waiting();
	}
	update_line();
	sk_spin_unlock(&server.lock);
	if (__builtin_expect(again, 0)) {
		(void)timers_set(server.sched, sk_now_ns() + AGAIN_NS);
	}
	if (__builtin_expect(healed, 0)) {
		(void)printf("its state was damaged, and is right again\n");
	}
}

void virtio_server_signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_TIMER) != 0) {
		virtio_server_lock();
		virtio_mmio_serve(server.device, server.device->again);
		virtio_server_unlock();
	}
	if ((bits & SK_SIGNAL_LOOK) != 0) {
		virtio_server_lock();
		tell_again();
		virtio_server_unlock();
	}
}

/* A device's range begins at a multiple of its size, and this is at most that. */
static uint32_t offset_of(sk_gpa_t address)
{
	return (uint32_t)address & (VIRTIO_MMIO_BYTES - 1u);
}

static void configure(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info, uint64_t value)
{
	struct virtio_exit exit_made = { .token = caller->token, .vcpu = sk_mmio_vcpu(info) % VCPUS };

	virtio_server_lock();
	virtio_mmio_configure(server.device, &exit_made, offset_of(address), sk_mmio_size(info), value);
	virtio_server_unlock();
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	bool settled;

	if (__builtin_expect(offset_of(address) >= VIRTIO_MMIO_CONFIG, 0)) {
		configure(caller, address, info, value);
		return SK_OK;
	}
	virtio_server_lock();
	settled = virtio_mmio_write(server.device, offset_of(address), sk_mmio_size(info), value);
	if (__builtin_expect(!settled, 0)) {
		server.waiting[sk_mmio_vcpu(info) % VCPUS] = caller->token;
		server.unsettled = true;
	}
	virtio_server_unlock();
	return settled ? SK_OK : SK_DEFERRED;
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	bool config = offset_of(address) >= VIRTIO_MMIO_CONFIG_GENERATION;

	(void)caller;
	/* What is there changes together with its generation. */
	if (__builtin_expect(config, 0)) {
		sk_spin_lock(&server.lock);
	}
	*value = virtio_mmio_read(server.device, offset_of(address), sk_mmio_size(info));
	if (__builtin_expect(config, 0)) {
		sk_spin_unlock(&server.lock);
	}
	return SK_OK;
}

sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	bool settled;

	virtio_server_lock();
	settled = virtio_mmio_reset(server.device);
	if (!settled) {
		server.reset = caller->token;
		server.unsettled = true;
	}
	virtio_server_unlock();
	return settled ? SK_OK : SK_DEFERRED;
}

static bool dispatch_again(const struct sk_caller *caller, struct sk_msg *msg)
{
	bool replied = vm_exit_dispatch(caller, msg);

	virtio_server_lock();
	virtio_mmio_rearm(server.device);
	virtio_server_unlock();
	return replied;
}

bool virtio_server_dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		if (__builtin_expect((msg->tag & SK_TAG_REDELIVERED) != 0, 0)) {
			return dispatch_again(caller, msg);
		}
		return vm_exit_dispatch(caller, msg);
	case DEVICE_INTERFACE:
		return device_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

/* The guest-physical address in a region's name, behind `prefix`. */
static bool is_memory(const struct sk_start_region *region, const char *prefix, uint64_t *base)
{
	size_t length = strlen(prefix);

	if (strncmp(region->name, prefix, length) != 0) {
		return false;
	}
	*base = strtoull(region->name + length, NULL, 16);
	return true;
}

static void find_memory(struct virtio_mmio *device)
{
	const struct sk_start *start = sk_start();

	for (uint32_t i = 0; i < start->region_count; i++) {
		const struct sk_start_region *region = &start->regions[i];

		uint64_t base;
		bool pool = is_memory(region, POOL_PREFIX, &base);

		if (pool || is_memory(region, MEMORY_PREFIX, &base)) {
			device->bounces = pool;
			(void)virtio_memory_add(&device->memory, base, region->bytes,
						(void *)(uintptr_t)region->address);
		}
	}
}

static const struct virtio_operations refusing = { .serve = virtio_mmio_refuse };

bool virtio_server_is_last(void)
{
	return (sk_start()->flags & SK_START_LAST) != 0;
}

void virtio_server_open(struct virtio_mmio *device)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");

	if (persistent == NULL || persistent->bytes < VIRTIO_STATE_FIELDS_BYTES) {
		(void)printf("no region \"persistent\" of sufficient size\n");
		exit(EXIT_FAILURE);
	}
	find_memory(device);
	if (device->memory.count == 0) {
		(void)printf("the guest's memory is not mapped here: its device has neither `guest-memory` nor `bounce-memory`\n");
		exit(EXIT_FAILURE);
	}
	if (virtio_server_is_last()) {
		device->failed = true;
		device->operations = &refusing;
	}
	server.device = device;
	server.virq = sk_cap_named("virq");
	server.sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	virtio_mmio_open(device, virtio_state_fields((void *)(uintptr_t)persistent->address));
	server.unsettled = true;
}

_Noreturn void virtio_server_run(void)
{
	virtio_server_lock();
	virtio_mmio_serve(server.device, VIRTIO_MMIO_ALL_QUEUES);
	/* What the line's level was an instance ago is unknown. */
	server.line = virtio_mmio_line(server.device);
	(void)virq_set_level(server.virq, server.line);
	virtio_server_unlock();
	sk_server_run();
}
