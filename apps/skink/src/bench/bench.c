/* `skink bench`: see bench.h. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The targets are for one CPU model: on another one there is nothing to miss. */
static void forget_targets(void)
{
	for (size_t i = 0; i < bench_row_count; i++) {
		if (strcmp(bench_rows[i].unit, "instructions") == 0) {
			bench_rows[i].target = BENCH_NO_TARGET;
			bench_rows[i].aim = BENCH_NO_TARGET;
		}
	}
}

static void check_options(const struct options *options, const char *cpu)
{
	if (options->manifest != NULL) {
		fatal(TOOL_BAD_INPUT, "'%s' is one argument too many; `skink bench` has systems of its own",
		      options->manifest);
	}
	if (options->update && options->baseline == NULL) {
		fatal(TOOL_BAD_INPUT, "--update has no file to write; expected --baseline FILE --update");
	}
	if (options->baseline != NULL && strcmp(cpu, BENCH_CPU) != 0) {
		fatal(TOOL_BAD_INPUT, "--baseline with --cpu '%s'; a baseline is of " BENCH_CPU, cpu);
	}
	bench_peer_check(options);
	bench_parts_check(options->only);
}

static void measure(const struct options *options)
{
	if (bench_part_wanted(options->only, BENCH_PART_SIZES)) {
		bench_sizes(options);
	}
	for (size_t i = 0; i < bench_system_count; i++) {
		if (bench_part_wanted(options->only, bench_systems[i].part)) {
			bench_system_run(options, &bench_systems[i]);
			if (bench_systems[i].bare) {
				bench_bare_run(options, &bench_systems[i]);
			}
		}
	}
	if (options->only != NULL && bench_part_wanted(options->only, BENCH_PART_SCALE)) {
		bench_scale(options);
	}
	if (options->peer != NULL) {
		bench_peer_run(options);
	}
	bench_ratios();
}

/* Are only some figures asked for? */
static bool options_partly(const struct options *options)
{
	return options->only != NULL || options->figures != NULL;
}

/* Of all that was to be measured. */
static bool missed(const struct options *options)
{
	for (size_t i = 0; i < bench_row_count; i++) {
		if ((bench_rows[i].skink.measured || !options_partly(options)) && bench_row_missed(&bench_rows[i])) {
			return true;
		}
	}
	return false;
}

/* False: something is worse. */
static bool keep_to_baseline(const struct options *options)
{
	if (options->update) {
		bench_baseline_write(options->baseline);
		return true;
	}
	return options->baseline == NULL || bench_baseline_compare(options->baseline);
}

int bench_main(const struct options *options)
{
	const char *cpu = options->cpu != NULL ? options->cpu : BENCH_CPU;
	check_options(options, cpu);
	if (strcmp(cpu, BENCH_CPU) != 0) {
		forget_targets();
	}
	if (options->baseline != NULL && (!options->update || access(options->baseline, F_OK) == 0)) {
		bench_baseline_read(options->baseline);
	}
	if (options->figures != NULL) {
		bench_read(options->figures);
	} else {
		measure(options);
	}
	if (options->plot != NULL) {
		bench_plot(options->plot);
	} else if (options->json) {
		bench_print_json();
	} else {
		bench_print_table(cpu, !options_partly(options));
	}
	bool good = keep_to_baseline(options);
	return missed(options) || !good ? TOOL_FAILED : TOOL_OK;
}
