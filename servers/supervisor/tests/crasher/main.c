/*
 * A server that dies in the way that its argument `how` names, a while after each
 * start: what the supervisor's tests on the machine restart. `times` (default 1): instances that
 * die before one stays; 0: all of them. It counts in its persistent region what it has survived.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sk/process.h>
#include <sk/server.h>

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(sk_server_other, signalled)

/* Not known to the compiler, so that it does not know what follows either. */
static volatile uintptr_t nowhere;

static void read_nothing(void)
{
	(void)*(volatile uint32_t *)nowhere;
}

static void write_code(void)
{
	*(volatile uint32_t *)(uintptr_t)sk_start()->image_base = 0;
}

static void run_data(void)
{
	static uint32_t data[4];

	((void (*)(void))(uintptr_t)data)();
}

static void overflow_stack(void)
{
	volatile uint8_t room[4096];

	room[0] = 0;
	if (nowhere == 0) {
		overflow_stack();
	}
	room[1] = room[0];
}

static void hang(void)
{
	for (;;) {
		nowhere = 0;
	}
}

static void die(const char *how)
{
	if (strcmp(how, "read") == 0) {
		read_nothing();
	} else if (strcmp(how, "write-code") == 0) {
		write_code();
	} else if (strcmp(how, "run-data") == 0) {
		run_data();
	} else if (strcmp(how, "stack") == 0) {
		overflow_stack();
	} else if (strcmp(how, "hang") == 0) {
		hang();
	} else if (strcmp(how, "illegal") == 0) {
		__builtin_trap();
	} else if (strcmp(how, "exit") == 0) {
		sk_exit(3, "asked to");
	}
	sk_exit(0, NULL);
}

int main(void)
{
	const char *how = sk_argument("how");
	const struct sk_start_region *kept = sk_region_named("persistent");
	uint64_t times = sk_argument_number("times", 1);
	uint32_t instance = sk_start()->instance;

	if (how == NULL || kept == NULL) {
		printf("no argument `how`, or no persistent memory\n");
		return 1;
	}

	uint32_t *survived = (uint32_t *)(uintptr_t)kept->address;

	printf("instance %u, survived %u\n", (unsigned)instance, (unsigned)*survived);
	++*survived;
	if (times == 0 || instance < times) {
		die(how);
	}
	printf("instance %u stays\n", (unsigned)instance);
	sk_server_run();
}
