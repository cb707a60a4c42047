/*
 * Jumps, exit handlers, the environment, constructors, and what is not there.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sk/process.h>

#include "check.h"

static int constructed;

__attribute__((constructor)) static void construct(void)
{
	constructed++;
}

static jmp_buf back;

static void jump(int depth, double carried)
{
	if (carried == 3.5) {
		longjmp(back, depth);
	}
}

static void jumps(void)
{
	volatile int count = 0;
	volatile double kept = 1.25;
	int value = setjmp(back);

	if (value < 3) {
		count++;
		jump(value + 1, 3.5);
	}
	CHECK(value == 3 && count == 3 && kept == 1.25);
	if (setjmp(back) == 0) {
		jump(0, 3.5); /* longjmp makes a 1 of it */
	} else {
		count = 0;
	}
	CHECK(count == 0);
}

static void constructors(void)
{
	CHECK(constructed == 1);
}

static void environment(void)
{
	CHECK(getenv("PATH") == NULL);
	CHECK(setenv("NAME", "value", 1) == 0 && strcmp(getenv("NAME"), "value") == 0);
	CHECK(unsetenv("NAME") == 0 && getenv("NAME") == NULL);
}

static void identity(void)
{
	struct utsname name;
	char where[8];

	CHECK(uname(&name) == 0 && strcmp(name.sysname, "Skink") == 0);
	CHECK(strcmp(name.nodename, sk_start()->name) == 0);
	CHECK(getpid() == 1 && getuid() == 0);
	CHECK(getcwd(where, sizeof(where)) == where && strcmp(where, "/") == 0);
	CHECK(sysconf(_SC_PAGESIZE) == SK_PAGE_BYTES);
	CHECK(isatty(STDOUT_FILENO) == 1 && isatty(9) == 0);
}

static void absent_services(void)
{
	errno = 0;
	CHECK(fork() == -1 && errno == ENOSYS);
	errno = 0;
	CHECK(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOSYS);
	errno = 0;
	CHECK(wait(NULL) == -1 && errno == ENOSYS);
}

void check_control(void)
{
	static const struct check_case cases[] = {
		{ "setjmp and longjmp", jumps },
		{ "constructors ran once", constructors },
		{ "the environment can be set", environment },
		{ "the process knows who it is", identity },
		{ "what is absent says ENOSYS", absent_services },
	};

	CHECK_CASES("control", cases);
}
