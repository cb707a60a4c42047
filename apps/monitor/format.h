/*
 * Numbers and statuses in words; names of states and the like are generated (sk/idl/FILE_names.h).
 * What takes `text` fills and returns it.
 */
#ifndef MONITOR_FORMAT_H
#define MONITOR_FORMAT_H

#include <stdint.h>

#include <sk/abi.h>

#define FORMAT_BYTES 24u

/* "640 KiB", "12.5 MiB" */
const char *format_size(char text[FORMAT_BYTES], uint64_t bytes);

/* "312 ns", "45.6 us", "1.203 ms", "12.345 s" */
const char *format_time(char text[FORMAT_BYTES], uint64_t ns);

/* "12.3 %" of `whole`; "-" if there is no whole. */
const char *format_share(char text[FORMAT_BYTES], uint64_t part, uint64_t whole);

/* "0 2 3": the bits that are set. */
const char *format_cores(char text[FORMAT_BYTES], uint32_t mask);

/* "r-x-c-g": rights in the order of SK_RIGHT_*. */
const char *format_rights(char text[FORMAT_BYTES], uint32_t rights);

/* What a call of interface operator or of the console answered, in words. */
const char *format_status(sk_status_t status);

#endif
