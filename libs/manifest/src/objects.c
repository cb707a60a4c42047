/*
 * A server's `objects` node: for a server that makes kernel objects itself.
 */
#include "reader.h"

#define RAM_KIB_MAX (1u << 20)

static const struct property objects_properties[] = {
	{ "ram-kib", "KiB in multiples of 4, 4 to 1048576", true },
	{ "core", "the number of a core of the platform", false },
	{ "machine", "no value", false },
};
static const struct schema objects_schema = { "a server's own kernel objects", SCHEMA_PROPERTIES(objects_properties),
					      schema_no_children };

void objects_read(struct reader *reader, int server_node, struct manifest_objects *objects)
{
	uint32_t cores = reader->manifest->platform.cores;
	*objects = (struct manifest_objects){
		.core = MANIFEST_NONE,
		.node = fdt_subnode_offset(reader->fdt, server_node, "objects"),
	};
	if (objects->node < 0) {
		objects->node = -1;
		return;
	}
	struct section section = section_open(reader, objects->node, &objects_schema);
	value_u32(&section, "ram-kib", (struct bounds){ 4, RAM_KIB_MAX }, &objects->ram_kib);
	if (objects->ram_kib % 4 != 0) {
		reader_fail(reader, objects->node, "ram-kib", "is %u KiB; expected a multiple of 4 (a page)",
			    objects->ram_kib);
	}
	value_u32(&section, "core", (struct bounds){ 0, cores == 0 ? 0 : cores - 1 }, &objects->core);
	value_flag(&section, "machine", &objects->machine);
}
