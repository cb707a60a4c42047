/*
 * /scheduling: each core's policy, and the windows of its frame.
 */
#include "reader.h"

#define MILLION 1000000u

#define POLICIES "\"fixed-priority\", \"round-robin\", \"edf\" or \"time-partition\""
static const char *const policies[] = { "fixed-priority", "round-robin", "edf", "time-partition", NULL };

static const struct property scheduling_properties[] = {
	{ "policy", POLICIES, false },
	{ "slice-us", "microseconds, 100 to 1000000", false },
};
static const struct schema scheduling_schema = { "the scheduling", SCHEMA_PROPERTIES(scheduling_properties), NULL };

static const struct property core_properties[] = {
	{ "reg", "the core's number", true },
	{ "policy", POLICIES, false },
	{ "slice-us", "microseconds, 100 to 1000000", false },
	{ "frame-us", "microseconds, 100 to 1000000", false },
};
static const struct schema core_schema = { "a core's scheduling", SCHEMA_PROPERTIES(core_properties), NULL };

static const struct property window_properties[] = {
	{ "start-us", "microseconds from the frame's beginning, 0 to 1000000", true },
	{ "length-us", "microseconds, 50 to 1000000", true },
	{ "runs", "references to servers and VMs, at least one", true },
};
static const struct schema window_schema = { "a window", SCHEMA_PROPERTIES(window_properties), schema_no_children };

static void scheduling_values(const struct section *section, struct manifest_scheduling *scheduling)
{
	scheduling->policy = (enum manifest_policy)value_word(section, "policy", policies, scheduling->policy);
	value_u32(section, "slice-us", (struct bounds){ 100, MILLION }, &scheduling->slice_us);
}

static void window_read(struct reader *reader, int node, struct manifest_scheduling *scheduling)
{
	struct section section = section_open(reader, node, &window_schema);
	if (scheduling->window_count == MANIFEST_WINDOWS) {
		reader_fail(reader, node, NULL, "is one window too many; expected at most %u", MANIFEST_WINDOWS);
		return;
	}
	struct manifest_window *window = &scheduling->windows[scheduling->window_count++];
	window->name = section_name(reader, node, "a window", SK_NAME_BYTES - 1, false);
	window->node = node;
	value_u32(&section, "start-us", (struct bounds){ 0, MILLION }, &window->start_us);
	value_u32(&section, "length-us", (struct bounds){ 50, MILLION }, &window->length_us);
	value_members(&section, "runs", &window->servers, &window->vms);
}

static void core_read(struct reader *reader, int node)
{
	struct manifest *manifest = reader->manifest;
	struct section section = section_open(reader, node, &core_schema);
	struct manifest_scheduling unknown = { .policy = MANIFEST_FIXED_PRIORITY };
	struct manifest_scheduling *scheduling = &unknown;
	uint32_t core = MANIFEST_NONE;
	int child;
	value_u32(&section, "reg", (struct bounds){ 0, SK_MAX_CORES - 1 }, &core);
	if (core < SK_MAX_CORES) {
		scheduling = &manifest->scheduling[core];
	}
	scheduling->node = node;
	scheduling_values(&section, scheduling);
	value_u32(&section, "frame-us", (struct bounds){ 100, MILLION }, &scheduling->frame_us);
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		window_read(reader, child, scheduling);
	}
	if (core != MANIFEST_NONE && core >= manifest->platform.cores) {
		reader_fail(reader, node, "reg", "names core %u; expected less than %u, the platform's `cores`", core,
			    manifest->platform.cores);
	}
}

void scheduling_read(struct reader *reader, int node)
{
	struct manifest_scheduling common = {
		.policy = MANIFEST_FIXED_PRIORITY,
		.slice_us = 5000,
		.node = node,
	};
	int child;
	if (node >= 0) {
		struct section section = section_open(reader, node, &scheduling_schema);
		scheduling_values(&section, &common);
	}
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		reader->manifest->scheduling[i] = common;
	}
	if (node < 0) {
		return;
	}
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		core_read(reader, child);
	}
}
