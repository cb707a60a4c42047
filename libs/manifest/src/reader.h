/*
 * Inside of the manifest reader. A node is read as a *section*: opening one
 * compares what the node holds with a schema (a table of properties), so that a
 * misspelt or missing property is found without a line of code; the value
 * functions then check one property each and quote the schema's words about
 * what was expected. Errors are reported and counted; reading goes on with the
 * default, so that one run finds them all.
 */
#ifndef MANIFEST_READER_H
#define MANIFEST_READER_H

#include <libfdt.h>

#include <skink/manifest.h>

struct reader {
	const void *fdt;
	struct manifest *manifest;
	manifest_report *report; /* may be NULL */
	void *context;
	uint32_t errors;
};

struct property {
	const char *name;
	const char *expected; /* ends the sentence "…; expected" */
	bool required;
};

struct schema {
	const char *what; /* "a server": for messages */
	const struct property *properties;
	uint32_t property_count;
	const char *const *children; /* known child nodes, ended by NULL; NULL: any */
};

struct section {
	struct reader *reader;
	int node;
	const struct schema *schema;
};

struct bounds {
	uint64_t min;
	uint64_t max;
};

#define SCHEMA_PROPERTIES(table) .properties = (table), .property_count = sizeof(table) / sizeof((table)[0])

extern const char *const schema_no_children[];

/* text.c: formats %s, %u, %lu, %lx (with 0x) and %% into `out`, cut off where it is full, always terminated. */
void text_format(char *out, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The candidate most like `name`, if it is near enough to be a misspelling; else NULL. */
const char *text_nearest(const char *name, const char *const *candidates, uint32_t count);
bool text_equal(const char *a, const char *b);

/* section.c. `property` NULL: about the node itself. */
void reader_fail(struct reader *reader, int node, const char *property, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct section section_open(struct reader *reader, int node, const struct schema *schema);
/* The node's name if it is a good one: up to `max` characters of a-z A-Z 0-9 _ - . , and an @address if `address`. */
const char *section_name(struct reader *reader, int node, const char *what, uint32_t max, bool address);

/*
 * value.c. Each reports a value that is not as the schema says. An absent property is no error (required ones were
 * reported by section_open) and leaves what `value` points to as it was.
 */
void value_u32(const struct section *section, const char *name, struct bounds bounds, uint32_t *value);
void value_u64(const struct section *section, const char *name, struct bounds bounds, uint64_t *value);
/* Lists: up to `capacity` values, the number of them in *count (untouched if absent or wrong). */
void value_u32_list(const struct section *section, const char *name, struct bounds bounds, uint32_t *values,
		    uint32_t capacity, uint32_t *count);
void value_u64_list(const struct section *section, const char *name, uint64_t *values, uint32_t capacity,
		    uint32_t *count);
/* A base and a size of two cells each; both multiples of `align`, not empty, not past the end of 48 bits. */
void value_ranges(const struct section *section, const char *name, uint64_t align, struct manifest_range *ranges,
		  uint32_t capacity, uint32_t *count);
void value_flag(const struct section *section, const char *name, bool *value);
void value_string(const struct section *section, const char *name, const char **value);
/* Strings one after the other; NULL if absent or wrong. */
const char *value_strings(const struct section *section, const char *name, uint32_t *bytes);
/* Index of the property's word in `words` (ended by NULL), or `fallback`. */
uint32_t value_word(const struct section *section, const char *name, const char *const *words, uint32_t fallback);
/* String number `index` of the list, or NULL. */
const char *strings_at(const char *strings, uint32_t bytes, uint32_t index);

/* platform.c */
void platform_read(struct reader *reader, int node);
/* Cores of `cores`, or all of the platform's. */
void platform_cores(const struct section *section, const char *name, uint32_t *cores, uint32_t *count);
/* servers.c: names first, so that references resolve whichever way they point; then the rest. */
void servers_collect(struct reader *reader, int node);
void servers_read(struct reader *reader);
/* References: phandles of servers or devices as indices, MANIFEST_NONE where one doesn't resolve. */
void value_servers(const struct section *section, const char *name, uint32_t *servers, uint32_t capacity,
		   uint32_t *count);
void value_devices(const struct section *section, const char *name, uint32_t *devices, uint32_t capacity,
		   uint32_t *count);
/* References to servers and VMs, each as a bit at its index. */
void value_members(const struct section *section, const char *name, uint64_t *servers, uint32_t *vms);
/* restart.c */
void restart_read(struct reader *reader, int server_node, struct manifest_restart *restart);
/* objects.c */
void objects_read(struct reader *reader, int server_node, struct manifest_objects *objects);
/* channels.c */
void channels_read(struct reader *reader, int node);
/* vms.c, vm_device.c */
void vms_read(struct reader *reader, int node);
void vm_device_read(struct reader *reader, int node, struct manifest_vm *vm);
/* scheduling.c, after servers and VMs. `node` negative: there is none. */
void scheduling_read(struct reader *reader, int node);

#endif
