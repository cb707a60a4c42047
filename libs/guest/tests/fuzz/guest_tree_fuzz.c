/*
 * A device tree that came with a guest, and may be anything: it is patched into a sound one, or refused with a reason.
 */
#include <string.h>

#include <fuzz/fuzz.h>
#include <fuzz/tree.h>
#include <guest/devtree.h>
#include <libfdt.h>

#define ROOM 0x4000u

void fuzz_one(void)
{
	static const struct manifest_vm vm = {
		.name = "linux",
		.vcpus = 2,
		.memory = { { 0x40000000, 0x4000000 } },
		.memory_count = 1,
		.kernel = "linux",
		.cmdline = "console=ttyAMA0",
		.devices = { { .name = "uart@9000000",
			       .compatible = "arm,pl011",
			       .registers = { 0x09000000, 0x1000 },
			       .line = 33,
			       .level = true } },
		.device_count = 1,
	};
	const struct devtree_input input = {
		.vm = &vm,
		.initrd_start = 0x41000000,
		.initrd_end = 0x41001000,
		.seed = "0123456789abcdef",
		.seed_bytes = 16,
	};
	uint8_t *buffer = fuzz_pages(0, ROOM);
	struct guest_error error = { "" };
	uint32_t room = fuzz_once_in(8) ? fuzz_u16() % ROOM & ~7u : ROOM;
	uint32_t size = 0;
	size_t bytes;
	const uint8_t *tree = fuzz_tree(FUZZ_BASE, &bytes);
	const struct guest_file given = { "tree", tree, bytes };

	buffer += ROOM - room;
	if (devtree_patch(&input, &given, buffer, room, &size, &error)) {
		FUZZ_EXPECT(size <= room && fdt_check_full(buffer, size) == 0);
		FUZZ_EXPECT(fdt_path_offset(buffer, "/chosen") >= 0);
	} else {
		FUZZ_EXPECT(error.text[0] != '\0' && memchr(error.text, '\0', sizeof(error.text)) != NULL);
	}
	if (devtree_build(&input, buffer, room, &size, &error)) {
		FUZZ_EXPECT(size <= room && fdt_check_full(buffer, size) == 0);
	}
}
