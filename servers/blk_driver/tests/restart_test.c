/*
 * The driver is killed at every store that anybody else could see, for real: an instance serves requests in a child
 * process under ptrace, instruction by instruction. Whenever that has changed something in the shared memory (channel,
 * VM's memory, disk), what is there is what a kill would leave: a new instance starts from it. Every request must be
 * served exactly once as far as the client can see, with the right data, and nothing else may have changed. The same
 * again for kills of instances that follow a kill.
 */
#define _GNU_SOURCE /* kill */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sk/start.h>

#include "machine.h"

#define STEPS_MAX 1000000u
#define DEATHS_MAX 1000u
#define ALL_SLOTS (1ull << 0 | 1ull << 9 | 1ull << 20 | 1ull << 33 | 1ull << 63)
#define HALF 32768u

static void prepare(void)
{
	machine_init("all", "all");
	machine_queue = 16; /* little to clear: that is done in small steps here */
	machine->channels[0].client_sleeps = 1;
	memset(machine->guest[0][0], 0x11, 1024);
	memset(machine->guest[0][0] + HALF, 0x22, 512);
	(void)machine_request(0, 0, SK_BLOCK_OPERATION_WRITE, 8, 2, 0);
	(void)machine_request(0, 9, SK_BLOCK_OPERATION_READ, 100, 4, 4096);
	(void)machine_request(0, 20, SK_BLOCK_OPERATION_READ, MACHINE_SECTORS, 1, 0); /* refused */
	(void)machine_request(0, 33, SK_BLOCK_OPERATION_WRITE, 10, 1, HALF);
	(void)machine_request(0, 63, SK_BLOCK_OPERATION_FLUSH, 0, 0, 0);
	machine_submit(0, ALL_SLOTS);
}

static void check_all_is_done(uint32_t death)
{
	const struct sk_block_channel *channel = &machine->channels[0];

	if (machine_open_slots(0) != 0 || channel->served != ALL_SLOTS) {
		fail_msg("death %u: requested %llx, served %llx", death,
			 (unsigned long long)channel->requested, (unsigned long long)channel->served);
	}
	for (uint32_t slot = 0; slot < 64; slot++) {
		uint32_t result = slot == 20			    ? SK_BLOCK_RESULT_REFUSED
				  : (ALL_SLOTS >> slot & 1) != 0 ? SK_BLOCK_RESULT_DONE
								 : SK_BLOCK_RESULT_PENDING;

		assert_int_equal(channel->slots[slot].result, result);
	}
	assert_int_equal(machine->disk[7][0], 7);
	assert_int_equal(machine->disk[8][0], 0x11);
	assert_int_equal(machine->disk[9][511], 0x11);
	assert_int_equal(machine->disk[10][0], 0x22);
	assert_int_equal(machine->disk[11][0], 11);
	for (uint32_t i = 0; i < 2048; i++) {
		assert_int_equal(machine->guest[0][0][4096 + i], 100 + i / 512);
	}
	assert_int_equal(machine->guest[0][0][4095], 0);
	assert_int_equal(machine->guest[0][0][4096 + 2048], 0);
	assert_true(machine->flushes >= 1);
	assert_true(machine->signals[0] >= 1);
}

static void serve_all(void)
{
	machine_start();
	machine_run();
}

/* All words that the driver writes where it does not die with them, and what the disk has done. */
struct visible {
	uint64_t words[16];
	uint32_t results[64];
	uint32_t work[3];
};

static void look(struct visible *visible)
{
	const struct sk_block_channel *channel = &machine->channels[0];

	memset(visible, 0, sizeof(*visible));
	memcpy(visible->words, channel, sizeof(visible->words));
	for (uint32_t i = 0; i < 64; i++) {
		visible->results[i] = channel->slots[i].result;
	}
	visible->work[0] = machine->commands;
	visible->work[1] = machine->writes;
	visible->work[2] = machine->signals[0];
}

static struct machine *deaths[DEATHS_MAX]; /* what each leaves */
static uint32_t death_count;

static void note_death(void)
{
	assert_true(death_count < DEATHS_MAX);
	deaths[death_count] = malloc(sizeof(struct machine));
	assert_non_null(deaths[death_count]);
	memcpy(deaths[death_count++], machine, sizeof(*machine));
}

static void step_through(pid_t child)
{
	struct visible before;
	struct visible now;
	int status = 0;

	look(&before);
	for (uint32_t i = 0; i < STEPS_MAX; i++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP) {
			return;
		}
		look(&now);
		if (memcmp(&before, &now, sizeof(now)) != 0) {
			note_death();
			before = now;
		}
	}
	fail_msg("the instance does not end");
}

/* Adds what is there after each store of an instance that starts now. */
static void die_everywhere(void)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		serve_all();
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	step_through(child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static void go_on_from(uint32_t death)
{
	memcpy(machine, deaths[death], sizeof(*machine));
	serve_all();
	check_all_is_done(death);
}

static void forget_deaths(void)
{
	while (death_count != 0) {
		free(deaths[--death_count]);
	}
}

static void test_a_kill_at_every_store(void **unused)
{
	(void)unused;
	prepare();
	die_everywhere();
	check_all_is_done(UINT32_MAX);
	assert_true(death_count > 20);
	for (uint32_t i = 0; i < death_count; i++) {
		go_on_from(i);
	}
	forget_deaths();
}

static void test_kills_after_kills(void **unused)
{
	(void)unused;
	prepare();
	die_everywhere();

	uint32_t first = death_count;

	for (uint32_t i = 0; i < first; i += 13) {
		memcpy(machine, deaths[i], sizeof(*machine));
		die_everywhere();
		check_all_is_done(i);
	}
	for (uint32_t i = first; i < death_count; i++) {
		go_on_from(i);
	}
	forget_deaths();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kill_at_every_store),
		cmocka_unit_test(test_kills_after_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
