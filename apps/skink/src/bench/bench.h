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

/* What the targets are stated for. */
#define BENCH_CPU "cortex-a53"
/* Nobody has to reach anything; nobody knows what it was. */
#define BENCH_NO_TARGET (-1.0)
#define BENCH_NO_BASELINE (-1.0)
/* So much of its baseline may a figure be worse. */
#define BENCH_TOLERANCE 0.02

/* Where the same programs are run: the bare machine is the same QEMU without Skink. */
enum bench_machine { BENCH_BARE, BENCH_KVM, BENCH_OTHERS, BENCH_SKINK = BENCH_OTHERS };

/* rows.c: the others' names, as JSON's keys. */
extern const char *const bench_machines[];

struct bench_figure {
	bool measured;
	double min;
	double median;
	double max;
};

struct bench_row {
	const char *name;
	const char *unit;
	double target; /* what it must not exceed; BENCH_NO_TARGET */
	double aim;    /* the next one; BENCH_NO_TARGET */
	const char *what;
	bool exact;    /* the same in every run */
	bool optional; /* of a part that is measured only when it is named */
	double baseline; /* of the file that was read; BENCH_NO_BASELINE */
	struct bench_figure skink;
	struct bench_figure other[BENCH_OTHERS];
};

/* rows.c: in order of appearance. */
extern struct bench_row bench_rows[];
extern const size_t bench_row_count;
/* NULL: no figure has that name. */
struct bench_row *bench_row_named(const char *name, size_t length);
void bench_row_set(struct bench_row *row, enum bench_machine machine, double min, double median, double max);
/* Skink's figure, or the other machine's. */
struct bench_figure *bench_row_at(struct bench_row *row, enum bench_machine machine);
/* Rows NAME_ratio: what NAME is on Skink, divided by what it is on the bare machine. */
void bench_ratios(void);
/* Does the row have a target, and miss it? What was not measured at all has missed it, unless it is optional. */
bool bench_row_missed(const struct bench_row *row);

/* Has it a baseline? What is exact has, but for source lines, which grow with what a part can do: they have a limit. */
bool bench_row_kept(const struct bench_row *row);

/*
 * baseline.c: a file with a line "NAME MEDIAN" for each figure that is kept. `read` fills the rows' baselines and ends the
 * tool if the file is not such a one. `compare` tells each figure that was measured and is worse than its baseline by
 * more than BENCH_TOLERANCE, or has none: then it is false; and each that is better by as much. `write` replaces the
 * file: baselines of what was not measured stay.
 */
void bench_baseline_read(const char *path);
bool bench_baseline_compare(const char *path);
void bench_baseline_write(const char *path);

/*
 * lines.c: takes every line "bench NAME MIN MEDIAN MAX" of what a system printed, with or without a log's "[SERVER] "
 * before it. A figure that was measured already is kept. Returns how many lines there were.
 */
uint32_t bench_lines_take(const char *text, size_t size, enum bench_machine machine);

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
/* The folder with the sources of the build in `out`; ends the tool if there is none. The caller frees it. */
char *bench_sources(const char *out);

/* The part that these figures are of. */
#define BENCH_PART_SIZES "sizes"
/* Takes long: measured only when it is named. */
#define BENCH_PART_SCALE "scale"

/* systems.c: the systems that are run for figures; `only`: a list of parts, "ipc,net"; NULL: all. */
struct bench_system {
	const char *part;
	const char *manifest;
	const char *cores; /* and as many vCPUs, if there is a VM; NULL: as the manifest says */
	bool disk;
	const char *net;
	const char *append; /* the guest's command line, instead of the manifest's */
	bool bare;          /* the guest is run on the bare machine, too */
};
extern const struct bench_system bench_systems[];
extern const size_t bench_system_count;
bool bench_part_wanted(const char *only, const char *part);
/* Ends the tool with TOOL_BAD_INPUT if `only` names what is no part. */
void bench_parts_check(const char *only);
/* Runs it and takes its figures; ends the tool if that fails. */
void bench_system_run(const struct options *options, const struct bench_system *system);
/* Runs a program and takes the figures that it prints; `what`: its name for people. */
void bench_program_run(const char *const *argv, const char *what, enum bench_machine machine);

/*
 * bare.c: runs the first VM's guest without Skink, with the machine's devices that the VM has, by the same device tree. Its
 * command line has the word "native" at its end.
 */
void bench_bare_run(const struct options *options, const struct bench_system *system);

/* report.c. `all`: also rows that were not measured. */
void bench_print_table(const char *cpu, bool all);
void bench_print_json(void);
/* scale.c */
void bench_scale(const struct options *options);

/* peer.c: fills the figures of BENCH_KVM, of the parts that are wanted; may fetch packages. */
void bench_peer_check(const struct options *options);
void bench_peer_run(const struct options *options);

/* read.c: takes the figures of such a file; ends the tool if it is none. */
void bench_read(const char *path);
/* plot.c: a picture (SVG) of what figures need of their targets. */
void bench_plot(const char *path);
/* As few digits as it needs, at most four behind the point. The caller frees it. */
char *bench_number(double value);

#endif
