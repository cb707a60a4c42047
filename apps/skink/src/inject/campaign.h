/*
 * `skink inject`: a campaign of faults. It is cut into boots of a few faults each; what happens in a boot follows from
 * the seed and the boot's number alone, so boots are run side by side, spread over machines (shards), and run again.
 *
 * Each boot runs in a process of its own, which hears the machine (record.h) and leaves its rows in a file. What is
 * left at the end: faults.csv, report.html, and failures/BOOT-FAULT.txt for each fault that was worse than it should
 * be.
 */
#ifndef INJECT_CAMPAIGN_H
#define INJECT_CAMPAIGN_H

#include "../system.h"
#include "load.h"
#include "row.h"

struct campaign {
	const struct options *options;
	const struct load_kind *load;
	const char *folder;
	char *manifest;
	uint64_t faults;
	uint32_t per_boot;
	uint64_t boots;
	uint64_t part; /* of `parts`, from 0 */
	uint64_t parts;
	uint64_t jobs;
};

/* Faults of boot `boot` (from 1): the last one may have fewer. */
uint32_t campaign_faults(const struct campaign *campaign, uint64_t boot);

/* Does this shard have the boot? */
bool campaign_has(const struct campaign *campaign, uint64_t boot);

/* The command that runs this boot again; a new string. */
char *campaign_replay(const struct campaign *campaign, uint64_t boot);

/*
 * boot.c: runs it in this process, once, and writes FOLDER/boots/NUMBER.csv. Returns the exit status for it. A host that
 * is busy may take the time away that a boot is given: TOOL_TIMEOUT, and nothing is written, asks to run it again as
 * `patient`, with several times as much; what is not at its end then hangs.
 */
int boot_run(const struct campaign *campaign, uint64_t boot, bool patient);
/* The file's name, with that ending; a new string. */
char *boot_file(const struct campaign *campaign, uint64_t boot, const char *ending);

/* progress.c: on a terminal, a bar. */
void progress_show(uint64_t done, uint64_t total, uint64_t worse, int64_t begun_ms);
void progress_end(void);

/* table.c: all rows of a campaign. */
struct table {
	struct row *rows;
	size_t count;
	size_t room;
};

void table_add(struct table *table, const struct row *row);
/* Adds the rows of a file that table_write() or boot_run() wrote; ends the tool with TOOL_BAD_INPUT if it is none. */
void table_read(struct table *table, const char *path);
/* In order, without doubles; ends the tool if two rows of the same fault differ. */
void table_sort(struct table *table);
void table_write(const struct table *table, const char *path);
/* How many have this outcome. */
size_t table_outcomes(const struct table *table, enum outcome outcome);
/* Faults that made their target crash (or be found out), and how many of those did no worse than a declared fallback. */
struct detected {
	size_t count;
	size_t recovered;
};
struct detected table_detected(const struct table *table);
/* What the tool's exit status is for these rows. */
enum tool_status table_status(const struct table *table);

/* report.c: one page, with pictures in it. */
void report_write(const struct table *table, const char *path);

#endif
