#include "failed.h"

#include <stdio.h>
#include <string.h>

#include <sk/idl/fallback_persistent.h>
#include <sk/idl/kernel_client.h>

#include "../fallback/contract.h"
#include "grant.h"
#include "process.h"

_Static_assert(FALLBACK_VM_DEVICES >= MANIFEST_VM_DEVICES &&
	       FALLBACK_DEVICES >= FALLBACK_VM_DEVICES * MANIFEST_VMS, "a number for each device");

static struct server *fallback(void)
{
	return &system_state.servers[system_state.fallback];
}

/* There is a server for failed devices, and it is not one of the failed itself. */
static bool has_fallback(void)
{
	return system_state.fallback != MANIFEST_NONE && fallback()->unusable == NULL && !fallback()->abandoned &&
	       fallback()->layout.persistent.bytes >= FALLBACK_STATE_FIELDS_BYTES;
}

static uint32_t number_of(const struct vm *vm, uint32_t device)
{
	return vm->index * FALLBACK_VM_DEVICES + device;
}

/* What the fallback knows of the device: its word, and its line (SK_CAP_NONE: none). */
static void tell_fallback(const struct vm *vm, uint32_t device, uint32_t word, sk_cap_t line)
{
	const struct server *to = fallback();
	struct sk_fallback_state *state = fallback_state_fields(to->view + to->layout.persistent.offset);
	uint32_t number = number_of(vm, device);

	__atomic_store_n(&state->devices[number], word, __ATOMIC_RELEASE);
	(void)grant_cap_at(to, FALLBACK_LINE_SLOT + number, line, SK_RIGHT_CALL, 0);
}

/* The VM whose device the server serves, or NULL. */
static const struct vm *vm_of(const struct server *server, uint32_t *device)
{
	uint32_t index = manifest_vm_of_device(&system_state.manifest, server->index, device);

	return index == MANIFEST_NONE || system_state.vms[index].space == SK_CAP_NONE ? NULL : &system_state.vms[index];
}

static bool is_virtio(const struct manifest_vm_device *device)
{
	return strcmp(device->compatible, "virtio,mmio") == 0;
}

bool failed_answers(const struct server *server)
{
	uint32_t device = 0;
	const struct vm *vm = vm_of(server, &device);
	const struct manifest_vm_device *config = vm == NULL ? NULL : &vm->config->devices[device];

	if (config == NULL || !is_virtio(config) || (!config->guest_memory && !config->bounce_memory)) {
		return false;
	}
	printf("vm %s: device %s needs a reset, and answers with errors\n", vm->config->name, config->name);
	return true;
}

static void set_line(const struct vm *vm, uint32_t device, bool high)
{
	if (vm->virqs[device] != SK_CAP_NONE) {
		(void)virq_set_level(vm->virqs[device], high);
	}
}

/* What it has of the device, in hardware too, is void. */
static void end_device(struct server *server, const struct vm *vm, uint32_t device)
{
	if (vm != NULL) {
		vm_end_dma(&vm->config->devices[device]);
	}
	process_forget(server);
}

void failed_mark(struct server *server)
{
	uint32_t device = 0;
	const struct vm *vm = vm_of(server, &device);

	if (vm == NULL) {
		return;
	}

	const struct manifest_vm_device *config = &vm->config->devices[device];

	set_line(vm, device, false);
	if (!is_virtio(config) || !has_fallback()) {
		return;
	}
	end_device(server, vm, device);
	tell_fallback(vm, device, FALLBACK_FAILED, vm->virqs[device]);
	server->marked = vm_route_device(vm, device, fallback(), number_of(vm, device)) == SK_OK;
	set_line(vm, device, server->marked);
	printf("vm %s: device %s needs a reset, and has no server\n", vm->config->name, config->name);
}

void failed_unmark(struct server *server)
{
	uint32_t device = 0;
	const struct vm *vm;

	if (!server->last && !server->marked) {
		return;
	}
	vm = vm_of(server, &device);
	if (server->marked) {
		(void)vm_route_device(vm, device, server, 0);
		set_line(vm, device, false);
		tell_fallback(vm, device, 0, SK_CAP_NONE);
	} else {
		end_device(server, vm, device);
	}
	server->last = false;
	server->marked = false;
}

void failed_forget(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		struct server *server = &system_state.servers[vm->config->devices[i].server];

		if (server->marked) {
			server->marked = false;
			tell_fallback(vm, i, 0, SK_CAP_NONE);
		}
	}
}

void failed_silence(void)
{
	for (uint32_t i = 0; i < system_state.manifest.vm_count; i++) {
		const struct vm *vm = &system_state.vms[i];

		for (uint32_t j = 0; j < vm->config->device_count; j++) {
			if (system_state.servers[vm->config->devices[j].server].marked) {
				set_line(vm, j, false);
			}
		}
	}
}
