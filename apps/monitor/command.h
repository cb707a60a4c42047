/*
 * Commands: their table, and the way from a line of text to one of them. A
 * command's arguments are described once, for `help`, for the check of how many there are, for
 * completion, and for turning names into indices before the command runs.
 */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "line.h"

#define COMMAND_WORDS 6u /* the command's name included */

enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_VM,      /* a VM's name or index */
	ARGUMENT_SERVER,  /* a server's name or index */
	ARGUMENT_STREAM,  /* a console stream's name, or "log" where the command takes it */
	ARGUMENT_COMMAND, /* a command's name */
	ARGUMENT_NUMBER,  /* decimal, or hexadecimal after 0x */
	ARGUMENT_SWITCH,  /* on, off */
	ARGUMENT_FAULT,   /* a type of fault */
};

/* One argument as given: what it names, and the word itself. */
struct argument {
	const char *word;
	uint64_t value; /* index, number, or 0 and 1 for off and on */
};

struct command {
	const char *name;
	enum argument_kind arguments[3];
	uint8_t required;     /* how many of them must be there */
	const char *usage;    /* arguments as `help` shows them */
	const char *summary;  /* one line */
	const char *details;  /* for `help COMMAND`; may be NULL */
	void (*run)(const struct argument *arguments, uint32_t count);
};

/* Groups of commands, each ended by an entry without a name. */
extern const struct command command_vm[];
extern const struct command command_server[];
extern const struct command command_inject[];
extern const struct command command_statistics[];
extern const struct command command_top[];
extern const struct command command_trace[];
extern const struct command command_console[];
extern const struct command command_system[];

/* The i-th command of all, or NULL beyond the last. */
const struct command *command_at(uint32_t i);

const struct command *command_named(const char *name);

/* Runs one line; says what is wrong with it if anything is. An empty line does nothing. */
void command_run(const char *line);

/* Tab: completes the word before the cursor, or lists what it could become. */
void command_complete(struct line *line);

#endif
