/*
 * Retyping: memory that a caller hands over becomes a kernel object. The memory's
 * own entry in the table is the object's: its generation is bumped, so every
 * capability to the memory is stale, and the object's capability is the only way
 * to it. Destroying the object turns the entry back into memory.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

/* Checks what every creation needs: free RAM of the size, and an empty slot for the result. */
static sk_status_t check(const struct kernel_call *call, uint32_t pages, uint32_t dest)
{
	const struct object *memory = call->object;
	if (memory->memory.device) {
		return SK_BAD_ARG;
	}
	if (memory->bytes < (uint64_t)pages * SK_PAGE_BYTES) {
		return SK_NO_MEMORY;
	}
	if (memory->memory.mapping_count != 0 || memory->memory.pins != 0) {
		return SK_BAD_STATE;
	}
	if (!object_lasts(memory)) {
		return SK_NO_SLOT; /* joined to the memory below it, it can be split off with an entry of its own */
	}
	/* The invoked slot itself may take the result: its memory capability is about to be stale. */
	return dest == call->slot ? SK_OK : call_destination(call, dest);
}

/* One page of RAM that the new object shares with processes: message buffer, state page. */
static struct object *shared_page(const struct kernel_call *call, uint32_t slot, sk_status_t *status)
{
	struct object *page = call_slot(call, slot, OBJECT_MEMORY, SK_RIGHT_CONTROL, status);
	if (page != NULL && (page->memory.device || page->bytes != SK_PAGE_BYTES || page == call->object)) {
		*status = SK_BAD_ARG;
		return NULL;
	}
	return page;
}

/* What is over is not looked at: a space zeroes each page of its pool when it takes it. */
static void clear(const struct object *memory, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++) {
		arch_clear_page((void *)(uintptr_t)(memory->base + i * SK_PAGE_BYTES));
	}
}

/* The entry changes its type; nothing can fail any more. */
static void become(struct kernel_call *call, enum object_type type, void *body, uint32_t dest)
{
	struct object *object = call->object;
	object_bump(object);
	object->type = (uint8_t)type;
	object->body = body;
	call_install(call, dest, object_capability(object, SK_RIGHTS_ALL, 0));
}

void retype_back(struct object *object)
{
	object->type = OBJECT_MEMORY;
	object->memory = (struct memory){ 0 };
}

sk_status_t memory_do_create_space(struct kernel_call *call, enum sk_space_kind kind, sk_slot_t dest)
{
	sk_status_t status = check(call, SPACE_PAGES, dest);
	if (status != SK_OK) {
		return status;
	}
	clear(call->object, SPACE_PAGES);
	/* The body shares its place with the memory's bookkeeping, which is all zero here. */
	status = space_create(call->object, kind == SK_SPACE_KIND_VM);
	if (status != SK_OK) {
		call->object->memory = (struct memory){ 0 };
		return status;
	}
	become(call, OBJECT_SPACE, call->object->body, dest);
	return SK_OK;
}

sk_status_t memory_do_create_thread(struct kernel_call *call, sk_slot_t process, uint32_t core, sk_slot_t buffer,
				    sk_slot_t dest)
{
	sk_status_t status = check(call, 1, dest);
	if (status != SK_OK) {
		return status;
	}
	struct object *space = call_slot(call, process, OBJECT_SPACE, SK_RIGHT_CONTROL, &status);
	if (space == NULL) {
		return status;
	}
	struct object *page = shared_page(call, buffer, &status);
	if (page == NULL) {
		return status;
	}
	if (((struct space *)space->body)->vm || core >= core_count || !core_at(core)->online) {
		return SK_BAD_ARG;
	}
	clear(call->object, 1);
	struct thread *thread = (struct thread *)(uintptr_t)call->object->base;
	page->memory.pins++;
	thread_create(thread, call->object, space->body, core, page);
	become(call, OBJECT_THREAD, thread, dest);
	return SK_OK;
}

sk_status_t memory_do_create_vcpu(struct kernel_call *call, sk_slot_t vm, uint32_t core, sk_slot_t state,
				  uint64_t config, sk_slot_t dest)
{
	sk_status_t status = check(call, 1, dest);
	if (status != SK_OK) {
		return status;
	}
	struct object *space_object = call_slot(call, vm, OBJECT_SPACE, SK_RIGHT_CONTROL, &status);
	if (space_object == NULL) {
		return status;
	}
	/* The state page is mapped by the VMM already, or will be: mappings don't matter. */
	struct object *page = shared_page(call, state, &status);
	if (page == NULL) {
		return status;
	}
	struct space *space = space_object->body;
	if (!space->vm || core >= core_count || space->vcpu_count == SK_VM_VCPUS_MAX) {
		return SK_BAD_ARG;
	}
	clear(call->object, 1);
	struct vcpu *vcpu = (struct vcpu *)(uintptr_t)call->object->base;
	status = vcpu_create(vcpu, call->object, space, core, page, config);
	if (status != SK_OK) {
		return status;
	}
	page->memory.pins++;
	become(call, OBJECT_VCPU, vcpu, dest);
	return SK_OK;
}

sk_status_t memory_do_create_endpoint(struct kernel_call *call, sk_slot_t dest)
{
	sk_status_t status = check(call, 1, dest);
	if (status != SK_OK) {
		return status;
	}
	clear(call->object, 1);
	struct endpoint *endpoint = (struct endpoint *)(uintptr_t)call->object->base;
	endpoint->object = call->object;
	become(call, OBJECT_ENDPOINT, endpoint, dest);
	return SK_OK;
}

sk_status_t memory_do_create_notification(struct kernel_call *call, sk_slot_t dest)
{
	sk_status_t status = check(call, 1, dest);
	if (status != SK_OK) {
		return status;
	}
	clear(call->object, 1);
	struct notification *notification = (struct notification *)(uintptr_t)call->object->base;
	notification->object = call->object;
	become(call, OBJECT_NOTIFICATION, notification, dest);
	return SK_OK;
}
