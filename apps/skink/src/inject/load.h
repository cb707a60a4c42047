/*
 * Loads: what the guest does while faults happen, and how what it prints is verified. Every load's console lines are
 * numbered and carry a running checksum, so a line that is lost, doubled, damaged or out of place is seen; what the
 * guest verifies by itself (what it read from its disk, that its clock does not go back) it says in such lines.
 */
#ifndef INJECT_LOAD_H
#define INJECT_LOAD_H

#include "../tool.h"

#define LOAD_LINE 200u

struct load_kind {
	const char *name;     /* as --load has it */
	const char *manifest; /* among the shipped ones */
	const char *script;   /* for the guest's shell; $1: hundredths of a second of uptime at which it ends */
	bool disk;	      /* it needs one */
};

/* NULL: there is no such load. */
const struct load_kind *load_named(const char *name);
/* "console, blk": all there are. A new string. */
char *load_names(void);

typedef void load_report(void *context, const char *problem);

struct load {
	load_report *report; /* called once for each problem, and with NULL for each line that is right */
	void *context;
	bool begun;
	bool complete; /* its last line came, and was right */
	uint64_t next; /* number of the line that is due */
	uint64_t sum;
	uint64_t clock; /* the last time that the guest read, in s; 0: none */
	char line[LOAD_LINE];
	size_t length;
};

void load_begin(struct load *load, load_report *report, void *context);
/* What the console printed. */
void load_take(struct load *load, const uint8_t *data, size_t size);

#endif
