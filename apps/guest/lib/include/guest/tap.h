/*
 * Results in the Test Anything Protocol. After the last result come the plan and the line "N passed, N failed",
 * then the machine is switched off: whoever watches the console needs no more than that line.
 */
#ifndef GUEST_TAP_H
#define GUEST_TAP_H

#include <stdbool.h>
#include <stdint.h>

/* A heading: "# text". */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One result. The text says what holds, not what was done. Returns `passed`. */
bool tap_ok(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One result: `got` equals `want`; both are shown if they differ. */
bool tap_is(uint64_t got, uint64_t want, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A result that this machine can't give, with the reason. */
void tap_skip(const char *what, const char *why);

/* How many results so far were not ok. */
uint32_t tap_failed(void);

/* Prints plan and totals, then powers off. */
_Noreturn void tap_finish(void);

#endif
