#include "crash.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_MAX 2000000u

static void keep(struct crash *crash)
{
	if (crash->count == crash->room) {
		crash->room = crash->room == 0 ? 64 : 2 * crash->room;
		crash->copies = realloc(crash->copies, crash->room * crash->bytes);
		assert_non_null(crash->copies);
	}
	memcpy(crash->copies + crash->count * crash->bytes, crash->shared, crash->bytes);
	crash->count++;
}

void crash_record(struct crash *crash, void (*operation)(void *argument), void *argument)
{
	int status = 0;
	bool ended = false;
	pid_t child;

	crash->count = 0;
	keep(crash);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		operation(argument);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	for (uint32_t i = 0; !ended; i++) {
		assert_true(i < STEPS_MAX);
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		ended = WSTOPSIG(status) == SIGSTOP;
		assert_true(ended || WSTOPSIG(status) == SIGTRAP);
		if (memcmp(crash->copies + (crash->count - 1) * crash->bytes, crash->shared, crash->bytes) != 0) {
			keep(crash);
		}
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

void crash_restore(const struct crash *crash, uint32_t index)
{
	memcpy(crash->shared, crash->copies + index * crash->bytes, crash->bytes);
}

void crash_forget(struct crash *crash)
{
	free(crash->copies);
	crash->copies = NULL;
	crash->count = 0;
	crash->room = 0;
}
