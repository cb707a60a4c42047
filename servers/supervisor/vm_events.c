/*
 * What VMMs tell about their VMs (idl/supervisor.idl, vm_events). A VMM is the
 * client whose VM has the badge's client id as index; it can speak for no other.
 */
#include <stdio.h>

#include <sk/idl/supervisor_server.h>

#include "vm.h"

#define WHY_BYTES 128u

static struct vm *vm_of(const struct sk_caller *caller)
{
	uint32_t index = SK_BADGE_CLIENT(caller->badge);

	return index < system_state.manifest.vm_count ? &system_state.vms[index] : NULL;
}

static bool is_alive(const struct vm *vm)
{
	return vm != NULL && (vm->state == SK_VM_STATE_RUNNING || vm->state == SK_VM_STATE_LOADING ||
			      vm->state == SK_VM_STATE_PAUSED);
}

sk_status_t vm_events_serve_started(const struct sk_caller *caller)
{
	struct vm *vm = vm_of(caller);

	if (!is_alive(vm)) {
		return VM_EVENTS_ERROR_WRONG_STATE;
	}
	printf("vm %s: started\n", vm->config->name);
	return SK_OK;
}

sk_status_t vm_events_serve_off(const struct sk_caller *caller)
{
	struct vm *vm = vm_of(caller);

	if (!is_alive(vm)) {
		return VM_EVENTS_ERROR_WRONG_STATE;
	}
	vm_is_off(vm);
	return SK_OK;
}

sk_status_t vm_events_serve_reset(const struct sk_caller *caller)
{
	struct vm *vm = vm_of(caller);

	return is_alive(vm) && vm_wants_reset(vm) == SK_OK ? SK_OK : VM_EVENTS_ERROR_WRONG_STATE;
}

sk_status_t vm_events_serve_failed(const struct sk_caller *caller, const uint8_t *why, uint32_t why_bytes)
{
	struct vm *vm = vm_of(caller);
	char text[WHY_BYTES + 1];
	uint32_t length = 0;

	if (!is_alive(vm)) {
		return VM_EVENTS_ERROR_WRONG_STATE;
	}
	/* One line of the control stream: what a VMM says can't begin another. */
	while (length < why_bytes && length < WHY_BYTES) {
		text[length] = why[length] >= ' ' && why[length] < 0x7f ? (char)why[length] : '?';
		length++;
	}
	text[length] = '\0';
	vm_is_failed(vm, text);
	return SK_OK;
}

sk_status_t vm_events_serve_state(const struct sk_caller *caller, enum sk_vm_state *state, uint32_t *boots)
{
	const struct vm *vm = vm_of(caller);

	if (vm == NULL) {
		return VM_EVENTS_ERROR_WRONG_STATE;
	}
	*state = vm->state;
	*boots = vm->boots;
	return SK_OK;
}
