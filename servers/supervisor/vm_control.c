#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor.h>
#include <sk/idl/vmm.h>

#include "control.h"
#include "errand.h"
#include "power.h"
#include "process.h"
#include "vm.h"

/* An order is one or two of the VMM's methods, and a state while they are under way and after. */
struct order {
	uint32_t from;    /* states that allow it: bits */
	uint64_t tags[2]; /* 0: no second method */
	enum sk_vm_state during;
	enum sk_vm_state after;
};

#define STATE(name) (1u << SK_VM_STATE_##name)

/*
 * What a VMM may take to load its guest, if its call budget is shorter. A kernel is written over one that ran, and an
 * emulator gives up what it translated there store by store, which takes it seconds when much of it was.
 */
#define LOAD_BUDGET_US 30000000u

static const struct order orders[] = {
	[VM_START] = { STATE(STOPPED) | STATE(FAILED), { VMM_TAG_LOAD, VMM_TAG_START },
		       SK_VM_STATE_LOADING, SK_VM_STATE_RUNNING },
	[VM_PAUSE] = { STATE(RUNNING), { VMM_TAG_PAUSE, 0 }, SK_VM_STATE_RUNNING, SK_VM_STATE_PAUSED },
	[VM_RESUME] = { STATE(PAUSED), { VMM_TAG_RESUME, 0 }, SK_VM_STATE_PAUSED, SK_VM_STATE_RUNNING },
	[VM_STOP] = { STATE(RUNNING) | STATE(PAUSED) | STATE(LOADING), { VMM_TAG_STOP, 0 },
		      SK_VM_STATE_RUNNING, SK_VM_STATE_STOPPED },
	[VM_RESET] = { STATE(RUNNING) | STATE(PAUSED) | STATE(STOPPED), { VMM_TAG_RESET, 0 },
		       SK_VM_STATE_LOADING, SK_VM_STATE_RUNNING },
};

/* What the errand is about: VM, order and step in one number. */
static uint32_t subject_of(const struct vm *vm, enum vm_order order)
{
	return vm->index << 8 | (uint32_t)order;
}

/* The operator's stubs differ in name only: all their replies are a bare status. */
static void answer(uint64_t token, sk_status_t status)
{
	struct sk_msg reply = { .tag = sk_reply_tag(status) };

	if (token != 0) {
		(void)sk_reply(token, &reply);
	}
}

static bool loads(enum vm_order order)
{
	return order == VM_START || order == VM_RESET;
}

static void set_budget(const struct vm *vm, bool loading)
{
	const struct server *vmm = &system_state.servers[vm->config->vmm];
	uint32_t usual = vmm->config->call_budget_us;

	process_set_call_budget(vmm, loading && usual != 0 && usual < LOAD_BUDGET_US ? LOAD_BUDGET_US : usual);
}

static void step_done(const struct errand *errand, sk_status_t status);

static bool send(const struct vm *vm, enum vm_order order, uint32_t step, uint64_t token)
{
	struct errand errand = {
		.to = vm->control,
		.tag = orders[order].tags[step],
		.done = step_done,
		.subject = subject_of(vm, order),
		.step = step,
		.token = token,
	};

	return errand_add(&errand);
}

static void order_done(struct vm *vm, enum vm_order order)
{
	vm->state = orders[order].after;
	if (loads(order)) {
		set_budget(vm, false);
		vm->boots++;
	}
	if (order == VM_RESET) {
		control_say("vm %s reset", vm->config->name);
	}
}

/* A VM that could not be loaded has failed; other orders that fail leave it where it was. */
static void order_failed(struct vm *vm, enum vm_order order, sk_status_t status)
{
	if (loads(order)) {
		set_budget(vm, false);
		vm_is_failed(vm, status == SK_SERVER_DIED ? "its VMM died" : "its VMM could not load or start it");
	}
}

static void step_done(const struct errand *errand, sk_status_t status)
{
	struct vm *vm = &system_state.vms[errand->subject >> 8];
	enum vm_order order = (enum vm_order)(errand->subject & 0xffu);

	if (status != SK_OK) {
		order_failed(vm, order, status);
		answer(errand->token, status == VMM_ERROR_BAD_STATE ? OPERATOR_ERROR_WRONG_STATE
								    : OPERATOR_ERROR_FAILED);
		return;
	}
	if (errand->step == 0 && orders[order].tags[1] != 0) {
		if (!send(vm, order, 1, errand->token)) {
			order_failed(vm, order, SK_NO_MEMORY);
			answer(errand->token, OPERATOR_ERROR_BUSY);
		}
		return;
	}
	order_done(vm, order);
	answer(errand->token, SK_OK);
}

/*
 * The guest's memory is about to be another one's, and the VMM resets devices before, which ends what is under way for
 * them. A device without a server ends nothing; nor may a server that comes back later go on where that guest was.
 */
static void forget_dead_devices(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		const struct manifest_vm_device *device = &vm->config->devices[i];

		if (system_state.servers[device->server].abandoned) {
			vm_end_dma(device);
			process_forget(&system_state.servers[device->server]);
		}
	}
}

sk_status_t vm_order(struct vm *vm, enum vm_order order, uint64_t token)
{
	if ((orders[order].from & 1u << vm->state) == 0 || vm->control == SK_CAP_NONE) {
		return SK_BAD_STATE;
	}
	if (loads(order)) {
		forget_dead_devices(vm);
	}
	if (!send(vm, order, 0, token)) {
		return SK_NO_MEMORY;
	}
	if (loads(order)) {
		set_budget(vm, true);
	}
	vm->state = orders[order].during;
	return SK_OK;
}

static void maybe_last(const struct vm *vm)
{
	if (vm->index == 0 && system_state.manifest.chosen.exit_with_first_vm) {
		power_down(POWER_OFF);
	}
}

void vm_is_off(struct vm *vm)
{
	vm->state = SK_VM_STATE_STOPPED;
	control_say("vm %s off", vm->config->name);
	maybe_last(vm);
}

sk_status_t vm_wants_reset(struct vm *vm)
{
	return vm_order(vm, VM_RESET, 0);
}

void vm_is_failed(struct vm *vm, const char *why)
{
	vm->state = SK_VM_STATE_FAILED;
	control_say("vm %s failed %s", vm->config->name, why);
	maybe_last(vm);
}

/* Without asking its VMM, which may be what was lost. */
static void take_vcpus_off(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->config->vcpus; i++) {
		(void)vcpu_pause(vm->vcpus[i].vcpu);
	}
}

void vm_server_lost(uint32_t server, const char *why)
{
	for (uint32_t i = 0; i < system_state.manifest.vm_count; i++) {
		struct vm *vm = &system_state.vms[i];
		bool concerned = vm->config->vmm == server;

		for (uint32_t device = 0; device < vm->config->device_count; device++) {
			concerned = concerned || vm->config->devices[device].server == server;
		}
		if (concerned && vm->state != SK_VM_STATE_STOPPED && vm->state != SK_VM_STATE_DESTROYED) {
			take_vcpus_off(vm);
			vm_is_failed(vm, why);
		}
	}
}
