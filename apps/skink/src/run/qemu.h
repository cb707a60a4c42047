/*
 * The machine: a QEMU process with its UART on two pipes.
 */
#ifndef QEMU_H
#define QEMU_H

#include <sys/types.h>

#include "../system.h"

#define QEMU_ARGUMENTS (48u + 4u * OPTIONS_LIST)

struct qemu {
	const char *argv[QEMU_ARGUMENTS];
	int image;  /* boot image, a file without a name; open in the child too */
	int input;  /* to the UART */
	int output; /* from the UART */
	pid_t process;
};

/* The command line, with the boot image ready. */
void qemu_prepare(struct qemu *qemu, const struct system *system, const struct bytes *image);
void qemu_print(const struct qemu *qemu);
void qemu_start(struct qemu *qemu);
/* Ends it, at once: it has nothing to save. Returns its exit status, 128 + n for signal n. */
int qemu_stop(struct qemu *qemu);
/* Its exit status, once it has closed the UART. */
int qemu_wait(struct qemu *qemu);

#endif
