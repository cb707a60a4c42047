/*
 * The supervisor's voice: its own log, like any server's, and the control stream,
 * whose lines the host tool reads: `boot`, `vm NAME off`, `vm NAME reset`,
 * `vm NAME failed WHY`, `server NAME failed WHY`, `halt`; with fault injection also
 * `crash NUMBER SERVER REASON VERDICT …` and `inject …`.
 */
#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include <sk/abi.h>

/* Before there is a console: printf() goes to the kernel's panic console. First of all. */
void control_begin(void);

/* Makes log and control stream and gives them to the console. Without a console all stays as it was. */
sk_status_t control_attach(void);

/* One line to the control stream, and to the log. */
__attribute__((format(printf, 1, 2))) void control_say(const char *format, ...);

#endif
