/*
 * The command line. One table (options.c) says what there is, for which
 * commands, and what --help prints; a wrong one is told with what was expected.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "tool.h"

#define OPTIONS_LIST 64u

enum command {
	COMMAND_RUN = 1u << 0,
	COMMAND_CHECK = 1u << 1,
	COMMAND_GRAPH = 1u << 2,
	COMMAND_PACK = 1u << 3,
	COMMAND_BENCH = 1u << 4,
	COMMAND_INJECT = 1u << 5,
	COMMAND_TRACE = 1u << 6,
	COMMAND_TOP = 1u << 7,
};

struct options {
	enum command command;
	const char *manifest; /* --manifest, or the argument of check, graph, pack; NULL: the default one */
	/* The first VM's, instead of the manifest's; NULL or 0: not given. */
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *dtb;
	const char *run;
	uint64_t mem;
	uint64_t vcpus;
	/* The machine's. */
	const char *cpu;
	uint64_t cores;
	uint64_t machine_mem;
	const char *args[OPTIONS_LIST]; /* "SERVER ARGUMENT ..." */
	uint32_t args_count;
	const char *root; /* NULL: not given */
	const char *disk[OPTIONS_LIST];
	uint32_t disk_count;
	const char *net; /* NULL: not given */
	const char *forward[OPTIONS_LIST];
	uint32_t forward_count;
	bool icount;
	bool gdb;
	bool trace;
	/* The run. */
	uint64_t timeout;
	bool batch;
	const char *log;
	const char *monitor[OPTIONS_LIST];
	uint32_t monitor_count;
	const char *when[OPTIONS_LIST]; /* monitor[i] waits for when[i]; NULL: for the boot alone, or the one before it */
	const char *when_texts[OPTIONS_LIST]; /* as given */
	uint32_t when_count;
	uint32_t when_paired;
	uint32_t monitor_paired;
	/* Where things are. */
	const char *images[OPTIONS_LIST];
	uint32_t images_count;
	const char *out; /* the build's output folder */
	const char *qemu;
	const char *output;
	const char *format;
	bool json;
	/* Figures. */
	const char *only;
	const char *baseline;
	bool update;
	const char *peer;
	const char *plot;
	const char *figures;
	/* A trace. */
	const char *from;
	const char *until;
	const char *decode;
	const char *around;
	uint64_t span;
	/* A campaign. */
	uint64_t faults;
	uint64_t seed;
	uint64_t per_boot;
	uint64_t jobs;
	uint64_t boot; /* the only one, counted from 1; 0: all */
	const char *load;
	const char *shard;
	const char *types;
	const char *targets;
	const char *results;
	const char *merge[OPTIONS_LIST];
	uint32_t merge_count;
	bool no_images;
	bool dry_run;
	bool verbose;
};

/* Ends the tool after --help (status 0) or on a mistake (status 2). */
void options_parse(struct options *options, int argc, char **argv);

/* help.c. `command` 0: the tool's own help. */
void help_print(enum command command);
const char *command_name(enum command command);

struct option_row {
	const char *name;     /* without "--" */
	const char *argument; /* NULL: a flag */
	const char *help;
	unsigned commands;
	enum { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST } kind;
	size_t offset; /* in struct options */
	uint64_t min;  /* OPTION_NUMBER */
	uint64_t max;
	size_t count_offset; /* OPTION_LIST */
};
extern const struct option_row option_rows[];
extern const size_t option_row_count;

#endif
