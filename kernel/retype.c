/*
 * Retyping: memory that a caller hands over becomes a kernel object. The memory's
 * own entry in the table is the object's: its generation is bumped, so every
 * capability to the memory is stale, and the object's capability is the only way
 * to it. Destroying the object turns the entry back into memory.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

/* Checks what every creation needs: free RAM of the size. */
static sk_status_t check(const struct object *memory, uint32_t pages)
{
	if (memory->memory.device) {
		return SK_BAD_ARG;
	}
	if (memory->bytes < (uint64_t)pages * SK_PAGE_BYTES) {
		return SK_NO_MEMORY;
	}
	if (memory_in_use(memory)) {
		return SK_BAD_STATE;
	}
	/* Joined to the memory below it, it can be split off with an entry of its own. */
	return object_lasts(memory) ? SK_OK : SK_NO_SLOT;
}

/* One page of RAM that the new object shares with processes: message buffer, state page; mappings don't matter. */
static bool shareable(const struct object *page, const struct object *memory)
{
	return !page->memory.device && page->bytes == SK_PAGE_BYTES && page != memory;
}

/* What is over is not looked at: a space zeroes each page of its pool when it takes it. */
static void clear(const struct object *memory, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++) {
		arch_clear_page((void *)(uintptr_t)(memory->base + i * SK_PAGE_BYTES));
	}
}

/* The entry changes its type; nothing can fail any more. */
static sk_status_t become(struct kernel_call *call, enum object_type type, void *body, uint32_t dest)
{
	struct object *object = call->object;
	object_bump(object);
	object->type = (uint8_t)type;
	object->body = body;
	call_install(call, dest, object_capability(object, SK_RIGHTS_ALL, 0));
	return SK_OK;
}

sk_status_t memory_do_create_space(struct kernel_call *call, struct object *memory, enum sk_space_kind kind,
				   sk_slot_t dest)
{
	sk_status_t status = check(memory, SK_SPACE_PAGES);
	if (status != SK_OK) {
		return status;
	}
	clear(memory, SK_SPACE_PAGES);
	/* The body shares its place with the memory's bookkeeping, which is all zero here. */
	status = space_create(memory, kind == SK_SPACE_KIND_VM);
	if (status != SK_OK) {
		memory->memory = (struct memory){ 0 };
		return status;
	}
	return become(call, OBJECT_SPACE, memory->body, dest);
}

sk_status_t memory_do_create_thread(struct kernel_call *call, struct object *memory, struct space *process,
				    uint32_t core, struct object *buffer, sk_slot_t dest)
{
	sk_status_t status = check(memory, 1);
	if (status != SK_OK || !shareable(buffer, memory) || process->vm || core >= core_count || !core_at(core)->online) {
		return status != SK_OK ? status : SK_BAD_ARG;
	}
	clear(memory, 1);
	struct thread *thread = (struct thread *)(uintptr_t)memory->base;
	buffer->memory.pins++;
	thread_create(thread, memory, process, core, buffer);
	return become(call, OBJECT_THREAD, thread, dest);
}

sk_status_t memory_do_create_vcpu(struct kernel_call *call, struct object *memory, struct space *vm, uint32_t core,
				  struct object *state, uint64_t config, sk_slot_t dest)
{
	sk_status_t status = check(memory, 1);
	if (status != SK_OK || !shareable(state, memory) || !vm->vm || core >= core_count ||
	    vm->vcpu_count == SK_VM_VCPUS_MAX) {
		return status != SK_OK ? status : SK_BAD_ARG;
	}
	clear(memory, 1);
	struct vcpu *vcpu = (struct vcpu *)(uintptr_t)memory->base;
	status = vcpu_create(vcpu, memory, vm, core, state, config);
	if (status != SK_OK) {
		return status;
	}
	state->memory.pins++;
	return become(call, OBJECT_VCPU, vcpu, dest);
}

/* An object of one page that so far knows nothing but its entry, by the pointer at `link` in it. */
static sk_status_t create_plain(struct kernel_call *call, struct object *memory, enum object_type type, size_t link,
				sk_slot_t dest)
{
	sk_status_t status = check(memory, 1);
	if (status == SK_OK) {
		clear(memory, 1);
		*(struct object **)(uintptr_t)(memory->base + link) = memory;
		status = become(call, type, (void *)(uintptr_t)memory->base, dest);
	}
	return status;
}

sk_status_t memory_do_create_endpoint(struct kernel_call *call, struct object *memory, sk_slot_t dest)
{
	return create_plain(call, memory, OBJECT_ENDPOINT, offsetof(struct endpoint, object), dest);
}

sk_status_t memory_do_create_notification(struct kernel_call *call, struct object *memory, sk_slot_t dest)
{
	return create_plain(call, memory, OBJECT_NOTIFICATION, offsetof(struct notification, object), dest);
}
