/*
 * The reader's top: the root node, and the small nodes below it.
 */
#include "reader.h"

static const struct property root_properties[] = {
	{ "compatible", "\"" MANIFEST_COMPATIBLE "\"", true },
	{ "model", "one string", false },
};
static const char *const root_children[] = { "platform",   "supervisor", "servers", "channels", "vms",
					     "scheduling", "chosen",	 "aliases", NULL };
static const struct schema root_schema = { "a manifest", SCHEMA_PROPERTIES(root_properties), root_children };

static const struct property supervisor_properties[] = {
	{ "heap-kib", "KiB in multiples of 4, 64 to 65536", false },
	{ "fault-injection", "no value", false },
	{ "trace", "no value", false },
};
static const struct schema supervisor_schema = { "the supervisor", SCHEMA_PROPERTIES(supervisor_properties),
						 schema_no_children };

static const char *const console_modes[] = { "terminal", "framed", NULL };
static const struct property chosen_properties[] = {
	{ "skink,console", "\"framed\" or \"terminal\"", false },
	{ "skink,exit-with-first-vm", "no value", false },
};
static const struct schema chosen_schema = { "/chosen", SCHEMA_PROPERTIES(chosen_properties), schema_no_children };

static void supervisor_read(struct reader *reader, int node)
{
	uint32_t *kib = &reader->manifest->supervisor_heap_kib;
	struct section section = section_open(reader, node, &supervisor_schema);
	value_u32(&section, "heap-kib", (struct bounds){ 64, 65536 }, kib);
	if (*kib % 4 != 0) {
		reader_fail(reader, node, "heap-kib", "is %u KiB; expected a multiple of 4 (a page)", *kib);
	}
	value_flag(&section, "fault-injection", &reader->manifest->fault_injection);
	value_flag(&section, "trace", &reader->manifest->trace);
}

static void chosen_read(struct reader *reader, int node)
{
	struct manifest_chosen *chosen = &reader->manifest->chosen;
	struct section section = section_open(reader, node, &chosen_schema);
	chosen->framed = value_word(&section, "skink,console", console_modes, 0) == 1;
	value_flag(&section, "skink,exit-with-first-vm", &chosen->exit_with_first_vm);
}

/* Offset of a child of the root; negative if there is none, which is an error where it must be there. */
static int root_child(struct reader *reader, const char *name, bool required)
{
	int node = fdt_subnode_offset(reader->fdt, 0, name);
	if (node < 0 && required) {
		reader_fail(reader, 0, NULL, "has no node `%s`; expected one", name);
	}
	return node;
}

static void root_read(struct reader *reader)
{
	struct manifest *manifest = reader->manifest;
	struct section section = section_open(reader, 0, &root_schema);
	const char *compatible = MANIFEST_COMPATIBLE;
	value_string(&section, "compatible", &compatible);
	if (!text_equal(compatible, MANIFEST_COMPATIBLE)) {
		reader_fail(reader, 0, "compatible", "is `%s`; expected \"%s\", the format that this version reads",
			    compatible, MANIFEST_COMPATIBLE);
	}
	value_string(&section, "model", &manifest->model);

	/* In order of reference: platform, names of servers, then whatever refers to them. */
	int platform = root_child(reader, "platform", true);
	int servers = root_child(reader, "servers", true);
	int supervisor = root_child(reader, "supervisor", false);
	int channels = root_child(reader, "channels", false);
	int vms = root_child(reader, "vms", false);
	int chosen = root_child(reader, "chosen", false);
	if (platform >= 0) {
		platform_read(reader, platform);
	}
	if (servers >= 0) {
		servers_collect(reader, servers);
		servers_read(reader);
	}
	if (supervisor >= 0) {
		supervisor_read(reader, supervisor);
	}
	if (channels >= 0) {
		channels_read(reader, channels);
	}
	if (vms >= 0) {
		vms_read(reader, vms);
	}
	scheduling_read(reader, root_child(reader, "scheduling", false));
	if (chosen >= 0) {
		chosen_read(reader, chosen);
	}
}

uint32_t manifest_read_all(const void *dtb, size_t size, struct manifest *manifest, manifest_report *report,
			   void *context)
{
	struct reader reader = { .fdt = dtb, .manifest = manifest, .report = report, .context = context };
	memset(manifest, 0, sizeof(*manifest));
	manifest->dtb = dtb;
	manifest->model = "";
	manifest->supervisor_heap_kib = 512;
	manifest->platform.compatible = "";
	manifest->platform.panic_console = MANIFEST_NONE;
	int bad = (uintptr_t)dtb % 8 != 0 ? -FDT_ERR_ALIGNMENT : fdt_check_full(dtb, size);
	if (bad != 0) {
		reader_fail(&reader, -1, NULL, "the %lu bytes are no flattened devicetree (%s); expected dtc's output",
			    (unsigned long)size, fdt_strerror(bad));
		return reader.errors;
	}
	root_read(&reader);
	return reader.errors;
}

struct first_error {
	struct manifest_error *error;
	bool taken;
};

static void first_error_keep(void *context, const struct manifest_error *error)
{
	struct first_error *first = context;
	if (!first->taken && first->error != NULL) {
		*first->error = *error;
	}
	first->taken = true;
}

bool manifest_read(const void *dtb, size_t size, struct manifest *manifest, struct manifest_error *error)
{
	struct first_error first = { error, false };
	return manifest_read_all(dtb, size, manifest, first_error_keep, &first) == 0;
}
