/* How far a campaign is. See campaign.h. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../run/session.h"
#include "campaign.h"

#define BAR 40u

void progress_show(uint64_t done, uint64_t total, uint64_t worse, int64_t begun_ms)
{
	char bar[BAR + 1];
	uint64_t filled = total == 0 ? BAR : done * BAR / total;
	int64_t passed = (now_ms() - begun_ms) / 1000;
	int64_t left = done == 0 ? 0 : (int64_t)((uint64_t)passed * (total - done) / done);
	if (!isatty(STDERR_FILENO)) {
		return;
	}
	for (uint32_t i = 0; i < BAR; i++) {
		bar[i] = i < filled ? '#' : '.';
	}
	bar[BAR] = '\0';
	fprintf(stderr,
		"\r[%s] %" PRIu64 " of %" PRIu64 " faults, %" PRIu64 " worse than degraded, %" PRId64 ":%02" PRId64
		":%02" PRId64 " to go  ",
		bar, done, total, worse, left / 3600, left / 60 % 60, left % 60);
	fflush(stderr);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\n");
	}
}
