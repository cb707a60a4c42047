/*
 * The VMM's server over a fake kernel: orders, exits and requests go through the real loop and dispatch, and the
 * fake keeps the vCPUs' states, as the kernel would, and a record of what was asked of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <guest/firmware.h>
#include <guest/psci.h>
#include <guest/sysreg.h>
#include <sk/idl/device.h>
#include <sk/idl/kernel.h>
#include <sk/idl/sched.h>
#include <sk/idl/server.h>
#include <sk/idl/supervisor.h>
#include <sk/idl/vm_exit.h>
#include <sk/server.h>

#include "../vcpu.h"

#define RAM_BASE 0x40000000ull
#define RAM_BYTES (16ull << 20)
#define VCPUS 2u
#define ENTRY (RAM_BASE + 0x80000)

enum { CAP_VM = 1, CAP_TIMERS, CAP_SUPERVISOR, CAP_SELF, CAP_DEVICE, CAP_VCPU = 16 };

struct vmm vmm;
struct sk_process sk_process;

static struct {
	enum vcpu_state vcpu[VCPUS];
	uint32_t runs[VCPUS];
	uint32_t pauses[VCPUS];
	uint32_t resets[VCPUS];
	uint64_t entry[VCPUS];
	uint64_t timer_deadline; /* what vcpu.info says */
	uint64_t timer_set;      /* the last timers.set */
	uint32_t device_resets;
	uint32_t events_off;
	uint32_t events_reset;
	uint32_t events_failed;
	bool supervisor_gone;
	uint64_t signals;
	uint64_t counter;
	uint32_t line_updates;
	uint64_t offset[VCPUS];  /* the counter's, as vcpu_arch_set_offset was told */
} fake;

static uint8_t ram[RAM_BYTES];
static uint8_t kernel[4096];
static uint8_t page[4096];
static struct sk_line lines[VGIC_LINES];
static struct sk_vcpu_state states[SK_VM_VCPUS_MAX];
static struct manifest_vm vm;
static struct vmm_saved saved;

/* One message in, its reply out: the loop is left by a jump when it comes back for more. */
static jmp_buf loop_end;
static uint64_t next_badge;
static struct sk_msg next_message;
static struct sk_msg reply;
static uint64_t reply_token;

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	assert_int_equal(slot, SK_WAIT_ENDPOINT);
	*msg = next_message;
	caller->badge = next_badge;
	caller->token = 77;
	return next_badge;
}

uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)caller;
	reply_token = token;
	reply = *msg;
	longjmp(loop_end, 1);
}

sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	(void)token;
	(void)msg;
	fail_msg("nothing is answered late");
	return SK_OK;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, CAP_SELF);
	fake.signals |= bits;
	return SK_OK;
}

sk_status_t sk_poll(sk_cap_t slot, uint64_t *bits)
{
	(void)slot;
	*bits = 0;
	return SK_WOULD_BLOCK;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void *sk_message_buffer(void)
{
	return page;
}

uint64_t sk_counter(void)
{
	return fake.counter;
}

_Noreturn void sk_exit(int code, const char *why)
{
	(void)code;
	fail_msg("%s", why);
	longjmp(loop_end, 1);
}

static sk_status_t call_vcpu(uint32_t vcpu, struct sk_msg *msg)
{
	bool runs = fake.vcpu[vcpu] == VCPU_STATE_RUNNING || fake.vcpu[vcpu] == VCPU_STATE_BLOCKED;

	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case VCPU_TAG_INFO:
		*msg = (struct sk_msg){ .w = { (uint64_t)fake.vcpu[vcpu], 0, 5, 0, fake.timer_deadline } };
		return SK_OK;
	case VCPU_TAG_SETUP:
	case VCPU_TAG_SET_ENTRY:
		return fake.vcpu[vcpu] == VCPU_STATE_CREATED ? SK_OK : SK_BAD_STATE;
	case VCPU_TAG_BIND:
		fake.vcpu[vcpu] = VCPU_STATE_READY;
		return SK_OK;
	case VCPU_TAG_RUN:
		if (fake.vcpu[vcpu] != VCPU_STATE_READY && fake.vcpu[vcpu] != VCPU_STATE_BLOCKED) {
			return SK_BAD_STATE;
		}
		fake.vcpu[vcpu] = VCPU_STATE_RUNNING;
		fake.runs[vcpu]++;
		return SK_OK;
	case VCPU_TAG_PAUSE:
		fake.vcpu[vcpu] = runs ? VCPU_STATE_READY : fake.vcpu[vcpu];
		fake.pauses[vcpu] += runs ? 1 : 0;
		return runs ? SK_OK : SK_BAD_STATE;
	default:
		fail_msg("vCPU method 0x%llx", (unsigned long long)(msg->tag & SK_TAG_METHOD_MASK));
		return SK_UNKNOWN_OP;
	}
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	if (to >= CAP_VCPU && to < CAP_VCPU + VCPUS) {
		return call_vcpu(to - CAP_VCPU, msg);
	}
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case SPACE_TAG_LINE_UPDATE:
		assert_int_equal(to, CAP_VM);
		fake.line_updates++;
		return SK_OK;
	case TIMERS_TAG_SET:
		assert_int_equal(to, CAP_TIMERS);
		fake.timer_set = msg->w[0];
		return SK_OK;
	case DEVICE_TAG_RESET:
		assert_int_equal(to, CAP_DEVICE);
		fake.device_resets++;
		return SK_OK;
	case VM_EVENTS_TAG_OFF:
		fake.events_off++;
		break;
	case VM_EVENTS_TAG_RESET:
		fake.events_reset++;
		break;
	case VM_EVENTS_TAG_FAILED:
		fake.events_failed++;
		break;
	default:
		fail_msg("method 0x%llx", (unsigned long long)(msg->tag & SK_TAG_METHOD_MASK));
	}
	assert_int_equal(to, CAP_SUPERVISOR);
	return fake.supervisor_gone ? SK_SERVER_DIED : SK_OK;
}

void vcpu_arch_identify(struct guest *guest, sk_cap_t vcpu)
{
	(void)guest;
	(void)vcpu;
}

sk_status_t vcpu_arch_reset(uint32_t vcpu, uint64_t entry, uint64_t context)
{
	(void)context;
	assert_int_equal(fake.vcpu[vcpu], VCPU_STATE_READY);
	fake.resets[vcpu]++;
	fake.entry[vcpu] = entry;
	return SK_OK;
}

sk_status_t vcpu_arch_set_offset(sk_cap_t vcpu, uint64_t offset)
{
	fake.offset[vcpu - CAP_VCPU] = offset;
	return SK_OK;
}

bool vcpu_arch_random(const struct guest *guest, uint64_t *word)
{
	(void)guest;
	(void)word;
	return false;
}

static uint64_t send(uint64_t badge, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2)
{
	next_badge = badge;
	next_message = (struct sk_msg){ .tag = tag, .w = { w0, w1, w2 } };
	if (setjmp(loop_end) == 0) {
		sk_server_serve();
	}
	return reply.tag & 0xffff;
}

static uint64_t order(uint64_t tag)
{
	return send(SK_BADGE(VMM_INTERFACE, 0), tag, 0, 0, 0);
}

/* An exit of vCPU `vcpu`; what the kernel does with action `stop` or `block` is done here. */
static uint64_t leave(uint32_t vcpu, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2)
{
	uint64_t status = send(SK_BADGE(VM_EXIT_INTERFACE, vcpu), tag, w0, w1, w2);

	assert_int_equal(reply_token, 77);
	return status;
}

static uint64_t firmware(uint32_t vcpu, uint32_t function, uint64_t a1, uint64_t a2)
{
	assert_int_equal(leave(vcpu, VM_EXIT_TAG_FIRMWARE_CALL, function, a1, a2), 0);
	if ((reply.w[0] & SK_EXIT_ACTION_STOP) != 0) {
		fake.vcpu[vcpu] = VCPU_STATE_READY;
	}
	if ((reply.w[0] & SK_EXIT_ACTION_BLOCK) != 0) {
		fake.vcpu[vcpu] = VCPU_STATE_BLOCKED;
	}
	return states[vcpu].x[0];
}

/* Delivers what the server signalled to itself, and `bits`. */
static void deliver(uint64_t bits)
{
	uint64_t all = fake.signals | bits;

	fake.signals = 0;
	(void)send(SK_BADGE_SIGNAL, 0, all, 0, 0);
	assert_int_equal(reply_token, 0);
}

static enum vmm_state vm_state(void)
{
	assert_int_equal(order(VMM_TAG_INFO), 0);
	return (enum vmm_state)reply.w[0];
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&saved, 0, sizeof(saved));
	memset(lines, 0, sizeof(lines));
	memset(states, 0, sizeof(states));
	sk_process.ns_per_tick = 1ull << 32;
	vm = (struct manifest_vm){
		.name = "test",
		.vcpus = VCPUS,
		.memory = { { RAM_BASE, RAM_BYTES } },
		.memory_count = 1,
		.kernel_format = MANIFEST_KERNEL_FLAT,
		.kernel_address = ENTRY,
		.entry = ENTRY,
		.cmdline = "",
		.devices = { { .name = "uart@9000000", .compatible = "arm,pl011", .line = 33 } },
		.device_count = 1,
	};
	vmm = (struct vmm){
		.saved = &saved,
		.vm = &vm,
		.files.kernel = { "kernel", kernel, sizeof(kernel) },
		.space = CAP_VM,
		.timers = CAP_TIMERS,
		.supervisor = CAP_SUPERVISOR,
		.self = CAP_SELF,
		.device[0] = CAP_DEVICE,
	};
	saved.guest.vcpus = VCPUS;
	saved.guest.ram = (struct guest_ram){ RAM_BASE, RAM_BYTES, ram };
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		saved.guest.vcpu[i].state = &states[i];
		saved.guest.vcpu[i].power = GUEST_POWER_OFF;
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		vmm.vcpu[i] = CAP_VCPU + i;
		fake.vcpu[i] = VCPU_STATE_CREATED;
	}
	fake.timer_deadline = UINT64_MAX;
	fake.counter = 1000;
	vgic_init(&saved.guest.gic, lines, VCPUS, 32);
	return 0;
}

static int set_up_running(void **state)
{
	(void)set_up(state);
	assert_int_equal(order(VMM_TAG_LOAD), 0);
	assert_int_equal(order(VMM_TAG_START), 0);
	return 0;
}

static void starts(void **state)
{
	(void)state;
	assert_int_equal(vm_state(), VMM_STATE_EMPTY);
	assert_int_equal(order(VMM_TAG_START), VMM_ERROR_BAD_STATE);
	assert_int_equal(order(VMM_TAG_LOAD), 0);
	assert_int_equal(vm_state(), VMM_STATE_READY);
	assert_int_equal(order(VMM_TAG_START), 0);
	assert_int_equal(vm_state(), VMM_STATE_RUNNING);
	assert_int_equal(reply.w[1], VCPUS);
	assert_int_equal(reply.w[2], 1);
	assert_int_equal(reply.w[3], 1);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_RUNNING);
	assert_int_equal(fake.vcpu[1], VCPU_STATE_CREATED);
	assert_int_equal(fake.entry[0], ENTRY);
	assert_int_equal(saved.guest.counter_offset, 1000);
}

/* Every order in every state: refused ones change nothing. */
static void orders_need_their_state(void **state)
{
	static const struct {
		uint64_t tag;
		uint32_t allowed;
	} orders[] = {
		{ VMM_TAG_LOAD, 1u << VMM_STATE_EMPTY | 1u << VMM_STATE_READY | 1u << VMM_STATE_STOPPED |
				1u << VMM_STATE_FAILED },
		{ VMM_TAG_START, 1u << VMM_STATE_READY },
		{ VMM_TAG_PAUSE, 1u << VMM_STATE_RUNNING },
		{ VMM_TAG_RESUME, 1u << VMM_STATE_PAUSED },
		{ VMM_TAG_STOP, 1u << VMM_STATE_RUNNING | 1u << VMM_STATE_PAUSED | 1u << VMM_STATE_READY },
		{ VMM_TAG_RESET, 1u << VMM_STATE_RUNNING | 1u << VMM_STATE_PAUSED | 1u << VMM_STATE_STOPPED },
	};

	for (uint32_t from = VMM_STATE_EMPTY; from <= VMM_STATE_FAILED; from++) {
		for (uint32_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
			(void)set_up(state);
			saved.state = from;
			bool allowed = (orders[i].allowed >> from & 1u) != 0;
			assert_int_equal(order(orders[i].tag), allowed ? 0 : VMM_ERROR_BAD_STATE);
			if (!allowed) {
				assert_int_equal(saved.state, from);
				assert_int_equal(fake.runs[0] + fake.pauses[0], 0);
			}
		}
	}
}

static void load_that_fails_says_why(void **state)
{
	(void)state;
	vmm.files.kernel.size = 0;
	assert_int_equal(order(VMM_TAG_LOAD), VMM_ERROR_LOAD_FAILED);
	assert_int_equal(vm_state(), VMM_STATE_FAILED);
	assert_int_equal(order(VMM_TAG_LAST_ERROR), 0);
	assert_memory_equal(page, "kernel: is empty", reply.w[0]);
	vmm.files.kernel.size = sizeof(kernel);
	assert_int_equal(order(VMM_TAG_LOAD), 0);
}

static void pause_holds_the_counter(void **state)
{
	(void)state;
	fake.counter = 5000;
	assert_int_equal(order(VMM_TAG_PAUSE), 0);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_READY);
	fake.counter = 9000;
	assert_int_equal(order(VMM_TAG_RESUME), 0);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_RUNNING);
	assert_int_equal(fake.offset[0], 5000);
	assert_int_equal(sysreg_counter(&saved.guest), 4000);
	assert_int_equal(fake.runs[1], 0);
}

static void hurried_exits(void **state)
{
	(void)state;
	assert_int_equal(leave(0, VM_EXIT_TAG_HYPERCALL, FIRMWARE_SKINK_VERSION, 0, 0), 0);
	assert_int_equal(states[0].x[0], FIRMWARE_SKINK_VERSION_VALUE);
	assert_int_equal(reply.w[0], 0);
	saved.guest.id[0x20] = 0x1234;
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_READ, SYSREG(3u, 0u, 0u, 4u, 0u), 3, 0), 0);
	assert_int_equal(reply.w[0], 0x1234);
	assert_int_equal(reply.w[1], 0);
	assert_int_equal(leave(1, VM_EXIT_TAG_SEND_IPI, 7u << 24 | 2, SYSREG_ICC_SGI1R_EL1, 0), 0);
	assert_int_equal(reply.w[0], SK_EXIT_ACTION_INJECT);
	assert_int_equal(reply.w[1], 7);
	assert_int_equal(fake.line_updates, 0);
}

static void other_exits(void **state)
{
	(void)state;
	assert_int_equal(leave(0, VM_EXIT_TAG_HYPERCALL, 0x1234, 0, 0), 0);
	assert_int_equal(states[0].x[0], UINT64_MAX);
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_READ, SYSREG(3u, 7u, 15u, 15u, 7u), 0, 0), 0);
	assert_int_equal(reply.w[1], SK_EXIT_ACTION_UNDEFINED);
	assert_int_equal(leave(0, VM_EXIT_TAG_SEND_IPI, 1u << 24 | 2, SYSREG_ICC_SGI1R_EL1, 0), 0);
	assert_int_equal(reply.w[0], 0);
	assert_int_equal(fake.line_updates, 1);
	assert_int_equal(leave(0, VM_EXIT_TAG_NESTED_PAGE_FAULT, 0x1000, SK_ACCESS_READ, SK_FAULT_CAUSE_UNMAPPED), 0);
	assert_int_equal(reply.w[0], SK_EXIT_ACTION_DATA_ABORT);
	assert_int_equal(leave(0, VM_EXIT_TAG_EXCEPTION, 0x1000, 0, 0), 0);
	assert_int_equal(reply.w[0], SK_EXIT_ACTION_UNDEFINED);
	assert_int_equal(leave(0, VM_EXIT_TAG_MMIO_READ, GUEST_GICD_BASE, 2u << 7, 0), 0);
	assert_int_equal(reply.w[0], 0x50);
	assert_int_equal(leave(0, VM_EXIT_TAG_MMIO_READ, 0x1000, 2u << 7, 0), SK_REPLY_SYSTEM | 5);
}

static void strangers_are_refused(void **state)
{
	(void)state;
	assert_int_equal(send(SK_BADGE(0x77, 0), VM_EXIT_TAG_HYPERCALL, 0, 0, 0), SK_REPLY_SYSTEM | 7);
	assert_int_equal(send(SK_BADGE(VM_EXIT_INTERFACE, 0), VMM_TAG_STOP, 0, 0, 0), SK_REPLY_SYSTEM | 7);
	assert_int_equal(send(SK_BADGE(VMM_INTERFACE, 0), VM_EXIT_TAG_HYPERCALL, FIRMWARE_SKINK_VERSION, 0, 0),
			 SK_REPLY_SYSTEM | 7);
	assert_int_equal(send(SK_BADGE(HEARTBEAT_INTERFACE, 0), HEARTBEAT_TAG_PING, 0, 0, 0), 0);
	assert_int_equal(leave(15, VM_EXIT_TAG_HYPERCALL, 0, 0, 0), 0); /* a vCPU that is not there harms nobody */
	assert_int_equal(vm_state(), VMM_STATE_RUNNING);
}

static void second_vcpu(void **state)
{
	(void)state;
	assert_int_equal(firmware(0, PSCI_CPU_ON | FIRMWARE_64, 1, ENTRY), PSCI_SUCCESS);
	assert_int_equal(fake.vcpu[1], VCPU_STATE_RUNNING);
	(void)firmware(1, PSCI_CPU_OFF, 0, 0);
	assert_int_equal(firmware(0, PSCI_AFFINITY_INFO, 1, 0), PSCI_AFFINITY_OFF);
	assert_int_equal(firmware(0, PSCI_CPU_ON | FIRMWARE_64, 1, ENTRY), PSCI_SUCCESS);
	assert_int_equal(fake.resets[1], 2);
}

static void guest_switches_itself_off(void **state)
{
	(void)state;
	assert_int_equal(firmware(0, PSCI_CPU_ON | FIRMWARE_64, 1, ENTRY), PSCI_SUCCESS);
	(void)firmware(0, PSCI_SYSTEM_OFF, 0, 0);
	assert_int_equal(fake.events_off, 0); /* the answer comes first */
	deliver(0);
	assert_int_equal(fake.events_off, 1);
	assert_int_equal(vm_state(), VMM_STATE_STOPPED);
	assert_int_equal(fake.vcpu[1], VCPU_STATE_READY);
	deliver(0);
	assert_int_equal(fake.events_off, 1);
}

static void off_waits_for_the_answer_of_another_core(void **state)
{
	(void)state;
	(void)firmware(0, PSCI_SYSTEM_OFF, 0, 0);
	fake.vcpu[0] = VCPU_STATE_RUNNING; /* not through yet */
	deliver(0);
	assert_int_equal(fake.events_off, 0);
	assert_int_equal(fake.signals, VMM_SIGNAL_REQUEST);
	fake.vcpu[0] = VCPU_STATE_READY;
	deliver(0);
	assert_int_equal(fake.events_off, 1);
}

static void guest_resets_itself(void **state)
{
	(void)state;
	(void)firmware(0, PSCI_SYSTEM_RESET, 0, 0);
	deliver(0);
	assert_int_equal(fake.events_reset, 1);
	assert_int_equal(vm_state(), VMM_STATE_STOPPED); /* the supervisor's turn */
	assert_int_equal(order(VMM_TAG_RESET), 0);
	assert_int_equal(fake.device_resets, 1);
	assert_int_equal(vm_state(), VMM_STATE_RUNNING);
	assert_int_equal(reply.w[3], 2);
	assert_int_equal(fake.resets[0], 2);
}

static void guest_resets_without_a_supervisor(void **state)
{
	(void)state;
	fake.supervisor_gone = true;
	(void)firmware(0, PSCI_SYSTEM_RESET, 0, 0);
	deliver(0);
	assert_int_equal(fake.device_resets, 1);
	assert_int_equal(vm_state(), VMM_STATE_RUNNING);
}

static void orders_win_over_the_guest(void **state)
{
	(void)state;
	(void)firmware(0, PSCI_SYSTEM_RESET, 0, 0);
	assert_int_equal(order(VMM_TAG_STOP), 0);
	deliver(0);
	assert_int_equal(fake.events_reset, 0);
	assert_int_equal(vm_state(), VMM_STATE_STOPPED);
}

static void refused_entry_fails_the_vm(void **state)
{
	(void)state;
	assert_int_equal(leave(0, VM_EXIT_TAG_FAIL_ENTRY, 3, 0, 0), 0);
	assert_int_equal(reply.w[0], SK_EXIT_ACTION_STOP);
	fake.vcpu[0] = VCPU_STATE_READY;
	deliver(0);
	assert_int_equal(fake.events_failed, 1);
	assert_int_equal(vm_state(), VMM_STATE_FAILED);
}

static void suspend_wakes_by_the_timer(void **state)
{
	(void)state;
	fake.timer_deadline = 8000;
	assert_int_equal(firmware(0, PSCI_CPU_SUSPEND, 0, 0), PSCI_SUCCESS);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_BLOCKED);
	assert_int_equal(fake.timer_set, 8000);
	fake.counter = 7999;
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_BLOCKED);
	fake.counter = 8000;
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_RUNNING);
}

/* The timer passed while another core's worker was about to answer: it is tried again. */
static void suspend_is_not_missed(void **state)
{
	(void)state;
	fake.timer_deadline = 8000;
	(void)firmware(0, PSCI_CPU_SUSPEND, 0, 0);
	fake.vcpu[0] = VCPU_STATE_RUNNING;
	fake.counter = 8000;
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.runs[0], 1);
	fake.vcpu[0] = VCPU_STATE_BLOCKED;
	assert_true(fake.timer_set > 8000);
	fake.counter = fake.timer_set;
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.runs[0], 2);
}

static void physical_timer_interrupts(void **state)
{
	(void)state;
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_WRITE, SYSREG_CNTP_CVAL_EL0, 500, 0), 0);
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_WRITE, SYSREG_CNTP_CTL_EL0, 1, 0), 0);
	assert_int_equal(fake.timer_set, 1501); /* never before the tick */
	fake.counter = 1501;
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.line_updates, 1);
	deliver(SK_SIGNAL_TIMER);
	assert_int_equal(fake.line_updates, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(starts, set_up),
		cmocka_unit_test_setup(orders_need_their_state, set_up),
		cmocka_unit_test_setup(load_that_fails_says_why, set_up),
		cmocka_unit_test_setup(pause_holds_the_counter, set_up_running),
		cmocka_unit_test_setup(hurried_exits, set_up_running),
		cmocka_unit_test_setup(other_exits, set_up_running),
		cmocka_unit_test_setup(strangers_are_refused, set_up_running),
		cmocka_unit_test_setup(second_vcpu, set_up_running),
		cmocka_unit_test_setup(guest_switches_itself_off, set_up_running),
		cmocka_unit_test_setup(off_waits_for_the_answer_of_another_core, set_up_running),
		cmocka_unit_test_setup(guest_resets_itself, set_up_running),
		cmocka_unit_test_setup(guest_resets_without_a_supervisor, set_up_running),
		cmocka_unit_test_setup(orders_win_over_the_guest, set_up_running),
		cmocka_unit_test_setup(refused_entry_fails_the_vm, set_up_running),
		cmocka_unit_test_setup(suspend_wakes_by_the_timer, set_up_running),
		cmocka_unit_test_setup(suspend_is_not_missed, set_up_running),
		cmocka_unit_test_setup(physical_timer_interrupts, set_up_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
