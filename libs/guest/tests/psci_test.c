/* PSCI 1.1 (Arm DEN 0022): every function, every argument's errors, and the power states that follow. */
#include "fake_port.h"

#include <guest/psci.h>

#define VCPUS 3u
#define ENTRY 0x40080000ull

static struct guest guest;
static struct firmware_answer answer;

static int set_up(void **state)
{
	(void)state;
	fake_guest(&guest, VCPUS, 32);
	return 0;
}

static uint64_t call_from(uint32_t vcpu, uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct firmware_call call = { .vcpu = vcpu, .function = function, .argument = { a1, a2, a3 } };

	firmware_serve(&guest, &call, &answer);
	return answer.x[0];
}

static uint64_t call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return call_from(0, function, a1, a2, a3);
}

static void plain(uint64_t got, uint64_t expected)
{
	assert_int_equal(got, expected);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.action, 0);
	assert_int_equal(answer.request, FIRMWARE_NOTHING);
}

#define CPU_ON64 (PSCI_CPU_ON | FIRMWARE_64)
#define AFFINITY64 (PSCI_AFFINITY_INFO | FIRMWARE_64)
#define SUSPEND64 (PSCI_CPU_SUSPEND | FIRMWARE_64)
#define RESET2_64 (PSCI_SYSTEM_RESET2 | FIRMWARE_64)

static void versions(void **state)
{
	(void)state;
	plain(call(PSCI_VERSION, 0, 0, 0), 0x10001);
	plain(call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
}

static void features(void **state)
{
	static const uint32_t offered[] = {
		PSCI_VERSION, PSCI_CPU_SUSPEND, SUSPEND64, PSCI_CPU_OFF, PSCI_CPU_ON, CPU_ON64, PSCI_AFFINITY_INFO,
		AFFINITY64, PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES,
		PSCI_SYSTEM_RESET2, RESET2_64, FIRMWARE_SMCCC_VERSION,
	};

	(void)state;
	for (uint32_t number = 0; number < 0x40; number++) {
		for (uint32_t wide = 0; wide < 2; wide++) {
			uint32_t function = (PSCI_VERSION + number) | (wide != 0 ? FIRMWARE_64 : 0);
			bool expected = false;
			for (uint32_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
				expected = expected || offered[i] == function;
			}
			plain(call(PSCI_FEATURES, function, 0, 0), expected ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
		}
	}
	plain(call(PSCI_FEATURES, FIRMWARE_SMCCC_VERSION, 0, 0), PSCI_SUCCESS);
	plain(call(PSCI_FEATURES, 0, 0, 0), PSCI_NOT_SUPPORTED);
	/* 32-bit convention: the upper half of the argument's register means nothing. */
	plain(call(PSCI_FEATURES, 0x1234567800000000 | PSCI_VERSION, 0, 0), PSCI_SUCCESS);
}

static void cpu_on_starts_a_vcpu(void **state)
{
	(void)state;
	plain(call(CPU_ON64, 2, ENTRY, 0xfeedfacecafebeef), PSCI_SUCCESS);
	assert_int_equal(fake.started, 1);
	assert_int_equal(fake.start_vcpu, 2);
	assert_int_equal(fake.start_entry, ENTRY);
	assert_int_equal(fake.start_context, 0xfeedfacecafebeef);
	assert_int_equal(guest_power(&guest, 2), GUEST_POWER_ON);
	plain(call(CPU_ON64, 2, ENTRY, 0), PSCI_ALREADY_ON);
	assert_int_equal(fake.started, 1);
}

/* Delivered again, it finds what it did itself; what another did is as it always was. */
static void cpu_on_again_is_the_same(void **state)
{
	struct firmware_call again = {
		.vcpu = 0, .again = true, .function = CPU_ON64, .argument = { 2, ENTRY, 0 },
	};

	(void)state;
	plain(call(CPU_ON64, 2, ENTRY, 0), PSCI_SUCCESS);
	firmware_serve(&guest, &again, &answer);
	plain(answer.x[0], PSCI_SUCCESS);
	assert_int_equal(fake.started, 1);
	again.vcpu = 1;
	firmware_serve(&guest, &again, &answer);
	plain(answer.x[0], PSCI_ALREADY_ON);
	guest.vcpu[2].power = GUEST_POWER_ON_PENDING | GUEST_POWER_BY(0);
	firmware_serve(&guest, &again, &answer);
	plain(answer.x[0], PSCI_ON_PENDING);
	again.vcpu = 0;
	firmware_serve(&guest, &again, &answer);
	plain(answer.x[0], PSCI_SUCCESS);
	assert_int_equal(fake.started, 2);
	assert_int_equal(guest_power(&guest, 2), GUEST_POWER_ON);
}

static void cpu_on_32_narrows(void **state)
{
	(void)state;
	plain(call(PSCI_CPU_ON, 0xffffffff00000001, 0xffffffff00000000 | ENTRY, 0xffffffff00000007), PSCI_SUCCESS);
	assert_int_equal(fake.start_entry, ENTRY);
	assert_int_equal(fake.start_context, 7);
}

static void cpu_on_refuses(void **state)
{
	(void)state;
	plain(call(CPU_ON64, VCPUS, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	plain(call(CPU_ON64, 0x100, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	plain(call(CPU_ON64, 1ull << 32 | 1, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	plain(call(CPU_ON64, 1ull << 31 | 1, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	plain(call(CPU_ON64, UINT64_MAX, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	plain(call(CPU_ON64, 1, 0, 0), PSCI_INVALID_ADDRESS);
	plain(call(CPU_ON64, 1, ENTRY + 2, 0), PSCI_INVALID_ADDRESS);
	plain(call(CPU_ON64, 1, 0x08000000, 0), PSCI_INVALID_ADDRESS);
	plain(call(CPU_ON64, 1, guest.ram.base + guest.ram.bytes, 0), PSCI_INVALID_ADDRESS);
	plain(call(CPU_ON64, 1, UINT64_MAX & ~3ull, 0), PSCI_INVALID_ADDRESS);
	plain(call(CPU_ON64, 0, ENTRY, 0), PSCI_ALREADY_ON);
	guest.vcpu[1].power = GUEST_POWER_ON_PENDING;
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_ON_PENDING);
	assert_int_equal(fake.started, 0);
}

static void cpu_on_that_fails_can_be_tried_again(void **state)
{
	(void)state;
	fake.start_fails = true;
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_INTERNAL_FAILURE);
	assert_int_equal(guest.vcpu[1].power, GUEST_POWER_OFF);
	fake.start_fails = false;
	fake.resting = 1u << 1;
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_ALREADY_ON);
	fake.resting = 0;
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_SUCCESS);
}

/* On another core, the vCPU may be off again before the one that started it has its answer. */
static void cpu_on_may_be_over_at_once(void **state)
{
	(void)state;
	fake.starts_and_ends = &guest;
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_SUCCESS);
	assert_int_equal(guest.vcpu[1].power, GUEST_POWER_OFF);
	plain(call(AFFINITY64, 1, 0, 0), PSCI_AFFINITY_OFF);
	plain(call(CPU_ON64, 1, ENTRY, 0), PSCI_SUCCESS);
}

static void cpu_off_stops_the_caller(void **state)
{
	(void)state;
	guest.vcpu[1].power = GUEST_POWER_ON;
	(void)call_from(1, PSCI_CPU_OFF, 0, 0, 0);
	assert_int_equal(answer.action, SK_EXIT_ACTION_STOP);
	assert_int_equal(guest.vcpu[1].power, GUEST_POWER_OFF);
	assert_int_equal(guest.vcpu[0].power, GUEST_POWER_ON);
	fake.resting = 1u << 1; /* until the kernel has stopped it, it counts as on */
	plain(call(AFFINITY64, 1, 0, 0), PSCI_AFFINITY_ON);
	fake.resting = 0;
	plain(call(AFFINITY64, 1, 0, 0), PSCI_AFFINITY_OFF);
}

static void affinity_info(void **state)
{
	(void)state;
	plain(call(AFFINITY64, 0, 0, 0), PSCI_AFFINITY_ON);
	plain(call(PSCI_AFFINITY_INFO, 1, 0, 0), PSCI_AFFINITY_OFF);
	guest.vcpu[1].power = GUEST_POWER_ON_PENDING;
	plain(call(AFFINITY64, 1, 0, 0), PSCI_AFFINITY_ON_PENDING);
	plain(call(AFFINITY64, VCPUS, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 0x100, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 1ull << 40, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 1ull << 31, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 0, 4, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 0, UINT64_MAX, 0), PSCI_INVALID_PARAMETERS);
}

static void affinity_info_of_groups(void **state)
{
	(void)state;
	for (uint64_t level = 1; level < 4; level++) {
		plain(call(AFFINITY64, 0xff, level, 0), PSCI_AFFINITY_ON);
	}
	plain(call(AFFINITY64, 0x100, 1, 0), PSCI_INVALID_PARAMETERS);
	plain(call(AFFINITY64, 0x100, 2, 0), PSCI_AFFINITY_ON);
	guest.vcpu[0].power = GUEST_POWER_OFF;
	plain(call(AFFINITY64, 0, 1, 0), PSCI_AFFINITY_OFF);
	guest.vcpu[1].power = GUEST_POWER_ON_PENDING;
	plain(call(AFFINITY64, 0, 1, 0), PSCI_AFFINITY_ON_PENDING);
}

static void cpu_suspend(void **state)
{
	(void)state;
	assert_int_equal(call(SUSPEND64, 0, 0, 0), PSCI_SUCCESS);
	assert_int_equal(answer.action, SK_EXIT_ACTION_BLOCK);
	assert_int_equal(answer.request, FIRMWARE_SLEEP);
	assert_int_equal(call(PSCI_CPU_SUSPEND, 0x10005, ENTRY, 0), PSCI_SUCCESS);
	assert_int_equal(answer.request, FIRMWARE_SLEEP);
	plain(call(SUSPEND64, 0x10000, 3, 0), PSCI_INVALID_ADDRESS);
	plain(call(SUSPEND64, 0x20000, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(SUSPEND64, 1u << 24, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(SUSPEND64, 1u << 31, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(SUSPEND64, 1ull << 32, 0, 0), PSCI_INVALID_PARAMETERS);
}

static void system_calls_stop_the_caller(void **state)
{
	(void)state;
	(void)call(PSCI_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(answer.action, SK_EXIT_ACTION_STOP);
	assert_int_equal(answer.request, FIRMWARE_POWER_OFF);
	(void)call(PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(answer.action, SK_EXIT_ACTION_STOP);
	assert_int_equal(answer.request, FIRMWARE_RESET);
	(void)call(RESET2_64, 0, 0x1234, 0);
	assert_int_equal(answer.action, SK_EXIT_ACTION_STOP);
	assert_int_equal(answer.request, FIRMWARE_RESET);
	plain(call(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID_PARAMETERS);
	plain(call(PSCI_SYSTEM_RESET2, 0x80000000, 0, 0), PSCI_NOT_SUPPORTED);
	plain(call(RESET2_64, UINT64_MAX, 0, 0), PSCI_NOT_SUPPORTED);
}

static void unknown_functions(void **state)
{
	(void)state;
	plain(call(0x84000005, 0, 0, 0), PSCI_NOT_SUPPORTED); /* MIGRATE */
	plain(call(0x8400000e, 0, 0, 0), PSCI_NOT_SUPPORTED); /* SYSTEM_SUSPEND */
	plain(call(0x8400001f, 0, 0, 0), PSCI_NOT_SUPPORTED);
	plain(call(PSCI_VERSION | FIRMWARE_64, 0, 0, 0), PSCI_NOT_SUPPORTED);
	plain(call(PSCI_CPU_OFF | FIRMWARE_64, 0, 0, 0), PSCI_NOT_SUPPORTED);
	plain(call(PSCI_SYSTEM_OFF | FIRMWARE_64, 0, 0, 0), PSCI_NOT_SUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(versions, set_up),
		cmocka_unit_test_setup(features, set_up),
		cmocka_unit_test_setup(cpu_on_starts_a_vcpu, set_up),
		cmocka_unit_test_setup(cpu_on_again_is_the_same, set_up),
		cmocka_unit_test_setup(cpu_on_32_narrows, set_up),
		cmocka_unit_test_setup(cpu_on_refuses, set_up),
		cmocka_unit_test_setup(cpu_on_that_fails_can_be_tried_again, set_up),
		cmocka_unit_test_setup(cpu_on_may_be_over_at_once, set_up),
		cmocka_unit_test_setup(cpu_off_stops_the_caller, set_up),
		cmocka_unit_test_setup(affinity_info, set_up),
		cmocka_unit_test_setup(affinity_info_of_groups, set_up),
		cmocka_unit_test_setup(cpu_suspend, set_up),
		cmocka_unit_test_setup(system_calls_stop_the_caller, set_up),
		cmocka_unit_test_setup(unknown_functions, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
