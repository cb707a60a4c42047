/* Notifications: bits set, taken, waited for, by name and along with calls, from this core and from another. */
#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

static void case_bits(void)
{
	pool_begin("notification: bits");

	sk_cap_t notification = pool_notification();
	sk_cap_t some = pool_copy(notification, SK_RIGHT_CALL, 0x6);
	uint64_t bits = 1;

	tap_status(sk_poll(notification, &bits), SK_WOULD_BLOCK, "a new one has none");
	tap_is(bits, 0, "none at all");
	tap_status(sk_signal(notification, 0x10), SK_OK, "one is set");
	tap_status(sk_signal(notification, 1ull << 63), SK_OK, "and another");
	tap_status(sk_poll(notification, &bits), SK_OK, "they are taken");
	tap_is(bits, 0x10 | 1ull << 63, "both at once");
	tap_status(sk_poll(notification, &bits), SK_WOULD_BLOCK, "and once");
	tap_status(sk_signal(some, 0xff), SK_OK, "a badge limits what can be set");
	(void)sk_poll(notification, &bits);
	tap_is(bits, 0x6, "to its bits");
	tap_status(sk_signal(notification, 0), SK_OK, "no bits are no error");
	tap_status(sk_poll(notification, &bits), SK_WOULD_BLOCK, "and nothing");
	tap_status(sk_poll(some, &bits), SK_NO_RIGHT, "who may set them may not take them");
	pool_end();
}

static void case_waited(void)
{
	pool_begin("notification: waited for");
	agent_begin();

	sk_cap_t notification = pool_notification();
	struct agent *waiter = agent_make(pool.core_number, agent_wait);
	struct agent *second = agent_make(pool.core_number, agent_wait);

	waiter->in[0] = notification;
	second->in[0] = notification;
	agent_plan_two(waiter, second);
	tap_status(sk_signal(notification, 3), SK_OK, "set before anybody waits");
	agent_start(waiter);
	tap_ok(agent_saw(waiter, 1), "who waits then has it at once");
	tap_is(waiter->seen[0].badge, SK_BADGE_SIGNAL, "as a signal");
	tap_is(waiter->seen[0].msg.w[0], 3, "with its bits");
	tap_ok(agent_becomes(waiter, THREAD_STATE_WAITING), "and waits for more");
	agent_start(second);
	tap_ok(agent_finished(second), "a second one may not wait beside it");
	tap_status(second->status, SK_BAD_STATE, "and is told so");
	tap_status(notification_destroy(notification), SK_BAD_STATE, "what is waited for stays");
	tap_status(sk_signal(notification, 4), SK_OK, "it is set from another core");
	tap_ok(agent_saw(waiter, 2), "and wakes who waits there");
	tap_is(waiter->seen[1].msg.w[0], 4, "with its bits");
	(void)agent_becomes(waiter, THREAD_STATE_WAITING);
	tap_status(thread_stop(waiter->thread), SK_OK, "who waits is stopped");
	tap_status(notification_destroy(notification), SK_OK, "then it may go");
	waiter->in[0] = pool.core;
	agent_start(waiter);
	tap_ok(agent_finished(waiter), "a core can't be waited for");
	tap_status(waiter->status, SK_BAD_TYPE, "and is told as what it is");
	waiter->in[0] = UINT32_MAX;
	agent_start(waiter);
	tap_ok(agent_finished(waiter), "nor a slot that there isn't");
	tap_status(waiter->status, SK_BAD_CAP, "likewise");
	pool_end();
}

static void run_signal(struct agent *agent)
{
	for (uint32_t i = 0; i < 1000; i++) {
		(void)sk_signal((sk_cap_t)agent->in[0], 1ull << i % 64u);
	}
}

static void case_bound(void)
{
	pool_begin("notification: along with calls");
	agent_begin();

	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t notification = pool_notification();
	struct agent *server = agent_make(pool.core_number, agent_echo);
	struct sk_msg msg = { .tag = SK_TAG_METHOD(0x55, 1) };

	tap_need(thread_bind_endpoint(server->thread, endpoint), "a server");
	tap_need(thread_bind_notification(server->thread, notification), "its notification");
	agent_plan_one(server);
	tap_status(sk_signal(notification, 8), SK_OK, "set before the server waits");
	agent_start(server);
	tap_ok(agent_saw(server, 1), "the server hears of it first");
	tap_is(server->seen[0].badge, SK_BADGE_SIGNAL, "as a signal");
	tap_is(server->seen[0].msg.w[0], 8, "with its bits");
	tap_status(sk_call(endpoint, &msg), SK_OK, "it takes calls in between");
	tap_status(sk_signal(notification, 16), SK_OK, "set while it waits");
	tap_ok(agent_saw(server, 3), "it hears of that too");
	tap_is(server->seen[2].msg.w[0], 16, "with those bits");
	pool_end();
}

static void case_none_lost(void)
{
	pool_begin("notification: from two cores at once");
	agent_begin();

	sk_cap_t notification = pool_notification();
	struct agent *signaller = agent_make(pool.core_number, run_signal);
	uint64_t all = 0;
	uint64_t bits;

	signaller->in[0] = notification;
	agent_plan_one(signaller);
	agent_start(signaller);
	while (signaller->done == 0) {
		(void)sk_poll(notification, &bits);
		all |= bits;
	}
	(void)sk_poll(notification, &bits);
	all |= bits;
	tap_is(all, UINT64_MAX, "no bit that one core sets is lost while another takes them");
	pool_end();
}

void suite_notification(void)
{
	case_bits();
	case_waited();
	case_bound();
	case_none_lost();
}
