/*
 * Calls on spaces: capability tables, mappings, and what a VM has besides.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

sk_status_t space_do_cap_grant(struct kernel_call *call, struct space *space, sk_slot_t from, sk_table_slot_t to,
			       sk_rights_t rights, uint32_t badge)
{
	if (space->vm || from > SK_CAP_SLOTS || to == 0 || to > SK_CAP_SLOTS || badge >> SK_BADGE_BITS != 0) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	capability cap = slot_load(call->process, from);
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
	if (object_resolve(space->slots[to], &status) != NULL) {
		return SK_NO_SLOT;
	}
	capability granted = object_capability(object, capability_rights(cap) & rights,
					       badge != 0 ? badge : capability_badge(cap));
	__atomic_store_n(&space->slots[to], granted, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_cap_delete(struct space *space, sk_table_slot_t at)
{
	if (space->vm || at > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	__atomic_store_n(&space->slots[at], CAPABILITY_NONE, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_cap_info(struct space *space, sk_table_slot_t at, enum sk_object_type *type, sk_rights_t *rights,
			      uint32_t *badge, uint32_t *object_number, uint32_t *generation)
{
	if (space->vm || at > SK_CAP_SLOTS) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	capability cap = space->slots[at];
	const struct object *object = object_resolve(cap, &status);
	*type = object != NULL ? (enum sk_object_type)object->type : SK_OBJECT_TYPE_NONE;
	*rights = capability_rights(cap) & SK_RIGHTS_ALL;
	*badge = capability_badge(cap);
	*object_number = capability_index(cap);
	*generation = capability_generation(cap);
	return SK_OK;
}

sk_status_t space_do_donate(struct space *space, struct object *memory)
{
	if (memory->memory.device) {
		return SK_BAD_ARG;
	}
	if (memory_in_use(memory)) {
		return SK_BAD_STATE;
	}
	/* Until the space is destroyed it is not memory: nobody may map or clear what tables are made of. */
	memory->type = OBJECT_NONE;
	space_give_tables(space, (void *)(uintptr_t)memory->base, memory->bytes / SK_PAGE_BYTES);
	memory->next_free = space->donations;
	space->donations = (uint16_t)object_index(memory);
	return SK_OK;
}

sk_status_t space_do_map(struct kernel_call *call, struct space *space, sk_slot_t slot, uint64_t address,
			 uint64_t offset, uint64_t size, sk_map_flags_t flags)
{
	/* Map flags and rights are the same bits for read, write and execute. */
	uint32_t rights = flags & (SK_RIGHT_READ | SK_RIGHT_WRITE | SK_RIGHT_EXECUTE);
	bool write_and_execute = (flags & SK_MAP_FLAGS_WRITE) != 0 && (flags & SK_MAP_FLAGS_EXECUTE) != 0;
	if (rights == 0 || (write_and_execute && !space->vm)) {
		return SK_BAD_ARG;
	}
	sk_status_t status;
	struct object *memory = call_object(call, slot, OBJECT_MEMORY, rights, &status);
	return memory == NULL ? status : space_map(space, memory, address, offset, size, flags);
}

sk_status_t space_do_unmap(struct space *space, uint64_t address)
{
	/* What a first, interrupted try has unmapped already is no longer part of the mapping. */
	struct thread *caller = call_thread();
	uint64_t begin = address + caller->progress;
	struct object *mapping = space_mapping_at(space, begin, 1);
	if (mapping == NULL || mapping->mapping.address != begin) {
		return SK_BAD_ARG;
	}
	uint64_t bytes = mapping->bytes;
	if (!mapping_remove(mapping)) {
		caller->progress += bytes - mapping->bytes;
		return KERNEL_RESTART;
	}
	return SK_OK;
}

sk_status_t space_do_query(struct space *space, uint64_t address, uint64_t *memory_base, sk_map_flags_t *flags)
{
	uint64_t physical = 0;
	uint32_t mapped = 0;
	if (!arch_query(space, address, &physical, &mapped)) {
		return SK_BAD_ARG;
	}
	/* Where in its memory object, not where in the machine. */
	const struct object *mapping = space_mapping_at(space, address, 1);
	*memory_base = mapping == NULL ? 0 : physical - object_at(mapping->mapping.memory)->base;
	*flags = mapped;
	return SK_OK;
}

sk_status_t space_do_set_lines(struct space *space, struct object *table, uint32_t shared_lines)
{
	if (!space->vm || table->memory.device || shared_lines > SK_SHARED_LINES_MAX ||
	    table->bytes < sk_line_table_bytes(shared_lines)) {
		return SK_BAD_ARG;
	}
	if (space->lines != NULL) {
		return SK_BAD_STATE;
	}
	table->memory.pins++;
	space->lines_object = table;
	space->shared_lines = shared_lines;
	__atomic_store_n(&space->lines, (struct sk_line *)(uintptr_t)table->base, __ATOMIC_RELEASE);
	return SK_OK;
}

sk_status_t space_do_create_virq(struct kernel_call *call, struct space *space, uint32_t line, sk_slot_t dest)
{
	if (!space->vm || space->lines == NULL || line < SK_PRIVATE_LINES ||
	    line - SK_PRIVATE_LINES >= space->shared_lines) {
		return SK_BAD_ARG;
	}
	struct object *object = object_allocate(OBJECT_VIRQ);
	if (object == NULL) {
		return SK_NO_SLOT;
	}
	object->virq.line = line;
	object->virq.vm = space;
	space->virqs++;
	call_install(call, dest, object_capability(object, SK_RIGHTS_ALL, 0));
	return SK_OK;
}

/* Its vCPUs look routes up without a lock, so routes change only while none runs. */
static bool vm_runs(const struct space *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpus[i]->life == VCPU_STATE_RUNNING || vm->vcpus[i]->life == VCPU_STATE_BLOCKED) {
			return true;
		}
	}
	return false;
}

/* Whoever reads the route meanwhile, on another core, finds it stale: never half of the one and half of the other. */
static void redirect(struct exit_route *route, const struct exit_route *to)
{
	__atomic_store_n(&route->generation, route->generation - 1u, __ATOMIC_RELAXED);
	core_quiesce();
	route->endpoint = to->endpoint;
	route->badge = to->badge;
	core_quiesce();
	__atomic_store_n(&route->generation, to->generation, __ATOMIC_RELEASE);
}

sk_status_t space_do_route_range(struct space *space, uint64_t address, uint64_t size, struct endpoint *endpoint,
				 uint32_t badge)
{
	if (!space->vm || size == 0 || size > UINT64_MAX - address) {
		return SK_BAD_ARG;
	}
	const struct exit_route to = { endpoint->object, endpoint->object->generation, badge };
	uint32_t at = 0;
	while (at < space->route_count && space->routes[at].address + space->routes[at].bytes <= address) {
		at++;
	}
	if (at < space->route_count && space->routes[at].address < address + size) {
		if (space->routes[at].address != address || space->routes[at].bytes != size) {
			return SK_OVERLAP;
		}
		redirect(&space->routes[at].to, &to);
		return SK_OK;
	}
	if (space->route_count == SPACE_ROUTES) {
		return SK_NO_MEMORY;
	}
	if (vm_runs(space)) {
		return SK_BAD_STATE;
	}
	for (uint32_t i = space->route_count; i > at; i--) {
		space->routes[i] = space->routes[i - 1u];
	}
	space->routes[at] = (struct route){ .address = address, .bytes = size, .to = to };
	space->route_count++;
	return SK_OK;
}

sk_status_t space_do_line_update(struct space *space, uint32_t line, uint32_t vcpu, enum space_line_change change)
{
	return space->vm && space->lines != NULL ? virq_update(space, vcpu, line, change) : SK_BAD_ARG;
}

sk_status_t space_do_destroy(struct space *space)
{
	if (space == call_thread()->context.space || space->threads != NULL || space->vcpu_count != 0 ||
	    space->virqs != 0) {
		return SK_BAD_STATE;
	}
	if (!mapping_remove_all(&space->mappings)) {
		return KERNEL_RESTART;
	}
	object_bump(space->object);
	core_quiesce();
	arch_space_release(space);
	if (space->lines_object != NULL) {
		space->lines_object->memory.pins--;
	}
	for (uint16_t index = space->donations; index != 0; index = object_at(index)->next_free) {
		object_at(index)->type = OBJECT_MEMORY;
	}
	return SK_OK;
}
