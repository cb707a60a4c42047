/*
 * Loads: what the guest does while faults happen, and how what it prints is verified. Every load's console lines are
 * numbered and carry a running checksum, so a line that is lost, doubled, damaged or out of place is seen; what the
 * guest verifies by itself (what it read from its disk, what came over its network) it says in such lines. What they
 * can say: apps/guest/load/load.h.
 */
#ifndef INJECT_LOAD_H
#define INJECT_LOAD_H

#include "../tool.h"

#define LOAD_LINE 200u

struct load_kind {
	const char *name;     /* as --load has it */
	const char *manifest; /* among the shipped ones */
	const char *parts;    /* of the guest program `load`; NULL: it is Linux */
	const char *script;   /* for Linux's shell; $until: hundredths of a second of uptime at which it ends */
	uint32_t per_boot;    /* faults, unless the command line says otherwise */
	uint32_t start_ms;    /* of the machine's clock: the guest's load has begun */
	uint32_t slot_ms;     /* from one fault to the next */
	uint32_t timeout_s;   /* of a boot, in the host's time */
};

/* NULL: there is no such load. */
const struct load_kind *load_named(const char *name);
/* "all, console": all there are. A new string. */
char *load_names(void);

enum load_news {
	LOAD_GOOD,   /* a line is right, and nothing is waited for */
	LOAD_NOTE,   /* a line is right, and says something for people */
	LOAD_FAILED, /* a line is right, and says that a device failed for good */
	LOAD_WRONG,
};

typedef void load_report(void *context, enum load_news news, const char *text);

struct load {
	load_report *report;
	void *context;
	bool begun;
	bool complete; /* its last line came, and was right */
	uint64_t next; /* number of the line that is due */
	uint64_t sum;
	uint64_t clock;	  /* the last time that the guest read, in s; 0: none */
	uint64_t clock_good; /* … that could be */
	uint32_t waiting; /* devices that have not answered for a while */
	char line[LOAD_LINE];
	size_t length;
};

void load_begin(struct load *load, load_report *report, void *context);
/* What the console printed. */
void load_take(struct load *load, const uint8_t *data, size_t size);

#endif
