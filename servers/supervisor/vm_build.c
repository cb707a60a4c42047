#include <stdio.h>

#include <arch/machine.h>
#include <sk/idl/device.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor.h>
#include <sk/idl/vm_exit.h>
#include <sk/idl/vmm.h>
#include <sk/vcpu.h>

#include "grant.h"
#include "../sched/contract.h"
#include "hardware.h"
#include "object.h"
#include "slots.h"
#include "tasks.h"
#include "vm.h"

#define NAME_BYTES SK_NAME_BYTES
#define VM_TABLE_PAGES 8u
#define NS_PER_US 1000ull

/* Exits that need to know the guest: its VMM's. The rest has no route, or another. */
static const uint32_t vmm_reasons[] = {
	VM_EXIT_METHOD_MMIO_READ, VM_EXIT_METHOD_MMIO_WRITE, VM_EXIT_METHOD_NESTED_PAGE_FAULT,
	VM_EXIT_METHOD_HYPERCALL, VM_EXIT_METHOD_FIRMWARE_CALL, VM_EXIT_METHOD_SYSREG_READ,
	VM_EXIT_METHOD_SYSREG_WRITE, VM_EXIT_METHOD_IO_READ, VM_EXIT_METHOD_IO_WRITE, VM_EXIT_METHOD_SEND_IPI,
	VM_EXIT_METHOD_INTERRUPT_END, VM_EXIT_METHOD_DEBUG, VM_EXIT_METHOD_EXCEPTION, VM_EXIT_METHOD_FAIL_ENTRY,
};

static struct server *vmm_of(const struct vm *vm)
{
	return &system_state.servers[vm->config->vmm];
}

/* "ram", "ram1", …: the first of a kind has no number. */
static const char *numbered(char *name, const char *kind, uint32_t index)
{
	if (index == 0) {
		(void)snprintf(name, NAME_BYTES, "%s", kind);
	} else {
		(void)snprintf(name, NAME_BYTES, "%s%u", kind, (unsigned)index);
	}
	return name;
}

static sk_status_t share_memory(struct server *server, const char *name, sk_cap_t memory, uint64_t bytes)
{
	struct grant_memory grant = {
		.memory = memory,
		.bytes = bytes,
		.align = bytes >= RAM_BLOCK_BYTES ? RAM_BLOCK_BYTES : SK_PAGE_BYTES,
		.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE,
		.flags = SK_REGION_SHARED | SK_REGION_PERSISTENT,
	};

	return grant_region(server, name, &grant);
}

static sk_status_t make_memory(struct vm *vm)
{
	const struct manifest_vm *config = vm->config;
	const sk_map_flags_t all = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE | SK_MAP_FLAGS_EXECUTE;
	sk_status_t status = SK_OK;
	char name[NAME_BYTES];

	for (uint32_t i = 0; status == SK_OK && i < config->memory_count; i++) {
		struct ram_range range;

		status = ram_take(config->memory[i].bytes, RAM_BLOCK_BYTES, &range);
		if (status != SK_OK) {
			break;
		}
		vm->memory[i] = range.memory;
		vm->ram_bytes += range.bytes;
		status = object_map(vm->space, range.memory, config->memory[i].base, 0, range.bytes, all);
		if (status == SK_OK) {
			status = share_memory(vmm_of(vm), numbered(name, "ram", i), range.memory, range.bytes);
		}
		if (status == SK_OK) {
			status = grant_cap(vmm_of(vm), numbered(name, "memory:ram", i), SK_OBJECT_TYPE_MEMORY,
					   range.memory, SK_RIGHT_WRITE, 0);
		}
	}
	return status;
}

/* Memory that the VMM shares with the kernel: cleared, and a region of the VMM. */
static sk_status_t make_shared(struct vm *vm, const char *name, uint64_t bytes, sk_cap_t *memory)
{
	struct ram_range range;
	sk_status_t status = ram_take(bytes, SK_PAGE_BYTES, &range);

	if (status != SK_OK) {
		return status;
	}
	*memory = range.memory;
	vm->ram_bytes += range.bytes;
	status = memory_clear(range.memory, 0, range.bytes);
	return status != SK_OK ? status : share_memory(vmm_of(vm), name, range.memory, range.bytes);
}

static sk_status_t route_exits(const struct vm *vm, uint32_t index)
{
	const struct vcpu *vcpu = &vm->vcpus[index];
	sk_cap_t handler;
	sk_status_t status = object_badge(vmm_of(vm)->endpoint, SK_RIGHT_CALL, SK_BADGE(VM_EXIT_INTERFACE, index),
					  &handler);

	if (status != SK_OK) {
		return status;
	}
	for (uint32_t i = 0; status == SK_OK && i < sizeof(vmm_reasons) / sizeof(vmm_reasons[0]); i++) {
		status = vcpu_route(vcpu->vcpu, vmm_reasons[i], handler);
	}
	object_drop(handler);
	if (status != SK_OK || system_state.sched == MANIFEST_NONE) {
		return status;
	}
	status = object_badge(system_state.servers[system_state.sched].endpoint, SK_RIGHT_CALL,
			      SK_BADGE(VM_EXIT_INTERFACE, vcpu->task), &handler);
	if (status == SK_OK) {
		status = vcpu_route(vcpu->vcpu, VM_EXIT_METHOD_HALT, handler);
		object_drop(handler);
	}
	return status;
}

static sk_status_t make_vcpu(struct vm *vm, uint32_t index)
{
	const struct manifest_vm *config = vm->config;
	struct vcpu *vcpu = &vm->vcpus[index];
	char name[NAME_BYTES];

	(void)snprintf(name, sizeof(name), "vcpu%u", (unsigned)index);

	sk_status_t status = make_shared(vm, name, SK_PAGE_BYTES, &vcpu->state_page);

	if (status == SK_OK) {
		status = object_make_vcpu(vm->space, config->vcpu_cores[index], vcpu->state_page,
					  machine_vcpu_config(index), &vcpu->vcpu);
	}
	if (status == SK_OK) {
		status = grant_cap(vmm_of(vm), name, SK_OBJECT_TYPE_VCPU, vcpu->vcpu,
				   SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	}
	if (status != SK_OK) {
		return status;
	}
	(void)snprintf(name, sizeof(name), "%.15s/%u", config->name, (unsigned)index);

	const struct sk_task task = {
		.kind = SK_TASK_KIND_VCPU,
		.core = config->vcpu_cores[index],
		.priority = config->vcpu_priority,
		.windows = tasks_windows_of_vm(config->vcpu_cores[index], (uint32_t)(config - system_state.manifest.vms)),
		.client = SCHED_NO_CLIENT,
		.budget_ns = config->vcpu_budget_us * NS_PER_US,
		.period_ns = config->vcpu_period_us * NS_PER_US,
	};

	vcpu->task = tasks_add(vcpu->vcpu, &task, name);
	return route_exits(vm, index);
}

static sk_status_t route_range(const struct vm *vm, uint64_t base, uint64_t bytes, const struct server *to,
			       uint32_t client)
{
	sk_cap_t handler;
	sk_status_t status = object_badge(to->endpoint, SK_RIGHT_CALL, SK_BADGE(VM_EXIT_INTERFACE, client), &handler);

	if (status == SK_OK) {
		status = space_route_range(vm->space, base, bytes, handler);
		object_drop(handler);
	}
	return status;
}

sk_status_t vm_route_device(const struct vm *vm, uint32_t device, const struct server *to, uint32_t client)
{
	const struct manifest_vm_device *config = &vm->config->devices[device];

	return route_range(vm, config->registers.base, config->registers.bytes, to, client);
}

static sk_status_t make_line(struct vm *vm, uint32_t device, struct server *server)
{
	const struct manifest_vm_device *config = &vm->config->devices[device];
	sk_cap_t slot = slots_take();

	if (slot == SK_CAP_NONE) {
		return SK_NO_SLOT;
	}

	sk_status_t status = space_create_virq(vm->space, config->line, slot);

	if (status != SK_OK) {
		slots_give(slot);
		return status;
	}
	vm->virqs[device] = slot;
	return grant_cap(server, "virq", SK_OBJECT_TYPE_VIRQ, slot, SK_RIGHT_CALL, 0);
}

/* All of the VM's memory, or its bounce pool. */
static sk_status_t show_memory(const struct vm *vm, const struct manifest_vm_device *device, struct server *server)
{
	uint32_t count = device->guest_memory || device->bounce_memory ? manifest_device_memories(vm->config, device) : 0;
	sk_status_t status = SK_OK;
	char name[NAME_BYTES];

	for (uint32_t i = 0; status == SK_OK && i < count; i++) {
		uint32_t index = manifest_device_memory(vm->config, device, i);
		const struct manifest_range *range = &vm->config->memory[index];

		(void)snprintf(name, sizeof(name), "%s@%llx", device->bounce_memory ? "pool" : "memory",
			       (unsigned long long)range->base);
		status = share_memory(server, name, vm->memory[index], range->bytes);
	}
	return status;
}

/* A server serves one device: which one it is needs no number in the badge. */
static sk_status_t make_device(struct vm *vm, uint32_t device)
{
	const struct manifest_vm_device *config = &vm->config->devices[device];
	struct server *server = &system_state.servers[config->server];

	if (server->unusable != NULL) {
		return SK_OK; /* its range answers as nothing there, by way of the VMM */
	}

	sk_status_t status = vm_route_device(vm, device, server, 0);

	if (status == SK_OK && config->line != 0) {
		status = make_line(vm, device, server);
	}
	if (status == SK_OK) {
		status = grant_cap(vmm_of(vm), server->config->name, SK_OBJECT_TYPE_ENDPOINT, server->endpoint,
				   SK_RIGHT_CALL, SK_BADGE(DEVICE_INTERFACE, 0));
	}
	if (status == SK_OK) {
		status = hardware_grant_dma(vm, config);
	}
	return status != SK_OK ? status : show_memory(vm, config, server);
}

static sk_status_t make_controller(const struct vm *vm)
{
	sk_status_t status = route_range(vm, MACHINE_CONTROLLER_BASE, MACHINE_CONTROLLER_BYTES, vmm_of(vm), 0);

	return status != SK_OK ? status
			       : route_range(vm, MACHINE_CONTROLLER_VCPUS_BASE,
					     MACHINE_CONTROLLER_VCPU_BYTES * vm->config->vcpus, vmm_of(vm), 0);
}

static sk_status_t tell_vmm(struct vm *vm)
{
	struct server *vmm = vmm_of(vm);
	sk_status_t status = grant_cap(vmm, "vm", SK_OBJECT_TYPE_SPACE, vm->space, SK_RIGHT_WRITE, 0);

	if (status == SK_OK) {
		status = grant_cap(vmm, "supervisor", SK_OBJECT_TYPE_ENDPOINT, SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_CALL,
				   SK_BADGE(VM_EVENTS_INTERFACE, vm->index));
	}
	return status != SK_OK ? status
			       : object_badge(vmm->endpoint, SK_RIGHT_CALL, SK_BADGE(VMM_INTERFACE, 0), &vm->control);
}

const char *vm_build(struct vm *vm)
{
	if (vmm_of(vm)->unusable != NULL) {
		return "its VMM could not be made";
	}
	if (object_make_space(SK_SPACE_KIND_VM, VM_TABLE_PAGES, &vm->space) != SK_OK) {
		return "no memory for its space";
	}
	if (make_memory(vm) != SK_OK) {
		return "no memory for the guest";
	}
	if (make_shared(vm, "lines", sk_line_table_bytes(SK_SHARED_LINES_MAX), &vm->lines) != SK_OK ||
	    space_set_lines(vm->space, vm->lines, SK_SHARED_LINES_MAX) != SK_OK) {
		return "its line table could not be made";
	}
	for (uint32_t i = 0; i < vm->config->vcpus; i++) {
		if (make_vcpu(vm, i) != SK_OK) {
			return "a vCPU could not be made";
		}
	}
	if (make_controller(vm) != SK_OK) {
		return "its interrupt controller's range could not be routed";
	}
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		if (make_device(vm, i) != SK_OK) {
			return "a device could not be connected";
		}
	}
	return tell_vmm(vm) != SK_OK ? "its VMM could not be given what it needs" : NULL;
}
