/*
 * How a run ended, told from what the machine said: the control stream's lines
 * and the kernel's panic print.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "../tool.h"

#define VERDICT_TEXT 200u

struct verdict {
	const char *first_vm; /* name; NULL: the system has no VM */
	bool booted;	      /* the supervisor said so */
	bool off;	      /* the first VM powered itself off */
	bool halted;	      /* the machine was powered off in good order */
	bool crashed;	      /* the first VM, or a server for good */
	bool vm_failed;	      /* the first VM */
	bool panicked;
	char why[VERDICT_TEXT]; /* of crashed, panicked: the line */
	size_t why_length;	/* of panicked; grows until the line ends */
	char line[VERDICT_TEXT];
	size_t line_length;
	size_t after_panic;	/* bytes since the panic print */
	uint32_t panic_matched; /* characters of the panic print's beginning that were just seen */
};

void verdict_init(struct verdict *verdict, const char *first_vm);
/* Bytes of the control stream. */
void verdict_control(struct verdict *verdict, const uint8_t *data, size_t size);
/* Bytes of the UART as they come, framed or not: looks for the panic print, at the beginning of a line. */
void verdict_watch(struct verdict *verdict, const uint8_t *data, size_t size);
/* Once the machine has stopped by itself; `framed`: it had the means to say why. */
enum tool_status verdict_status(const struct verdict *verdict, bool framed);

#endif
