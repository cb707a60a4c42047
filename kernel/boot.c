/*
 * Boot: the object table, and the one process that the kernel starts itself. The
 * supervisor gets everything there is: all RAM that is left, all devices, the
 * boot archive, and a capability to make more of each; from there on the kernel
 * only answers calls.
 */
#include <kernel/call.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel.h>
#include <string.h>

#define SUPERVISOR_TABLE_PAGES 64u

/* RAM behind the boot image, handed out from the bottom while the kernel sets things up. */
struct boot_memory {
	uint64_t next;
	uint64_t end;
};

static void *take_pages(struct boot_memory *memory, uint64_t pages)
{
	uint64_t base = memory->next;
	if (base > memory->end || memory->end - base < pages * SK_PAGE_BYTES) {
		panic("the machine's memory ends at %lx, too little for the boot image", memory->end);
	}
	memory->next += pages * SK_PAGE_BYTES;
	for (uint64_t i = 0; i < pages; i++) {
		arch_clear_page((void *)(uintptr_t)(base + i * SK_PAGE_BYTES));
	}
	return (void *)(uintptr_t)base;
}

static struct object *boot_object(enum object_type type, uint64_t base, uint64_t bytes)
{
	struct object *object = object_allocate(type);
	if (object == NULL) {
		panic("the object table has room for %u objects, too few to boot", object_count);
	}
	object->base = base;
	object->bytes = bytes;
	return object;
}

static struct object *boot_page(struct boot_memory *memory, enum object_type type, uint64_t pages)
{
	void *base = take_pages(memory, pages);
	struct object *object = boot_object(type, (uint64_t)(uintptr_t)base, pages * SK_PAGE_BYTES);
	object->body = base;
	return object;
}

static void install(struct space *space, uint32_t slot, const struct object *object)
{
	space->slots[slot] = object_capability(object, SK_RIGHTS_ALL, 0);
}

static void map(struct space *space, struct object *memory, uint64_t address, uint32_t flags)
{
	if (space_map(space, memory, address, 0, memory->bytes, flags) != SK_OK) {
		panic("the supervisor's segment at %lx overlaps another or is misaligned", address);
	}
}

static uint64_t page_round(uint64_t bytes)
{
	return (bytes + SK_PAGE_BYTES - 1u) & ~(uint64_t)(SK_PAGE_BYTES - 1u);
}

static void load_segments(const struct sk_boot_info *info, struct boot_memory *memory, struct space *space)
{
	for (uint32_t i = 0; i < info->segment_count && i < SK_BOOT_SEGMENTS; i++) {
		const struct sk_boot_segment *segment = &info->segments[i];
		uint64_t bytes = page_round(segment->memory_bytes);
		uint64_t source = (uint64_t)(uintptr_t)info + segment->offset;
		if (segment->offset > info->image_bytes || segment->file_bytes > info->image_bytes - segment->offset ||
		    segment->file_bytes > segment->memory_bytes || bytes == 0) {
			panic("supervisor segment %u lies outside the boot image", i);
		}
		struct object *object;
		if ((segment->flags & SK_RIGHT_WRITE) == 0 && bytes == page_round(segment->file_bytes)) {
			object = boot_object(OBJECT_MEMORY, source, bytes); /* used where it lies */
		} else {
			void *copy = take_pages(memory, bytes / SK_PAGE_BYTES);
			memcpy(copy, (const void *)(uintptr_t)source, segment->file_bytes);
			object = boot_object(OBJECT_MEMORY, (uint64_t)(uintptr_t)copy, bytes);
		}
		object->memory = (struct memory){ 0 };
		arch_sync_memory(object->base, object->bytes);
		map(space, object, segment->address, segment->flags);
	}
}

/* The supervisor's thread on the boot core, its endpoint and its notification. */
static struct thread *make_thread(const struct sk_boot_info *info, struct boot_memory *memory, struct space *space)
{
	struct object *buffer = boot_page(memory, OBJECT_MEMORY, 1);
	buffer->memory = (struct memory){ .pins = 1 };
	struct object *thread_object = boot_page(memory, OBJECT_THREAD, 1);
	struct object *endpoint_object = boot_page(memory, OBJECT_ENDPOINT, 1);
	struct object *notification_object = boot_page(memory, OBJECT_NOTIFICATION, 1);
	struct thread *thread = thread_object->body;
	struct endpoint *endpoint = endpoint_object->body;
	struct notification *notification = notification_object->body;
	thread_create(thread, thread_object, space, 0, buffer);
	thread->buffer_address = SK_VA_MESSAGE_BUFFERS;
	map(space, buffer, SK_VA_MESSAGE_BUFFERS, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE);
	endpoint->object = endpoint_object;
	endpoint->served_cores = 1;
	endpoint->receiver[0] = &thread->context;
	notification->object = notification_object;
	notification->bound = &thread->context;
	thread->context.endpoint = endpoint;
	thread->context.queue = &endpoint->queue[0];
	thread->context.bound = notification;
	thread->context.signals = &notification->bits;
	arch_thread_init(thread, info->supervisor_entry, SK_VA_STACKS + 0x10000u, SK_VA_START_PAGE);
	install(space, SK_BOOT_SLOT_THREAD, thread_object);
	install(space, SK_BOOT_SLOT_ENDPOINT, endpoint_object);
	install(space, SK_BOOT_SLOT_NOTIFICATION, notification_object);
	return thread;
}

static struct object *boot_range(uint64_t base, uint64_t bytes, bool device)
{
	struct object *object = boot_object(OBJECT_MEMORY, base, bytes);
	object->memory = (struct memory){ .device = device };
	return object;
}

static struct thread *make_supervisor(const struct sk_boot_info *info, struct boot_memory *memory)
{
	struct object *space_object = boot_page(memory, OBJECT_SPACE, SPACE_PAGES + SUPERVISOR_TABLE_PAGES);
	if (space_create(space_object, false) != SK_OK) {
		panic("no translation tables for the supervisor");
	}
	struct space *space = space_object->body;
	load_segments(info, memory, space);
	struct thread *thread = make_thread(info, memory, space);
	uint64_t archive = (uint64_t)(uintptr_t)info + info->archive_offset;
	struct object *archive_object = boot_range(archive, page_round(info->archive_bytes), false);
	map(space, archive_object, SK_VA_ARCHIVE, SK_MAP_FLAGS_READ);
	install(space, SK_BOOT_SLOT_ARCHIVE, archive_object);
	install(space, SK_BOOT_SLOT_SPACE, space_object);
	install(space, SK_BOOT_SLOT_MACHINE, boot_object(OBJECT_MACHINE, 0, 0));
	for (uint32_t i = 0; i < info->device_count && i < SK_BOOT_DEVICES; i++) {
		install(space, SK_BOOT_SLOT_DEVICES + i, boot_range(info->devices[i].base, info->devices[i].bytes, true));
	}
	/* Last, once everything else has been taken: what is left. */
	install(space, SK_BOOT_SLOT_RAM, boot_range(memory->next, memory->end - memory->next, false));
	return thread;
}

static void core_start(struct core *core)
{
	core->enabled = arch_virtualisation_enable(core) == SK_OK;
	core->slot_started = arch_ticks();
	core->deadline = UINT64_MAX;
	core->leaving = false;
	core->watch_ticks = arch_ns_to_ticks(PLAN_WATCH_NS);
	__atomic_store_n(&core->online, true, __ATOMIC_RELEASE);
}

_Noreturn void core_entered(struct core *core)
{
	core_start(core);
	core_drain(core); /* calls for servers of this core may have come while it was off */
	arch_resume(core, plan_pick(core));
}

_Noreturn void kernel_main(const struct sk_boot_info *info)
{
	if (info->magic != SK_BOOT_MAGIC || info->version != SK_BOOT_VERSION || info->core_count == 0 ||
	    info->core_count > SK_MAX_CORES || info->object_slots < 256 || info->object_slots > UINT16_MAX) {
		panic("no boot information behind the kernel: pack the image with the tool of the same build");
	}
	struct boot_memory memory = {
		.next = page_round((uint64_t)(uintptr_t)info + info->image_bytes),
		.end = info->ram_base + info->ram_bytes,
	};
	uint64_t table_pages = page_round(info->object_slots * sizeof(struct object)) / SK_PAGE_BYTES;
	object_init(take_pages(&memory, table_pages), info->object_slots);
	struct core *core = core_this();
	core_start(core);
	struct thread *supervisor = make_supervisor(info, &memory);
	/* Until a scheduler commits a plan, the supervisor is the plan. */
	struct plan_slot first = { .task = &supervisor->context };
	plan_commit(core, &first, 1, 0);
	supervisor->context.state = CONTEXT_READY;
	arch_resume(core, plan_pick(core));
}
