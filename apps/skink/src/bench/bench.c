/* `skink bench`: see bench.h. Each system is run by this program itself, as `skink run` would be by hand. */
#define _GNU_SOURCE /* readlink, memfd_create */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24u
#define TIMEOUT "300"
#define DISK_BYTES (8 << 20)
#define DEFAULT_CPU "cortex-a53" /* what the targets are stated for */

/* In this order: of a figure that several of them print the first one's counts. */
static const struct {
	const char *manifest;
	const char *cores; /* and as many vCPUs, if there is a VM; NULL: as the manifest says */
	bool disk;
	const char *net;
} systems[] = {
	{ "bench.dts", NULL, false, NULL },
	{ "bench-ipc.dts", NULL, false, NULL },
	{ "bench.dts", "2", false, NULL },
	{ "bench-standby.dts", NULL, false, NULL },
	{ "bench-disk.dts", NULL, true, NULL },
	{ "bench-net.dts", NULL, false, "hub" },
	{ "bench-linux.dts", NULL, true, NULL },
};

static char *this_program(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0) {
		fatal(TOOL_FAILED, "can't tell where this program is");
	}
	path[n] = '\0';
	return text_print("%s", path);
}

/* An empty disk, which is gone with this program and those that it starts. */
static char *make_disk(void)
{
	int file = memfd_create("skink-bench-disk", 0);
	if (file < 0 || ftruncate(file, DISK_BYTES) != 0) {
		fatal(TOOL_FAILED, "no memory for a disk of %d bytes", DISK_BYTES);
	}
	return text_print("/proc/%d/fd/%d", (int)getpid(), file);
}

static void show(const struct bytes *output)
{
	fwrite(output->data, 1, output->size, stderr);
}

static void run_system(const struct options *options, const char *manifest, const char *cores, const char *disk,
		       const char *net)
{
	const char *argv[ARGUMENTS_MAX] = { this_program(), "run", "--batch", "--icount", "--timeout", TIMEOUT };
	uint32_t n = 6;
	struct bytes output = { 0 };
	struct bytes errors = { 0 };
	const struct {
		const char *name;
		const char *value;
	} passed[] = { { "--cpu", options->cpu },	{ "--qemu", options->qemu }, { "--out", options->out },
		       { "--manifest", manifest }, { "--cores", cores },	     { "--vcpus", cores },
		       { "--disk", disk },	    { "--net", net } };
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		if (passed[i].value != NULL) {
			argv[n++] = passed[i].name;
			argv[n++] = passed[i].value;
		}
	}
	if (options->verbose) {
		notice("running '%s'%s%s", manifest, cores != NULL ? " on cores: " : "", cores != NULL ? cores : "");
	}
	int status = program_run(argv, NULL, &output, &errors);
	uint32_t taken = 0;
	if (output.size != 0) {
		taken += bench_lines_take((const char *)output.data, output.size);
	}
	if (errors.size != 0) {
		taken += bench_lines_take((const char *)errors.data, errors.size);
	}
	if (status != TOOL_OK || taken == 0) {
		show(&output);
		show(&errors);
		fatal(status != TOOL_OK ? (enum tool_status)status : TOOL_FAILED,
		      "'%s' ended with status %d and %u figures; see above", manifest, status, taken);
	}
	bytes_free(&output);
	bytes_free(&errors);
	free((char *)(uintptr_t)argv[0]);
}

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

int bench_main(const struct options *options)
{
	const char *cpu = options->cpu != NULL ? options->cpu : DEFAULT_CPU;
	char *out = system_out(options);
	bool missed = false;
	if (options->manifest != NULL) {
		fatal(TOOL_BAD_INPUT, "'%s' is one argument too many; `skink bench` has systems of its own",
		      options->manifest);
	}
	if (strcmp(cpu, DEFAULT_CPU) != 0) {
		forget_targets();
	}
	bench_sizes(options);
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		run_system(options, system_manifest(out, systems[i].manifest), systems[i].cores,
			   systems[i].disk ? make_disk() : NULL, systems[i].net);
	}
	if (options->json) {
		bench_print_json();
	} else {
		bench_print_table(cpu);
	}
	for (size_t i = 0; i < bench_row_count; i++) {
		missed = missed || bench_row_missed(&bench_rows[i]);
	}
	return missed ? TOOL_FAILED : TOOL_OK;
}
