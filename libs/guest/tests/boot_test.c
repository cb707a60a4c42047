/* Placement of kernel, initrd and device tree, and the tree itself, read back with libfdt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include <guest/boot.h>

#define RAM_BASE 0x40000000ull
#define RAM_BYTES (64ull << 20)

static struct guest_ram ram;
static struct manifest_vm vm;
static struct boot_files files;
static struct boot_layout layout;
static struct guest_error error;
static uint8_t kernel[4096];
static uint8_t initrd[5000];

static int set_up(void **state)
{
	(void)state;
	ram = (struct guest_ram){ .base = RAM_BASE, .bytes = RAM_BYTES, .host = calloc(1, RAM_BYTES) };
	memset(kernel, 0x33, sizeof(kernel));
	memset(initrd, 0x44, sizeof(initrd));
	vm = (struct manifest_vm){
		.name = "linux",
		.vcpus = 3,
		.memory = { { RAM_BASE, RAM_BYTES } },
		.memory_count = 1,
		.kernel_format = MANIFEST_KERNEL_FLAT,
		.kernel_address = RAM_BASE + 0x80000,
		.entry = RAM_BASE + 0x80000,
		.kernel = "linux",
		.cmdline = "console=ttyAMA0",
		.devices = {
			{ .name = "rng@a000000", .compatible = "virtio,mmio", .registers = { 0x0a000000, 0x200 }, .line = 48 },
			{ .name = "uart@9000000", .compatible = "arm,pl011", .registers = { 0x09000000, 0x1000 },
			  .line = 33, .level = true },
			{ .name = "rtc@9010000", .compatible = "arm,pl031", .registers = { 0x09010000, 0x1000 },
			  .line = 34, .level = true },
		},
		.device_count = 3,
	};
	files = (struct boot_files){
		.kernel = { "linux", kernel, sizeof(kernel) },
		.initrd = { "initrd", initrd, sizeof(initrd) },
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(ram.host);
	return 0;
}

static bool load(void)
{
	return boot_load(&ram, &vm, &files, "\1\2\3\4", 4, &layout, &error);
}

static const void *tree(void)
{
	return ram.host + (layout.dtb - RAM_BASE);
}

static void says(const char *what)
{
	if (strstr(error.text, what) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", error.text, what);
	}
}

static void check_cells(const char *path, const char *property, const uint32_t *cells, int count)
{
	int length;
	int node = fdt_path_offset(tree(), path);
	assert_true(node >= 0);
	const fdt32_t *value = fdt_getprop(tree(), node, property, &length);
	assert_non_null(value);
	assert_int_equal(length, count * 4);
	for (int i = 0; i < count; i++) {
		assert_int_equal(fdt32_to_cpu(value[i]), cells[i]);
	}
}

#define CELLS(path, property, ...) \
	check_cells(path, property, (const uint32_t[]){ __VA_ARGS__ }, \
		    (int)(sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)))

static void check_strings(const char *path, const char *property, const char *bytes, int size)
{
	int length;
	int node = fdt_path_offset(tree(), path);
	assert_true(node >= 0);
	const char *value = fdt_getprop(tree(), node, property, &length);
	assert_non_null(value);
	assert_int_equal(length, size);
	assert_memory_equal(value, bytes, (size_t)size);
}

#define STRINGS(path, property, text) check_strings(path, property, text, (int)sizeof(text))

static void places_like_qemu(void **state)
{
	(void)state;
	assert_true(load());
	assert_int_equal(layout.kernel.entry, RAM_BASE + 0x80000);
	assert_int_equal(layout.initrd_start, RAM_BASE + RAM_BYTES / 2);
	assert_int_equal(layout.initrd_end, layout.initrd_start + sizeof(initrd));
	assert_int_equal(layout.dtb, layout.initrd_start + 0x200000);
	assert_memory_equal(ram.host + RAM_BYTES / 2, initrd, sizeof(initrd));
	assert_int_equal(fdt_check_full(tree(), fdt_totalsize(tree())), 0);
	assert_int_equal(layout.dtb_end, layout.dtb + fdt_totalsize(tree()));
}

static void describes_the_machine(void **state)
{
	(void)state;
	assert_true(load());
	CELLS("/memory@40000000", "reg", 0, 0x40000000, 0, (uint32_t)RAM_BYTES);
	STRINGS("/chosen", "bootargs", "console=ttyAMA0");
	STRINGS("/chosen", "stdout-path", "/uart@9000000");
	CELLS("/chosen", "linux,initrd-start", 0, (uint32_t)layout.initrd_start);
	CELLS("/chosen", "linux,initrd-end", 0, (uint32_t)layout.initrd_end);
	CELLS("/chosen", "rng-seed", 0x01020304);
	assert_null(fdt_getprop(tree(), fdt_path_offset(tree(), "/chosen"), "kaslr-seed", NULL));
	STRINGS("/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2");
	STRINGS("/psci", "method", "hvc");
	CELLS("/cpus/cpu@2", "reg", 2);
	assert_true(fdt_path_offset(tree(), "/cpus/cpu@3") < 0);
	CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	CELLS("/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 3 * 0x20000);
	CELLS("/", "interrupt-parent", fdt_get_phandle(tree(), fdt_path_offset(tree(), "/intc@8000000")));
}

static void describes_devices(void **state)
{
	(void)state;
	assert_true(load());
	uint32_t clock = fdt_get_phandle(tree(), fdt_path_offset(tree(), "/apb-pclk"));
	STRINGS("/uart@9000000", "compatible", "arm,pl011\0arm,primecell");
	STRINGS("/uart@9000000", "clock-names", "uartclk\0apb_pclk");
	CELLS("/uart@9000000", "clocks", clock, clock);
	CELLS("/uart@9000000", "interrupts", 0, 1, 4);
	STRINGS("/rtc@9010000", "compatible", "arm,pl031\0arm,primecell");
	CELLS("/rtc@9010000", "clocks", clock);
	STRINGS("/rng@a000000", "compatible", "virtio,mmio");
	CELLS("/rng@a000000", "interrupts", 0, 16, 1);
	CELLS("/rng@a000000", "reg", 0, 0x0a000000, 0, 0x200);
	assert_non_null(fdt_getprop(tree(), fdt_path_offset(tree(), "/rng@a000000"), "dma-coherent", NULL));
}

static void without_initrd_there_is_none(void **state)
{
	(void)state;
	files.initrd = (struct guest_file){ 0 };
	assert_true(load());
	assert_int_equal(layout.initrd_start, layout.initrd_end);
	assert_null(fdt_getprop(tree(), fdt_path_offset(tree(), "/chosen"), "linux,initrd-start", NULL));
}

static void big_kernel_moves_the_rest_up(void **state)
{
	(void)state;
	vm.kernel_address = RAM_BASE + 40 * 0x100000 + 0x123;
	vm.kernel_address &= ~7ull;
	vm.entry = vm.kernel_address;
	assert_true(load());
	assert_true(layout.initrd_start >= layout.kernel.high);
	assert_int_equal(layout.initrd_start % 4096, 0);
}

static void refuses_what_does_not_fit(void **state)
{
	(void)state;
	files.initrd.size = RAM_BYTES;
	assert_false(load());
	says("initrd");
	files.initrd.size = RAM_BYTES / 2; /* up to the last byte: nothing left for the tree */
	uint8_t *big = calloc(1, RAM_BYTES / 2);
	files.initrd.bytes = big;
	assert_false(load());
	says("device tree");
	free(big);
	files.initrd = (struct guest_file){ .name = "initrd", .bytes = initrd, .size = UINT64_MAX };
	assert_false(load());
	says("initrd");
	ram.bytes = UINT64_MAX;
	assert_false(load());
	says("can't be addressed");
}

static void refuses_an_endless_command_line(void **state)
{
	(void)state;
	char *line = malloc(0x300000);
	memset(line, 'x', 0x300000);
	line[0x2fffff] = '\0';
	vm.cmdline = line;
	assert_false(load());
	says("does not fit");
	free(line);
}

static void *given_tree(void)
{
	void *blob = calloc(1, 8192);
	(void)fdt_create_empty_tree(blob, 8192);
	(void)fdt_setprop_u32(blob, 0, "#address-cells", 2);
	(void)fdt_setprop_u32(blob, 0, "#size-cells", 2);
	int node = fdt_add_subnode(blob, 0, "memory@80000000");
	(void)fdt_setprop_string(blob, node, "device_type", "memory");
	node = fdt_add_subnode(blob, 0, "special");
	(void)fdt_setprop_u32(blob, node, "kept", 7);
	(void)fdt_pack(blob);
	return blob;
}

static void given_tree_is_brought_up_to_date(void **state)
{
	(void)state;
	void *blob = given_tree();
	files.dtb = (struct guest_file){ "board.dtb", blob, fdt_totalsize(blob) };
	assert_true(load());
	CELLS("/special", "kept", 7);
	CELLS("/memory@40000000", "reg", 0, 0x40000000, 0, (uint32_t)RAM_BYTES);
	assert_true(fdt_path_offset(tree(), "/memory@80000000") < 0);
	STRINGS("/chosen", "bootargs", "console=ttyAMA0");
	CELLS("/chosen", "linux,initrd-start", 0, (uint32_t)layout.initrd_start);
	free(blob);
}

static void bad_given_tree_is_refused(void **state)
{
	(void)state;
	uint8_t *blob = given_tree();
	uint32_t size = fdt_totalsize(blob);
	files.dtb = (struct guest_file){ "board.dtb", blob, size - 1 };
	assert_false(load());
	says("board.dtb");
	for (uint32_t i = 0; i < size; i++) { /* no damage of one byte crashes */
		uint8_t old = blob[i];
		blob[i] ^= 0xff;
		files.dtb = (struct guest_file){ "board.dtb", blob, size };
		(void)load();
		blob[i] = old;
	}
	(void)fdt_setprop_inplace_u32(blob, 0, "#address-cells", 1);
	assert_false(load());
	says("#address-cells");
	free(blob);
}

/* Devices that see only the pool are on a bus that reaches nothing else; the pool is memory like any other. */
static void bounce_pool(void **state)
{
	const fdt64_t *ranges;
	int bytes;
	int bus;

	(void)state;
	vm.memory[1] = (struct manifest_range){ 0x20000000, 0x900000 };
	vm.memory_count = 2;
	vm.has_pool = true;
	vm.devices[0].bounce_memory = true;
	assert_true(load());
	bus = fdt_path_offset(tree(), "/bounce-bus");
	assert_true(bus >= 0);
	STRINGS("/bounce-bus", "compatible", "simple-bus");
	assert_non_null(fdt_getprop(tree(), bus, "ranges", &bytes));
	assert_int_equal(bytes, 0);
	ranges = fdt_getprop(tree(), bus, "dma-ranges", &bytes);
	assert_int_equal(bytes, 24);
	assert_int_equal(fdt64_to_cpu(ranges[0]), 0x20000000);
	assert_int_equal(fdt64_to_cpu(ranges[1]), 0x20000000);
	assert_int_equal(fdt64_to_cpu(ranges[2]), 0x900000);
	STRINGS("/bounce-bus/rng@a000000", "compatible", "virtio,mmio");
	assert_true(fdt_path_offset(tree(), "/rng@a000000") < 0);
	assert_true(fdt_path_offset(tree(), "/uart@9000000") >= 0);
	STRINGS("/memory@20000000", "device_type", "memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places_like_qemu, set_up, tear_down),
		cmocka_unit_test_setup_teardown(describes_the_machine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(describes_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_initrd_there_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(big_kernel_moves_the_rest_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_does_not_fit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounce_pool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_an_endless_command_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(given_tree_is_brought_up_to_date, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_given_tree_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
