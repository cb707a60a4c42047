/*
 * More VMs, more cores: what an exit costs the whole machine while all VMs make exits, and what memory a VM takes, and a
 * vCPU. Each VM is the guest program bench with a VMM of its own on its core; the first one has the probe and measures. An
 * instruction of any core is a nanosecond, so the cost is flat if nothing that one VM or core does costs another one more.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VM_MIB 16u

static const struct {
	uint32_t vms;
	uint32_t cores;
	uint32_t vcpus; /* of the first VM; all but the first never run */
	const char *row; /* NULL: measured for the memory alone */
} steps[] = {
	{ 1, 1, 1, "scale_exit_1x1" }, { 1, 1, 2, NULL },	       { 2, 1, 1, "scale_exit_2x1" },
	{ 4, 1, 1, "scale_exit_4x1" }, { 8, 1, 1, "scale_exit_8x1" }, { 2, 2, 1, "scale_exit_2x2" },
	{ 4, 4, 1, "scale_exit_4x4" }, { 8, 4, 1, "scale_exit_8x4" }, { 8, 8, 1, "scale_exit_8x8" },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void add(struct bytes *text, char *piece)
{
	bytes_text(text, piece);
	free(piece);
}

static void write_manifest(const char *path, const char *base, uint32_t step)
{
	uint32_t cores = steps[step].cores;
	struct bytes text = { 0 };
	add(&text, text_print("/dts-v1/;\n/include/ \"%s\"\n/ {\n\tplatform { cores = <%u>; };\n\tservers {\n", base, cores));
	bytes_text(&text, "\t\tvmm0 { cores = <0>; };\n\t\tuart0 { cores = <0>; };\n\t\trtc0 { cores = <0>; };\n"
			  "\t\tprobe { cores = <0>; };\n");
	for (uint32_t i = 1; i < steps[step].vms; i++) {
		add(&text, text_print("\t\tvmm%u: vmm%u { image = \"vmm\"; cores = <%u>; priority = <8>; heap-kib = <1024>; "
				      "uses = <&sched>;\n\t\t\trestart { policy = \"never\"; fallback = \"stop-vm\"; }; };\n",
				      i, i, i % cores));
	}
	add(&text, text_print("\t};\n\tvms {\n\t\tlinux { vcpus = <%u>; memory = <0x0 0x40000000 0x0 0x%x>; "
			      "cmdline = \"scale probe\"; };\n", steps[step].vcpus, VM_MIB << 20));
	for (uint32_t i = 1; i < steps[step].vms; i++) {
		add(&text, text_print("\t\tvm%u { vmm = <&vmm%u>; vcpu-cores = <%u>; vcpu-priority = <64>; autostart;\n"
				      "\t\t\tmemory = <0x0 0x40000000 0x0 0x%x>; kernel = \"bench.img\"; cmdline = \"scale\"; };\n",
				      i, i, i % cores, VM_MIB << 20));
	}
	bytes_text(&text, "\t};\n};\n");
	file_write(path, &text);
	bytes_free(&text);
}

static void take(const char *name, double value)
{
	struct bench_row *row = bench_row_named(name, strlen(name));
	if (row != NULL) {
		bench_row_set(row, BENCH_SKINK, value, value, value);
	}
}

static void summarise(const double *cost, const double *free_bytes)
{
	double least = cost[0];
	double most = cost[0];
	for (size_t i = 0; i < STEPS; i++) {
		if (steps[i].row != NULL) {
			take(steps[i].row, cost[i]);
			least = cost[i] < least ? cost[i] : least;
			most = cost[i] > most ? cost[i] : most;
		}
	}
	take("scale_flat", most / least);
	take("scale_exits_per_s", (double)(uint64_t)(1e9 / cost[STEPS - 1]));
	take("vcpu_bytes", free_bytes[0] - free_bytes[1]);
	/* The fourth step has the most VMs on the first step's one core. */
	take("vm_bytes", (double)(uint64_t)((free_bytes[0] - free_bytes[4]) / (steps[4].vms - 1)) - (double)(VM_MIB * MIB));
}

void bench_scale(const struct options *options)
{
	char *out = system_out(options);
	char *base = system_manifest(out, "bench.dts");
	double cost[STEPS];
	double free_bytes[STEPS];
	struct bench_row *cost_row = bench_row_named("scale_exit", strlen("scale_exit"));
	struct bench_row *free_row = bench_row_named("scale_free", strlen("scale_free"));
	for (uint32_t i = 0; i < STEPS; i++) {
		char *name = text_print("%s/guest/scale-%ux%u-%u.dts", out, steps[i].vms, steps[i].cores, steps[i].vcpus);
		const struct bench_system system = { .part = BENCH_PART_SCALE, .manifest = name };
		write_manifest(name, base, i);
		cost_row->skink.measured = false;
		free_row->skink.measured = false;
		bench_system_run(options, &system);
		if (!cost_row->skink.measured || !free_row->skink.measured) {
			fatal(TOOL_FAILED, "'%s' printed no figure of all VMs", name);
		}
		cost[i] = cost_row->skink.median;
		free_bytes[i] = free_row->skink.median;
		free(name);
	}
	cost_row->skink.measured = false;
	free_row->skink.measured = false;
	summarise(cost, free_bytes);
	free(base);
	free(out);
}
