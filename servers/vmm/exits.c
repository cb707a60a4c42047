/*
 * The guest's exits. A vCPU's own come with its index in the badge; accesses to
 * the interrupt controller's ranges carry it in the access's description. Handlers of different
 * vCPUs run at once on different cores and touch only their vCPU's state,
 * but for the interrupt controller, which has a lock of its own.
 *
 * The common ones (hypercall, ID register, SGI to itself) are a table look-up each:
 * their cost is what the figures in the README measure.
 */
/* The rest goes elsewhere (halt: to the scheduler) or belongs to other architectures. */
#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE
#define VM_EXIT_SERVES_NESTED_PAGE_FAULT
#define VM_EXIT_SERVES_HYPERCALL
#define VM_EXIT_SERVES_FIRMWARE_CALL
#define VM_EXIT_SERVES_SYSREG_READ
#define VM_EXIT_SERVES_SYSREG_WRITE
#define VM_EXIT_SERVES_SEND_IPI
#define VM_EXIT_SERVES_INTERRUPT_END
#define VM_EXIT_SERVES_DEBUG
#define VM_EXIT_SERVES_EXCEPTION
#define VM_EXIT_SERVES_FAIL_ENTRY

#include <guest/firmware.h>
#include <guest/port.h>
#include <guest/sysreg.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/idl/vmm_server.h>
#include <sk/mmio.h>
#include <sk/server.h>

#include "vmm.h"

/* Indices that no vCPU has share a state page of nobody's; so no handler need compare. */
static inline uint32_t exit_vcpu(const struct sk_caller *caller)
{
	return SK_BADGE_CLIENT(caller->badge) & (SK_VM_VCPUS_MAX - 1);
}

static inline struct guest *the_guest(void)
{
	return &vmm.saved->guest;
}

/* Writes firmware's answer to the caller's registers, and sees to what else the call asks for. */
static sk_status_t serve_firmware(const struct firmware_call *call, uint64_t *action, uint64_t *line)
{
	struct guest *guest = the_guest();
	struct firmware_answer answer;

	firmware_serve(guest, call, &answer);
	for (uint32_t i = 0; i < answer.count; i++) {
		guest->vcpu[call->vcpu].state->x[i] = answer.x[i];
	}
	*action = answer.action;
	*line = 0;
	switch (answer.request) {
	case FIRMWARE_NOTHING:
		break;
	case FIRMWARE_SLEEP:
		vmm_wake_by_timer(call->vcpu);
		break;
	case FIRMWARE_POWER_OFF:
		vmm_request(call->vcpu, VMM_REQUEST_OFF);
		break;
	case FIRMWARE_RESET:
		vmm_request(call->vcpu, VMM_REQUEST_RESET);
		break;
	}
	return SK_OK;
}

sk_status_t vm_exit_serve_hypercall(const struct sk_caller *caller, uint64_t number, uint64_t a1, uint64_t a2,
				    uint64_t a3, uint64_t a4, uint64_t a5, uint64_t *action, uint64_t *line)
{
	uint32_t vcpu = exit_vcpu(caller);

	(void)a4;
	(void)a5;
	*action = 0;
	*line = 0;
	struct firmware_call call = {
		.vcpu = vcpu,
		.again = vmm.again[sk_thread_index()],
		.function = (uint32_t)number,
		.argument = { a1, a2, a3 },
	};
	return serve_firmware(&call, action, line);
}

sk_status_t vm_exit_serve_firmware_call(const struct sk_caller *caller, uint64_t function, uint64_t a1, uint64_t a2,
					uint64_t a3, uint64_t *action, uint64_t *line)
{
	struct firmware_call call = {
		.vcpu = exit_vcpu(caller),
		.again = vmm.again[sk_thread_index()],
		.function = (uint32_t)function,
		.argument = { a1, a2, a3 },
	};

	return serve_firmware(&call, action, line);
}

sk_status_t vm_exit_serve_sysreg_read(const struct sk_caller *caller, uint32_t encoding, uint32_t gpr, uint64_t *value,
				      uint64_t *action)
{
	(void)gpr;
	*action = sysreg_read(the_guest(), exit_vcpu(caller), encoding, value);
	return SK_OK;
}

sk_status_t vm_exit_serve_sysreg_write(const struct sk_caller *caller, uint32_t encoding, uint64_t value,
				       uint64_t *action, uint64_t *line)
{
	*line = 0;
	*action = sysreg_write(the_guest(), exit_vcpu(caller), encoding, value);
	return SK_OK;
}

sk_status_t vm_exit_serve_send_ipi(const struct sk_caller *caller, uint64_t value, uint32_t encoding, uint64_t *action,
				   uint64_t *line)
{
	*action = vgic_send(&the_guest()->gic, exit_vcpu(caller), value, encoding, line);
	return SK_OK;
}

sk_status_t vm_exit_serve_interrupt_end(const struct sk_caller *caller, uint32_t ended, uint64_t *action,
					uint64_t *injected)
{
	bool again = sysreg_line_ended(the_guest(), exit_vcpu(caller), ended);

	*action = again ? SK_EXIT_ACTION_INJECT : 0;
	*injected = ended;
	return SK_OK;
}

/* Real hardware answers an access that no device claims with an external abort. */
static void log_abort(uint64_t address, const char *verb, const char *why)
{
	if (guest_first(the_guest(), GUEST_ONCE_ABORT)) {
		port_log("%s 0x%llx, %s: external abort (further ones are not logged)", verb,
			 (unsigned long long)address, why);
	}
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, uint64_t address, uint64_t info, uint64_t *value)
{
	(void)caller;
	if (vgic_read(&the_guest()->gic, address, sk_mmio_size(info), value)) {
		return SK_OK;
	}
	log_abort(address, "read of", "where there is nothing");
	return SK_BAD_ARG;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, uint64_t address, uint64_t info, uint64_t value)
{
	(void)caller;
	if (vgic_write(&the_guest()->gic, address, sk_mmio_size(info), value)) {
		return SK_OK;
	}
	log_abort(address, "write to", "where there is nothing");
	return SK_BAD_ARG;
}

sk_status_t vm_exit_serve_nested_page_fault(const struct sk_caller *caller, uint64_t address, enum sk_access kind,
					    enum sk_fault_cause cause, uint64_t syndrome, uint64_t *action,
					    uint64_t *line)
{
	static const char *const why[] = {
		[SK_FAULT_CAUSE_UNMAPPED] = "where there is nothing",
		[SK_FAULT_CAUSE_PERMISSION] = "which is not allowed",
		[SK_FAULT_CAUSE_UNDECODABLE] = "by an instruction whose syndrome does not describe it",
	};

	(void)caller;
	(void)syndrome;
	log_abort(address, kind == SK_ACCESS_FETCH ? "fetch from" : kind == SK_ACCESS_READ ? "read of" : "write to",
		  why[cause]);
	*action = SK_EXIT_ACTION_DATA_ABORT;
	*line = 0;
	return SK_OK;
}

/* What the guest did, no machine of its kind has: it takes the exception that such a machine would raise. */
static sk_status_t serve_undefined(uint64_t syndrome, uint64_t address, const char *what, uint64_t *action,
				   uint64_t *line)
{
	if (guest_first(the_guest(), GUEST_ONCE_EXCEPTION)) {
		port_log("%s (syndrome 0x%llx, address 0x%llx): undefined instruction (further ones are not logged)",
			 what, (unsigned long long)syndrome, (unsigned long long)address);
	}
	*action = SK_EXIT_ACTION_UNDEFINED;
	*line = 0;
	return SK_OK;
}

sk_status_t vm_exit_serve_exception(const struct sk_caller *caller, uint64_t syndrome, uint64_t address,
				    uint64_t intermediate, uint64_t *action, uint64_t *line)
{
	(void)caller;
	(void)intermediate;
	return serve_undefined(syndrome, address, "exception that nobody handles", action, line);
}

sk_status_t vm_exit_serve_debug(const struct sk_caller *caller, uint64_t syndrome, uint64_t address, uint64_t *action,
				uint64_t *line)
{
	(void)caller;
	return serve_undefined(syndrome, address, "debug exception", action, line);
}

sk_status_t vm_exit_serve_fail_entry(const struct sk_caller *caller, uint64_t why, uint64_t *action, uint64_t *line)
{
	port_log("vCPU %u: the hardware refused to enter it (0x%llx)", exit_vcpu(caller), (unsigned long long)why);
	vmm_request(exit_vcpu(caller), VMM_REQUEST_FAILED);
	*action = SK_EXIT_ACTION_STOP;
	*line = 0;
	return SK_OK;
}

static __attribute__((noinline, cold)) bool dispatch_any(const struct sk_caller *caller, struct sk_msg *msg)
{
	vmm.again[sk_thread_index()] = (msg->tag & SK_TAG_REDELIVERED) != 0;
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		return vm_exit_dispatch(caller, msg);
	case VMM_INTERFACE:
		return vmm_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

/* Puts the reply of a method with two results into the message. */
static inline bool reply_two(struct sk_msg *msg, uint64_t first, uint64_t second)
{
	msg->tag = SK_OK;
	msg->w[0] = first;
	msg->w[1] = second;
	return true;
}

/*
 * The path that every message takes. Three exits are in a hurry, each in its commonest form: they call
 * nothing. Everything else works on copies: so on no path is the message in memory or alive across a call, and on
 * this one it stays in the registers in which it came.
 */
static inline bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	uint64_t method = msg->tag & SK_TAG_METHOD_MASK;

	if (__builtin_expect(SK_BADGE_IFACE(caller->badge) == VM_EXIT_INTERFACE, 1)) {
		const struct guest *guest = the_guest();
		uint32_t vcpu = exit_vcpu(caller);

		if (method == VM_EXIT_TAG_HYPERCALL && msg->w[0] == FIRMWARE_SKINK_VERSION) {
			guest->vcpu[vcpu].state->x[0] = FIRMWARE_SKINK_VERSION_VALUE;
			return reply_two(msg, 0, 0);
		}
		if (method == VM_EXIT_TAG_SYSREG_READ && sysreg_is_table((uint32_t)msg->w[0])) {
			return reply_two(msg, guest->id[msg->w[0] & SYSREG_ID_INDEX_MASK], 0);
		}
		if (method == VM_EXIT_TAG_SEND_IPI) {
			uint64_t target = vgic_only_target(&guest->gic, msg->w[0], (uint32_t)msg->w[1]);
			if (target != 0) {
				return reply_two(msg, SK_EXIT_ACTION_INJECT, vgic_sgi_word(msg->w[0], target));
			}
		}
	}
	return sk_server_aside(dispatch_any, caller, msg);
}

static void signalled(uint64_t bits)
{
	if ((bits & VMM_SIGNAL_REQUEST) != 0) {
		vmm_serve_requests();
	}
	if ((bits & SK_SIGNAL_TIMER) != 0) {
		vmm_timers_due();
	}
}

SK_SERVER(dispatch, signalled)
