/* How commands say how it went. */
#ifndef MONITOR_REPORT_H
#define MONITOR_REPORT_H

#include <sk/abi.h>

/* After an order: "WHAT NAME: done", or why not. */
void report_order(const char *what, const char *name, sk_status_t status);

/* After a question: true if it was answered; else says why not. */
bool report_answered(const char *about, sk_status_t status);

#endif
