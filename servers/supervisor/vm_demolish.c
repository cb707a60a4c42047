/*
 * Taking a VM down and making it again while the system runs. What its VMM and its devices'
 * servers hold of it was granted last, so it is taken back as a whole, and their new
 * instances read a start page that names the new objects.
 */
#include <sk/idl/kernel_client.h>

#include "failed.h"
#include "grant.h"
#include "hardware.h"
#include "lifecycle.h"
#include "object.h"
#include "process.h"
#include "slots.h"
#include "tasks.h"
#include "vm.h"
#include "wiring.h"

/* Calls `act` for each server that serves the VM: VMM first, then the devices'. */
static void each_server(const struct vm *vm, void (*act)(struct server *))
{
	act(&system_state.servers[vm->config->vmm]);
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		act(&system_state.servers[vm->config->devices[i].server]);
	}
}

static void take_back(struct server *server)
{
	if (server->unusable == NULL) {
		grant_roll_back(server);
	}
}

/* A device's state is that of a machine that is no more. */
static void forget(struct server *server)
{
	if (server->unusable == NULL) {
		process_forget(server);
	}
}

static void start_again(struct server *server)
{
	(void)lifecycle_restart(server);
}

/* Destroyed objects leave their memory in their slot. */
static void destroy_vcpu(struct vcpu *vcpu)
{
	if (vcpu->vcpu != SK_CAP_NONE) {
		tasks_remove(vcpu->task);
		(void)vcpu_destroy(vcpu->vcpu);
		object_reclaim(vcpu->vcpu);
	}
	object_reclaim(vcpu->state_page);
	*vcpu = (struct vcpu){ 0 };
}

void vm_demolish(struct vm *vm)
{
	failed_forget(vm);
	/* The kernel takes vCPUs away in the reverse order of their creation only. */
	for (uint32_t i = vm->config->vcpus; i > 0; i--) {
		destroy_vcpu(&vm->vcpus[i - 1]);
	}
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		if (vm->virqs[i] != SK_CAP_NONE) {
			(void)virq_destroy(vm->virqs[i]);
			slots_give(vm->virqs[i]);
			vm->virqs[i] = SK_CAP_NONE;
		}
	}
	object_destroy_vm(vm->space);
	vm->space = SK_CAP_NONE;
	object_reclaim(vm->lines);
	vm->lines = SK_CAP_NONE;
	for (uint32_t i = 0; i < MANIFEST_VM_MEMORIES; i++) {
		object_reclaim(vm->memory[i]);
		vm->memory[i] = SK_CAP_NONE;
	}
	object_drop(vm->control);
	vm->control = SK_CAP_NONE;
	hardware_revoke_dma(vm);
	each_server(vm, take_back);
	vm->ram_bytes = 0;
}

void vm_end_dma(const struct manifest_vm_device *device)
{
	struct server *driver = device->dma_by == MANIFEST_NONE ? NULL : &system_state.servers[device->dma_by];

	if (driver == NULL || driver->unusable != NULL) {
		return;
	}
	if (driver->state == SK_SERVER_STATE_RUNNING) {
		process_stop(driver);
	}
	wiring_reset_channels(&system_state.servers[device->server], true);
	if (driver->state == SK_SERVER_STATE_RUNNING) {
		(void)lifecycle_restart(driver);
	}
}

sk_status_t vm_destroy(struct vm *vm)
{
	if (vm->state != SK_VM_STATE_STOPPED && vm->state != SK_VM_STATE_FAILED) {
		return SK_BAD_STATE;
	}
	each_server(vm, lifecycle_stop);
	for (uint32_t i = 0; i < vm->config->vcpus; i++) {
		(void)vcpu_pause(vm->vcpus[i].vcpu);
	}
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		vm_end_dma(&vm->config->devices[i]);
	}
	vm_demolish(vm);
	vm->state = SK_VM_STATE_DESTROYED;
	return SK_OK;
}

sk_status_t vm_create(struct vm *vm)
{
	if (vm->state != SK_VM_STATE_DESTROYED) {
		return SK_BAD_STATE;
	}
	if (vm_build(vm) != NULL) {
		vm_demolish(vm);
		return SK_NO_MEMORY;
	}
	for (uint32_t i = 0; i < vm->config->vcpus; i++) {
		tasks_changed(vm->config->vcpu_cores[i]);
	}
	each_server(vm, forget);
	each_server(vm, start_again);
	vm->state = SK_VM_STATE_STOPPED;
	vm->boots = 0;
	return SK_OK;
}
