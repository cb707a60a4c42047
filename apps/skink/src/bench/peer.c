/*
 * The same guest programs in another hypervisor: KVM with Debian's kernel at EL2 and Debian's packaged VMM (QEMU) as its
 * process, in the same QEMU with the same counting. build/guest/kvm makes the initramfs that it boots from; its init runs a
 * script that is made here.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40u
#define VMM "qemu-system-aarch64 -nodefaults -M virt,gic-version=3 -enable-kvm -cpu host -display none -monitor none -serial stdio"
#define WORK "console=ttyAMA0 quiet cryptomgr.notests randomize_kstack_offset=off rdinit=/skink/work"

/* What is run on a machine with so many cores. The boot of a guest that begins with its VMM's start is no row's. */
static const struct {
	const char *cores;
	const char *part; /* the systems of Skink's in which the same is measured */
	const char *script;
} runs[] = {
	{ "1", "exits", VMM " -smp 1 -m 64 -kernel /skink/bench.img -append native </dev/null" },
	{ "2", "cores", VMM " -smp 2 -m 64 -kernel /skink/bench.img -append native </dev/null" },
	{ "1", "work", VMM " -smp 1 -m 256 -kernel /skink/linux -initrd /skink/initrd-work -append '" WORK
			   " -- linux_boot_under_kvm work native' </dev/null" },
};

static void run_or_end(const char *const *argv)
{
	struct bytes output = { 0 };
	struct bytes errors = { 0 };
	int status = program_run(argv, NULL, &output, &errors);
	bytes_append(&errors, "", 1);
	if (status != 0) {
		fatal(TOOL_FAILED, "'%s' ended with status %d: %s", argv[0], status, (const char *)errors.data);
	}
	bytes_free(&output);
	bytes_free(&errors);
}

static void run_guest(const struct options *options, const char *out, const char *root, const char *base, uint32_t number)
{
	char *initrd = text_print("%s.%s", base, runs[number].part);
	char *linux_image = text_print("%s/guest/linux", out);
	if (access(linux_image, R_OK) != 0) { /* a build below the folder that has what was fetched */
		linux_image = text_print("%s/out/guest/linux", root);
	}
	const char *const packing[] = { text_print("%s/build/guest/with_run", root), base, runs[number].script, initrd,
					text_print("%s/aarch64/guest/bench.img", out), linux_image,
					text_print("%s/guest/initrd-work", out), NULL };
	const char *const argv[ARGUMENTS_MAX] = {
		options->qemu != NULL ? options->qemu : "qemu-system-aarch64", "-nodefaults", "-M",
		"virt,virtualization=on,gic-version=3,dtb-randomness=off", "-cpu", BENCH_CPU, "-smp", runs[number].cores,
		"-m", "2048", "-display", "none", "-monitor", "none", "-chardev", "stdio,id=uart,signal=off",
		"-serial", "chardev:uart", "-kernel", linux_image, "-initrd", initrd,
		"-append", "console=ttyAMA0 quiet cryptomgr.notests randomize_kstack_offset=off",
		"-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01T00:00:00,clock=vm", "-no-reboot", NULL,
	};
	run_or_end(packing);
	if (options->verbose) {
		notice("running the guest of '%s' under KVM", runs[number].part);
	}
	bench_program_run(argv, "a guest under KVM", BENCH_KVM);
	unlink(initrd);
	free(initrd);
}

void bench_peer_check(const struct options *options)
{
	if (options->peer != NULL && strcmp(options->peer, "kvm") != 0) {
		fatal(TOOL_BAD_INPUT, "--peer is '%s'; expected kvm", options->peer);
	}
}

void bench_peer_run(const struct options *options)
{
	char *out = system_out(options);
	char *root = bench_sources(out);
	char *base = text_print("%s/guest/kvm", out);
	const char *const making[] = { text_print("%s/build/guest/kvm", root), out, base, NULL };
	if (options->verbose) {
		notice("making what KVM boots from: the first time Debian's packages are fetched");
	}
	run_or_end(making);
	for (uint32_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		if (bench_part_wanted(options->only, runs[i].part)) {
			run_guest(options, out, root, base, i);
		}
	}
	free(base);
	free(root);
	free(out);
}
