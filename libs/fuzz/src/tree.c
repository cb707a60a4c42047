#include <fuzz/tree.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fuzz/fuzz.h>
#include <libfdt.h>

#define PAGE 4096u
#define SLOT 3u

static uint8_t base[FUZZ_TREE_ROOM];
static size_t base_bytes;

static void read_base(const char *name)
{
	FILE *file = fopen(name, "rb");

	FUZZ_EXPECT(file != NULL);
	base_bytes = fread(base, 1, sizeof(base), file);
	(void)fclose(file);
	FUZZ_EXPECT(fdt_check_header(base) == 0 && base_bytes < sizeof(base) / 2);
}

static int some_node(const void *tree)
{
	int node = 0;

	for (uint32_t count = fuzz_u8() % 96u; count != 0 && node >= 0; count--) {
		int next = fdt_next_node(tree, node, NULL);

		if (next < 0) {
			break;
		}
		node = next;
	}
	return node;
}

/* A property of the node, or NULL. */
static const char *some_property(const void *tree, int node, int *bytes, const void **value)
{
	int at = fdt_first_property_offset(tree, node);
	const char *name = NULL;

	for (uint32_t count = fuzz_u8() % 16u; count != 0 && at >= 0; count--) {
		int next = fdt_next_property_offset(tree, at);

		if (next < 0) {
			break;
		}
		at = next;
	}
	if (at >= 0) {
		*value = fdt_getprop_by_offset(tree, at, &name, bytes);
	}
	return name;
}

/* libfdt refuses what does not fit: then nothing happens. */
static void change_property(void *tree, int node, uint8_t what)
{
	uint8_t value[64];
	const void *old = NULL;
	int bytes = 0;
	const char *name = some_property(tree, node, &bytes, &old);

	if (name == NULL || bytes < 0) {
		return;
	}
	memset(value, 0, sizeof(value));
	memcpy(value, old, (size_t)bytes < sizeof(value) ? (size_t)bytes : sizeof(value));
	bytes = bytes < (int)sizeof(value) ? bytes : (int)sizeof(value);
	switch (what % 4u) {
	case 0: {
		uint32_t cell = cpu_to_fdt32((uint32_t)fuzz_edge());

		memcpy(value + fuzz_u8() % 15u * 4u, &cell, sizeof(cell));
		break;
	}
	case 1:
		bytes = fuzz_u8() % (int)sizeof(value);
		break;
	case 2:
		bytes = fuzz_u8() % (int)sizeof(value);
		fuzz_bytes(value, (size_t)bytes);
		break;
	default:
		(void)fdt_delprop(tree, node, name);
		return;
	}
	(void)fdt_setprop(tree, node, name, value, bytes);
}

static void change(void *tree)
{
	uint8_t what = fuzz_u8();
	int node = some_node(tree);
	char name[8] = { 0 };

	switch (what % 8u) {
	case 0:
		(void)fdt_del_node(tree, node);
		break;
	case 1:
		fuzz_bytes(name, sizeof(name) - 1);
		(void)fdt_add_subnode(tree, node, name);
		break;
	case 2:
		fuzz_bytes(name, sizeof(name) - 1);
		(void)fdt_set_name(tree, node, name);
		break;
	default:
		change_property(tree, node, what / 8u);
		break;
	}
}

uint8_t *fuzz_tree(const char *name, size_t *bytes)
{
	uint8_t *room = fuzz_pages(SLOT, FUZZ_TREE_ROOM);
	uint8_t *tree;
	bool broken = fuzz_once_in(8);

	if (base_bytes == 0) {
		read_base(name);
	}
	FUZZ_EXPECT(fdt_open_into(base, room, FUZZ_TREE_ROOM) == 0);
	for (uint32_t i = 1 + fuzz_u8() % 4u; i != 0; i--) {
		change(room);
	}
	(void)fdt_pack(room);
	*bytes = fdt_totalsize((const void *)room);
	tree = room + ((FUZZ_TREE_ROOM - *bytes) & ~(size_t)7);
	memmove(tree, room, *bytes);
	*bytes = broken && fuzz_once_in(2) ? fuzz_u16() % *bytes : *bytes;
	for (uint32_t i = 0; broken && i < 4 && *bytes != 0; i++) {
		tree[(i == 0 ? fuzz_u8() % 40u : fuzz_u16()) % *bytes] = fuzz_u8();
	}
	return tree;
}
