/*
 * A guest that works and checks what it gets, while faults happen under it (`skink inject`): each part of the load
 * verifies its own device, and what it finds goes into the lines on the console that the host verifies:
 *
 *	load begins
 *	load NUMBER SUM TEXT	each SUM follows from the one before and the number
 *	load ends NUMBER SUM	the last line's again
 *
 * TEXT is chatter; "clock SECONDS"; "wrong …": what must not be; "waits NAME": a device has not answered for a while;
 * "lost NAME": nor does it later, it is reset, again and again; "goes on NAME": it has answered; "note …": what a guest
 * takes for granted, such as a frame that the network lost; "failed NAME": the device says that it has failed for good,
 * and is left alone.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <guest/random.h>
#include <guest/timer.h>

#include "device.h"

#define LATE_MS 12u /* without an answer: "waits" */
#define LOST_MS 120u

/* Says TEXT in a line of the load. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waiting for a device, from the request that has waited longest on. */
struct patience {
	const char *name;
	uint64_t since; /* ticks; 0: nothing is waited for */
	bool late;	/* it was said */
	bool lost;	/* that too */
};

/* Something came, or there is nothing to wait for: `waiting` says whether there is more to wait for. */
void patience_renew(struct patience *patience, bool waiting);
/* At each round. True: it is lost, which was said; the caller resets the device and begins to wait anew. */
bool patience_is_over(struct patience *patience);

extern struct random load_random;

/* Each part: its device's begin, a round's new work, what came back. `begin` returns false, and said it, if it can't. */
bool disk_begin(void);
void disk_round(void);
void disk_look(void);
/* All that was ever written is read again; false: not yet done. */
bool disk_finish(void);
extern struct device disk_device;

bool net_begin(void);
void net_round(void);
void net_look(void);
extern struct device net_devices[2];

bool entropy_begin(void);
void entropy_round(void);
void entropy_look(void);
extern struct device entropy_device;

bool lines_begin(void);
void lines_round(void);
void lines_look(void);
extern struct device lines_device;

/* A second disk that is treated as no driver should; what comes of that must stay with it. */
bool hostile_begin(void);
void hostile_round(void);
void hostile_order(void);
extern struct device hostile_device;

#endif
