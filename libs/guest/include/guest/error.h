/*
 * Why something about a guest can't be done, in words for the person who wrote
 * the manifest or made the image: which file, what is wrong, what was expected.
 * Functions that take a `struct guest_error` return false after filling it.
 */
#ifndef GUEST_ERROR_H
#define GUEST_ERROR_H

#include <stdbool.h>

/* Room for a reason, its zero included; a longer one is cut. */
#define GUEST_ERROR_BYTES 200u

/* One reason, without a newline at its end. */
struct guest_error {
	char text[GUEST_ERROR_BYTES];
};

/* Formats the reason; always returns false, so that `return guest_fail(error, …)` reads well. */
bool guest_fail(struct guest_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
