/*
 * The boot info page behind the test's image: QEMU's virt with two cores and 1 GiB,
 * and nothing to run but the tests.
 */
#include <sk/boot.h>

#define MIB 0x100000ull

extern const struct sk_boot_info boot_info;
__attribute__((aligned(4096))) const struct sk_boot_info boot_info = {
	.magic = SK_BOOT_MAGIC,
	.version = SK_BOOT_VERSION,
	.core_count = 2,
	.ram_base = 0x40000000,
	.ram_bytes = 1024 * MIB,
	.gic_distributor = 0x08000000,
	.gic_redistributors = 0x080a0000,
	.panic_uart = 0x09000000,
	.image_bytes = SK_PAGE_BYTES,
	.core_mpidr = {0, 1},
};
