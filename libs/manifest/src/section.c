/*
 * Opening a section: what a node holds against what its schema knows.
 */
#include "reader.h"

#define SECTION_CANDIDATES 32u

const char *const schema_no_children[] = { NULL };

static bool property_is_generic(const char *name)
{
	return text_equal(name, "phandle") || text_equal(name, "linux,phandle");
}

static void section_check_property(const struct section *section, const char *name)
{
	const char *candidates[SECTION_CANDIDATES];
	const struct schema *schema = section->schema;
	uint32_t n = 0;
	for (uint32_t i = 0; i < schema->property_count && n < SECTION_CANDIDATES; i++) {
		if (text_equal(name, schema->properties[i].name)) {
			return;
		}
		candidates[n++] = schema->properties[i].name;
	}
	if (property_is_generic(name)) {
		return;
	}
	const char *nearest = text_nearest(name, candidates, n);
	reader_fail(section->reader, section->node, name, "is not a property of %s%s%s%s", schema->what,
		    nearest != NULL ? "; did you mean `" : "", nearest != NULL ? nearest : "",
		    nearest != NULL ? "`?" : "");
}

static void section_check_child(const struct section *section, int child)
{
	const char *name = fdt_get_name(section->reader->fdt, child, NULL);
	uint32_t count = 0;
	for (const char *const *known = section->schema->children; *known != NULL; known++) {
		if (text_equal(name, *known)) {
			return;
		}
		count++;
	}
	const char *nearest = text_nearest(name, section->schema->children, count);
	reader_fail(section->reader, child, NULL, "is not a node of %s%s%s%s", section->schema->what,
		    nearest != NULL ? "; did you mean `" : "", nearest != NULL ? nearest : "",
		    nearest != NULL ? "`?" : "");
}

static void section_check_required(const struct section *section)
{
	for (uint32_t i = 0; i < section->schema->property_count; i++) {
		const struct property *property = &section->schema->properties[i];
		if (property->required &&
		    fdt_getprop(section->reader->fdt, section->node, property->name, NULL) == NULL) {
			reader_fail(section->reader, section->node, NULL, "lacks `%s`; expected %s", property->name,
				    property->expected);
		}
	}
}

struct section section_open(struct reader *reader, int node, const struct schema *schema)
{
	struct section section = { reader, node, schema };
	int at;
	fdt_for_each_property_offset(at, reader->fdt, node)
	{
		const char *name = NULL;
		if (fdt_getprop_by_offset(reader->fdt, at, &name, NULL) != NULL && name != NULL) {
			section_check_property(&section, name);
		}
	}
	section_check_required(&section);
	if (schema->children != NULL) {
		fdt_for_each_subnode(at, reader->fdt, node)
		{
			section_check_child(&section, at);
		}
	}
	return section;
}

static bool name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.' || c == ',';
}

const char *section_name(struct reader *reader, int node, const char *what, uint32_t max, bool address)
{
	const char *name = fdt_get_name(reader->fdt, node, NULL);
	uint32_t n = 0;
	for (const char *c = name; *c != '\0'; c++) {
		bool good = name_character(*c) || (address && *c == '@' && n > 0);
		if (!good || n == max) {
			reader_fail(reader, node, NULL,
				    "is no name for %s; expected at most %u letters, digits, `_`, `-`, `.`, `,`%s",
				    what, max, address ? " with the unit address" : " and no unit address");
			break;
		}
		n++;
	}
	return name;
}
