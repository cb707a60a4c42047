/*
 * A row of a campaign's table: one fault, what it was and what came of it. The table is the campaign: shards of it are
 * merged, judged and drawn from their rows alone.
 */
#ifndef INJECT_ROW_H
#define INJECT_ROW_H

#include <stdio.h>

#include "../tool.h"

/* In the CSV's own words (outcome_name); from harmless to worst. */
enum outcome {
	OUTCOME_NOT_INJECTED,  /* the system was not in order, or the machine stopped, before its time came */
	OUTCOME_NO_EFFECT,     /* nobody came by, or the wrong word was still there afterwards; the load verified */
	OUTCOME_MASKED,	       /* it took effect, and yet nothing was to be seen */
	OUTCOME_RECOVERED,     /* the target crashed and came back; the load verified */
	OUTCOME_DEGRADED,      /* it did not come back: its declared fallback; what is left of the load verified */
	OUTCOME_GUEST_VISIBLE, /* the load's verification failed */
	OUTCOME_VM_LOST,       /* the VM failed, or never finished */
	OUTCOME_CROSS_DOMAIN,  /* a server crashed that neither was the target nor depends on it */
	OUTCOME_KERNEL,	       /* the kernel panicked, or the machine stopped without a word */
	OUTCOMES
};

#define ROW_WORD 24u
#define ROW_DETAIL 100u

struct row {
	uint64_t seed;
	char load[ROW_WORD];
	uint32_t boot;	/* from 1 */
	uint32_t fault; /* in the boot, from 0 */
	char type[ROW_WORD];
	char target[ROW_WORD];
	uint64_t at_ns;
	uint64_t place;
	uint64_t clear;
	uint64_t flip;
	uint32_t register_number; /* ROW_NO_REGISTER */
	uint64_t delay_ns;
	char state[ROW_WORD];  /* what `inject` found afterwards */
	char reason[ROW_WORD]; /* of the target's first crash, "" if it had none */
	uint32_t crashes;      /* of the target */
	uint64_t detect_ns;    /* from the fault to the first crash */
	uint64_t recovery_ns;  /* from that to the start of the new instance */
	enum outcome outcome;
	char detail[ROW_DETAIL]; /* for people */
};

#define ROW_NO_REGISTER 99u

const char *outcome_name(enum outcome outcome);

/* Adds text to `detail` (with "; " between), without what a table can't hold. */
void row_note(struct row *row, const char *text);

extern const char row_header[];
void row_print(FILE *file, const struct row *row);
/* False: that is no row. */
bool row_parse(const char *line, struct row *row);

/* By seed, load, boot, fault: for qsort. */
int row_compare(const void *a, const void *b);

#endif
