/*
 * What messages carry besides their words: bytes and capabilities, both ways, and
 * whatever a hostile sender says about them.
 */
#include "world.h"
#include <string.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define CAP_AREA (SK_PAGE_BYTES - 64u)

struct pair {
	struct actor server, client;
	uint32_t slot;
};

static void pair_make(struct pair *pair, uint32_t client_core)
{
	actor_make(&pair->server, 1);
	actor_serve(&pair->server);
	actor_make(&pair->client, client_core);
	pair->slot = actor_client(&pair->client, &pair->server, 5);
	if (client_core == 1) {
		world_plan(1, pair->server.thread, pair->client.thread, 0);
	} else {
		world_plan(1, pair->server.thread, 0);
		world_plan(client_core, pair->client.thread, 0);
	}
	actor_start(&pair->server);
	actor_reply_wait(&pair->server, 0, 0, 0);
	actor_start(&pair->client);
}

static void fill(const struct actor *actor, uint8_t value)
{
	memset(actor->t->buffer, value, SK_PAGE_BYTES);
}

static void send_cap(const struct actor *actor, uint32_t index, uint64_t slot)
{
	memcpy(actor->t->buffer + CAP_AREA + 8u * index, &slot, sizeof slot);
}

static uint64_t received_cap(const struct actor *actor, uint32_t index)
{
	uint64_t slot;
	memcpy(&slot, actor->t->buffer + CAP_AREA + 8u * index, sizeof slot);
	return slot;
}

static capability cap_in(const struct actor *actor, uint64_t slot)
{
	return actor->c->space->slots[slot];
}

static void bytes_are_copied_both_ways(void **state)
{
	(void)state;
	for (uint32_t core = 1; core < 3; core++) {
		world_boot(3);
		struct pair pair;
		pair_make(&pair, core);
		fill(&pair.client, 0x11);
		fill(&pair.server, 0x22);
		actor_call(&pair.client, pair.slot, TAG | SK_TAG_BYTES(100), 1);
		mock_settle();
		assert_int_equal(actor_x(&pair.server, 1), TAG | SK_TAG_BYTES(100));
		assert_int_equal(pair.server.t->buffer[99], 0x11);
		assert_int_equal(pair.server.t->buffer[100], 0x22);
		fill(&pair.server, 0x33);
		actor_reply_wait(&pair.server, actor_token(&pair.server), SK_TAG_BYTES(9), 1);
		mock_settle();
		assert_int_equal(SK_TAG_BYTES_OF(actor_x(&pair.client, 0)), 9);
		assert_int_equal(pair.client.t->buffer[8], 0x33);
		assert_int_equal(pair.client.t->buffer[9], 0x11);
	}
}

/* Twelve bits can say more than there is room for: the slots at the page's end stay what they are. */
static void lengths_are_cut(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair, 1);
	static const uint32_t lengths[] = { SK_MSG_BYTES - 1u, SK_MSG_BYTES, SK_MSG_BYTES + 1u, 4095 };
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		uint32_t arrives = lengths[i] < SK_MSG_BYTES ? lengths[i] : SK_MSG_BYTES;
		fill(&pair.client, 0x11);
		fill(&pair.server, 0x22);
		actor_call(&pair.client, pair.slot, TAG | SK_TAG_BYTES(lengths[i]), 1);
		assert_int_equal(actor_x(&pair.server, 1), TAG | SK_TAG_BYTES(arrives));
		assert_int_equal(pair.server.t->buffer[arrives - 1u], 0x11);
		assert_int_equal(pair.server.t->buffer[arrives], 0x22);
		assert_int_equal(pair.server.t->buffer[SK_PAGE_BYTES - 1u], 0x22);
		fill(&pair.server, 0x33);
		actor_reply_wait(&pair.server, actor_token(&pair.server), SK_TAG_BYTES(lengths[i]), 1);
		assert_int_equal(SK_TAG_BYTES_OF(actor_x(&pair.client, 0)), arrives);
		assert_int_equal(pair.client.t->buffer[arrives], 0x11);
	}
	/* Also by a call on the kernel itself. */
	uint32_t machine = actor_give(&pair.client, SK_BOOT_SLOT_MACHINE, SK_RIGHTS_ALL, 0);
	actor_call(&pair.client, machine, MACHINE_TAG_PRINT | SK_TAG_BYTES(4095), 0);
	assert_int_equal(sk_reply_status(actor_x(&pair.client, 0)), SK_BAD_ARG);
}

static void capabilities_are_copied(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair, 1);
	K_OK(pair.server.thread, THREAD_TAG_SET_RECEIVE_WINDOW, 300, 4);
	uint32_t first = actor_give(&pair.client, world_notification(), SK_RIGHT_CALL | SK_RIGHT_GRANT, 0x20);
	uint32_t second = actor_give(&pair.client, world_memory(1), SK_RIGHT_READ | SK_RIGHT_GRANT, 0);
	send_cap(&pair.client, 0, first);
	send_cap(&pair.client, 1, second);
	actor_call(&pair.client, pair.slot, TAG | SK_TAG_CAPS(2), 1);
	assert_int_equal(actor_x(&pair.server, 1), TAG | SK_TAG_CAPS(2));
	assert_int_equal(received_cap(&pair.server, 0), 300);
	assert_int_equal(received_cap(&pair.server, 1), 301);
	assert_true(cap_in(&pair.server, 300) == cap_in(&pair.client, first));
	assert_true(cap_in(&pair.server, 301) == cap_in(&pair.client, second));
	/* And back, into the client's window. */
	K_OK(pair.client.thread, THREAD_TAG_SET_RECEIVE_WINDOW, SK_CAP_SLOTS, 1);
	send_cap(&pair.server, 0, 301);
	actor_reply_wait(&pair.server, actor_token(&pair.server), SK_TAG_CAPS(1), 1);
	assert_int_equal(SK_TAG_CAPS_OF(actor_x(&pair.client, 0)), 1);
	assert_int_equal(received_cap(&pair.client, 0), SK_CAP_SLOTS);
	assert_true(cap_in(&pair.client, SK_CAP_SLOTS) == cap_in(&pair.client, second));
	invariants_check();
}

/* What can't be given isn't, and the tag tells how many were. */
static void hostile_slots(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair, 1);
	K_OK(pair.server.thread, THREAD_TAG_SET_RECEIVE_WINDOW, 300, 8);
	uint32_t notification = world_notification();
	uint32_t good = actor_give(&pair.client, notification, SK_RIGHT_CALL | SK_RIGHT_GRANT, 0);
	uint32_t ungrantable = actor_give(&pair.client, notification, SK_RIGHT_CALL, 0);
	uint32_t gone = world_notification();
	uint32_t stale = actor_give(&pair.client, gone, SK_RIGHTS_ALL, 0);
	K_OK(gone, NOTIFICATION_TAG_DESTROY);
	const uint64_t bad[] = { 0, 500, SK_CAP_SLOTS + 1u, UINT64_MAX, 1ull << 32 | good, ungrantable, stale };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		send_cap(&pair.client, 0, bad[i]);
		send_cap(&pair.client, 1, good);
		send_cap(&pair.client, 2, bad[i]);
		actor_call(&pair.client, pair.slot, TAG | SK_TAG_CAPS(3), 1);
		assert_int_equal(actor_x(&pair.server, 1), TAG | SK_TAG_CAPS(1));
		assert_int_equal(received_cap(&pair.server, 0), 300u + i);
		actor_reply_wait(&pair.server, actor_token(&pair.server), 0, 0);
	}
	invariants_check();
}

static void windows_fill_up(void **state)
{
	(void)state;
	struct pair pair;
	pair_make(&pair, 1);
	uint32_t good = actor_give(&pair.client, world_notification(), SK_RIGHT_CALL | SK_RIGHT_GRANT, 0);
	for (uint32_t i = 0; i < 3; i++) {
		send_cap(&pair.client, i, good);
	}
	/* No window: nothing comes. */
	actor_call(&pair.client, pair.slot, TAG | SK_TAG_CAPS(3), 1);
	assert_int_equal(SK_TAG_CAPS_OF(actor_x(&pair.server, 1)), 0);
	actor_reply_wait(&pair.server, actor_token(&pair.server), 0, 0);
	K_OK(pair.server.thread, THREAD_TAG_SET_RECEIVE_WINDOW, 300, 2);
	actor_call(&pair.client, pair.slot, TAG | SK_TAG_CAPS(3), 1);
	assert_int_equal(SK_TAG_CAPS_OF(actor_x(&pair.server, 1)), 2);
	actor_reply_wait(&pair.server, actor_token(&pair.server), 0, 0);
	assert_int_equal(cap_in(&pair.server, 302), CAPABILITY_NONE);
	K_OK(pair.server.space, SPACE_TAG_CAP_DELETE, 300);
	actor_call(&pair.client, pair.slot, TAG | SK_TAG_CAPS(3), 1);
	assert_int_equal(SK_TAG_CAPS_OF(actor_x(&pair.server, 1)), 1);
	assert_int_equal(received_cap(&pair.server, 0), 300);
	static const struct {
		uint64_t first, count;
	} bad[] = {
		{ 0, 1 }, { 1, SK_WINDOW_SLOTS + 1u }, { 1, SK_CAP_SLOTS + 1u }, { SK_CAP_SLOTS, 2 }, { SK_CAP_SLOTS + 1u, 1 }, { UINT32_MAX, 1 },
		{ 1, UINT32_MAX }, { UINT32_MAX, UINT32_MAX }, { 1ull << 32, 1 }, { 300, 1ull << 32 | 1u },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		K_REFUSED(SK_BAD_ARG, pair.server.thread, THREAD_TAG_SET_RECEIVE_WINDOW, bad[i].first, bad[i].count);
	}
	K_OK(pair.server.thread, THREAD_TAG_SET_RECEIVE_WINDOW, 1, SK_WINDOW_SLOTS);
	invariants_check();
}

/* A guest has no message buffer: a reply to it carries nothing. */
static void replies_to_exits_carry_nothing(void **state)
{
	(void)state;
	struct actor server;
	actor_make(&server, 1);
	actor_serve(&server);
	uint32_t vm = world_vm(0);
	uint32_t slot = world_vcpu(vm, 1);
	K_OK(slot, VCPU_TAG_ROUTE, 0, server.endpoint);
	world_vcpu_prepare(slot);
	world_plan(1, server.thread, slot, 0);
	actor_start(&server);
	actor_reply_wait(&server, 0, 0, 0);
	K_OK(slot, VCPU_TAG_RUN);
	mock_exit(1, VM_EXIT_METHOD_HYPERCALL, (const uint64_t[6]){ 1, 2, 3, 4, 5, 6 });
	assert_runs(&server);
	actor_reply_wait(&server, actor_token(&server), SK_TAG_BYTES(4000) | SK_TAG_CAPS(3), 0);
	assert_true(runs(&world_vcpu_at(slot)->context));
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bytes_are_copied_both_ways, world_setup),
		cmocka_unit_test_setup(lengths_are_cut, world_setup),
		cmocka_unit_test_setup(capabilities_are_copied, world_setup),
		cmocka_unit_test_setup(hostile_slots, world_setup),
		cmocka_unit_test_setup(windows_fill_up, world_setup),
		cmocka_unit_test_setup(replies_to_exits_carry_nothing, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
