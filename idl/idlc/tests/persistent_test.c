/*
 * Persistent structs: a server killed before any single store of a commit (or of
 * the open after it) finds the state of before or of after, never a mixture, and
 * can commit again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void store(uint64_t *word, uint64_t value);
#define SK_PERSISTENT_STORE(word, value) store((word), (value))

#include "sample_persistent.h"

static _Alignas(8) uint8_t region[4096];
static unsigned stores;
static unsigned stores_allowed;
static jmp_buf killed;

static void store(uint64_t *word, uint64_t value)
{
	if (stores == stores_allowed) {
		longjmp(killed, 1);
	}
	stores++;
	*word = value;
}

static void live(void)
{
	stores = 0;
	stores_allowed = UINT32_MAX;
}

static struct sk_memory numbered(uint64_t number)
{
	struct sk_memory state = {.count = number, .tint = SK_COLOUR_GREEN, .dirty = number % 2 == 1, .big = ~number};
	memset(state.names, (int)(number & 0x7f), sizeof(state.names));
	return state;
}

static int start(void **state)
{
	(void)state;
	memset(region, 0, sizeof(region));
	live();
	return 0;
}

static void open_cold(enum sk_persistence why)
{
	struct sk_memory state;
	static const struct sk_memory zero;
	memset(&state, 0xee, sizeof(state));
	assert_int_equal(memory_open(region, sizeof(region), &state), why);
	assert_memory_equal(&state, &zero, sizeof(zero));
}

static uint64_t open_restored(void)
{
	struct sk_memory state;
	assert_int_equal(memory_open(region, sizeof(region), &state), SK_RESTORED);
	struct sk_memory wanted = numbered(state.count);
	assert_memory_equal(&state, &wanted, sizeof(state));
	return state.count;
}

static void commit(uint64_t number)
{
	struct sk_memory state = numbered(number);
	assert_true(memory_commit(region, sizeof(region), &state));
}

static void test_empty_then_restored(void **state)
{
	(void)state;
	open_cold(SK_COLD_EMPTY);
	for (uint64_t i = 1; i < 10; i++) {
		commit(i);
		assert_int_equal(open_restored(), i);
		assert_int_equal(open_restored(), i);
	}
}

/* Commits `number`, killed before store `at`; false when the commit needed no more stores than that. */
static bool commit_killed(uint64_t number, unsigned at)
{
	stores = 0;
	stores_allowed = at;
	if (setjmp(killed) != 0) {
		live();
		return true;
	}
	commit(number);
	live();
	return false;
}

static void test_killed_at_every_store(void **state)
{
	(void)state;
	for (unsigned history = 1; history <= 3; history++) {
		bool more = true;
		for (unsigned at = 0; more; at++) {
			start(NULL);
			open_cold(SK_COLD_EMPTY);
			for (uint64_t i = 1; i <= history; i++) {
				commit(i);
			}
			more = commit_killed(history + 1, at);
			/* Under way, the older copy is marked as none: its old checksum alone must not vouch for it. */
			struct sk_persistent_copy *older =
				sk_persistent_copy(region, sizeof(struct sk_memory), history % 2);
			assert_true(!more || at == 0 || older->sequence == 0);
			assert_int_equal(open_restored(), more ? history : history + 1);
			commit(50);
			commit(51);
			assert_int_equal(open_restored(), 51);
			assert_true(at < 100);
		}
	}
}

static void test_first_commit_killed(void **state)
{
	(void)state;
	bool more = true;
	for (unsigned at = 0; more; at++) {
		start(NULL);
		open_cold(SK_COLD_EMPTY);
		more = commit_killed(1, at);
		struct sk_memory found;
		enum sk_persistence how = memory_open(region, sizeof(region), &found);
		assert_true(more ? how == SK_COLD_EMPTY || how == SK_COLD_DAMAGED : how == SK_RESTORED);
		commit(2);
		assert_int_equal(open_restored(), 2);
	}
}

static void open_killed(unsigned at)
{
	stores = 0;
	stores_allowed = at;
	if (setjmp(killed) == 0) {
		assert_int_equal(open_restored(), 1);
	}
	live();
}

static void test_open_killed(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 3; at++) {
		start(NULL);
		open_cold(SK_COLD_EMPTY);
		commit(1);
		(void)commit_killed(2, 3);
		open_killed(at);
		assert_int_equal(open_restored(), 1);
	}
}

/* Whatever single byte of the newer copy is damaged, the older one is what counts; damage in both is noticed. */
static void test_damage(void **state)
{
	(void)state;
	static uint8_t good[sizeof(region)];
	commit(1);
	commit(2);
	memcpy(good, region, sizeof(region));
	unsigned fell_back = 0;
	for (size_t i = 0; i < MEMORY_REGION_BYTES; i++) {
		memcpy(region, good, sizeof(region));
		region[i] ^= 0x40;
		uint64_t found = open_restored();
		assert_true(found == 1 || found == 2);
		fell_back += found == 1;
	}
	assert_int_equal(fell_back, SK_PERSISTENT_COPY_BYTES(sizeof(struct sk_memory)));
	for (size_t i = SK_PERSISTENT_FIELDS_BYTES(sizeof(struct sk_memory)); i < MEMORY_REGION_BYTES; i++) {
		region[i] ^= 0x40;
	}
	open_cold(SK_COLD_DAMAGED);
}

static void test_other_schema(void **state)
{
	(void)state;
	commit(1);
	struct sk_persistent_copy *copy = sk_persistent_copy(region, sizeof(struct sk_memory), 0);
	assert_int_equal(copy->sequence, 1);
	copy->schema ^= 1;
	copy->checksum = sk_persistent_sum(copy, sizeof(struct sk_memory), copy->sequence);
	open_cold(SK_COLD_SCHEMA);
	open_cold(SK_COLD_SCHEMA);
	commit(3);
	assert_int_equal(open_restored(), 3);
}

static void test_value_that_is_none(void **state)
{
	(void)state;
	struct sk_memory bad = numbered(1);
	bad.tint = 3;
	assert_true(memory_commit(region, sizeof(region), &bad));
	open_cold(SK_COLD_VALUE);
}

static void test_small_or_misaligned(void **state)
{
	(void)state;
	struct sk_memory found = numbered(1);
	assert_false(memory_commit(region, MEMORY_REGION_BYTES - 1, &found));
	assert_false(memory_commit(region + 4, sizeof(region) - 4, &found));
	assert_int_equal(memory_open(region, MEMORY_REGION_BYTES - 1, &found), SK_COLD_SMALL);
	assert_int_equal(found.count, 0);
	assert_true(memory_commit(region, MEMORY_REGION_BYTES, &found));
}

static void test_fields(void **state)
{
	(void)state;
	struct sk_memory *fields = memory_fields(region);
	assert_ptr_equal(fields, region + 16);
	fields->count = 5;
	fields->tint = SK_COLOUR_RED;
	assert_ptr_equal(memory_fields(region), fields);
	assert_int_equal(fields->count, 5);
	commit(1); /* beside the copies, not in them */
	assert_int_equal(memory_fields(region)->count, 5);
	assert_int_equal(open_restored(), 1);
	fields->dirty = 2;
	assert_int_equal(memory_fields(region)->count, 0);
	fields->count = 6;
	((struct sk_persistent_fields *)(void *)region)->schema ^= 1;
	assert_int_equal(memory_fields(region)->count, 0);
	assert_int_equal(open_restored(), 1);
}

static void test_scoped(void **state)
{
	(void)state;
	struct sample_note note = {.text_bytes = 4, .text = "note"};
	struct sample_note found;
	assert_true(sample_note_commit(region, sizeof(region), &note));
	assert_int_equal(sample_note_open(region, sizeof(region), &found), SK_RESTORED);
	assert_memory_equal(&found, &note, sizeof(note));
	note.text_bytes = 13;
	assert_true(sample_note_commit(region, sizeof(region), &note));
	assert_int_equal(sample_note_open(region, sizeof(region), &found), SK_COLD_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_empty_then_restored, start),
		cmocka_unit_test_setup(test_killed_at_every_store, start),
		cmocka_unit_test_setup(test_first_commit_killed, start),
		cmocka_unit_test_setup(test_open_killed, start),
		cmocka_unit_test_setup(test_damage, start),
		cmocka_unit_test_setup(test_other_schema, start),
		cmocka_unit_test_setup(test_value_that_is_none, start),
		cmocka_unit_test_setup(test_small_or_misaligned, start),
		cmocka_unit_test_setup(test_fields, start),
		cmocka_unit_test_setup(test_scoped, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
