/*
 * One line about a crash for the log, put together by hand: a restarted server waits
 * for the supervisor to be done, and printf() takes longer than the restart's own steps.
 */
#ifndef SUPERVISOR_REPORT_H
#define SUPERVISOR_REPORT_H

#include "system.h"

struct sk_crash_record;

/* Longest line that report_line() makes, its end included. */
#define REPORT_BYTES 192u

/*
 * "server NAME: REASON at 0xPC (address 0xADDRESS), crash N\n" into `line`; its length. No address, where it is 0;
 * longer names are cut.
 */
uint32_t report_line(char line[REPORT_BYTES], const char *name, const char *reason, uint64_t pc, uint64_t address,
		     uint32_t number);

/* The same, to the log. */
void report_crash(const char *name, const struct sk_crash_record *record);

#endif
