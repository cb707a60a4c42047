/*
 * What the operator may order (idl/supervisor.idl, operator). Orders to VMs are
 * answered when their VMM has carried them out.
 */
#include <sk/idl/supervisor_server.h>

#include "lifecycle.h"
#include "power.h"
#include "vm.h"

static sk_status_t order(const struct sk_caller *caller, uint32_t index, enum vm_order what)
{
	if (index >= system_state.manifest.vm_count) {
		return OPERATOR_ERROR_NO_SUCH_VM;
	}
	switch (vm_order(&system_state.vms[index], what, caller->token)) {
	case SK_OK:
		return SK_DEFERRED;
	case SK_BAD_STATE:
		return OPERATOR_ERROR_WRONG_STATE;
	default:
		return OPERATOR_ERROR_BUSY;
	}
}

sk_status_t operator_serve_vm_start(const struct sk_caller *caller, uint32_t vm)
{
	return order(caller, vm, VM_START);
}

sk_status_t operator_serve_vm_pause(const struct sk_caller *caller, uint32_t vm)
{
	return order(caller, vm, VM_PAUSE);
}

sk_status_t operator_serve_vm_resume(const struct sk_caller *caller, uint32_t vm)
{
	return order(caller, vm, VM_RESUME);
}

sk_status_t operator_serve_vm_stop(const struct sk_caller *caller, uint32_t vm)
{
	return order(caller, vm, VM_STOP);
}

sk_status_t operator_serve_vm_reset(const struct sk_caller *caller, uint32_t vm)
{
	return order(caller, vm, VM_RESET);
}

static sk_status_t answer(uint32_t index, sk_status_t (*what)(struct vm *))
{
	if (index >= system_state.manifest.vm_count) {
		return OPERATOR_ERROR_NO_SUCH_VM;
	}
	switch (what(&system_state.vms[index])) {
	case SK_OK:
		return SK_OK;
	case SK_BAD_STATE:
		return OPERATOR_ERROR_WRONG_STATE;
	default:
		return OPERATOR_ERROR_FAILED;
	}
}

sk_status_t operator_serve_vm_destroy(const struct sk_caller *caller, uint32_t vm)
{
	(void)caller;
	return answer(vm, vm_destroy);
}

sk_status_t operator_serve_vm_create(const struct sk_caller *caller, uint32_t vm)
{
	(void)caller;
	return answer(vm, vm_create);
}

/* The server that is called from is stopped with the call in service: it never hears the answer. */
sk_status_t operator_serve_server_kill(const struct sk_caller *caller, uint32_t server)
{
	(void)caller;
	if (server >= system_state.manifest.server_count) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	return lifecycle_kill(&system_state.servers[server], SK_CRASH_REASON_KILLED) == SK_OK
		       ? SK_OK
		       : OPERATOR_ERROR_WRONG_STATE;
}

sk_status_t operator_serve_server_restart(const struct sk_caller *caller, uint32_t server)
{
	(void)caller;
	if (server >= system_state.manifest.server_count) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	return lifecycle_restart(&system_state.servers[server]) == SK_OK ? SK_OK : OPERATOR_ERROR_WRONG_STATE;
}

sk_status_t operator_serve_power_off(const struct sk_caller *caller)
{
	(void)caller;
	power_down(POWER_OFF);
	return SK_OK;
}

sk_status_t operator_serve_machine_reset(const struct sk_caller *caller)
{
	(void)caller;
	power_down(POWER_RESET);
	return SK_OK;
}
