/*
 * What the supervisor wants to do later: one deadline for each thing it might
 * want to do. Pure; the earliest one is handed to the scheduler by tasks.h.
 */
#ifndef SUPERVISOR_ALARM_H
#define SUPERVISOR_ALARM_H

#include <stdint.h>

#include <skink/manifest.h>

/* Alarms by number. */
enum alarm {
	ALARM_RESTART = 0,                                /* + server: its backoff has passed */
	ALARM_HEARTBEAT = ALARM_RESTART + MANIFEST_SERVERS, /* + server */
	ALARM_HALT = ALARM_HEARTBEAT + MANIFEST_SERVERS,  /* look again whether the console is done, then power off */
	ALARM_AFTER,                                      /* crashes are to be told, standbys to be made */
	ALARM_TRAP,                                       /* a thread that a trap holds up goes on */
	ALARM_COUNT,
	ALARM_NONE = ALARM_COUNT
};

/* Absolute time in ns; 0 takes the alarm away. */
void alarm_set(uint32_t alarm, uint64_t at_ns);

/* Takes one alarm whose time has come, or returns ALARM_NONE. */
uint32_t alarm_take(uint64_t now_ns);

/* The earliest time set; 0: none. */
uint64_t alarm_next(void);

#endif
