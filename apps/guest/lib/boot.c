/*
 * A reader of the flattened device tree (Devicetree Specification 0.4, chapter 5) for the few properties that the
 * programs need. Freestanding, so no libfdt. The tree is the loader's; it is still read within its stated size.
 */
#include <guest/boot.h>
#include <guest/cpu.h>
#include <stddef.h>

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u
#define FDT_BYTES_MAX 0x200000u
#define DEPTH_MAX 4u

struct boot_info boot = {.arguments = "", .cpu_count = 1};

static uint32_t be32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t be_cells(const uint8_t *bytes, uint32_t length)
{
	uint64_t value = 0;
	for (uint32_t i = 0; i < length; i++) {
		value = value << 8 | bytes[i];
	}
	return value;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start != '\0') {
		if (*text++ != *start++) {
			return false;
		}
	}
	return true;
}

static bool same(const char *a, const char *b)
{
	return starts_with(a, b) && starts_with(b, a);
}

static void take_property(const char *const path[], uint32_t depth, const char *name, const uint8_t *value,
			  uint32_t length)
{
	if (depth == 2 && same(path[1], "chosen") && same(name, "bootargs") && length > 0
	    && value[length - 1] == '\0') {
		boot.arguments = (const char *)value;
	} else if (depth == 2 && same(path[1], "psci") && same(name, "method") && length >= 4) {
		boot.conduit_smc = starts_with((const char *)value, "smc");
	} else if (depth == 2 && starts_with(path[1], "memory@") && same(name, "reg") && length >= 16) {
		boot.memory_base = be_cells(value, 8);
		boot.memory_bytes = be_cells(value + 8, 8);
	} else if (depth == 3 && same(path[1], "cpus") && starts_with(path[2], "cpu@") && same(name, "reg")
		   && length <= 8 && boot.cpu_count < CPUS_MAX) {
		boot.cpu_mpidr[boot.cpu_count++] = cpu_affinity(be_cells(value, length));
	}
}

static void read_structure(const uint8_t *at, const uint8_t *end, const uint8_t *strings, uint32_t strings_bytes)
{
	const char *path[DEPTH_MAX] = {"", "", "", ""};
	uint32_t depth = 0;

	while (at + 4 <= end) {
		uint32_t token = be32(at);
		at += 4;
		if (token == FDT_BEGIN_NODE) {
			const uint8_t *name = at;
			while (at < end && *at != '\0') {
				at++;
			}
			at = name + ((at - name + 4) & ~(ptrdiff_t)3);
			if (depth < DEPTH_MAX) {
				path[depth] = (const char *)name;
			}
			depth++;
		} else if (token == FDT_END_NODE) {
			if (depth == 0) {
				return;
			}
			depth--;
		} else if (token == FDT_PROP && at + 8 <= end) {
			uint32_t length = be32(at);
			uint32_t name = be32(at + 4);
			at += 8;
			if (length > (uint64_t)(end - at) || name >= strings_bytes) {
				return;
			}
			take_property(path, depth, (const char *)strings + name, at, length);
			at += (length + 3u) & ~3u;
		} else if (token != FDT_NOP) {
			return;
		}
	}
}

void boot_read(const void *tree)
{
	const uint8_t *bytes = tree;
	if (tree == NULL || ((uint64_t)tree & 7u) != 0 || be32(bytes) != FDT_MAGIC) {
		return;
	}
	uint64_t total = be32(bytes + 4);
	uint64_t structure = be32(bytes + 8);
	uint64_t strings = be32(bytes + 12);
	uint64_t strings_bytes = be32(bytes + 32);
	uint64_t structure_bytes = be32(bytes + 36);
	if (total > FDT_BYTES_MAX || structure + structure_bytes > total || strings + strings_bytes > total) {
		return;
	}
	boot.cpu_count = 0;
	const uint8_t *start = bytes + structure;
	read_structure(start, start + structure_bytes, bytes + strings, (uint32_t)strings_bytes);
	if (boot.cpu_count == 0) {
		boot.cpu_count = 1;
	}
}

/* The argument that starts with `name` and goes on with `follow` (a blank or the end counts for '\0'), behind it. */
static const char *find_argument(const char *name, char follow)
{
	const char *at = boot.arguments;
	while (*at != '\0') {
		size_t length = 0;
		while (name[length] != '\0' && at[length] == name[length]) {
			length++;
		}
		char next = at[length] == ' ' ? '\0' : at[length];
		if (name[length] == '\0' && next == follow) {
			return at + length;
		}
		while (*at != '\0' && *at != ' ') {
			at++;
		}
		while (*at == ' ') {
			at++;
		}
	}
	return NULL;
}

bool boot_has(const char *word)
{
	return find_argument(word, '\0') != NULL;
}

uint64_t boot_number(const char *name, uint64_t fallback)
{
	const char *at = find_argument(name, '=');
	if (at == NULL) {
		return fallback;
	}
	at++;
	uint64_t base = 10;
	if (at[0] == '0' && at[1] == 'x') {
		base = 16;
		at += 2;
	}
	uint64_t value = 0;
	for (;; at++) {
		uint64_t digit;
		if (*at >= '0' && *at <= '9') {
			digit = (uint64_t)(*at - '0');
		} else if (base == 16 && *at >= 'a' && *at <= 'f') {
			digit = (uint64_t)(*at - 'a') + 10;
		} else {
			return value;
		}
		value = value * base + digit;
	}
}
