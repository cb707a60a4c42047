/*
 * Errors: `file:line:col: error: what, expected what`, on standard error. One
 * run reports as many as it can; after DIAGNOSTIC_LIMIT it says so and counts on
 * silently, so that a binary file fed by mistake does not flood a terminal.
 */
#ifndef IDLC_DIAGNOSTIC_H
#define IDLC_DIAGNOSTIC_H

#define DIAGNOSTIC_LIMIT 40

struct location {
	const char *file; /* as given on the command line */
	int line;         /* from 1 */
	int column;       /* from 1, in bytes */
};

void diagnostic_error(struct location at, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Errors so far in this run. */
unsigned diagnostic_count(void);

#endif
