/* Sizes of sources and of the kernel's code. See bench.h. */
#include "bench.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELF_MAX (64 * MIB)
#define PARTS_MAX 6u

/* What a figure counts: files, and folders with all that is in them but tests and other architectures. */
struct counted {
	const char *row;
	const char *parts[PARTS_MAX];
};

static const struct counted counted[] = {
	{ "kernel_sloc", { "kernel" } },
	{ "vmm_sloc", { "servers/vmm", "libs/guest" } },
	{ "uart_sloc",
	  { "servers/uart", "libs/devices/src/pl011.c", "libs/devices/include/devices/pl011.h",
	    "libs/devices/include/devices/pl011_registers.h" } },
	{ "rtc_sloc", { "servers/rtc", "libs/devices/src/pl031.c", "libs/devices/include/devices/pl031.h" } },
	{ "watchdog_sloc", { "servers/watchdog" } },
};
static const char *const other_machines[] = { "mock", "riscv64", "x86_64", NULL };

/* The output folder is in the source folder, or in a folder there. */
char *bench_sources(const char *out)
{
	static const char *const above[] = { "..", "../.." };
	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		char *root = text_print("%s/%s", out, above[i]);
		char *kernel = text_print("%s/kernel/boot.c", root);
		bool found = access(kernel, R_OK) == 0;
		free(kernel);
		if (found) {
			return root;
		}
		free(root);
	}
	fatal(TOOL_BAD_INPUT, "no sources above '%s': expected the folder that this program was built from", out);
}

/* Servers of virtio devices: the largest counts. */
static const char *const device_servers[] = { "virtio_blk", "virtio_console", "virtio_net", "virtio_rng" };

static void set_size(const char *name, uint64_t size)
{
	bench_row_set(bench_row_named(name, strlen(name)), BENCH_SKINK, (double)size, (double)size, (double)size);
}

static void count_lines(const char *root)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		uint64_t lines = 0;
		for (size_t j = 0; j < PARTS_MAX && counted[i].parts[j] != NULL; j++) {
			const char *part = counted[i].parts[j];
			char *path = text_print("%s/%s", root, part);
			lines += strchr(part, '.') != NULL ? sloc_file(path) : sloc_folder(path, other_machines);
			free(path);
		}
		set_size(counted[i].row, lines);
	}
}

static void find_largest(const char *root)
{
	uint64_t largest = 0;
	for (size_t i = 0; i < sizeof(device_servers) / sizeof(device_servers[0]); i++) {
		char *path = text_print("%s/servers/%s", root, device_servers[i]);
		uint64_t lines = sloc_folder(path, other_machines);
		largest = lines > largest ? lines : largest;
		free(path);
	}
	set_size("device_server_sloc", largest);
}

/* Bytes of section `wanted`; 0: it has none, or the file is no sound ELF file. */
static uint64_t section_bytes(const struct bytes *file, const char *wanted)
{
	Elf64_Ehdr header;
	if (file->size < sizeof(header) || memcmp(file->data, ELFMAG, SELFMAG) != 0) {
		return 0;
	}
	memcpy(&header, file->data, sizeof(header));
	if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff > file->size ||
	    header.e_shstrndx >= header.e_shnum ||
	    (uint64_t)header.e_shnum * sizeof(Elf64_Shdr) > file->size - header.e_shoff) {
		return 0;
	}
	const uint8_t *table = file->data + header.e_shoff;
	Elf64_Shdr names;
	memcpy(&names, table + header.e_shstrndx * sizeof(names), sizeof(names));
	size_t length = strlen(wanted) + 1;
	for (uint32_t i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section;
		memcpy(&section, table + i * sizeof(section), sizeof(section));
		uint64_t at = names.sh_offset + section.sh_name;
		if (at <= file->size && length <= file->size - at && memcmp(file->data + at, wanted, length) == 0) {
			return section.sh_size;
		}
	}
	return 0;
}

static void measure_text(const char *out)
{
	struct bytes file = { 0 };
	char *path = text_print("%s/aarch64/kernel/skink-kernel", out);
	if (!file_read(path, ELF_MAX, &file)) {
		fatal(TOOL_BAD_INPUT, "the kernel '%s' can't be read: %s; build/run builds it", path, strerror(errno));
	}
	uint64_t bytes = section_bytes(&file, ".text");
	if (bytes == 0) {
		fatal(TOOL_BAD_INPUT, "'%s' has no code: expected an ELF file with a section .text", path);
	}
	set_size("kernel_text_bytes", bytes);
	bytes_free(&file);
	free(path);
}

void bench_sizes(const struct options *options)
{
	char *out = system_out(options);
	char *root = bench_sources(out);
	count_lines(root);
	find_largest(root);
	measure_text(out);
	free(root);
	free(out);
}
