/*
 * A process's log: text into the first half of its region "log", a byte ring
 * that the console reads, and a signal to the console when it may be asleep.
 * stdout and stderr end here.
 *
 * A full ring never stops a server: what does not fit is dropped and counted,
 * and the log says so when there is room again. Only a process that has not begun to serve
 * (nobody waits for it) waits for the console, and not for long.
 */
#ifndef SK_LOG_H
#define SK_LOG_H

#include <stddef.h>
#include <stdint.h>

/* Writes all of it, or drops the rest. From any thread. */
void sk_log_write(const char *text, size_t bytes);

/* Bytes dropped so far. */
uint64_t sk_log_lost(void);

/* Sends all further text to `write` instead (NULL: to the ring again): for the process that has no console yet. */
void sk_log_divert(void (*write)(const char *text, size_t bytes));

/* sk_server_run() says that from now on the log must not wait. */
void sk_log_never_wait(void);

#endif
