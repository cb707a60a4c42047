/*
 * Results, one a line as the Test Anything Protocol has them, and the line that counts them at the end.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

/* A heading. */
void tap_suite(const char *name);

/* One result; the text says what holds. Returns `passed`. Not from two threads at once. */
bool tap_ok(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One result: a call answered `want`. */
bool tap_status(sk_status_t got, sk_status_t want, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One result: two numbers are equal. */
bool tap_is(uint64_t got, uint64_t want, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Something that later results depend on. Ends the program if it failed. */
void tap_need(sk_status_t status, const char *what);

/* The last line. Returns how many failed. */
uint32_t tap_end(void);

#endif
