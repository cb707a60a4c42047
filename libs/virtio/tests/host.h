/*
 * The system around one virtio device server, for its test (host_process.h): the calls that it makes are recorded, exits
 * come by its dispatcher, and an instance after the other boots from the same memory. Behind everything else the test
 * includes the library's server.c and the server's own main.c, with `main` renamed to `server_main`.
 */
#ifndef VIRTIO_TESTS_HOST_H
#define VIRTIO_TESTS_HOST_H

#include <string.h>

#include <sk/idl/kernel.h>

#include "guest.h"
#include "host_process.h"

#define HOST_VIRQ 5u
#define HOST_SCHED 6u
#define HOST_CHANNEL 7u
#define HOST_DRIVER 8u
#define HOST_REPLIES 8u

struct host {
	_Alignas(8) uint8_t persistent[SK_PAGE_BYTES];
	uint8_t *memory;
	bool level;
	uint32_t level_sets;
	uint32_t signals;
	uint64_t timer_ns;
	uint64_t counter;
	uint64_t replied[HOST_REPLIES];
	uint32_t replies;
	uint64_t token;
};

extern struct host host;

/* Everything as after boot, with the memory mapped; `channel` is what "disk" is, or NULL. No instance runs yet (host_process_run). */
void host_reset(void *channel, size_t channel_bytes);

/* Behind host_reset(): the manifest names none. */
void host_without_driver(void);

/* One exit through `dispatch`; true if it was answered at once. `flags` of the tag. */
bool host_exit(bool (*dispatch)(const struct sk_caller *, struct sk_msg *), bool write, uint32_t vcpu,
		  uint64_t offset, uint64_t *value, uint64_t flags);

/* The driver's answer to a call, which the test defines. */
sk_status_t host_driver(struct sk_msg *msg);

#endif
