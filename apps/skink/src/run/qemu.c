/* See qemu.h. */
#define _GNU_SOURCE /* memfd_create, pipe2 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "disks.h"
#include "network.h"

#define STOP_PATIENCE_MS 3000

/* The image lives as long as the two processes do: nothing is left behind, whatever ends them. */
static int image_file(const struct bytes *image)
{
	int file = memfd_create("skink-boot-image", 0);
	size_t written = 0;
	while (file >= 0 && written < image->size) {
		ssize_t n = write(file, image->data + written, image->size - written);
		if (n < 0 && errno != EINTR) {
			break;
		}
		written += n > 0 ? (size_t)n : 0;
	}
	if (file < 0 || written < image->size) {
		fatal(TOOL_FAILED, "no memory for the boot image (%zu bytes): %s", image->size, strerror(errno));
	}
	return file;
}

static uint32_t add_disks(struct qemu *qemu, const struct disk *disks, uint32_t count, uint32_t n)
{
	for (uint32_t i = 0; i < count; i++) {
		qemu->argv[n++] = "-drive";
		qemu->argv[n++] = disks[i].drive;
		qemu->argv[n++] = "-device";
		qemu->argv[n++] = disks[i].device;
		if (disks[i].twin != NULL) {
			qemu->argv[n++] = "-device";
			qemu->argv[n++] = disks[i].twin;
		}
	}
	return n;
}

/* Sources of entropy for all drivers of one: QEMU's own, fed by the host. */
static uint32_t add_entropy(struct qemu *qemu, const struct system *system, uint32_t n)
{
	uint32_t device;
	for (uint32_t i = 0; (device = device_driven_by(&system->manifest, "rng_driver", i)) != MANIFEST_NONE; i++) {
		qemu->argv[n++] = "-device";
		qemu->argv[n++] = device_for_qemu(&system->manifest.platform.devices[device], "rng", "");
	}
	return n;
}

static uint32_t add_devices(struct qemu *qemu, const struct system *system, uint32_t n)
{
	struct network networks[NETWORKS];
	uint32_t count = networks_find(system, networks);
	struct disk disks[OPTIONS_LIST];
	uint32_t disk_count = disks_find(system, disks);
	if (count != 0 || disk_count != 0 || device_driven_by(&system->manifest, "rng_driver", 0) != MANIFEST_NONE) {
		qemu->argv[n++] = "-global";
		qemu->argv[n++] = "virtio-mmio.force-legacy=false";
	}
	if (system->options->icount) { /* a notification is handled where it is made, not in another host thread */
		qemu->argv[n++] = "-global";
		qemu->argv[n++] = "virtio-mmio.ioeventfd=off";
	}
	n = add_disks(qemu, disks, disk_count, n);
	n = add_entropy(qemu, system, n);
	for (uint32_t i = 0; i < count; i++) {
		qemu->argv[n++] = "-netdev";
		qemu->argv[n++] = networks[i].backend;
		qemu->argv[n++] = "-device";
		qemu->argv[n++] = networks[i].device;
	}
	return n;
}

void qemu_prepare(struct qemu *qemu, const struct system *system, const struct bytes *image)
{
	const struct options *options = system->options;
	const struct manifest_platform *platform = &system->manifest.platform;
	uint32_t n = 0;
	qemu->image = image_file(image);
	qemu->argv[n++] = text_print("%s", options->qemu != NULL ? options->qemu : "qemu-system-aarch64");
	qemu->argv[n++] = "-nodefaults";
	qemu->argv[n++] = "-M";
	qemu->argv[n++] = "virt,virtualization=on,gic-version=3";
	qemu->argv[n++] = "-cpu";
	qemu->argv[n++] = text_print("%s", options->cpu != NULL ? options->cpu : "cortex-a53");
	qemu->argv[n++] = "-smp";
	qemu->argv[n++] = text_print("%u", platform->cores);
	qemu->argv[n++] = "-m";
	qemu->argv[n++] = text_print("%llu", (unsigned long long)(platform->memory.bytes / MIB));
	qemu->argv[n++] = "-display";
	qemu->argv[n++] = "none";
	qemu->argv[n++] = "-monitor";
	qemu->argv[n++] = "none";
	qemu->argv[n++] = "-chardev";
	qemu->argv[n++] = "stdio,id=uart,signal=off";
	qemu->argv[n++] = "-serial";
	qemu->argv[n++] = "chardev:uart";
	qemu->argv[n++] = "-kernel";
	qemu->argv[n++] = text_print("/proc/self/fd/%d", qemu->image);
	n = add_devices(qemu, system, n);
	if (options->icount) {
		qemu->argv[n++] = "-icount";
		qemu->argv[n++] = "shift=0,sleep=off";
	}
	if (options->batch) {
		qemu->argv[n++] = "-no-reboot";
	}
	if (options->gdb) {
		qemu->argv[n++] = "-s";
		qemu->argv[n++] = "-S";
	}
	qemu->argv[n] = NULL;
}

void qemu_print(const struct qemu *qemu)
{
	for (uint32_t i = 0; qemu->argv[i] != NULL; i++) {
		printf("%s%s", i == 0 ? "" : " ", qemu->argv[i]);
	}
	printf("\n");
}

static void qemu_child(const struct qemu *qemu, const int input[2], const int output[2], const sigset_t *signals,
		       int failure)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0); /* a terminal's Ctrl-C is for the tool, which stops QEMU in order */
	sigprocmask(SIG_SETMASK, signals, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(input[0], STDIN_FILENO);
	dup2(output[1], STDOUT_FILENO);
	execvp(qemu->argv[0], (char *const *)qemu->argv);
	int why = errno;
	ssize_t told = write(failure, &why, sizeof(why));
	_exit(told == sizeof(why) ? 127 : 126);
}

void qemu_start(struct qemu *qemu)
{
	int input[2];
	int output[2];
	int failure[2]; /* closed by a successful exec; else it brings the reason */
	int why = 0;
	sigset_t signals;
	sigset_t none;
	sigemptyset(&none);
	if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
		fatal(TOOL_FAILED, "can't make a pipe: %s", strerror(errno));
	}
	sigprocmask(SIG_SETMASK, NULL, &signals);
	qemu->process = fork();
	if (qemu->process < 0) {
		fatal(TOOL_FAILED, "can't start a process: %s", strerror(errno));
	}
	if (qemu->process == 0) {
		qemu_child(qemu, input, output, &none, failure[1]);
	}
	close(input[0]);
	close(output[1]);
	close(failure[1]);
	if (read(failure[0], &why, sizeof(why)) == sizeof(why)) {
		waitpid(qemu->process, NULL, 0);
		fatal(TOOL_FAILED, "'%s' can't be started: %s; install the package qemu-system-arm (build/setup does)",
		      qemu->argv[0], strerror(why));
	}
	close(failure[0]);
	qemu->input = input[1];
	qemu->output = output[0];
	fcntl(qemu->input, F_SETFL, O_NONBLOCK);
}

static int qemu_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int qemu_stop(struct qemu *qemu)
{
	int status = 0;
	kill(qemu->process, SIGKILL);
	while (waitpid(qemu->process, &status, 0) < 0 && errno == EINTR) {
	}
	return qemu_status(status);
}

int qemu_wait(struct qemu *qemu)
{
	const struct timespec pause = { 0, 5000000 };
	int status = 0;
	for (int waited = 0; waited < STOP_PATIENCE_MS; waited += 5) {
		if (waitpid(qemu->process, &status, WNOHANG) == qemu->process) {
			return qemu_status(status);
		}
		nanosleep(&pause, NULL);
	}
	return qemu_stop(qemu);
}
