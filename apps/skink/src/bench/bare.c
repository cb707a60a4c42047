/* A system's guest on the machine itself: see bench.h. */
#define _GNU_SOURCE /* memfd_create */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <guest/devtree.h>

#define ARGUMENTS_MAX 32u
#define TREE_BYTES (64u << 10)
#define NATIVE "native"

/* What the VMM would tell the guest about its machine, as a file that is gone with this program. */
static char *make_tree(const struct system *system)
{
	static uint64_t tree[TREE_BYTES / sizeof(uint64_t)];
	const struct manifest_vm *vm = &system->manifest.vms[0];
	const struct devtree_input input = { .vm = vm };
	struct guest_error error = { 0 };
	uint32_t bytes = 0;
	if (!devtree_build(&input, tree, sizeof(tree), &bytes, &error)) {
		fatal(TOOL_FAILED, "no device tree for the bare machine: %s", error.text);
	}
	int file = memfd_create("skink-bench-tree", 0);
	if (file < 0 || write(file, tree, bytes) != (ssize_t)bytes) {
		fatal(TOOL_FAILED, "no memory for a device tree of %u bytes", bytes);
	}
	return text_print("/proc/%d/fd/%d", (int)getpid(), file);
}

void bench_bare_run(const struct options *options, const struct bench_system *system)
{
	struct options own = *options;
	own.command = COMMAND_RUN;
	own.manifest = system_manifest(system_out(options), system->manifest);
	own.append = system->append;
	struct system *loaded = system_load(&own);
	struct manifest_vm *vm = &loaded->manifest.vms[0];
	if (system->cores != NULL) {
		vm->vcpus = (uint32_t)strtoul(system->cores, NULL, 10);
	}
	const char *initrd = vm->initrd != NULL ? image_named(loaded, vm->initrd)->path : NULL;
	const char *const argv[ARGUMENTS_MAX] = {
		options->qemu != NULL ? options->qemu : "qemu-system-aarch64", "-nodefaults", "-M", "virt,gic-version=3",
		"-cpu", options->cpu != NULL ? options->cpu : BENCH_CPU, "-smp", text_print("%u", vm->vcpus),
		"-m", text_print("%llu", (unsigned long long)(vm->memory[0].bytes / MIB)), "-display", "none",
		"-monitor", "none", "-chardev", "stdio,id=uart,signal=off", "-serial", "chardev:uart",
		"-kernel", image_named(loaded, vm->kernel)->path, "-append", text_print("%s " NATIVE, vm->cmdline),
		"-dtb", make_tree(loaded), "-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01T00:00:00,clock=vm",
		"-no-reboot", initrd != NULL ? "-initrd" : NULL, initrd, NULL,
	};
	if (options->verbose) {
		notice("running the guest of '%s' on the bare machine", own.manifest);
	}
	bench_program_run(argv, own.manifest, BENCH_BARE);
}
