/*
 * See verdict.h. A guest can print "KERNEL PANIC:" too. But a real panic is the
 * machine's last word: it counts only if the machine stopped without the supervisor's `halt`.
 */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

static const char panic_text[] = "\nKERNEL PANIC:";
#define PANIC_LENGTH (sizeof(panic_text) - 1)
#define PANIC_IS_LAST 1024u /* bytes that may follow where there are no control lines to tell */

void verdict_init(struct verdict *verdict, const char *first_vm)
{
	*verdict = (struct verdict){ .first_vm = first_vm, .panic_matched = 1 };
}

static void verdict_why(struct verdict *verdict, const char *line)
{
	snprintf(verdict->why, sizeof(verdict->why), "%s", line);
}

/* "vm NAME REST": REST, if NAME is the first VM's; else NULL. */
static const char *about_first_vm(const struct verdict *verdict, const char *line)
{
	size_t length = verdict->first_vm == NULL ? 0 : strlen(verdict->first_vm);
	if (length == 0 || strncmp(line, "vm ", 3) != 0 || strncmp(line + 3, verdict->first_vm, length) != 0 ||
	    line[3 + length] != ' ') {
		return NULL;
	}
	return line + 3 + length + 1;
}

static void verdict_line(struct verdict *verdict, const char *line)
{
	const char *event = about_first_vm(verdict, line);
	if (strcmp(line, "boot") == 0) {
		verdict->booted = true;
	} else if (strcmp(line, "halt") == 0) {
		verdict->halted = true;
	} else if (event != NULL && strcmp(event, "off") == 0) {
		verdict->off = true;
	} else if ((event != NULL && strncmp(event, "failed", 6) == 0) ||
		   (strncmp(line, "server ", 7) == 0 && strstr(line, " failed") != NULL)) {
		if (!verdict->crashed) {
			verdict_why(verdict, line);
		}
		verdict->crashed = true;
		verdict->vm_failed = verdict->vm_failed || event != NULL;
	}
}

void verdict_control(struct verdict *verdict, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			verdict->line[verdict->line_length] = '\0';
			verdict_line(verdict, verdict->line);
			verdict->line_length = 0;
		} else if (data[i] != '\r' && verdict->line_length < VERDICT_TEXT - 1) {
			verdict->line[verdict->line_length++] = (char)data[i];
		}
	}
}

/* A byte behind the panic print's beginning: part of its line, or of what follows. */
static void panic_line(struct verdict *verdict, uint8_t byte)
{
	verdict->after_panic++;
	if (byte == '\n') {
		verdict->why_length = VERDICT_TEXT;
	} else if (byte >= ' ' && verdict->why_length < VERDICT_TEXT - 1) {
		verdict->why[verdict->why_length++] = (char)byte;
		verdict->why[verdict->why_length] = '\0';
	}
}

void verdict_watch(struct verdict *verdict, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (verdict->panicked) {
			panic_line(verdict, data[i]);
			continue;
		}
		if (data[i] == (uint8_t)panic_text[verdict->panic_matched]) {
			verdict->panic_matched++;
		} else {
			verdict->panic_matched = data[i] == '\n' ? 1 : 0;
		}
		if (verdict->panic_matched == PANIC_LENGTH) {
			verdict_why(verdict, panic_text + 1);
			verdict->why_length = PANIC_LENGTH - 1;
			verdict->panicked = true;
		}
	}
}

enum tool_status verdict_status(const struct verdict *verdict, bool framed)
{
	if (verdict->panicked && !verdict->halted && (framed || verdict->after_panic < PANIC_IS_LAST)) {
		return TOOL_PANIC;
	}
	if (!framed) {
		return TOOL_OK;
	}
	bool done = verdict->first_vm != NULL ? verdict->off : verdict->halted;
	return verdict->crashed || !done ? TOOL_CRASHED : TOOL_OK;
}
