/*
 * The VMM's server over a fake kernel: orders, exits and requests go through the real loop and dispatch.
 */
#include "fake_kernel.h"

#include <string.h>

#include <guest/firmware.h>
#include <guest/psci.h>
#include <guest/sysreg.h>
#include <sk/idl/server.h>
#include <sk/idl/vm_exit.h>

static uint64_t order(uint64_t tag)
{
	return fake_send(SK_BADGE(VMM_INTERFACE, 0), tag, 0, 0, 0);
}

/* An exit of vCPU `vcpu`; what the kernel does with action `stop` or `block` is done here. */
static uint64_t leave(uint32_t vcpu, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2)
{
	uint64_t status = fake_send(SK_BADGE(VM_EXIT_INTERFACE, vcpu), tag, w0, w1, w2);

	assert_int_equal(fake.reply_token, FAKE_TOKEN);
	return status;
}

static uint64_t firmware(uint32_t vcpu, uint32_t function, uint64_t a1, uint64_t a2)
{
	assert_int_equal(leave(vcpu, VM_EXIT_TAG_FIRMWARE_CALL, function, a1, a2), 0);
	if ((fake.reply.w[0] & SK_EXIT_ACTION_STOP) != 0) {
		fake.vcpu[vcpu] = VCPU_STATE_READY;
	}
	if ((fake.reply.w[0] & SK_EXIT_ACTION_BLOCK) != 0) {
		fake.vcpu[vcpu] = VCPU_STATE_BLOCKED;
	}
	return states[vcpu].x[0];
}

/* Delivers what the server signalled to itself, and `bits`. */
static void deliver(uint64_t bits)
{
	uint64_t all = fake.signals | bits;

	fake.signals = 0;
	(void)fake_send(SK_BADGE_SIGNAL, 0, all, 0, 0);
	assert_int_equal(fake.reply_token, 0);
}

static enum vmm_state vm_state(void)
{
	assert_int_equal(order(VMM_TAG_INFO), 0);
	return (enum vmm_state)fake.reply.w[0];
}

static int set_up(void **state)
{
	(void)state;
	fake_set_up();
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
	assert_int_equal(fake.reply.w[1], VCPUS);
	assert_int_equal(fake.reply.w[2], 1);
	assert_int_equal(fake.reply.w[3], 1);
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
	assert_memory_equal(message_page, "kernel: is empty", fake.reply.w[0]);
	vmm.files.kernel.size = 4096;
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
	assert_int_equal(fake.reply.w[0], 0);
	saved.guest.id[0x20] = 0x1234;
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_READ, SYSREG(3u, 0u, 0u, 4u, 0u), 3, 0), 0);
	assert_int_equal(fake.reply.w[0], 0x1234);
	assert_int_equal(fake.reply.w[1], 0);
	assert_int_equal(leave(1, VM_EXIT_TAG_SEND_IPI, 7u << 24 | 2, SYSREG_ICC_SGI1R_EL1, 0), 0);
	assert_int_equal(fake.reply.w[0], SK_EXIT_ACTION_INJECT);
	assert_int_equal(fake.reply.w[1], 7 | 2 << 8); /* to vCPU 1 */
	assert_int_equal(fake.line_updates, 0);
}

static void other_exits(void **state)
{
	(void)state;
	assert_int_equal(leave(0, VM_EXIT_TAG_HYPERCALL, 0x1234, 0, 0), 0);
	assert_int_equal(states[0].x[0], UINT64_MAX);
	assert_int_equal(leave(0, VM_EXIT_TAG_SYSREG_READ, SYSREG(3u, 7u, 15u, 15u, 7u), 0, 0), 0);
	assert_int_equal(fake.reply.w[1], SK_EXIT_ACTION_UNDEFINED);
	assert_int_equal(leave(0, VM_EXIT_TAG_SEND_IPI, 1u << 24 | 3, SYSREG_ICC_SGI1R_EL1, 0), 0);
	assert_int_equal(fake.reply.w[0], SK_EXIT_ACTION_INJECT);
	assert_int_equal(fake.reply.w[1], 1);
	assert_int_equal(fake.line_updates, 1);
	assert_int_equal(leave(0, VM_EXIT_TAG_NESTED_PAGE_FAULT, 0x1000, SK_ACCESS_READ, SK_FAULT_CAUSE_UNMAPPED), 0);
	assert_int_equal(fake.reply.w[0], SK_EXIT_ACTION_DATA_ABORT);
	assert_int_equal(leave(0, VM_EXIT_TAG_EXCEPTION, 0x1000, 0, 0), 0);
	assert_int_equal(fake.reply.w[0], SK_EXIT_ACTION_UNDEFINED);
	assert_int_equal(leave(0, VM_EXIT_TAG_MMIO_READ, GUEST_GICD_BASE, 2u << 7, 0), 0);
	assert_int_equal(fake.reply.w[0], 0x50);
	assert_int_equal(leave(0, VM_EXIT_TAG_MMIO_READ, 0x1000, 2u << 7, 0), SK_REPLY_SYSTEM | 5);
}

static void strangers_are_refused(void **state)
{
	(void)state;
	assert_int_equal(fake_send(SK_BADGE(0x77, 0), VM_EXIT_TAG_HYPERCALL, 0, 0, 0), SK_REPLY_SYSTEM | 7);
	assert_int_equal(fake_send(SK_BADGE(VM_EXIT_INTERFACE, 0), VMM_TAG_STOP, 0, 0, 0), SK_REPLY_SYSTEM | 7);
	assert_int_equal(fake_send(SK_BADGE(VMM_INTERFACE, 0), VM_EXIT_TAG_HYPERCALL, FIRMWARE_SKINK_VERSION, 0, 0),
			 SK_REPLY_SYSTEM | 7);
	assert_int_equal(fake_send(SK_BADGE(HEARTBEAT_INTERFACE, 0), HEARTBEAT_TAG_PING, 0, 0, 0), 0);
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
	assert_int_equal(fake.reply.w[3], 2);
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
	assert_int_equal(fake.reply.w[0], SK_EXIT_ACTION_STOP);
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
