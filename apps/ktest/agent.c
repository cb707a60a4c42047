#include "agent.h"

#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>
#include <sk/timer.h>

#include "pool.h"
#include "tap.h"

#define STACK_PAGES 4u
#define STACK_SHIFT 16u
#define PATIENCE_NS 5000000000ull
#define POLL_NS 50000u
#define LINGER_NS 3000000u
#define FIRST_INDEX 1u /* 0 is this process's own thread */

static struct agent agents[AGENTS];
static sk_cap_t buffers[AGENTS];
static uint32_t agent_count;

static uint64_t stack_top(uint32_t index)
{
	return SK_VA_STACKS + (((uint64_t)index + 1u) << STACK_SHIFT);
}

void agent_init(void)
{
	const uint32_t writable = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE;
	const uint64_t stack_bytes = STACK_PAGES * SK_PAGE_BYTES;

	for (uint32_t i = 0; i < AGENTS; i++) {
		uint32_t index = FIRST_INDEX + i;
		sk_cap_t stack = pool_ram(STACK_PAGES);

		buffers[i] = pool_ram(1);
		tap_need(space_map(pool.space, stack, stack_top(index) - stack_bytes, 0, stack_bytes, writable),
			 "an agent's stack");
		tap_need(space_map(pool.space, buffers[i], SK_VA_MESSAGE_BUFFERS + (uint64_t)index * SK_PAGE_BYTES, 0,
				   SK_PAGE_BYTES, writable),
			 "an agent's message buffer");
	}
}

void agent_begin(void)
{
	agent_count = 0;
}

/* Each agent's first function. Its last act is to stop itself. */
_Noreturn static void agent_main(struct agent *agent)
{
	agent->run(agent);
	__atomic_store_n(&agent->done, 1, __ATOMIC_RELEASE);
	for (;;) {
		(void)thread_stop(agent->thread);
	}
}

struct agent *agent_make(uint32_t core, void (*run)(struct agent *agent))
{
	struct agent *agent = &agents[agent_count];

	tap_need(agent_count < AGENTS ? SK_OK : SK_NO_SLOT, "an agent for the case");
	*agent = (struct agent){ .index = FIRST_INDEX + agent_count, .core = core, .run = run };
	agent->thread = pool_ram(1);
	tap_need(memory_create_thread(agent->thread, pool.space, core, buffers[agent_count], agent->thread),
		 "an agent's thread");
	agent_count++;
	return agent;
}

void *agent_buffer(const struct agent *agent)
{
	return (void *)(uintptr_t)(SK_VA_MESSAGE_BUFFERS + (uint64_t)agent->index * SK_PAGE_BYTES);
}

void agent_start(struct agent *agent)
{
	__atomic_store_n(&agent->done, 0, __ATOMIC_RELAXED);
	/* A step below the top: sk_thread_index() goes by the address. */
	tap_need(thread_configure(agent->thread, (uint64_t)(uintptr_t)agent_main, stack_top(agent->index) - 16u,
				  (uint64_t)(uintptr_t)agent, (uint64_t)(uintptr_t)agent_buffer(agent)),
		 "an agent's registers");
	tap_need(thread_start(agent->thread), "an agent's start");
}

void agent_rest(uint64_t ns)
{
	(void)sk_sleep_until(sk_now_ns() + ns);
}

bool agent_until(bool (*holds)(const void *context), const void *context)
{
	uint64_t end = sk_now_ns() + PATIENCE_NS;

	while (!holds(context)) {
		if (sk_now_ns() > end) {
			return false;
		}
		agent_rest(POLL_NS);
	}
	return true;
}

void agent_linger(void)
{
	agent_rest(LINGER_NS);
}

static bool is_done(const void *context)
{
	return __atomic_load_n(&((const struct agent *)context)->done, __ATOMIC_ACQUIRE) != 0;
}

bool agent_finished(const struct agent *agent)
{
	/* The last it does is to stop itself. */
	return agent_until(is_done, agent) && agent_becomes(agent, THREAD_STATE_STOPPED);
}

struct wanted {
	const struct agent *agent;
	uint32_t value;
};

static bool has_seen(const void *context)
{
	const struct wanted *wanted = context;

	return __atomic_load_n(&wanted->agent->seen_count, __ATOMIC_ACQUIRE) >= wanted->value;
}

bool agent_saw(const struct agent *agent, uint32_t count)
{
	const struct wanted wanted = { agent, count };

	return agent_until(has_seen, &wanted);
}

uint32_t agent_state(const struct agent *agent)
{
	enum thread_state state = THREAD_STATE_STOPPED;
	uint32_t core;
	uint64_t words[4];
	sk_status_t status = thread_info(agent->thread, &state, &core, &words[0], &words[1], &words[2], &words[3]);

	return status == SK_OK ? (uint32_t)state : UINT32_MAX;
}

static bool has_state(const void *context)
{
	const struct wanted *wanted = context;

	return agent_state(wanted->agent) == wanted->value;
}

bool agent_becomes(const struct agent *agent, uint32_t state)
{
	const struct wanted wanted = { agent, state };

	return agent_until(has_state, &wanted);
}

void agent_plan_slots(uint32_t count, const sk_cap_t *tasks)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS];

	memset(slots, 0, sizeof(slots));
	for (uint32_t i = 0; i < count; i++) {
		slots[i].task = tasks[i];
	}
	tap_need(core_commit_plan(pool.core, count, 0, slots), "the spare core's plan");
}

void agent_plan(uint32_t count, struct agent *const *planned)
{
	sk_cap_t tasks[AGENTS];

	for (uint32_t i = 0; i < count; i++) {
		tasks[i] = planned[i]->thread;
	}
	agent_plan_slots(count, tasks);
}

void agent_plan_one(struct agent *agent)
{
	agent_plan(1, &agent);
}

void agent_plan_two(struct agent *first, struct agent *second)
{
	struct agent *const both[] = { first, second };

	agent_plan(2, both);
}

static void note(struct agent *agent, uint64_t badge, const struct sk_msg *msg, const struct sk_caller *caller)
{
	uint32_t at = agent->seen_count < AGENT_SEEN ? agent->seen_count : AGENT_SEEN - 1u;

	agent->seen[at].badge = badge;
	agent->seen[at].token = caller->token;
	agent->seen[at].msg = *msg;
	__atomic_store_n(&agent->seen_count, agent->seen_count + 1u, __ATOMIC_RELEASE);
}

void agent_echo(struct agent *agent)
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	while (!sk_wait_failed(badge)) {
		note(agent, badge, &msg, &caller);
		msg.tag = SK_OK;
		badge = sk_reply_wait(badge == SK_BADGE_SIGNAL ? 0 : caller.token, &msg, &caller);
	}
	agent->status = (sk_status_t)badge;
}

void agent_answer(struct agent *agent)
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	while (!sk_wait_failed(badge)) {
		note(agent, badge, &msg, &caller);
		msg = agent->answer;
		badge = sk_reply_wait(badge == SK_BADGE_SIGNAL ? 0 : caller.token, &msg, &caller);
	}
	agent->status = (sk_status_t)badge;
}

void agent_keep(struct agent *agent)
{
	struct sk_msg msg = { 0 };
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	while (!sk_wait_failed(badge)) {
		if (badge == SK_BADGE_SIGNAL) {
			agent->status = sk_reply(agent->in[1], &agent->answer);
		}
		note(agent, badge, &msg, &caller);
		badge = sk_reply_wait(0, &msg, &caller);
	}
	agent->status = (sk_status_t)badge;
}

void agent_busy(struct agent *agent)
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait(SK_WAIT_ENDPOINT, &msg, &caller);

	note(agent, badge, &msg, &caller);
	for (;;) {
		__asm__ volatile("" : : : "memory");
	}
}

void agent_wait(struct agent *agent)
{
	struct sk_msg msg;
	struct sk_caller caller;
	uint64_t badge = sk_wait((uint32_t)agent->in[0], &msg, &caller);

	while (!sk_wait_failed(badge)) {
		note(agent, badge, &msg, &caller);
		badge = sk_wait((uint32_t)agent->in[0], &msg, &caller);
	}
	agent->status = (sk_status_t)badge;
}

void agent_call(struct agent *agent)
{
	agent->status = sk_call((sk_cap_t)agent->in[0], &agent->answer);
}
