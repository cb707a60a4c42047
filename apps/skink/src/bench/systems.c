/* The systems that `skink bench` runs, by this program itself, as `skink run` would be by hand. See bench.h. */
#define _GNU_SOURCE /* readlink, memfd_create */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32u
#define TIMEOUT "300"
#define DISK_BYTES (8 << 20)

/* In this order: of a figure that several of them print the first one's counts. */
const struct bench_system bench_systems[] = {
	{ .part = "exits", .manifest = "bench.dts", .bare = true },
	{ .part = "ipc", .manifest = "bench-ipc.dts" },
	{ .part = "cores", .manifest = "bench.dts", .cores = "2", .bare = true },
	{ .part = "standby", .manifest = "bench-standby.dts" },
	{ .part = "disk", .manifest = "bench-disk.dts", .disk = true },
	{ .part = "net", .manifest = "bench-net.dts", .net = "hub" },
	{ .part = "linux", .manifest = "bench-linux.dts", .disk = true },
	{ .part = "work", .manifest = "bench-work.dts", .bare = true },
	{ .part = "work", .manifest = "bench-work.dts", .bare = true,
	  .append = "console=ttyAMA0 quiet cryptomgr.notests randomize_kstack_offset=off rdinit=/skink/work -- "
		    "linux_boot_quiet work" },
};
const size_t bench_system_count = sizeof(bench_systems) / sizeof(bench_systems[0]);

static bool named(const char *list, size_t length, const char *part)
{
	return strlen(part) == length && strncmp(list, part, length) == 0;
}

bool bench_part_wanted(const char *only, const char *part)
{
	for (const char *at = only; at != NULL && *at != '\0';) {
		size_t length = strcspn(at, ",");
		if (named(at, length, part)) {
			return true;
		}
		at += length + (at[length] == ',' ? 1u : 0u);
	}
	return only == NULL;
}

void bench_parts_check(const char *only)
{
	for (const char *at = only; at != NULL;) {
		size_t length = strcspn(at, ",");
		bool known = named(at, length, BENCH_PART_SIZES) || named(at, length, BENCH_PART_SCALE);
		for (size_t i = 0; i < bench_system_count; i++) {
			known = known || named(at, length, bench_systems[i].part);
		}
		if (!known) {
			struct bytes all = { 0 };
			bytes_text(&all, BENCH_PART_SIZES);
			for (size_t i = 0; i < bench_system_count; i++) {
				if (i == 0 || strcmp(bench_systems[i].part, bench_systems[i - 1].part) != 0) {
					bytes_text(&all, ", ");
					bytes_text(&all, bench_systems[i].part);
				}
			}
			bytes_text(&all, ", " BENCH_PART_SCALE);
			bytes_append(&all, "", 1);
			fatal(TOOL_BAD_INPUT, "--only has '%.*s'; expected some of %s, between commas", (int)length, at,
			      (const char *)all.data);
		}
		at = at[length] == ',' ? at + length + 1 : NULL;
	}
}

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

void bench_program_run(const char *const *argv, const char *what, enum bench_machine machine)
{
	struct bytes output = { 0 };
	struct bytes errors = { 0 };
	int status = program_run(argv, NULL, &output, &errors);
	uint32_t taken = 0;
	if (output.size != 0) {
		taken += bench_lines_take((const char *)output.data, output.size, machine);
	}
	if (errors.size != 0) {
		taken += bench_lines_take((const char *)errors.data, errors.size, machine);
	}
	if (status != TOOL_OK || taken == 0) {
		fwrite(output.data, 1, output.size, stderr);
		fwrite(errors.data, 1, errors.size, stderr);
		fatal(status != TOOL_OK ? (enum tool_status)status : TOOL_FAILED,
		      "'%s' ended with status %d and %u figures; see above", what, status, taken);
	}
	bytes_free(&output);
	bytes_free(&errors);
}

void bench_system_run(const struct options *options, const struct bench_system *system)
{
	const char *argv[ARGUMENTS_MAX] = { this_program(), "run", "--batch", "--icount", "--timeout", TIMEOUT };
	char *out = system_out(options);
	char *manifest = system->manifest[0] == '/' ? text_print("%s", system->manifest) : system_manifest(out, system->manifest);
	uint32_t n = 6;
	const struct {
		const char *name;
		const char *value;
	} passed[] = { { "--cpu", options->cpu },	{ "--qemu", options->qemu },   { "--out", options->out },
		       { "--manifest", manifest },	{ "--cores", system->cores }, { "--vcpus", system->cores },
		       { "--disk", system->disk ? make_disk() : NULL },		      { "--net", system->net },
		       { "--append", system->append } };
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		if (passed[i].value != NULL) {
			argv[n++] = passed[i].name;
			argv[n++] = passed[i].value;
		}
	}
	for (uint32_t i = 0; i < options->images_count && n + 2 < ARGUMENTS_MAX; i++) {
		argv[n++] = "--images";
		argv[n++] = options->images[i];
	}
	if (options->verbose) {
		notice("running '%s'%s%s", manifest, system->cores != NULL ? " on cores: " : "",
		       system->cores != NULL ? system->cores : "");
	}
	bench_program_run(argv, manifest, BENCH_SKINK);
	free((char *)(uintptr_t)argv[0]);
	free(out);
	free(manifest);
}
