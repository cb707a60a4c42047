/* Stations are learned, move, age and are forgotten; no port takes what others have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../table.h"

static struct table table;

static int set_up(void **unused)
{
	(void)unused;
	table_init(&table, 4, 12345);
	return 0;
}

/* Station `number`: no group's address. */
static uint64_t station(uint64_t number)
{
	return 0x5452ull | number << 16;
}

static void test_learning(void **unused)
{
	(void)unused;
	assert_int_equal(table_find(&table, station(1), 0), TABLE_NONE);
	table_learn(&table, station(1), 2, 1000);
	assert_int_equal(table_find(&table, station(1), 1000), 2);
	assert_int_equal(table_find(&table, station(2), 1000), TABLE_NONE);
	/* It moves. */
	table_learn(&table, station(1), 3, 2000);
	assert_int_equal(table_find(&table, station(1), 2000), 3);
	assert_int_equal(table.used[2], 0);
	assert_int_equal(table.used[3], 1);
}

static void test_ageing(void **unused)
{
	(void)unused;
	table_learn(&table, station(1), 1, 1000);
	assert_int_equal(table_find(&table, station(1), 999 + TABLE_AGE_NS), 1);
	assert_int_equal(table_find(&table, station(1), 1000 + TABLE_AGE_NS), TABLE_NONE);
	table_learn(&table, station(1), 1, 1000 + TABLE_AGE_NS);
	assert_int_equal(table_find(&table, station(1), 2 * TABLE_AGE_NS), 1);
	assert_int_equal(table.used[1], 1);
}

static uint32_t count_of(uint32_t port)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
		count += table.entries[i / TABLE_WAYS][i % TABLE_WAYS].port == port;
	}
	return count;
}

/* A port that makes up addresses has its share of the table, and the others keep what they have. */
static void test_a_flood(void **unused)
{
	uint32_t known = 0;

	(void)unused;
	for (uint64_t i = 0; i < 8; i++) {
		table_learn(&table, station(i), 1, i);
	}
	for (uint64_t i = 100; i < 100000; i++) {
		table_learn(&table, station(i), 0, i);
	}
	assert_int_equal(table.used[0], TABLE_ENTRIES / 4);
	assert_int_equal(count_of(0), TABLE_ENTRIES / 4);
	for (uint64_t i = 0; i < 8; i++) {
		assert_int_equal(table_find(&table, station(i), 100000), 1);
	}
	/* What it has are the last ones, mostly. */
	for (uint64_t i = 99000; i < 100000; i++) {
		known += table_find(&table, station(i), 100000) == 0 ? 1 : 0;
	}
	assert_true(known > TABLE_ENTRIES / 4 * 3 / 4);
	/* Others find places still. */
	for (uint64_t i = 200000; i < 200100; i++) {
		table_learn(&table, station(i), 2, i);
	}
	assert_true(count_of(2) > 80);
	assert_int_equal(table.used[2], count_of(2));
	/* Aged, all is free for anybody. */
	for (uint64_t i = 300000; i < 300200; i++) {
		table_learn(&table, station(i), 3, i + TABLE_AGE_NS);
	}
	assert_true(count_of(3) > 150);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(table.used[i], count_of(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_learning, set_up),
		cmocka_unit_test_setup(test_ageing, set_up),
		cmocka_unit_test_setup(test_a_flood, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
