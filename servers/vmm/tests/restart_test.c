/*
 * The VMM dies at every system call that it makes, before the call has its effect and after, and each time the next
 * instance finishes what was begun: the guest, the operator and the supervisor see what they would have seen without.
 */
#include "fake_kernel.h"

#include <string.h>

#include <guest/firmware.h>
#include <guest/psci.h>
#include <sk/idl/vm_exit.h>

#define STEPS_MAX 400u

/* What somebody outside could tell. */
struct outcome {
	uint64_t status;
	uint64_t state;
	uint64_t boots;
	uint64_t on;
	enum vcpu_state vcpu[VCPUS];
	uint64_t entry[VCPUS];
	uint64_t x0;
	bool told_off;
	bool told_reset;
	bool told_failed;
};

static uint64_t order(uint64_t tag)
{
	return fake_send(SK_BADGE(VMM_INTERFACE, 0), tag, 0, 0, 0);
}

static uint64_t leave(uint32_t vcpu, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2)
{
	uint64_t status = fake_send(SK_BADGE(VM_EXIT_INTERFACE, vcpu), tag, w0, w1, w2);

	if ((fake.reply.w[0] & SK_EXIT_ACTION_STOP) != 0) {
		fake.vcpu[vcpu] = VCPU_STATE_READY;
	}
	return status;
}

/* Whatever the server has signalled to itself, until it is at rest. */
static void settle(void)
{
	for (uint32_t i = 0; i < 8 && fake.signals != 0; i++) {
		uint64_t bits = fake.signals;

		fake.signals = 0;
		(void)fake_send(SK_BADGE_SIGNAL, 0, bits, 0, 0);
	}
	assert_int_equal(fake.signals, 0);
}

static void nothing(void)
{
}

static void loaded(void)
{
	assert_int_equal(order(VMM_TAG_LOAD), 0);
}

static void running(void)
{
	loaded();
	assert_int_equal(order(VMM_TAG_START), 0);
}

static void both_running(void)
{
	running();
	(void)leave(0, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_CPU_ON | FIRMWARE_64, 1, ENTRY);
	assert_int_equal(states[0].x[0], PSCI_SUCCESS);
}

static void paused(void)
{
	both_running();
	fake.counter = 5000;
	assert_int_equal(order(VMM_TAG_PAUSE), 0);
	fake.counter = 9000;
}

static uint64_t load(void)
{
	return order(VMM_TAG_LOAD);
}

static uint64_t start(void)
{
	return order(VMM_TAG_START);
}

static uint64_t pause(void)
{
	return order(VMM_TAG_PAUSE);
}

static uint64_t resume(void)
{
	return order(VMM_TAG_RESUME);
}

static uint64_t stop(void)
{
	return order(VMM_TAG_STOP);
}

static uint64_t reset(void)
{
	return order(VMM_TAG_RESET);
}

static uint64_t cpu_on(void)
{
	return leave(0, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_CPU_ON | FIRMWARE_64, 1, ENTRY + 8);
}

static uint64_t system_off(void)
{
	return leave(1, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_SYSTEM_OFF, 0, 0);
}

static uint64_t system_reset(void)
{
	uint64_t status = leave(1, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_SYSTEM_RESET, 0, 0);

	settle();
	assert_true(fake.events_reset >= 1);
	assert_int_equal(order(VMM_TAG_RESET), 0); /* the supervisor's answer to it */
	return status;
}

static uint64_t refused_entry(void)
{
	return leave(1, VM_EXIT_TAG_FAIL_ENTRY, 3, 0, 0);
}

static struct outcome run(void (*prepare)(void), uint64_t (*act)(void), uint32_t kill_at)
{
	struct outcome outcome = { 0 };

	fake_set_up();
	prepare();
	fake.steps = 0;
	fake.kill_at = kill_at;
	outcome.status = act();
	settle();
	fake.kill_at = 0;
	assert_int_equal(order(VMM_TAG_INFO), 0);
	outcome.state = fake.reply.w[0];
	outcome.on = fake.reply.w[2];
	outcome.boots = fake.reply.w[3];
	outcome.x0 = states[0].x[0];
	for (uint32_t i = 0; i < VCPUS; i++) {
		outcome.vcpu[i] = fake.vcpu[i];
		outcome.entry[i] = fake.entry[i];
	}
	outcome.told_off = fake.events_off != 0;
	outcome.told_reset = fake.events_reset != 0;
	outcome.told_failed = fake.events_failed != 0;
	return outcome;
}

static void check(void (*prepare)(void), uint64_t (*act)(void))
{
	struct outcome expected = run(prepare, act, 0);
	uint32_t kill_at = 0;

	do {
		kill_at++;
		struct outcome outcome = run(prepare, act, kill_at);

		if (outcome.boots > expected.boots) {
			outcome.boots = expected.boots; /* a start that was begun twice counts twice */
		}
		if (memcmp(&outcome, &expected, sizeof(outcome)) != 0) {
			fail_msg("killed at step %u: status %llu for %llu, state %llu for %llu, on %llx for %llx, "
				 "vCPUs %d %d for %d %d, x0 %llx for %llx", kill_at,
				 (unsigned long long)outcome.status, (unsigned long long)expected.status,
				 (unsigned long long)outcome.state, (unsigned long long)expected.state,
				 (unsigned long long)outcome.on, (unsigned long long)expected.on, outcome.vcpu[0],
				 outcome.vcpu[1], expected.vcpu[0], expected.vcpu[1],
				 (unsigned long long)outcome.x0, (unsigned long long)expected.x0);
		}
	} while (fake.steps >= kill_at && kill_at < STEPS_MAX);
	assert_true(kill_at > 1 && kill_at < STEPS_MAX);
}

#define SURVIVES(name, prepare, act)       \
	static void name(void **state)     \
	{                                  \
		(void)state;               \
		check((prepare), (act));   \
	}

SURVIVES(death_in_load, nothing, load)
SURVIVES(death_in_start, loaded, start)
SURVIVES(death_in_pause, both_running, pause)
SURVIVES(death_in_resume, paused, resume)
SURVIVES(death_in_stop, both_running, stop)
SURVIVES(death_in_reset, both_running, reset)
SURVIVES(death_in_cpu_on, running, cpu_on)
SURVIVES(death_in_system_off, both_running, system_off)
SURVIVES(death_in_system_reset, both_running, system_reset)
SURVIVES(death_in_refused_entry, both_running, refused_entry)

/* The time that a paused guest does not see is the same however often the order begins anew. */
static void resumed_counter(void **state)
{
	(void)state;
	for (uint32_t kill_at = 0; kill_at < 40; kill_at++) {
		(void)run(paused, resume, kill_at);
		assert_int_equal(fake.offset[0], fake.offset[1]);
		assert_int_equal(fake.offset[0], saved.guest.counter_offset);
	}
}

static void sleeper_is_woken_by_the_next_instance(void **state)
{
	(void)state;
	fake_set_up();
	running();
	fake.timer_deadline = 8000;
	(void)leave(0, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_CPU_SUSPEND, 0, 0);
	fake.vcpu[0] = VCPU_STATE_BLOCKED;
	fake.steps = 0;
	fake.kill_at = 1;
	(void)leave(1, VM_EXIT_TAG_FIRMWARE_CALL, PSCI_AFFINITY_INFO, 1, 0);
	fake.counter = 8000;
	(void)fake_send(SK_BADGE_SIGNAL, 0, SK_SIGNAL_TIMER, 0, 0);
	assert_int_equal(fake.vcpu[0], VCPU_STATE_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_in_load),
		cmocka_unit_test(death_in_start),
		cmocka_unit_test(death_in_pause),
		cmocka_unit_test(death_in_resume),
		cmocka_unit_test(death_in_stop),
		cmocka_unit_test(death_in_reset),
		cmocka_unit_test(death_in_cpu_on),
		cmocka_unit_test(death_in_system_off),
		cmocka_unit_test(death_in_system_reset),
		cmocka_unit_test(death_in_refused_entry),
		cmocka_unit_test(resumed_counter),
		cmocka_unit_test(sleeper_is_woken_by_the_next_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
