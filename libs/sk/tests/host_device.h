/*
 * What a device server without a driver calls, for its host test: its line into the VM, and the scheduler for its timer.
 * Beside host_process.h; it defines sk_call().
 */
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "host_process.h"

#define HOST_DEVICE_VIRQ 5u
#define HOST_DEVICE_SCHED 6u

struct host_device {
	bool level;        /* of the line */
	uint64_t timer_ns; /* what the timer was set to last */
};

extern struct host_device host_device;

/* Gives the process both capabilities. Behind host_process_reset(). */
void host_device_grant(void);

#endif
