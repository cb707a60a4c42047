/*
 * Switching the machine off or over: not before the console has shown what was
 * said, and not much later either, whatever the console does.
 */
#ifndef SUPERVISOR_POWER_H
#define SUPERVISOR_POWER_H

enum power { POWER_OFF, POWER_RESET };

/* The first call counts. */
void power_down(enum power how);

/* The alarm ALARM_HALT rang: the console had its time. */
void power_now(void);

#endif
