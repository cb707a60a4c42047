/*
 * Boot: the object table, and the one process that the kernel starts itself. The
 * supervisor gets everything there is: all RAM that is left, all devices, the
 * boot archive, and a capability to make more of each; from there on the kernel
 * only answers calls.
 */
#include <kernel/call.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel_kernel.h>
#include <string.h>

/* A table maps a page, or more, with each of its 8-byte entries. */
#define SUPERVISOR_TABLE_PAGES(archive_bytes) (64u + (archive_bytes) / (SK_PAGE_BYTES / 8u * SK_PAGE_BYTES))

/* The supervisor in the making. RAM behind the boot image is handed out from the bottom. */
struct boot {
	const struct sk_boot_info *info;
	uint64_t next;
	uint64_t end;
	struct space *space;
};

static uint64_t take_pages(struct boot *boot, uint64_t pages)
{
	uint64_t base = boot->next;
	if (base > boot->end || boot->end - base < pages * SK_PAGE_BYTES) {
		panic("the machine's memory ends at %lx, too little for the boot image", boot->end);
	}
	boot->next += pages * SK_PAGE_BYTES;
	for (uint64_t page = base; page < boot->next; page += SK_PAGE_BYTES) {
		arch_clear_page((void *)(uintptr_t)page);
	}
	return base;
}

static struct object *make(enum object_type type, uint64_t base, uint64_t bytes)
{
	struct object *object = object_allocate(type);
	if (object == NULL) {
		panic("the object table has room for %u objects, too few to boot", object_count);
	}
	object->base = base;
	object->bytes = bytes;
	return object;
}

static void install(const struct boot *boot, uint32_t slot, const struct object *object)
{
	boot->space->slots[slot] = object_capability(object, SK_RIGHTS_ALL, 0);
}

/* An object of a page, with that page for its body. */
static struct object *make_page(struct boot *boot, enum object_type type, uint32_t slot)
{
	struct object *object = make(type, take_pages(boot, 1), SK_PAGE_BYTES);
	object->body = (void *)(uintptr_t)object->base;
	install(boot, slot, object);
	return object;
}

static void map(const struct boot *boot, struct object *memory, uint64_t address, uint32_t flags)
{
	if (space_map(boot->space, memory, address, 0, memory->bytes, flags) != SK_OK) {
		panic("the supervisor's segment at %lx overlaps another or is misaligned", address);
	}
}

static uint64_t page_round(uint64_t bytes)
{
	return (bytes + SK_PAGE_BYTES - 1u) & ~(uint64_t)(SK_PAGE_BYTES - 1u);
}

static void load_segments(struct boot *boot)
{
	const struct sk_boot_info *info = boot->info;
	for (uint32_t i = 0; i < info->segment_count && i < SK_BOOT_SEGMENTS; i++) {
		const struct sk_boot_segment *segment = &info->segments[i];
		uint64_t bytes = page_round(segment->memory_bytes);
		uint64_t base = (uint64_t)(uintptr_t)info + segment->offset;
		if (segment->offset > info->image_bytes || segment->file_bytes > info->image_bytes - segment->offset ||
		    segment->file_bytes > segment->memory_bytes || bytes == 0) {
			panic("supervisor segment %u lies outside the boot image", i);
		}
		/* One that nobody writes to is used where it lies. */
		if ((segment->flags & SK_RIGHT_WRITE) != 0 || bytes != page_round(segment->file_bytes)) {
			base = take_pages(boot, bytes / SK_PAGE_BYTES);
			memcpy((void *)(uintptr_t)base, (const uint8_t *)info + segment->offset, segment->file_bytes);
		}
		arch_sync_memory(base, bytes);
		map(boot, make(OBJECT_MEMORY, base, bytes), segment->address, segment->flags);
	}
}

/* The supervisor's thread on the boot core, its endpoint and its notification. */
static struct thread *make_thread(struct boot *boot)
{
	struct object *buffer = make(OBJECT_MEMORY, take_pages(boot, 1), SK_PAGE_BYTES);
	buffer->memory.pins = 1;
	map(boot, buffer, SK_VA_MESSAGE_BUFFERS, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE);
	struct object *object = make_page(boot, OBJECT_THREAD, SK_BOOT_SLOT_THREAD);
	struct thread *thread = object->body;
	thread_create(thread, object, boot->space, 0, buffer);
	thread->buffer_address = SK_VA_MESSAGE_BUFFERS;
	arch_thread_init(thread, boot->info->supervisor_entry, SK_VA_STACKS + 0x10000u, SK_VA_START_PAGE);
	object = make_page(boot, OBJECT_ENDPOINT, SK_BOOT_SLOT_ENDPOINT);
	struct endpoint *endpoint = object->body;
	endpoint->object = object;
	(void)thread_do_bind_endpoint(thread, endpoint);
	object = make_page(boot, OBJECT_NOTIFICATION, SK_BOOT_SLOT_NOTIFICATION);
	struct notification *notification = object->body;
	notification->object = object;
	(void)thread_do_bind_notification(thread, notification);
	return thread;
}

static struct thread *make_supervisor(struct boot *boot)
{
	const struct sk_boot_info *info = boot->info;
	uint64_t pages = SK_SPACE_PAGES + SUPERVISOR_TABLE_PAGES(info->archive_bytes);
	struct object *object = make(OBJECT_SPACE, take_pages(boot, pages), pages * SK_PAGE_BYTES);
	if (space_create(object, false) != SK_OK) {
		panic("no translation tables for the supervisor");
	}
	boot->space = object->body;
	install(boot, SK_BOOT_SLOT_SPACE, object);
	load_segments(boot);
	struct thread *thread = make_thread(boot);
	object = make(OBJECT_MEMORY, (uint64_t)(uintptr_t)info + info->archive_offset, page_round(info->archive_bytes));
	map(boot, object, SK_VA_ARCHIVE, SK_MAP_FLAGS_READ);
	install(boot, SK_BOOT_SLOT_ARCHIVE, object);
	install(boot, SK_BOOT_SLOT_MACHINE, make(OBJECT_MACHINE, 0, 0));
	for (uint32_t i = 0; i < info->device_count && i < SK_BOOT_DEVICES; i++) {
		object = make(OBJECT_MEMORY, info->devices[i].base, info->devices[i].bytes);
		object->memory.device = true;
		install(boot, SK_BOOT_SLOT_DEVICES + i, object);
	}
	/* Last, once everything else has been taken: what is left. */
	install(boot, SK_BOOT_SLOT_RAM, make(OBJECT_MEMORY, boot->next, boot->end - boot->next));
	return thread;
}

static void core_start(struct core *core)
{
	core->enabled = arch_virtualisation_enable(core) == SK_OK;
	core->slot_started = arch_ticks();
	core->deadline = UINT64_MAX;
	core->guard = UINT64_MAX;
	core->leaving = false;
	/* Cores' timers don't stay in step: one that wakes all at once has them wait for each other. */
	core->watch_ticks = arch_ns_to_ticks(PLAN_WATCH_NS - core->index * PLAN_WATCH_SKEW_NS);
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
	struct boot boot = {
		.info = info,
		.next = page_round((uint64_t)(uintptr_t)info + info->image_bytes),
		.end = info->ram_base + info->ram_bytes,
	};
	uint64_t table_pages = page_round(info->object_slots * sizeof(struct object)) / SK_PAGE_BYTES;
	object_init((struct object *)(uintptr_t)take_pages(&boot, table_pages), info->object_slots);
	struct core *core = core_this();
	core_start(core);
	struct thread *supervisor = make_supervisor(&boot);
	/* Until a scheduler commits a plan, the supervisor is the plan. */
	struct plan_slot first = { .task = &supervisor->context };
	plan_commit(core, &first, 1, 0);
	supervisor->context.state = CONTEXT_READY;
	arch_resume(core, plan_pick(core));
}
