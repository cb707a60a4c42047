/*
 * What the operator may ask (idl/supervisor.idl, operator). Nothing here
 * changes anything; orders are in operator_orders.c.
 */
#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor_server.h>
#include <sk/process.h>

#include "crash.h"
#include "object.h"
#include "process.h"
#include "ram.h"
#include "slots.h"
#include "system.h"

static const struct server *server_at(uint32_t index)
{
	return index < system_state.manifest.server_count ? &system_state.servers[index] : NULL;
}

static const struct vm *vm_at(uint32_t index)
{
	return index < system_state.manifest.vm_count ? &system_state.vms[index] : NULL;
}

static void set_name(uint8_t *to, uint32_t room, const char *name)
{
	strncpy((char *)to, name, room - 1);
}

sk_status_t operator_serve_system(const struct sk_caller *caller, uint32_t *servers, uint32_t *vms, uint32_t *cores,
				  uint32_t *crashes, uint64_t *now_ns)
{
	(void)caller;
	*servers = system_state.manifest.server_count;
	*vms = system_state.manifest.vm_count;
	*cores = system_state.core_count;
	*crashes = crash_count();
	*now_ns = sk_now_ns();
	return SK_OK;
}

static void ask_thread(sk_cap_t thread, struct sk_thread_detail *detail)
{
	enum thread_state state = THREAD_STATE_STOPPED;

	(void)thread_info(thread, &state, &detail->core, &detail->caller_badge, &detail->caller_tag,
			  &detail->calls_served, &detail->time_ns);
	detail->state = (uint32_t)state;
}

sk_status_t operator_serve_server(const struct sk_caller *caller, uint32_t index, struct sk_server_info *info)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	memset(info, 0, sizeof(*info));
	set_name(info->name, sizeof(info->name), server->config->name);
	set_name(info->image, sizeof(info->image), server->config->image);
	info->state = (uint32_t)server->state;
	info->instance = server->instance;
	info->threads = server->config->core_count;
	info->priority = server->config->priority;
	info->crashes = server->crashes;
	info->memory_bytes = server->ram_bytes;
	info->standby = (uint32_t)server->standby.state;
	info->standby_bytes = server->standby.bytes;
	for (uint32_t i = 0; i < server->config->core_count; i++) {
		info->cores |= 1u << server->config->cores[i];
		if (server->unusable == NULL) {
			struct sk_thread_detail detail = { 0 };

			ask_thread(server->workers[i].thread, &detail);
			info->calls_served += detail.calls_served;
			info->time_ns += detail.time_ns;
		}
	}
	return SK_OK;
}

sk_status_t operator_serve_vm(const struct sk_caller *caller, uint32_t index, struct sk_vm_info *info)
{
	const struct vm *vm = vm_at(index);

	(void)caller;
	if (vm == NULL) {
		return OPERATOR_ERROR_NO_SUCH_VM;
	}
	memset(info, 0, sizeof(*info));
	set_name(info->name, sizeof(info->name), vm->config->name);
	info->state = (uint32_t)vm->state;
	info->vcpus = vm->config->vcpus;
	info->vmm = vm->config->vmm;
	info->devices = vm->config->device_count;
	info->boots = vm->boots;
	info->memory_bytes = vm->ram_bytes;
	return SK_OK;
}

sk_status_t operator_serve_server_thread(const struct sk_caller *caller, uint32_t server_index, uint32_t index,
					 struct sk_thread_detail *detail)
{
	const struct server *server = server_at(server_index);

	(void)caller;
	if (server == NULL) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	if (server->unusable != NULL || index >= server->config->core_count) {
		return OPERATOR_ERROR_NO_SUCH_THREAD;
	}
	memset(detail, 0, sizeof(*detail));
	ask_thread(server->workers[index].thread, detail);
	detail->task = server->workers[index].task;
	return SK_OK;
}

sk_status_t operator_serve_vcpu(const struct sk_caller *caller, uint32_t vm_index, uint32_t index,
				struct sk_vcpu_detail *detail)
{
	const struct vm *vm = vm_at(vm_index);
	enum vcpu_state state;

	(void)caller;
	if (vm == NULL) {
		return OPERATOR_ERROR_NO_SUCH_VM;
	}
	memset(detail, 0, sizeof(*detail));
	if (index >= vm->config->vcpus ||
	    vcpu_info(vm->vcpus[index].vcpu, &state, &detail->core, &detail->exits, &detail->time_ns,
		      &detail->timer_deadline) != SK_OK) {
		return OPERATOR_ERROR_NO_SUCH_THREAD;
	}
	detail->state = (uint32_t)state;
	detail->task = vm->vcpus[index].task;
	(void)vcpu_exit_counts(vm->vcpus[index].vcpu, detail->exit_counts);
	return SK_OK;
}

sk_status_t operator_serve_capability(const struct sk_caller *caller, uint32_t index, uint32_t from,
				      struct sk_capability_detail *detail)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL || server->unusable != NULL) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	memset(detail, 0, sizeof(*detail));
	for (uint32_t slot = from == 0 ? 1 : from; slot <= SK_CAP_SLOTS; slot++) {
		enum sk_object_type type;

		if (space_cap_info(server->space, slot, &type, &detail->rights, &detail->badge, &detail->object,
				   &detail->generation) == SK_OK && type != SK_OBJECT_TYPE_NONE) {
			detail->slot = slot;
			detail->type = (uint32_t)type;
			return SK_OK;
		}
	}
	return OPERATOR_ERROR_NO_MORE;
}

static uint32_t mapped_at(const struct server *server, uint64_t address)
{
	uint64_t offset;
	sk_map_flags_t flags = 0;

	return space_query(server->space, page_floor(address), &offset, &flags) == SK_OK ? flags : 0;
}

sk_status_t operator_serve_server_region(const struct sk_caller *caller, uint32_t server_index, uint32_t index,
					 struct sk_region_detail *detail)
{
	const struct server *server = server_at(server_index);

	(void)caller;
	if (server == NULL || server->unusable != NULL) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	if (index >= server->start->region_count) {
		return OPERATOR_ERROR_NO_MORE;
	}

	const struct sk_start_region *region = &server->start->regions[index];
	uint64_t end = page_ceil(region->address + region->bytes);

	memset(detail, 0, sizeof(*detail));
	memcpy(detail->name, region->name, sizeof(detail->name));
	detail->address = region->address;
	detail->bytes = region->bytes;
	detail->flags = region->flags;
	detail->first = mapped_at(server, region->address);
	detail->last = mapped_at(server, end - SK_PAGE_BYTES);
	detail->outside = mapped_at(server, page_floor(region->address) - SK_PAGE_BYTES) | mapped_at(server, end);
	return SK_OK;
}

sk_status_t operator_serve_core_counters(const struct sk_caller *caller, uint32_t core, uint64_t *counts)
{
	(void)caller;
	if (core >= system_state.core_count) {
		return OPERATOR_ERROR_NO_MORE;
	}
	return core_counters(system_state.cores[core], counts) == SK_OK ? SK_OK : OPERATOR_ERROR_FAILED;
}

sk_status_t operator_serve_memory(const struct sk_caller *caller, struct sk_memory_info *info)
{
	struct ram_totals totals;

	(void)caller;
	memset(info, 0, sizeof(*info));
	ram_totals(&totals);
	info->total_bytes = totals.total_bytes;
	info->free_bytes = totals.free_bytes;
	info->largest_bytes = totals.largest_bytes;
	info->slots_used = slots_used();
	info->slots_total = SK_CAP_SLOTS;
	(void)machine_objects(SK_BOOT_SLOT_MACHINE, &info->objects_used, &info->objects_total);
	return SK_OK;
}

sk_status_t operator_serve_crash(const struct sk_caller *caller, uint32_t number, struct sk_crash_record *record)
{
	const struct sk_crash_record *found = crash_find(number);

	(void)caller;
	if (found == NULL) {
		return OPERATOR_ERROR_NO_SUCH_RECORD;
	}
	*record = *found;
	return SK_OK;
}

sk_status_t operator_serve_crash_text(const struct sk_caller *caller, uint32_t number, uint32_t offset, uint8_t *text,
				      uint32_t *text_bytes)
{
	static char whole[CRASH_TEXT_BYTES];
	const struct sk_crash_record *found = crash_find(number);

	(void)caller;
	if (found == NULL) {
		return OPERATOR_ERROR_NO_SUCH_RECORD;
	}

	struct symbols program = process_program((const char *)found->name);
	uint32_t length = crash_format(found, &program, whole, sizeof(whole));
	uint32_t left = offset < length ? length - offset : 0;

	*text_bytes = left < *text_bytes ? left : *text_bytes;
	memcpy(text, whole + (length - left), *text_bytes);
	return SK_OK;
}
