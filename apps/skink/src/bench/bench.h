/*
 * `skink bench`: what the system costs, in instructions, counts and lines, beside what it must not exceed.
 *
 * Systems made for it (manifest/bench*.dts) run under QEMU's instruction counting, where an instruction takes a
 * nanosecond and a run repeats exactly; their programs print one line a figure. Sizes are counted from the sources and
 * from the kernel's ELF file.
 */
#ifndef BENCH_H
#define BENCH_H

#include "../system.h"

/* Nobody has to reach anything. */
#define BENCH_NO_TARGET (-1.0)

struct bench_row {
	const char *name;
	const char *unit;
	double target; /* what it must not exceed; BENCH_NO_TARGET */
	double aim;    /* the next one; BENCH_NO_TARGET */
	const char *what;
	bool measured;
	double min;
	double median;
	double max;
};

/* rows.c: in order of appearance. */
extern struct bench_row bench_rows[];
extern const size_t bench_row_count;
/* NULL: no figure has that name. */
struct bench_row *bench_row_named(const char *name, size_t length);
void bench_row_set(struct bench_row *row, double min, double median, double max);
/* Does the row have a target, and miss it? What was not measured at all has missed it. */
bool bench_row_missed(const struct bench_row *row);

/*
 * lines.c: takes every line "bench NAME MIN MEDIAN MAX" of what a system printed, with or without a log's "[SERVER] "
 * before it. A figure that was measured already is kept. Returns how many lines there were.
 */
uint32_t bench_lines_take(const char *text, size_t size);

/* sloc.c: lines with anything but blanks and comments, of C or of assembly that the C preprocessor reads. */
uint64_t sloc_text(const char *text, size_t size);
/*
 * The same of all .c, .h and .S files below `folder`, but for folders named `tests` and those named in `without`
 * (ends with a NULL). Ends the tool if something can't be read.
 */
uint64_t sloc_folder(const char *folder, const char *const *without);
uint64_t sloc_file(const char *path);

/* sizes.c: fills the rows that need no run. */
void bench_sizes(const struct options *options);

/* report.c */
void bench_print_table(const char *cpu);
void bench_print_json(void);

#endif
