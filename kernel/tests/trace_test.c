/* What the kernel notes of a core that has a ring for it, and that it notes nothing else. Core 1 is the stage. */
#include "world.h"
#include <string.h>

#include <sk/trace.h>

#define TAG SK_TAG_METHOD(0x42, 7)
#define LONG SK_TAG_BYTES(8) /* makes a message take the general path */
#define RING_PAGES (SK_TRACE_BYTES / SK_PAGE_BYTES)

struct stage {
	struct actor server, client;
	uint32_t slot;        /* of the server's endpoint, in the client's table */
	uint32_t ring;
	const struct sk_trace_record *records;
};

/* Memory of `pages` pages, the first of which is `more` pages behind a multiple of a ring's size. */
static uint32_t memory_at(uint32_t more, uint32_t pages)
{
	uint32_t before = world_memory(1);
	uint64_t next = world_object(before)->base / SK_PAGE_BYTES + 1;
	uint64_t gap = (RING_PAGES - next % RING_PAGES + more) % RING_PAGES;
	if (gap != 0) {
		(void)world_memory((uint32_t)gap);
	}
	uint32_t memory = world_memory(pages);
	assert_int_equal(world_object(memory)->base / SK_PAGE_BYTES % RING_PAGES, more);
	K_OK(memory, MEMORY_TAG_CLEAR, 0, (uint64_t)pages * SK_PAGE_BYTES);
	return memory;
}

/* A server that waits for calls, and a client that runs. */
static void stage_make(struct stage *stage)
{
	stage->ring = memory_at(0, RING_PAGES);
	stage->records = (const void *)(uintptr_t)world_object(stage->ring)->base;
	actor_make(&stage->server, 1);
	actor_serve(&stage->server);
	actor_listen(&stage->server);
	actor_make(&stage->client, 1);
	stage->slot = actor_client(&stage->client, &stage->server, SK_BADGE(0x42, 5));
	world_plan(1, stage->server.thread, stage->client.thread, 0);
	actor_start(&stage->server);
	actor_reply_wait(&stage->server, 0, 0, 0);
	actor_start(&stage->client);
	assert_runs(&stage->client);
}

static void assert_record(const struct sk_trace_record *record, enum sk_trace_kind kind, uint64_t token,
			  const struct actor *peer, uint64_t tag, uint64_t word)
{
	assert_int_equal(SK_TRACE_KIND_OF(record->what), kind);
	assert_int_equal(record->token, token);
	assert_int_equal(SK_TRACE_PEER_OF(record->what), peer == NULL ? 0 : token_index(peer->c->token));
	assert_int_equal(SK_TRACE_TAG_OF(record->what), (uint32_t)tag);
	assert_int_equal(record->word, word);
	assert_true(record->time != 0 && record->time <= mock.now);
}

static void a_call_and_its_reply_by_both_ways(void **state)
{
	(void)state;
	static const uint64_t tags[] = { TAG, TAG | LONG };
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		struct stage stage;
		world_boot(3);
		stage_make(&stage);
		K_OK(world.core[1], CORE_TAG_TRACE, stage.ring);
		actor_call(&stage.client, stage.slot, tags[i], 100);
		uint64_t token = actor_token(&stage.server);
		assert_record(&stage.records[0], SK_TRACE_CALL, token, &stage.server, tags[i], 100);
		actor_reply_wait(&stage.server, token, tags[i] == TAG ? 3 : LONG | 3, 200);
		const struct sk_trace_record *reply = &stage.records[1];
		if (tags[i] != TAG) {
			/* The general path asks the plan, and the server is the more urgent of the two. */
			assert_record(reply++, SK_TRACE_DISPATCH, stage.server.c->token, &stage.server, 0, 0);
		}
		assert_record(reply, SK_TRACE_REPLY, token, &stage.server, tags[i] == TAG ? 3 : LONG | 3, 200);
		assert_int_equal(token, stage.client.c->token);
	}
}

static void starts_faults_signals_and_turns(void **state)
{
	(void)state;
	struct stage stage;
	stage_make(&stage);
	uint32_t may_signal = actor_give(&stage.client, stage.server.notification, SK_RIGHT_CALL, 0);
	K_OK(world.core[1], CORE_TAG_TRACE, stage.ring);
	actor_syscall(&stage.client, SK_SYS_SIGNAL, may_signal, 6, 0, 0);
	const struct sk_trace_record *next = stage.records;
	assert_record(next++, SK_TRACE_SIGNAL, stage.client.c->token, &stage.server, 0, 6);
	assert_record(next++, SK_TRACE_DISPATCH, stage.server.c->token, &stage.server, 0, 0);
	mock_fault(1, THREAD_FAULT_REASON_MEMORY, 0x1234);
	assert_record(next++, SK_TRACE_FAULT, stage.server.c->token, NULL, THREAD_FAULT_REASON_MEMORY, 0x1234);
	assert_record(next++, SK_TRACE_DISPATCH, stage.client.c->token, &stage.client, 0, 0);
	K_OK(stage.client.thread, THREAD_TAG_STOP);
	next = stage.records;
	while (SK_TRACE_KIND_OF(next->what) != SK_TRACE_NONE) {
		next++;
	}
	assert_record(next - 1, SK_TRACE_DISPATCH, 0, NULL, 0, 0); /* the core idles */
	K_OK(stage.client.thread, THREAD_TAG_START);
	assert_record(next, SK_TRACE_START, stage.client.c->token, NULL, 0, 0);
}

static void interrupts(void **state)
{
	(void)state;
	struct stage stage;
	stage_make(&stage);
	uint32_t line = world_slot();
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, line);
	K_OK(line, INTERRUPT_TAG_BIND, stage.server.notification, 8, 1);
	K_OK(world.core[1], CORE_TAG_TRACE, stage.ring);
	mock_line_raise(40);
	mock_settle();
	assert_record(&stage.records[0], SK_TRACE_INTERRUPT, 0, NULL, 40, 0);
	assert_record(&stage.records[1], SK_TRACE_SIGNAL, stage.client.c->token, &stage.server, 0, 8);
}

/* The newest is written over the oldest, and never beside the ring. */
static void a_full_ring_begins_again(void **state)
{
	(void)state;
	struct stage stage;
	stage_make(&stage);
	uint64_t behind = *(const uint64_t *)(const void *)(stage.records + SK_TRACE_RECORDS);
	K_OK(world.core[1], CORE_TAG_TRACE, stage.ring);
	for (uint64_t i = 0; i < SK_TRACE_RECORDS / 2 + 1; i++) {
		actor_call(&stage.client, stage.slot, TAG, i);
		actor_reply_wait(&stage.server, actor_token(&stage.server), 0, i);
	}
	assert_int_equal(stage.records[0].word, SK_TRACE_RECORDS / 2);
	assert_int_equal(stage.records[1].word, SK_TRACE_RECORDS / 2);
	assert_int_equal(stage.records[2].word, 1);
	assert_int_equal(stage.records[SK_TRACE_RECORDS - 1].word, SK_TRACE_RECORDS / 2 - 1);
	assert_int_equal(*(const uint64_t *)(const void *)(stage.records + SK_TRACE_RECORDS), behind);
}

static void only_into_a_ring_and_only_while_it_is_given(void **state)
{
	(void)state;
	struct stage stage;
	stage_make(&stage);
	uint32_t other = memory_at(0, RING_PAGES);
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_TRACE, memory_at(1, RING_PAGES));
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_TRACE, memory_at(0, RING_PAGES - 1));
	K_REFUSED(SK_BAD_ARG, world.core[1], CORE_TAG_TRACE, memory_at(0, RING_PAGES + 1));
	K_REFUSED(SK_BAD_TYPE, world.core[1], CORE_TAG_TRACE, stage.server.endpoint);
	K_REFUSED(SK_NO_RIGHT, world.core[1], CORE_TAG_TRACE, world_copy(stage.ring, SK_RIGHT_READ, 0));
	K_REFUSED(SK_NO_RIGHT, world_copy(world.core[1], SK_RIGHT_READ, 0), CORE_TAG_TRACE, stage.ring);
	K_OK(world.core[1], CORE_TAG_TRACE, stage.ring);
	/* What the kernel writes to stays what it is. */
	K_REFUSED(SK_BAD_STATE, stage.ring, MEMORY_TAG_SPLIT, SK_PAGE_BYTES, world_slot());
	K_REFUSED(SK_BAD_STATE, stage.ring, MEMORY_TAG_CREATE_ENDPOINT, stage.ring);
	actor_call(&stage.client, stage.slot, TAG, 1);
	K_OK(world.core[1], CORE_TAG_TRACE, other);
	actor_reply_wait(&stage.server, actor_token(&stage.server), 0, 2);
	K_OK(world.core[1], CORE_TAG_TRACE, 0);
	actor_call(&stage.client, stage.slot, TAG, 3);
	const struct sk_trace_record *second = (const void *)(uintptr_t)world_object(other)->base;
	assert_int_equal(stage.records[0].word, 1);
	assert_int_equal(SK_TRACE_KIND_OF(stage.records[1].what), SK_TRACE_NONE);
	assert_int_equal(second[0].word, 2);
	assert_int_equal(SK_TRACE_KIND_OF(second[1].what), SK_TRACE_NONE);
	K_OK(stage.ring, MEMORY_TAG_SPLIT, SK_PAGE_BYTES, world_slot());
	K_OK(other, MEMORY_TAG_CREATE_ENDPOINT, other);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_call_and_its_reply_by_both_ways, world_setup),
		cmocka_unit_test_setup(starts_faults_signals_and_turns, world_setup),
		cmocka_unit_test_setup(interrupts, world_setup),
		cmocka_unit_test_setup(a_full_ring_begins_again, world_setup),
		cmocka_unit_test_setup(only_into_a_ring_and_only_while_it_is_given, world_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
