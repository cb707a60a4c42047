/*
 * Booting, and what a supervisor makes. See world.h.
 */
#include "world.h"
#include <sk/boot.h>
#include <string.h>

#define IMAGE_PAGES 8u
#define FIRST_SLOT 32u

struct world world;

static struct sk_boot_info *boot_image(uint32_t total, uint32_t object_slots)
{
	struct sk_boot_info *info = (struct sk_boot_info *)(void *)mock.ram;
	memset(info, 0, IMAGE_PAGES * SK_PAGE_BYTES);
	*info = (struct sk_boot_info){
		.magic = SK_BOOT_MAGIC, .version = SK_BOOT_VERSION, .core_count = total,
		.ram_base = (uint64_t)(uintptr_t)mock.ram, .ram_bytes = MOCK_RAM_BYTES,
		.image_bytes = IMAGE_PAGES * SK_PAGE_BYTES, .archive_offset = 6u * SK_PAGE_BYTES,
		.archive_bytes = 2u * SK_PAGE_BYTES, .supervisor_entry = SK_VA_IMAGE, .object_slots = object_slots,
		.segment_count = 3, .device_count = 1,
		.segments = {
			{ .offset = SK_PAGE_BYTES, .address = SK_VA_START_PAGE, .file_bytes = 2u * SK_PAGE_BYTES,
			  .memory_bytes = 2u * SK_PAGE_BYTES, .flags = SK_RIGHT_READ },
			{ .offset = 3u * SK_PAGE_BYTES, .address = SK_VA_IMAGE, .file_bytes = SK_PAGE_BYTES,
			  .memory_bytes = SK_PAGE_BYTES, .flags = SK_RIGHT_READ | SK_RIGHT_EXECUTE },
			{ .offset = 4u * SK_PAGE_BYTES, .address = SK_VA_IMAGE + SK_PAGE_BYTES, .file_bytes = 100,
			  .memory_bytes = 2u * SK_PAGE_BYTES, .flags = SK_RIGHT_READ | SK_RIGHT_WRITE },
		},
		.devices = { { .base = MOCK_DEVICE_BASE, .bytes = 4u * SK_PAGE_BYTES, .name = "device" } },
	};
	memset(mock.ram + 4u * SK_PAGE_BYTES, 0x5a, 100);
	return info;
}

void world_boot_with(uint32_t total, uint32_t online, uint32_t object_slots)
{
	mock_reset(total);
	world = (struct world){ .ram = SK_BOOT_SLOT_RAM, .next_slot = FIRST_SLOT };
	bool booted = mock_boot(boot_image(total, object_slots));
	if (!booted) {
		fail_msg("no boot: %s", mock.console);
	}
	world.supervisor = thread_of(core_at(0)->current);
	for (uint32_t i = 0; i < total; i++) {
		world.core[i] = world_slot();
		K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_CORE, i, world.core[i]);
		if (i != 0 && i < online) {
			K_OK(world.core[i], CORE_TAG_ONLINE);
		}
	}
}

void world_boot(uint32_t total)
{
	world_boot_with(total, total, 1024);
}

int world_setup(void **state)
{
	(void)state;
	world_boot(3);
	return 0;
}

sk_status_t world_call(uint32_t slot, uint64_t tag, const uint64_t w[SK_WORDS])
{
	struct context *context = &world.supervisor->context;
	uint64_t x[8] = { slot, tag };
	memcpy(&x[2], w, SK_WORDS * sizeof *w);
	world.restarts = 0;
	for (;;) {
		assert_true(runs(context));
		uint64_t pc = mock_pc(context);
		mock_syscall(0, SK_SYS_CALL, x);
		if (mock.off) {
			fail_msg("the kernel gave up: %s", mock.console);
		}
		if (mock_pc(context) != pc) {
			break;
		}
		world.restarts++;
		if (mock.threaded) {
			(void)mock_interrupt(0); /* the others are at it themselves */
		} else {
			mock_settle();
		}
	}
	world.reply.tag = context->frame->x[0];
	memcpy(world.reply.w, &context->frame->x[2], sizeof world.reply.w);
	return sk_reply_status(world.reply.tag);
}

void world_refused(const char *call, sk_status_t wanted, uint32_t slot, uint64_t tag, const uint64_t w[SK_WORDS])
{
	struct snapshot *before = snapshot_take();
	sk_status_t status = world_call(slot, tag, w);
	if (status != wanted) {
		fail_msg("%s on slot %u answers %d, not %d", call, slot, (int)status, (int)wanted);
	}
	snapshot_check(before, call);
}

void *world_buffer(void)
{
	return world.supervisor->buffer;
}

uint32_t world_slot(void)
{
	assert_true(world.next_slot <= SK_CAP_SLOTS);
	return world.next_slot++;
}

uint32_t world_memory(uint32_t pages)
{
	uint32_t taken = world.ram;
	world.ram = world_slot();
	K_OK(taken, MEMORY_TAG_SPLIT, (uint64_t)pages * SK_PAGE_BYTES, world.ram);
	return taken;
}

uint32_t world_space(enum sk_space_kind kind, uint32_t pool_pages)
{
	uint32_t slot = world_memory(SK_SPACE_PAGES + pool_pages);
	K_OK(slot, MEMORY_TAG_CREATE_SPACE, kind, slot);
	return slot;
}

uint32_t world_endpoint(void)
{
	uint32_t slot = world_memory(1);
	K_OK(slot, MEMORY_TAG_CREATE_ENDPOINT, slot);
	return slot;
}

uint32_t world_notification(void)
{
	uint32_t slot = world_memory(1);
	K_OK(slot, MEMORY_TAG_CREATE_NOTIFICATION, slot);
	return slot;
}

uint32_t world_vm(uint32_t shared)
{
	uint32_t vm = world_space(SK_SPACE_KIND_VM, 4);
	if (shared != 0) {
		uint32_t table = world_memory((sk_line_table_bytes(shared) + SK_PAGE_BYTES - 1u) / SK_PAGE_BYTES);
		K_OK(table, MEMORY_TAG_CLEAR, 0, world_object(table)->bytes);
		K_OK(vm, SPACE_TAG_SET_LINES, table, shared);
	}
	return vm;
}

struct sk_line *world_lines(uint32_t vm)
{
	return ((struct space *)world_body(vm))->lines;
}

uint32_t world_vcpu(uint32_t vm, uint32_t core)
{
	uint32_t state = world_memory(1);
	uint32_t slot = world_memory(1);
	K_OK(slot, MEMORY_TAG_CREATE_VCPU, vm, core, state, 0, slot);
	return slot;
}

void world_vcpu_prepare(uint32_t vcpu)
{
	K_OK(vcpu, VCPU_TAG_SET_ENTRY, 0x40000000);
	K_OK(vcpu, VCPU_TAG_SETUP, 0);
	K_OK(vcpu, VCPU_TAG_BIND, world_vcpu_at(vcpu)->context.core);
}

struct object *world_object(uint32_t slot)
{
	return object_at(capability_index(world.supervisor->context.space->slots[slot]));
}

void *world_body(uint32_t slot)
{
	return world_object(slot)->body;
}

struct vcpu *world_vcpu_at(uint32_t slot)
{
	return world_body(slot);
}

sk_status_t world_commit(uint32_t core, uint64_t wake_time_ns, uint32_t count, const struct core_plan_slot *slots)
{
	if (slots != NULL) {
		memcpy(world_buffer(), slots, SK_PLAN_SLOTS * sizeof *slots);
	}
	return K(world.core[core], CORE_TAG_COMMIT_PLAN | SK_TAG_BYTES(SK_PLAN_SLOTS * sizeof *slots), count, wake_time_ns);
}

void world_plan(uint32_t core, ...)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS] = { 0 };
	uint32_t count = 0;
	va_list list;
	va_start(list, core);
	for (uint32_t task = va_arg(list, uint32_t); task != 0; task = va_arg(list, uint32_t)) {
		slots[count++].task = task;
	}
	va_end(list);
	assert_int_equal(world_commit(core, 0, count, slots), SK_OK);
}

uint32_t world_copy(uint32_t slot, uint32_t rights, uint32_t badge)
{
	uint32_t copy = world_slot();
	K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_GRANT, slot, copy, rights, badge);
	return copy;
}

bool world_idle(uint32_t core)
{
	return core_at(core)->arch.idle;
}

void actor_sibling(struct actor *actor, const struct actor *first, uint32_t core)
{
	*actor = (struct actor){ .core = core, .space = first->space, .next_slot = first->next_slot + 100u };
	actor->buffer = world_memory(1);
	actor->thread = world_memory(1);
	K_OK(actor->thread, MEMORY_TAG_CREATE_THREAD, actor->space, core, actor->buffer, actor->thread);
	actor->t = world_body(actor->thread);
	actor->c = &actor->t->context;
	K_OK(actor->thread, THREAD_TAG_CONFIGURE, 0x400000, 0x300000, 7, SK_VA_MESSAGE_BUFFERS);
}

void actor_make(struct actor *actor, uint32_t core)
{
	struct actor first = { .space = world_space(SK_SPACE_KIND_PROCESS, 4), .next_slot = 1 };
	actor_sibling(actor, &first, core);
	actor->next_slot = 1;
}

void actor_serve(struct actor *actor)
{
	actor->endpoint = world_endpoint();
	K_OK(actor->thread, THREAD_TAG_BIND_ENDPOINT, actor->endpoint);
}

void actor_join(struct actor *actor, const struct actor *other)
{
	actor->endpoint = other->endpoint;
	K_OK(actor->thread, THREAD_TAG_BIND_ENDPOINT, actor->endpoint);
}

void actor_listen(struct actor *actor)
{
	actor->notification = world_notification();
	K_OK(actor->thread, THREAD_TAG_BIND_NOTIFICATION, actor->notification);
}

void actor_start(const struct actor *actor)
{
	K_OK(actor->thread, THREAD_TAG_START);
}

uint32_t actor_give(struct actor *actor, uint32_t slot, uint32_t rights, uint32_t badge)
{
	uint32_t to = actor->next_slot++;
	K_OK(actor->space, SPACE_TAG_CAP_GRANT, slot, to, rights, badge);
	return to;
}

uint32_t actor_client(struct actor *actor, const struct actor *server, uint32_t badge)
{
	return actor_give(actor, server->endpoint, SK_RIGHT_CALL | SK_RIGHT_GRANT, badge);
}

void actor_syscall(const struct actor *actor, uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_runs(actor);
	const uint64_t x[8] = { x0, x1, x2, x3, x2 + 2, x2 + 3, x2 + 4, x2 + 5 };
	mock_syscall(actor->core, number, x);
	if (mock.off) {
		fail_msg("the kernel gave up: %s", mock.console);
	}
}

void actor_crowd(struct actor *server, struct actor *clients, uint32_t *slots, uint32_t count, uint32_t core)
{
	struct core_plan_slot plan[SK_PLAN_SLOTS] = { 0 };
	uint32_t planned = 0;
	if (server->core == core) {
		plan[planned++].task = server->thread;
	}
	for (uint32_t i = 0; i < count; i++) {
		actor_make(&clients[i], core);
		slots[i] = actor_client(&clients[i], server, SK_BADGE(0x42, i));
		plan[planned++].task = clients[i].thread;
	}
	assert_int_equal(world_commit(core, 0, planned, plan), SK_OK);
	for (uint32_t i = 0; i < count; i++) {
		actor_start(&clients[i]);
	}
}

void actor_delivered(const struct actor *server, const struct actor *client, uint64_t tag, uint64_t w0)
{
	assert_runs(server);
	assert_state(client, CONTEXT_IN_SERVICE);
	assert_int_equal(actor_x(server, 0), SK_BADGE(0x42, 5));
	assert_int_equal(actor_x(server, 1), tag);
	assert_int_equal(actor_x(server, 2), w0);
	assert_int_equal(actor_x(server, 3), w0 + 1);
	assert_int_equal(actor_x(server, 7), w0 + 5);
	assert_int_equal(actor_token(server), client->c->token);
	invariants_check();
}
