/* What a campaign leaves: rows, the merged table and its verdict, the page; its boots, shards and replay command. */
#define _POSIX_C_SOURCE 200809L /* fmemopen, mkstemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "inject/campaign.h"

static struct row sample(uint32_t boot, uint32_t fault)
{
	struct row row = {
		.seed = UINT64_MAX,
		.load = "console",
		.boot = boot,
		.fault = fault,
		.type = "flip-register",
		.target = "uart0",
		.at_ns = 123456789012,
		.place = 0x400000,
		.clear = UINT64_MAX,
		.flip = 1,
		.register_number = 7,
		.delay_ns = 9,
		.state = "reached",
		.reason = "memory",
		.crashes = 1,
		.detect_ns = 5,
		.recovery_ns = 6,
		.outcome = OUTCOME_RECOVERED,
	};
	row_note(&row, "one, \"two\"");
	row_note(&row, "three");
	return row;
}

static void rows_are_written_and_read(void **state)
{
	struct row row = sample(2, 3);
	struct row read;
	char text[512] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	(void)state;
	row_print(file, &row);
	fclose(file);
	assert_string_equal(text, "18446744073709551615,console,2,3,flip-register,uart0,123456789012,0x400000,"
				  "0xffffffffffffffff,0x1,7,9,reached,memory,1,5,6,recovered,one. .two.; three\n");
	assert_true(row_parse(text, &read));
	assert_memory_equal(&row, &read, sizeof(row));
	for (size_t i = 0; i < strlen(text) - 20; i++) {
		char changed[512];
		strcpy(changed, text);
		changed[i] = '\0';
		assert_false(row_parse(changed, &read));
	}
	assert_false(row_parse("1,2,3", &read));
	assert_false(row_parse(row_header, &read));
}

/* Shards in any order come to the same table as the whole. */
static void tables_are_merged(void **state)
{
	char whole[] = "/tmp/skink-whole-XXXXXX";
	char merged[] = "/tmp/skink-merged-XXXXXX";
	struct table table = { 0 };
	struct table other = { 0 };
	struct bytes first = { 0 };
	struct bytes second = { 0 };
	(void)state;
	close(mkstemp(whole));
	close(mkstemp(merged));
	for (uint32_t i = 0; i < 100; i++) {
		struct row row = sample(1 + i / 10, i % 10);
		struct row mixed = sample(1 + (i * 37 % 100) / 10, i * 37 % 10);
		table_add(&table, &row);
		table_add(&other, &mixed);
		table_add(&other, &mixed);
	}
	table_sort(&table);
	table_write(&table, whole);
	table_sort(&other);
	table_write(&other, merged);
	assert_true(file_read(whole, 1 << 20, &first));
	assert_true(file_read(merged, 1 << 20, &second));
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	struct table again = { 0 };
	table_read(&again, whole);
	assert_int_equal(again.count, 100);
	assert_int_equal(table_outcomes(&again, OUTCOME_RECOVERED), 100);
	unlink(whole);
	unlink(merged);
}

static void the_worst_row_decides(void **state)
{
	static const struct {
		enum outcome outcome;
		enum tool_status status;
	} rows[] = {
		{ OUTCOME_NOT_INJECTED, TOOL_OK },	{ OUTCOME_MASKED, TOOL_OK },
		{ OUTCOME_DEGRADED, TOOL_OK },		{ OUTCOME_GUEST_VISIBLE, TOOL_CRASHED },
		{ OUTCOME_CROSS_DOMAIN, TOOL_CRASHED }, { OUTCOME_KERNEL, TOOL_PANIC },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct table table = { 0 };
		struct row row = sample(1, 0);
		table_add(&table, &row);
		row.outcome = rows[i].outcome;
		table_add(&table, &row);
		row.outcome = OUTCOME_NO_EFFECT;
		table_add(&table, &row);
		assert_int_equal(table_status(&table), rows[i].status);
	}
}

/* The page has every outcome, type and target, and nothing of a guest's text as markup. */
static void the_report_is_a_page(void **state)
{
	char path[] = "/tmp/skink-report-XXXXXX";
	struct table table = { 0 };
	struct bytes page = { 0 };
	struct row row = sample(1, 0);
	(void)state;
	close(mkstemp(path));
	table_add(&table, &row);
	row.outcome = OUTCOME_GUEST_VISIBLE;
	row_note(&row, "<script>");
	table_add(&table, &row);
	report_write(&table, path);
	assert_true(file_read(path, 1 << 20, &page));
	bytes_append(&page, "", 1);
	const char *text = (const char *)page.data;
	assert_non_null(strstr(text, "Fault injection: 2 faults"));
	assert_non_null(strstr(text, "flip-register"));
	assert_non_null(strstr(text, "guest_visible"));
	assert_non_null(strstr(text, "2 crashes; median 0.0 us"));
	assert_non_null(strstr(text, "<svg"));
	assert_non_null(strstr(text, "&#60;script&#62;"));
	assert_null(strstr(text, "<script"));
	table.count = 0;
	report_write(&table, path);
	unlink(path);
}

static void boots_and_shards(void **state)
{
	struct options options = { .seed = 9 };
	struct campaign campaign = { .options = &options,
				     .load = load_named("console"),
				     .faults = 37,
				     .per_boot = 16,
				     .boots = 3,
				     .part = 1,
				     .parts = 2 };
	char *replay;
	(void)state;
	assert_int_equal(campaign_faults(&campaign, 1), 16);
	assert_int_equal(campaign_faults(&campaign, 3), 5);
	assert_false(campaign_has(&campaign, 1));
	assert_true(campaign_has(&campaign, 2));
	assert_false(campaign_has(&campaign, 3));
	replay = campaign_replay(&campaign, 3);
	assert_string_equal(replay, "skink inject --seed 9 --load console --per-boot 5 --boot 3 --out replay");
	free(replay);
	options.types = "kill,hang";
	options.targets = "uart0";
	options.manifest = "my.dts";
	replay = campaign_replay(&campaign, 2);
	assert_string_equal(replay, "skink inject --seed 9 --load console --per-boot 16 --boot 2 --types kill,hang "
				    "--targets uart0 --out replay my.dts");
	free(replay);
	/* As the replay's command has it. */
	options.boot = 3;
	campaign.per_boot = 5;
	assert_true(campaign_has(&campaign, 3));
	assert_false(campaign_has(&campaign, 2));
	assert_int_equal(campaign_faults(&campaign, 3), 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_written_and_read),
		cmocka_unit_test(tables_are_merged),
		cmocka_unit_test(the_worst_row_decides),
		cmocka_unit_test(the_report_is_a_page),
		cmocka_unit_test(boots_and_shards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
