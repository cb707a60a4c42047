/*
 * A server is killed after every single instruction of a data register access,
 * for real: the access runs in a child process under ptrace, which is stepped n instructions and
 * then killed, for every n until it ends. What the next instance finds in the
 * shared memory must give, with the exit delivered again, each character exactly once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <devices/pl011.h>

#define HALF_BYTES (128u + 64u)
#define CAPACITY 64u
#define STEPS_MAX 20000u

struct shared {
	struct sk_uart_state state;
	_Alignas(64) uint8_t stream[2 * HALF_BYTES];
};

struct operation {
	bool read;
	uint8_t vcpu;
	uint64_t token;
	uint32_t value; /* to write; what a read returned */
};

static struct shared *shared;

static struct sk_byte_ring *ring(uint32_t half)
{
	return (struct sk_byte_ring *)(void *)(shared->stream + half * HALF_BYTES);
}

static void perform(struct pl011 *uart, struct operation *operation)
{
	struct pl011_access access = {
		.token = operation->token, .offset = PL011_DR, .size = 4, .vcpu = operation->vcpu,
		.value = operation->value,
	};

	if (operation->read) {
		operation->value = pl011_read(uart, access);
	} else {
		(void)pl011_write(uart, access);
	}
}

/* An instance that serves `operation` and is killed after `steps` instructions. True if it got to the end before. */
static bool serve_and_kill(struct operation operation, uint32_t steps)
{
	bool ended = false;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct pl011 uart;

		(void)pl011_open(&uart, &shared->state, shared->stream, sizeof(shared->stream));
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		perform(&uart, &operation);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	for (uint32_t i = 0; i < steps && !ended; i++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		ended = WSTOPSIG(status) == SIGSTOP;
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return ended;
}

static void start_afresh(void)
{
	struct pl011 uart;
	int was_empty;

	memset(shared, 0, sizeof(*shared));
	(void)sk_byte_ring_write(ring(1), CAPACITY, (const uint8_t *)"klmnop", 6, &was_empty);
	assert_true(pl011_open(&uart, &shared->state, shared->stream, sizeof(shared->stream)));
	shared->state.mask = PL011_INT_TX | PL011_INT_RT;
	struct operation before = { .vcpu = 0, .token = 1, .value = '<' };
	perform(&uart, &before);
}

static void test_write_is_neither_lost_nor_doubled(void **unused)
{
	bool ended = false;

	(void)unused;
	for (uint32_t steps = 0; !ended; steps++) {
		struct operation write = { .vcpu = 0, .token = 2, .value = 'a' };
		struct operation after = { .vcpu = 0, .token = 3, .value = '>' };
		struct pl011 next;

		assert_true(steps < STEPS_MAX);
		start_afresh();
		ended = serve_and_kill(write, steps);
		assert_true(pl011_open(&next, &shared->state, shared->stream, sizeof(shared->stream)));
		perform(&next, &write);
		perform(&next, &after);
		assert_int_equal(ring(0)->written, 3);
		assert_memory_equal(ring(0)->data, "<a>", 3);
		assert_true(pl011_line(&next));
	}
}

/* The instance that gets the exit again is killed as well, in the same place: the same must hold. */
static void test_write_survives_two_kills(void **unused)
{
	bool ended = false;

	(void)unused;
	for (uint32_t steps = 0; !ended; steps++) {
		struct operation write = { .vcpu = 0, .token = 2, .value = 'a' };
		struct pl011 next;

		start_afresh();
		ended = serve_and_kill(write, steps);
		(void)serve_and_kill(write, steps);
		assert_true(pl011_open(&next, &shared->state, shared->stream, sizeof(shared->stream)));
		perform(&next, &write);
		assert_int_equal(ring(0)->written, 2);
		assert_memory_equal(ring(0)->data, "<a", 2);
	}
}

/* Another vCPU's write is served between the kill and the delivery of the first one again. */
static void test_other_vcpu_comes_first(void **unused)
{
	bool ended = false;

	(void)unused;
	for (uint32_t steps = 0; !ended; steps++) {
		struct operation write = { .vcpu = 0, .token = 2, .value = 'a' };
		struct operation other = { .vcpu = 1, .token = 3, .value = 'b' };
		struct pl011 next;

		start_afresh();
		ended = serve_and_kill(write, steps);
		assert_true(pl011_open(&next, &shared->state, shared->stream, sizeof(shared->stream)));
		perform(&next, &other);
		perform(&next, &write);
		assert_int_equal(ring(0)->written, 3);
		if (memcmp(ring(0)->data, "<ab", 3) != 0) {
			assert_memory_equal(ring(0)->data, "<ba", 3);
		}
	}
}

static void test_read_is_neither_lost_nor_doubled(void **unused)
{
	bool ended = false;

	(void)unused;
	for (uint32_t steps = 0; !ended; steps++) {
		struct operation read = { .read = true, .vcpu = 0, .token = 2 };
		struct operation other = { .read = true, .vcpu = 1, .token = 3 };
		struct operation after = { .read = true, .vcpu = 0, .token = 4 };
		struct pl011 next;

		start_afresh();
		ended = serve_and_kill(read, steps);
		assert_true(pl011_open(&next, &shared->state, shared->stream, sizeof(shared->stream)));
		if (steps % 2 == 0) {
			perform(&next, &read);
			perform(&next, &other);
		} else {
			perform(&next, &other);
			perform(&next, &read);
		}
		perform(&next, &after);
		assert_int_equal(ring(1)->read, 3);
		assert_int_equal(read.value + other.value, 'k' + 'l');
		assert_int_not_equal(read.value, other.value);
		assert_int_equal(after.value, 'm');
		assert_true(pl011_line(&next));
	}
}

static int map_shared(void **unused)
{
	(void)unused;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_is_neither_lost_nor_doubled),
		cmocka_unit_test(test_write_survives_two_kills),
		cmocka_unit_test(test_other_vcpu_comes_first),
		cmocka_unit_test(test_read_is_neither_lost_nor_doubled),
	};

	return cmocka_run_group_tests(tests, map_shared, NULL);
}
