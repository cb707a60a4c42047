/* Numbers and states in words. Each returns `text`, which it fills. */
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

/* The name with number `value`, or "?". */
const char *format_name(const char *const *names, uint32_t count, uint64_t value);

const char *format_server_state(uint32_t state);
const char *format_vm_state(uint32_t state);
const char *format_thread_state(uint32_t state);
const char *format_vcpu_state(uint32_t state);
const char *format_object_type(uint32_t type);
const char *format_crash_reason(uint32_t reason);
const char *format_crash_verdict(uint32_t verdict);

/* Why an exit happened: numbers of interface vm_exit. NULL: no such reason. */
const char *format_exit(uint32_t reason);

/* A kernel counter's name; NULL: no such counter. */
const char *format_counter(uint32_t kind);

/* What a call of interface operator or of the console answered, in words. */
const char *format_status(sk_status_t status);

#endif
