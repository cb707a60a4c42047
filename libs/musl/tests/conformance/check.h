/*
 * The conformance program's way to check and report: one line a case, in TAP's
 * form, and a comment line for each check that failed in it.
 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include <stdbool.h>

/* One case; `run` is called once. */
struct check_case {
	const char *name;
	void (*run)(void);
};

/* Runs the `count` cases of a subject and prints their lines. */
void check_run(const char *subject, const struct check_case *cases, unsigned count);

/* Prints the last line: "libc: N passed, M failed". True if nothing failed. */
bool check_finish(void);

/* A failed check is printed and fails the case, which goes on. */
void check_that(bool holds, const char *text, const char *file, int line);

/* The case does not apply here; it counts as passed. */
void check_skip(const char *why);

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_CASES(subject, cases) check_run((subject), (cases), sizeof(cases) / sizeof((cases)[0]))

/* The subjects. */
void check_stdio(void);
void check_files(void);
void check_memory(void);
void check_strings(void);
void check_conversions(void);
void check_control(void);
void check_time(void);
void check_threads(void);

#endif
