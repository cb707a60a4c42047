#define _GNU_SOURCE
#include "fake_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <sk/boot.h>
#include <sk/process.h>
#include <sk/syscall.h>

struct fake fake;

static int ram_file = -1;
static uint8_t buffer[SK_PAGE_BYTES];
static struct fake_space *own; /* the supervisor's */

static struct fake_object *resolve(const struct fake_cap *cap)
{
	struct fake_object *object = &fake.objects[cap->object];

	return cap->object != 0 && object->generation == cap->generation ? object : NULL;
}

struct fake_object *fake_at(uint32_t slot)
{
	return slot <= SK_CAP_SLOTS ? resolve(&own->slots[slot]) : NULL;
}

struct fake_object *fake_in(const struct fake_object *space, uint32_t slot)
{
	return resolve(&space->space->slots[slot]);
}

uint32_t fake_badge(uint32_t slot)
{
	return own->slots[slot].badge;
}

static uint32_t index_of(const struct fake_object *object)
{
	return (uint32_t)(object - fake.objects);
}

static uint32_t make(uint32_t type, uint64_t base, uint64_t bytes)
{
	assert_true(fake.object_count < 2048);
	fake.objects[fake.object_count] = (struct fake_object){
		.type = type, .generation = 1, .base = base, .bytes = bytes,
	};
	return fake.object_count++;
}

static void put(uint32_t slot, uint32_t object)
{
	own->slots[slot] = (struct fake_cap){ object, fake.objects[object].generation, SK_RIGHTS_ALL, 0 };
}

/* Checked as the kernel checks a destination. */
static sk_status_t install(uint32_t slot, uint32_t object)
{
	if (slot == 0 || slot > SK_CAP_SLOTS || fake_at(slot) != NULL) {
		return SK_NO_SLOT;
	}
	put(slot, object);
	return SK_OK;
}

static sk_status_t split(struct fake_object *memory, uint64_t at, uint32_t dest)
{
	if (memory->mappings != 0) {
		return SK_BAD_STATE;
	}
	if (at == 0 || at >= memory->bytes || at % SK_PAGE_BYTES != 0) {
		return SK_BAD_ARG;
	}

	uint32_t upper = make(SK_OBJECT_TYPE_MEMORY, memory->base + at, memory->bytes - at);
	sk_status_t status = install(dest, upper);

	if (status == SK_OK) {
		memory->bytes = at;
	}
	return status;
}

static sk_status_t merge(struct fake_object *lower, uint32_t slot)
{
	struct fake_object *upper = fake_at(slot);

	if (upper == NULL || upper->type != SK_OBJECT_TYPE_MEMORY || upper->base != lower->base + lower->bytes ||
	    upper->mappings != 0 || lower->mappings != 0) {
		return SK_BAD_ARG;
	}
	lower->bytes += upper->bytes;
	upper->generation++;
	return SK_OK;
}

static sk_status_t retype(struct fake_object *memory, uint32_t slot, uint32_t type, uint32_t dest)
{
	if (memory->mappings != 0 || memory->device) {
		return SK_BAD_STATE;
	}
	if (dest != slot && fake_at(dest) != NULL) {
		return SK_NO_SLOT;
	}
	memory->generation++;
	memory->type = type;
	put(dest, index_of(memory));
	if (type == SK_OBJECT_TYPE_SPACE) {
		memory->space = calloc(1, sizeof(*memory->space));
	}
	return SK_OK;
}

const struct fake_mapping *fake_mapped(const struct fake_object *space, uint64_t address)
{
	for (uint32_t i = 0; i < space->space->mapping_count; i++) {
		const struct fake_mapping *mapping = &space->space->mappings[i];

		if (address >= mapping->address && address - mapping->address < mapping->bytes) {
			return mapping;
		}
	}
	return NULL;
}

static sk_status_t map(struct fake_object *space, const struct sk_msg *msg)
{
	struct fake_object *memory = fake_at((uint32_t)msg->w[0]);
	struct fake_mapping mapping = { 0, msg->w[1], msg->w[2], msg->w[3], (uint32_t)msg->w[4] };

	if (memory == NULL || memory->type != SK_OBJECT_TYPE_MEMORY) {
		return SK_BAD_CAP;
	}
	if (mapping.bytes == 0 || (mapping.address | mapping.offset | mapping.bytes) % SK_PAGE_BYTES != 0 ||
	    mapping.offset + mapping.bytes > memory->bytes || mapping.address == 0) {
		return SK_BAD_ARG;
	}
	for (uint32_t i = 0; i < space->space->mapping_count; i++) {
		const struct fake_mapping *other = &space->space->mappings[i];

		if (mapping.address < other->address + other->bytes &&
		    other->address < mapping.address + mapping.bytes) {
			return SK_OVERLAP;
		}
	}
	if (space->space->short_of != 0) {
		return SK_NO_MEMORY;
	}
	assert_true(space->space->mapping_count < FAKE_MAPPINGS);
	mapping.memory = index_of(memory);
	space->space->mappings[space->space->mapping_count++] = mapping;
	memory->mappings++;
	if (space->space == own && memory->base >= FAKE_RAM_BASE && !memory->device) {
		void *at = (void *)(uintptr_t)mapping.address;

		assert_ptr_equal(mmap(at, mapping.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_file,
				      (off_t)(memory->base - FAKE_RAM_BASE + mapping.offset)), at);
	}
	if (space->space == own && memory->device) {
		void *at = (void *)(uintptr_t)mapping.address;

		assert_ptr_equal(mmap(at, mapping.bytes, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), at);
	}
	return SK_OK;
}

static void remove_mapping(struct fake_space *space, uint32_t index)
{
	fake.objects[space->mappings[index].memory].mappings--;
	space->mappings[index] = space->mappings[--space->mapping_count];
}

static sk_status_t unmap(struct fake_space *space, uint64_t address)
{
	for (uint32_t i = 0; i < space->mapping_count; i++) {
		if (space->mappings[i].address == address) {
			remove_mapping(space, i);
			return SK_OK;
		}
	}
	return SK_BAD_ARG;
}

static sk_status_t unmap_all(uint32_t memory)
{
	for (uint32_t i = 0; i < fake.object_count; i++) {
		struct fake_space *space = fake.objects[i].type == SK_OBJECT_TYPE_SPACE ? fake.objects[i].space : NULL;

		for (uint32_t j = space != NULL ? space->mapping_count : 0; j > 0; j--) {
			if (space->mappings[j - 1].memory == memory) {
				remove_mapping(space, j - 1);
			}
		}
	}
	return SK_OK;
}

static sk_status_t grant(struct fake_space *space, const struct sk_msg *msg)
{
	const struct fake_cap *from = &own->slots[msg->w[0]];
	struct fake_cap *to = &space->slots[msg->w[1]];

	if (msg->w[1] == 0 || msg->w[1] > SK_CAP_SLOTS || resolve(from) == NULL) {
		return SK_BAD_CAP;
	}
	if ((from->rights & SK_RIGHT_GRANT) == 0) {
		return SK_NO_RIGHT;
	}
	if (resolve(to) != NULL) {
		return SK_NO_SLOT;
	}
	if (msg->w[3] != 0 && from->badge != 0) {
		return SK_BAD_ARG;
	}
	*to = (struct fake_cap){ from->object, from->generation, from->rights & (uint32_t)msg->w[2],
				 msg->w[3] != 0 ? (uint32_t)msg->w[3] : from->badge };
	return SK_OK;
}

const struct fake_route *fake_routed(const struct fake_object *vm, uint64_t address)
{
	for (uint32_t i = 0; i < vm->space->route_count; i++) {
		const struct fake_route *route = &vm->space->routes[i];

		if (address >= route->address && address - route->address < route->bytes) {
			return route;
		}
	}
	return NULL;
}

/* Just the same range again goes elsewhere. */
static sk_status_t route(struct fake_object *vm, const struct sk_msg *msg)
{
	const struct fake_cap *to = &own->slots[msg->w[2]];
	struct fake_route made = { msg->w[0], msg->w[1], to->object, to->badge };

	for (uint32_t i = 0; i < vm->space->route_count; i++) {
		struct fake_route *there = &vm->space->routes[i];

		if (there->address == made.address && there->bytes == made.bytes) {
			*there = made;
			return SK_OK;
		}
		if (made.address < there->address + there->bytes && there->address < made.address + made.bytes) {
			return SK_OVERLAP;
		}
	}
	assert_true(vm->space->route_count < FAKE_ROUTES);
	vm->space->routes[vm->space->route_count++] = made;
	return SK_OK;
}

static sk_status_t destroy(struct fake_object *object, uint32_t slot, bool was_memory)
{
	object->generation++;
	if (!was_memory) {
		object->type = SK_OBJECT_TYPE_NONE;
		return SK_OK;
	}
	if (object->type == SK_OBJECT_TYPE_SPACE) {
		while (object->space->mapping_count != 0) {
			remove_mapping(object->space, 0);
		}
		free(object->space);
		object->space = NULL;
	}
	object->type = SK_OBJECT_TYPE_MEMORY;
	put(slot, index_of(object));
	return SK_OK;
}

static sk_status_t call_virq(struct fake_object *object, uint32_t slot, const struct sk_msg *msg)
{
	if ((msg->tag & SK_TAG_METHOD_MASK) == VIRQ_TAG_DESTROY) {
		return destroy(object, slot, false);
	}
	object->level = msg->w[0] != 0;
	return SK_OK;
}

static sk_status_t call_memory(struct fake_object *object, uint32_t slot, struct sk_msg *msg)
{
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case MEMORY_TAG_SPLIT:
		return split(object, msg->w[0], (uint32_t)msg->w[1]);
	case MEMORY_TAG_MERGE:
		return merge(object, (uint32_t)msg->w[0]);
	case MEMORY_TAG_INFO:
		msg->w[0] = object->base;
		msg->w[1] = object->bytes;
		msg->w[2] = object->device ? MEMORY_MEMORY_KIND_DEVICE : MEMORY_MEMORY_KIND_RAM;
		msg->w[3] = object->mappings;
		return SK_OK;
	case MEMORY_TAG_CLEAR:
	case MEMORY_TAG_SYNC:
		return msg->w[0] + msg->w[1] <= object->bytes ? SK_OK : SK_BAD_ARG;
	case MEMORY_TAG_UNMAP_ALL:
		return unmap_all(index_of(object));
	case MEMORY_TAG_CREATE_SPACE: {
		sk_status_t status = retype(object, slot, SK_OBJECT_TYPE_SPACE, (uint32_t)msg->w[1]);

		if (status == SK_OK) {
			object->space->vm = msg->w[0] == SK_SPACE_KIND_VM;
			object->space->short_of = object->space->vm ? fake.vm_short_of : 0;
		}
		return status;
	}
	case MEMORY_TAG_CREATE_THREAD:
		object->core = (uint32_t)msg->w[1];
		object->process = index_of(fake_at((uint32_t)msg->w[0]));
		return retype(object, slot, SK_OBJECT_TYPE_THREAD, (uint32_t)msg->w[3]);
	case MEMORY_TAG_CREATE_VCPU:
		object->core = (uint32_t)msg->w[1];
		return retype(object, slot, SK_OBJECT_TYPE_VCPU, (uint32_t)msg->w[4]);
	case MEMORY_TAG_CREATE_ENDPOINT:
		return retype(object, slot, SK_OBJECT_TYPE_ENDPOINT, (uint32_t)msg->w[0]);
	case MEMORY_TAG_CREATE_NOTIFICATION:
		return retype(object, slot, SK_OBJECT_TYPE_NOTIFICATION, (uint32_t)msg->w[0]);
	default:
		return SK_UNKNOWN_OP;
	}
}

static sk_status_t call_space(struct fake_object *object, uint32_t slot, struct sk_msg *msg)
{
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case SPACE_TAG_CAP_GRANT:
		return grant(object->space, msg);
	case SPACE_TAG_CAP_DELETE:
		object->space->slots[msg->w[0]] = (struct fake_cap){ 0 };
		return SK_OK;
	case SPACE_TAG_MAP:
		return map(object, msg);
	case SPACE_TAG_UNMAP:
		return unmap(object->space, msg->w[0]);
	case SPACE_TAG_DONATE: {
		struct fake_object *memory = fake_at((uint32_t)msg->w[0]);

		if (memory == NULL || memory->type != SK_OBJECT_TYPE_MEMORY || memory->mappings != 0) {
			return SK_BAD_CAP;
		}
		assert_true(object->space->donation_count < 16);
		memory->type = SK_OBJECT_TYPE_NONE;
		object->space->donations[object->space->donation_count++] = index_of(memory);
		object->space->short_of -= object->space->short_of != 0 ? 1u : 0u;
		return SK_OK;
	}
	case SPACE_TAG_SET_LINES:
		object->space->lines = true;
		return SK_OK;
	case SPACE_TAG_CREATE_VIRQ:
		return install((uint32_t)msg->w[1], make(SK_OBJECT_TYPE_VIRQ, 0, 0));
	case SPACE_TAG_ROUTE_RANGE:
		return route(object, msg);
	case SPACE_TAG_DESTROY:
		for (uint32_t i = 0; i < object->space->donation_count; i++) {
			fake.objects[object->space->donations[i]].type = SK_OBJECT_TYPE_MEMORY;
		}
		return destroy(object, slot, true);
	default:
		return SK_UNKNOWN_OP;
	}
}

static sk_status_t call_core(struct fake_object *object, struct sk_msg *msg)
{
	uint32_t core = object->core;

	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case CORE_TAG_COMMIT_PLAN:
		fake.plan_count[core] = (uint32_t)msg->w[0];
		memcpy(fake.plan[core], buffer, sizeof(fake.plan[core]));
		fake.plans++;
		return SK_OK;
	case CORE_TAG_SLOT_INFO:
		return msg->w[0] < fake.plan_count[core] ? SK_OK : SK_BAD_ARG;
	case CORE_TAG_SET_GUARD:
		fake.guard_ns[core] = msg->w[0];
		return SK_OK;
	case CORE_TAG_SET_SCHEDULER:
	case CORE_TAG_ONLINE:
		return SK_OK;
	default:
		return SK_UNKNOWN_OP;
	}
}

static sk_status_t print(uint64_t bytes)
{
	size_t length = strlen(fake.printed);

	for (uint64_t i = 0; i < bytes && length + 1 < sizeof(fake.printed); i++) {
		fake.printed[length++] = (char)buffer[i];
	}
	fake.printed[length] = '\0';
	return SK_OK;
}

static sk_status_t call_machine(struct sk_msg *msg)
{
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case MACHINE_TAG_CLAIM_CORE: {
		uint32_t core = make(SK_OBJECT_TYPE_CORE, 0, 0);

		fake.objects[core].core = (uint32_t)msg->w[0];
		return install((uint32_t)msg->w[1], core);
	}
	case MACHINE_TAG_CLAIM_INTERRUPT:
		return install((uint32_t)msg->w[2], make(SK_OBJECT_TYPE_INTERRUPT, msg->w[0], 0));
	case MACHINE_TAG_POWER_OFF:
		fake.power_offs++;
		return SK_OK;
	case MACHINE_TAG_PRINT:
		return print(msg->w[0]);
	default:
		return SK_UNKNOWN_OP;
	}
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	struct fake_object *object = fake_at(to);

	if (object == NULL) {
		return SK_BAD_CAP;
	}
	switch (object->type) {
	case SK_OBJECT_TYPE_MEMORY:
		return call_memory(object, to, msg);
	case SK_OBJECT_TYPE_SPACE:
		return call_space(object, to, msg);
	case SK_OBJECT_TYPE_THREAD:
		return fake_thread_call(object, msg, buffer);
	case SK_OBJECT_TYPE_VCPU:
		return (msg->tag & SK_TAG_METHOD_MASK) == VCPU_TAG_DESTROY ? destroy(object, to, true) : SK_OK;
	case SK_OBJECT_TYPE_NOTIFICATION:
		return (msg->tag & SK_TAG_METHOD_MASK) == NOTIFICATION_TAG_DESTROY ? destroy(object, to, true)
										   : SK_UNKNOWN_OP;
	case SK_OBJECT_TYPE_VIRQ:
		return call_virq(object, to, msg);
	case SK_OBJECT_TYPE_ENDPOINT:
		if ((own->slots[to].rights & SK_RIGHT_CALL) != 0) {
			assert_true(fake.calls_allowed); /* by the caller thread, never by the main one */
			fake.called_tag = msg->tag & SK_TAG_METHOD_MASK;
			fake.called_word = msg->w[0];
			return fake.call_status;
		}
		object->retired += (msg->tag & SK_TAG_METHOD_MASK) == ENDPOINT_TAG_RETIRE ? 1u : 0u;
		object->abandoned += (msg->tag & SK_TAG_METHOD_MASK) == ENDPOINT_TAG_ABANDON ? 1u : 0u;
		return SK_OK;
	case SK_OBJECT_TYPE_INTERRUPT:
		object->enabled = (msg->tag & SK_TAG_METHOD_MASK) == INTERRUPT_TAG_BIND ||
				  (object->enabled && (msg->tag & SK_TAG_METHOD_MASK) != INTERRUPT_TAG_MASK);
		return SK_OK;
	case SK_OBJECT_TYPE_CORE:
		return call_core(object, msg);
	case SK_OBJECT_TYPE_MACHINE:
		return call_machine(msg);
	default:
		return SK_BAD_TYPE;
	}
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	struct fake_object *object = fake_at(slot);

	if (object == NULL || object->type != SK_OBJECT_TYPE_NOTIFICATION) {
		return SK_BAD_CAP;
	}
	object->bits |= bits;
	return SK_OK;
}

sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	assert_int_not_equal(token, 0);
	fake.replies++;
	fake.reply_tag = msg->tag;
	return SK_OK;
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)slot;
	(void)msg;
	(void)caller;
	fail_msg("the supervisor's main thread waits in the middle");
	return 0;
}

void *sk_message_buffer(void)
{
	return buffer;
}

unsigned sk_thread_index(void)
{
	return 0;
}

uint64_t sk_counter(void)
{
	return fake.now_ns;
}

_Noreturn void sk_exit(int code, const char *why)
{
	fail_msg("exit %d: %s", code, why);
	abort();
}

uint32_t fake_slots_used(void)
{
	uint32_t used = 0;

	for (uint32_t slot = 1; slot <= SK_CAP_SLOTS; slot++) {
		used += fake_at(slot) != NULL ? 1u : 0u;
	}
	return used;
}

void fake_boot(const void *archive, uint64_t bytes, const struct fake_device *devices,
	       uint32_t device_count)
{
	static struct sk_start start = {
		.magic = SK_START_MAGIC, .threads = 1, .counter_hz = 1000000000, .name = "supervisor",
	};
	void *at = (void *)(uintptr_t)SK_VA_ARCHIVE;
	uint64_t room = (bytes + SK_PAGE_BYTES - 1) / SK_PAGE_BYTES * SK_PAGE_BYTES;

	memset(&fake, 0, sizeof(fake));
	fake.object_count = 1;
	fake.now_ns = 1000;
	ram_file = ram_file >= 0 ? ram_file : memfd_create("ram", 0);
	assert_true(ram_file >= 0 && ftruncate(ram_file, 0) == 0 && ftruncate(ram_file, (off_t)FAKE_RAM_BYTES) == 0);
	assert_ptr_equal(mmap(at, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), at);
	memcpy(at, archive, bytes);

	uint32_t space = make(SK_OBJECT_TYPE_SPACE, 0, 0);

	own = calloc(1, sizeof(*own));
	fake.objects[space].space = own;
	put(SK_BOOT_SLOT_SPACE, space);
	put(SK_BOOT_SLOT_MACHINE, make(SK_OBJECT_TYPE_MACHINE, 0, 0));
	put(SK_BOOT_SLOT_THREAD, make(SK_OBJECT_TYPE_THREAD, 0, 0));
	put(SK_BOOT_SLOT_ENDPOINT, make(SK_OBJECT_TYPE_ENDPOINT, 0, 0));
	put(SK_BOOT_SLOT_NOTIFICATION, make(SK_OBJECT_TYPE_NOTIFICATION, 0, 0));
	put(SK_BOOT_SLOT_ARCHIVE, make(SK_OBJECT_TYPE_MEMORY, FAKE_ARCHIVE_BASE, room));
	put(SK_BOOT_SLOT_RAM, make(SK_OBJECT_TYPE_MEMORY, FAKE_RAM_BASE, FAKE_RAM_BYTES));
	for (uint32_t i = 0; i < device_count; i++) {
		uint32_t device = make(SK_OBJECT_TYPE_MEMORY, devices[i].base, devices[i].bytes);

		fake.objects[device].device = true;
		put(SK_BOOT_SLOT_DEVICES + i, device);
	}
	assert_true(sk_process_adopt(&start));
}
