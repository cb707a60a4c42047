/*
 * Counting and printing results (see check.h).
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 5 }; /* failures of one case that are printed */

static unsigned passed;
static unsigned failed;
static unsigned case_failures;
static const char *skipped;

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

void check_that(bool holds, const char *text, const char *file, int line)
{
	if (holds) {
		return;
	}
	case_failures++;
	if (case_failures <= SHOWN) {
		printf("# %s:%d: %s\n", base_name(file), line, text);
	}
}

void check_skip(const char *why)
{
	skipped = why;
}

void check_run(const char *subject, const struct check_case *cases, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		case_failures = 0;
		skipped = NULL;
		cases[i].run();
		if (case_failures != 0) {
			failed++;
		} else {
			passed++;
		}
		printf("%s %u - %s: %s", case_failures != 0 ? "not ok" : "ok", passed + failed, subject, cases[i].name);
		printf(skipped == NULL ? "\n" : " # SKIP %s\n", skipped);
	}
}

bool check_finish(void)
{
	printf("1..%u\n", passed + failed);
	printf("libc: %u passed, %u failed\n", passed, failed);
	return failed == 0;
}
