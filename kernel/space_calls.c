/*
 * Calls on spaces: capability tables, mappings, and what a VM has besides.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

static struct space *space_in(const struct kernel_call *call)
{
	return call->object->body;
}

sk_status_t space_do_cap_grant(struct kernel_call *call, sk_slot_t from, sk_slot_t to, sk_rights_t rights, uint32_t badge)
{
	struct space *target = space_in(call);
	if (target->vm || from > SK_CAP_SLOTS || to == 0 || to > SK_CAP_SLOTS || badge >> SK_BADGE_BITS != 0) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	capability cap = call->thread->context.space->slots[from];
	struct object *object = object_resolve(cap, &status);
	if (object == NULL) {
		return status;
	}
	if ((capability_rights(cap) & SK_RIGHT_GRANT) == 0) {
		return SK_NO_RIGHT;
	}
	bool badged = object->type == OBJECT_ENDPOINT || object->type == OBJECT_NOTIFICATION;
	if (badge != 0 && (!badged || capability_badge(cap) != 0)) {
		return SK_BAD_ARG;
	}
	if (object_resolve(target->slots[to], &status) != NULL) {
		return SK_NO_SLOT;
	}
	capability granted = capability_make(capability_index(cap), capability_generation(cap),
					     capability_rights(cap) & rights,
					     badge != 0 ? badge : capability_badge(cap));
	__atomic_store_n(&target->slots[to], granted, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_cap_delete(struct kernel_call *call, sk_slot_t at)
{
	struct space *target = space_in(call);
	if (target->vm || at > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	__atomic_store_n(&target->slots[at], CAPABILITY_NONE, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_cap_info(struct kernel_call *call, sk_slot_t at, enum sk_object_type *type, sk_rights_t *rights,
			      uint32_t *badge, uint32_t *object_number, uint32_t *generation)
{
	struct space *target = space_in(call);
	if (target->vm || at > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	capability cap = target->slots[at];
	const struct object *object = object_resolve(cap, &status);
	*type = object != NULL ? (enum sk_object_type)object->type : SK_OBJECT_TYPE_NONE;
	*rights = capability_rights(cap) & SK_RIGHTS_ALL;
	*badge = capability_badge(cap);
	*object_number = capability_index(cap);
	*generation = capability_generation(cap);
	return SK_OK;
}

sk_status_t space_do_donate(struct kernel_call *call, sk_slot_t slot)
{
	struct space *space = space_in(call);
	sk_status_t status;
	struct object *memory = call_slot(call, slot, OBJECT_MEMORY, SK_RIGHT_CONTROL, &status);
	if (memory == NULL) {
		return status;
	}
	if (memory->memory.device) {
		return SK_BAD_ARG;
	}
	if (memory->memory.mapping_count != 0 || memory->memory.pins != 0) {
		return SK_BAD_STATE;
	}
	/* Until the space is destroyed it is not memory: nobody may map or clear what tables are made of. */
	memory->type = OBJECT_NONE;
	space_give_tables(space, (void *)(uintptr_t)memory->base, memory->bytes / SK_PAGE_BYTES);
	memory->next_free = space->donations;
	space->donations = (uint16_t)object_index(memory);
	return SK_OK;
}

sk_status_t space_do_map(struct kernel_call *call, sk_slot_t slot, uint64_t address, uint64_t offset, uint64_t size,
			 sk_map_flags_t flags)
{
	/* Map flags and rights are the same bits for read, write and execute. */
	uint32_t rights = flags & (SK_RIGHT_READ | SK_RIGHT_WRITE | SK_RIGHT_EXECUTE);
	bool write_and_execute = (flags & SK_MAP_FLAGS_WRITE) != 0 && (flags & SK_MAP_FLAGS_EXECUTE) != 0;
	if (rights == 0 || (write_and_execute && !space_in(call)->vm)) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	struct object *memory = call_slot(call, slot, OBJECT_MEMORY, rights, &status);
	return memory == NULL ? status : space_map(space_in(call), memory, address, offset, size, flags);
}

sk_status_t space_do_unmap(struct kernel_call *call, uint64_t address)
{
	/* What a first, interrupted try has unmapped already is no longer part of the mapping. */
	uint64_t begin = address + call->thread->progress;
	struct object *mapping = space_mapping_at(space_in(call), begin, 1);
	if (mapping == NULL || mapping->mapping.address != begin) {
		return SK_BAD_ARG;
	}
	uint64_t bytes = mapping->bytes;
	if (!space_unmap(mapping)) {
		call->thread->progress += bytes - mapping->bytes;
		return KERNEL_RESTART;
	}
	return SK_OK;
}

sk_status_t space_do_query(struct kernel_call *call, uint64_t address, uint64_t *memory_base, sk_map_flags_t *flags)
{
	uint64_t physical = 0;
	uint32_t mapped = 0;
	if (!arch_query(space_in(call), address, &physical, &mapped)) {
		return SK_BAD_ARG;
	}
	/* Where in its memory object, not where in the machine. */
	const struct object *mapping = space_mapping_at(space_in(call), address, 1);
	*memory_base = mapping == NULL ? 0 : physical - object_at(mapping->mapping.memory)->base;
	*flags = mapped;
	return SK_OK;
}

sk_status_t space_do_set_lines(struct kernel_call *call, sk_slot_t slot, uint32_t shared_lines)
{
	struct space *vm = space_in(call);
	sk_status_t status;
	struct object *table = call_slot(call, slot, OBJECT_MEMORY, SK_RIGHT_CONTROL, &status);
	if (table == NULL) {
		return status;
	}
	if (!vm->vm || table->memory.device || shared_lines > SK_SHARED_LINES_MAX ||
	    table->bytes < sk_line_table_bytes(shared_lines)) {
		return SK_BAD_ARG;
	}
	if (vm->lines != NULL) {
		return SK_BAD_STATE;
	}
	table->memory.pins++;
	vm->lines_object = table;
	vm->shared_lines = shared_lines;
	__atomic_store_n(&vm->lines, (struct sk_line *)(uintptr_t)table->base, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_create_virq(struct kernel_call *call, uint32_t line, sk_slot_t dest)
{
	struct space *vm = space_in(call);
	if (!vm->vm || vm->lines == NULL || line < SK_PRIVATE_LINES || line - SK_PRIVATE_LINES >= vm->shared_lines) {
		return SK_BAD_ARG;
	}
	sk_status_t status = call_destination(call, dest);
	if (status != SK_OK) {
		return status;
	}
	struct object *object = object_allocate(OBJECT_VIRQ);
	if (object == NULL) {
		return SK_NO_SLOT;
	}
	object->virq.line = line;
	object->virq.vm = vm;
	vm->virqs++;
	call_install(call, dest, object_capability(object, SK_RIGHTS_ALL, 0));
	return SK_OK;
}

/* Its vCPUs look routes up without a lock, so routes change only while none runs. */
static bool vm_runs(const struct space *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpus[i]->life == VCPU_RUNNING || vm->vcpus[i]->life == VCPU_BLOCKED) {
			return true;
		}
	}
	return false;
}

sk_status_t space_do_route_range(struct kernel_call *call, uint64_t address, uint64_t size, sk_slot_t slot)
{
	struct space *vm = space_in(call);
	sk_status_t status;
	struct object *endpoint = call_slot(call, slot, OBJECT_ENDPOINT, SK_RIGHT_CALL, &status);
	if (endpoint == NULL) {
		return status;
	}
	if (!vm->vm || size == 0 || size > UINT64_MAX - address) {
		return SK_BAD_ARG;
	}
	if (vm->route_count == SPACE_ROUTES) {
		return SK_NO_MEMORY;
	}
	uint32_t at = 0;
	while (at < vm->route_count && vm->routes[at].address + vm->routes[at].bytes <= address) {
		at++;
	}
	if (at < vm->route_count && vm->routes[at].address < address + size) {
		return SK_OVERLAP;
	}
	if (vm_runs(vm)) {
		return SK_BAD_STATE;
	}
	for (uint32_t i = vm->route_count; i > at; i--) {
		vm->routes[i] = vm->routes[i - 1u];
	}
	vm->routes[at] = (struct route){
		.address = address, .bytes = size, .to = {
			.endpoint = endpoint, .generation = endpoint->generation,
			.badge = capability_badge(call->thread->context.space->slots[slot]),
		},
	};
	vm->route_count++;
	return SK_OK;
}

sk_status_t space_do_unroute_range(struct kernel_call *call, uint64_t address)
{
	struct space *vm = space_in(call);
	if (!vm->vm) {
		return SK_BAD_ARG;
	}
	if (vm_runs(vm)) {
		return SK_BAD_STATE;
	}
	for (uint32_t i = 0; i < vm->route_count; i++) {
		if (vm->routes[i].address == address) {
			vm->route_count--;
			for (uint32_t j = i; j < vm->route_count; j++) {
				vm->routes[j] = vm->routes[j + 1u];
			}
			/* A vCPU may remember this place: nothing is in it any more. */
			vm->routes[vm->route_count] = (struct route){ 0 };
			return SK_OK;
		}
	}
	return SK_BAD_ARG;
}

sk_status_t space_do_line_update(struct kernel_call *call, uint32_t line, uint32_t vcpu, enum space_line_change change)
{
	struct space *vm = space_in(call);
	return vm->vm && vm->lines != NULL ? virq_update(vm, vcpu, line, change) : SK_BAD_ARG;
}

sk_status_t space_do_destroy(struct kernel_call *call)
{
	struct space *space = space_in(call);
	if (space == call->thread->context.space || space->threads != NULL || space->vcpu_count != 0 || space->virqs != 0) {
		return SK_BAD_STATE;
	}
	if (!space_clear(space)) {
		return KERNEL_RESTART;
	}
	object_bump(call->object);
	core_quiesce();
	arch_space_release(space);
	if (space->lines_object != NULL) {
		space->lines_object->memory.pins--;
	}
	for (uint16_t index = space->donations; index != 0; index = object_at(index)->next_free) {
		object_at(index)->type = OBJECT_MEMORY;
	}
	retype_back(call->object);
	call_return_memory(call);
	return SK_OK;
}
