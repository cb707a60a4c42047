/* Threads: what may be set while they are stopped, started and stopped from elsewhere, their registers, their end. */
#include <string.h>

#include <sk/idl/kernel_client.h>

#include "agent.h"
#include "code.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define SP_REGISTER 31u
#define PC_REGISTER 32u
#define STATE_REGISTER 33u
#define GENERAL_REGISTERS 29u /* that code_pattern sets */

static void run_count(struct agent *agent)
{
	for (;;) {
		__atomic_fetch_add(&agent->out[0], 1, __ATOMIC_RELAXED);
	}
}

static bool counts(const void *context)
{
	const struct agent *agent = context;

	return __atomic_load_n(&agent->out[0], __ATOMIC_RELAXED) > agent->in[7];
}

/* It gets further than it is now. */
static bool runs(struct agent *agent)
{
	agent->in[7] = __atomic_load_n(&agent->out[0], __ATOMIC_RELAXED);
	return agent_until(counts, agent);
}

/* It stays where it is. */
static bool rests(struct agent *agent)
{
	uint64_t before = __atomic_load_n(&agent->out[0], __ATOMIC_RELAXED);

	agent_linger();
	return __atomic_load_n(&agent->out[0], __ATOMIC_RELAXED) == before;
}

static void case_life(void)
{
	pool_begin("thread: started and stopped");
	agent_begin();

	struct agent *agent = agent_make(pool.core_number, run_count);
	enum thread_state state;
	uint64_t words[4];
	uint32_t core = UINT32_MAX;

	tap_is(agent_state(agent), THREAD_STATE_STOPPED, "a new thread is stopped");
	tap_status(thread_stop(agent->thread), SK_OK, "stopping it changes nothing");
	agent_start(agent);
	tap_is(agent_state(agent), THREAD_STATE_READY, "a started one is ready");
	tap_ok(rests(agent), "without a place in a plan it doesn't run");
	agent_plan_one(agent);
	tap_ok(runs(agent), "with one it does");
	tap_status(thread_start(agent->thread), SK_BAD_STATE, "it can't be started twice");
	tap_status(thread_configure(agent->thread, 0, 0, 0, 0), SK_BAD_STATE, "nor set anew while it runs");
	tap_status(thread_info(agent->thread, &state, &core, &words[0], &words[1], &words[2], &words[3]), SK_OK,
		   "it is looked at");
	tap_is(core, pool.core_number, "it is on its core");
	tap_is(words[0] | words[1] | words[2], 0, "it serves nobody, and never did");
	tap_status(thread_stop(agent->thread), SK_OK, "it is stopped from another core");
	tap_is(agent_state(agent), THREAD_STATE_STOPPED, "and says so");
	tap_ok(rests(agent), "it doesn't run any more");
	tap_status(thread_start(agent->thread), SK_OK, "it is started again");
	tap_ok(runs(agent), "and goes on from there");
	(void)thread_info(agent->thread, &state, &core, &words[0], &words[1], &words[2], &words[3]);
	tap_ok(words[3] > 0, "it has used time");
	pool_end();
}

static void case_rights(void)
{
	pool_begin("thread: rights");
	agent_begin();

	struct agent *agent = agent_make(pool.core_number, run_count);
	sk_cap_t reader = pool_copy(agent->thread, SK_RIGHT_READ, 0);
	sk_cap_t writer = pool_copy(agent->thread, SK_RIGHT_WRITE, 0);
	uint64_t registers[34];

	tap_status(thread_start(reader), SK_NO_RIGHT, "who may read doesn't start it");
	tap_status(thread_stop(reader), SK_NO_RIGHT, "nor stop it");
	tap_status(thread_destroy(writer), SK_NO_RIGHT, "who may write doesn't destroy it");
	tap_status(thread_configure(writer, 0, 0, 0, 0), SK_NO_RIGHT, "nor configure it");
	tap_status(thread_read_registers(writer, registers), SK_NO_RIGHT, "nor read its registers");
	tap_status(thread_read_registers(reader, registers), SK_OK, "who may read does");
	tap_status(thread_destroy(pool.self), SK_BAD_STATE, "nobody destroys the thread that they are");
	pool_end();
}

static void case_registers(void)
{
	pool_begin("thread: registers");
	agent_begin();

	struct agent *agent = agent_make(pool.core_number, NULL);
	uint64_t registers[34];
	uint64_t wrong = 0;

	agent_plan_one(agent);
	tap_status(thread_configure(agent->thread, (uint64_t)(uintptr_t)code_pattern, 0x1111110, 0, 0), SK_OK,
		   "it starts at a place of its own");
	tap_status(thread_start(agent->thread), SK_OK, "started");
	do {
		agent_rest(100000);
		(void)thread_read_registers(agent->thread, registers);
	} while (registers[GENERAL_REGISTERS - 1] != 0x1000 + GENERAL_REGISTERS - 1);
	for (uint32_t i = 0; i < GENERAL_REGISTERS; i++) {
		wrong += registers[i] != 0x1000u + i ? 1u : 0u;
	}
	tap_is(wrong, 0, "each register has its own value");
	tap_is(registers[SP_REGISTER], 0x1111110, "the stack pointer is as it was set");
	tap_ok(registers[PC_REGISTER] > (uint64_t)(uintptr_t)code_pattern, "the program counter has moved");
	tap_status(thread_write_registers(agent->thread, registers), SK_BAD_STATE, "none is written while it runs");

	uint64_t *data;

	(void)pool_seen(1, &data);
	tap_status(thread_stop(agent->thread), SK_OK, "it is stopped");
	memset(registers, 0, sizeof(registers));
	registers[0] = 0xabcdef0123456789;
	registers[1] = (uint64_t)(uintptr_t)&data[3];
	registers[PC_REGISTER] = (uint64_t)(uintptr_t)code_store;
	registers[STATE_REGISTER] = UINT64_MAX;
	tap_status(thread_write_registers(agent->thread, registers), SK_OK, "then they are");
	(void)thread_read_registers(agent->thread, registers);
	tap_is(registers[STATE_REGISTER] & 0xfffffff, 0, "nothing of the processor's state but the flags");
	tap_status(thread_start(agent->thread), SK_OK, "it is started");
	while (__atomic_load_n(&data[3], __ATOMIC_RELAXED) == 0) {
		agent_rest(100000);
	}
	tap_is(data[3], 0xabcdef0123456789, "and does what the registers say");
	pool_end();
}

static void case_bindings(void)
{
	pool_begin("thread: endpoint, notification, window");
	agent_begin();

	struct agent *first = agent_make(pool.core_number, agent_echo);
	struct agent *second = agent_make(pool.core_number, agent_echo);
	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t other = pool_endpoint();
	sk_cap_t control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	sk_cap_t notification = pool_notification();
	uint32_t numbers[3];

	tap_status(thread_bind_endpoint(first->thread, pool.core), SK_BAD_TYPE, "a core is no endpoint");
	tap_status(thread_bind_endpoint(first->thread, pool_slot()), SK_BAD_CAP, "nothing is none");
	tap_status(thread_bind_endpoint(first->thread, pool_copy(endpoint, SK_RIGHT_CALL, 0)), SK_NO_RIGHT,
		   "calling is not receiving");
	tap_status(thread_bind_endpoint(first->thread, endpoint), SK_OK, "bound");
	tap_status(endpoint_info(control, &numbers[0], &numbers[1], &numbers[2]), SK_OK, "the endpoint tells");
	tap_is(numbers[1], 1, "it has a receiver");
	tap_status(thread_bind_endpoint(first->thread, endpoint), SK_OK, "bound there already");
	tap_status(thread_bind_endpoint(first->thread, other), SK_BAD_STATE, "a thread has one endpoint");
	tap_status(thread_bind_endpoint(second->thread, endpoint), SK_BAD_STATE, "an endpoint one receiver on a core");
	tap_status(endpoint_destroy(control), SK_BAD_STATE, "an endpoint with receivers stays");

	tap_status(thread_bind_notification(first->thread, pool.core), SK_BAD_TYPE, "a core is no notification");
	tap_status(thread_bind_notification(first->thread, pool_copy(notification, SK_RIGHT_CALL, 0)), SK_NO_RIGHT,
		   "signalling is not waiting");
	tap_status(thread_bind_notification(first->thread, notification), SK_OK, "bound");
	tap_status(thread_bind_notification(second->thread, notification), SK_BAD_STATE,
		   "a notification is one thread's");
	tap_status(thread_bind_notification(first->thread, pool_notification()), SK_BAD_STATE,
		   "a thread has one notification");
	tap_status(notification_destroy(notification), SK_BAD_STATE, "a bound notification stays");

	tap_status(thread_set_receive_window(first->thread, 0, 1), SK_BAD_ARG, "slot 0 is in no window");
	tap_status(thread_set_receive_window(first->thread, 1, SK_CAP_SLOTS + 1), SK_BAD_ARG, "a window has an end");
	tap_status(thread_set_receive_window(first->thread, SK_CAP_SLOTS, 2), SK_BAD_ARG, "in the table");
	tap_status(thread_set_receive_window(first->thread, UINT32_MAX, 1), SK_BAD_ARG, "it begins there too");
	tap_status(thread_set_receive_window(first->thread, UINT32_MAX, UINT32_MAX), SK_BAD_ARG, "also if both wrap");
	tap_status(thread_set_receive_window(first->thread, SK_CAP_SLOTS, 1), SK_OK, "the last slot is one");
	tap_status(thread_set_receive_window(first->thread, 1, 0), SK_OK, "none is one too");
	tap_status(thread_set_call_budget(first->thread, UINT64_MAX), SK_OK, "a budget can be for ever");
	tap_status(thread_set_call_budget(first->thread, 0), SK_OK, "or none");

	agent_plan_one(first);
	agent_start(first);
	tap_ok(agent_becomes(first, THREAD_STATE_RECEIVING), "it waits for calls");
	tap_status(thread_bind_endpoint(first->thread, endpoint), SK_BAD_STATE, "a running thread is bound to nothing");
	tap_status(thread_bind_notification(first->thread, notification), SK_BAD_STATE, "nor to a notification");
	tap_status(thread_destroy(first->thread), SK_OK, "it is destroyed as it waits");
	tap_status(notification_destroy(notification), SK_OK, "its notification may go now");
	tap_status(endpoint_destroy(control), SK_OK, "and its endpoint");
	pool_end();
}

static void case_destroy(void)
{
	pool_begin("thread: destroyed while it runs");
	agent_begin();

	struct agent *agent = agent_make(pool.core_number, run_count);
	sk_cap_t copy = pool_copy(agent->thread, SK_RIGHTS_ALL, 0);

	agent_plan_one(agent);
	agent_start(agent);
	tap_ok(runs(agent), "it runs on the other core");
	tap_status(thread_destroy(agent->thread), SK_OK, "it is destroyed from here");
	tap_ok(rests(agent), "and runs no more");
	tap_status(thread_start(copy), SK_STALE, "what is left of it is stale");
	struct agent *next = agent_make(pool.core_number, run_count);
	agent_plan_one(next);
	agent_start(next);
	tap_ok(runs(next), "the core runs others");
	pool_end();
}

void suite_thread(void)
{
	case_life();
	case_rights();
	case_registers();
	case_bindings();
	case_destroy();
}
