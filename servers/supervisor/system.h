/*
 * What the supervisor knows of the whole system: the manifest, the archive, the
 * cores, and the tables of servers and VMs. One thread changes all of it.
 */
#ifndef SUPERVISOR_SYSTEM_H
#define SUPERVISOR_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/archive.h>
#include <sk/idl/supervisor.h>
#include <skink/manifest.h>

#include "image.h"
#include "layout.h"
#include "ram.h"
#include "restart.h"

#define SYSTEM_INTERRUPTS (MANIFEST_SERVER_DEVICES * MANIFEST_DEVICE_INTERRUPTS)

/* A thread of a server. */
struct worker {
	sk_cap_t thread;
	sk_cap_t buffer;
	uint32_t core;
	uint32_t task; /* id in the scheduler's table */
};

/* How far a server's grants had come when grant_mark() was called. */
struct grant_mark {
	uint32_t next_slot;
	uint64_t next_region;
	uint32_t cap_count;
	uint32_t region_count;
};

/* The second instance of a server whose manifest asks for one: see standby.h. */
struct standby {
	enum sk_standby_state state;
	uint64_t bytes;               /* all that it costs */
	uint64_t due_ns;              /* when it is to be loaded; 0: not now */
	uint32_t body;                /* 0 or 1: which of the server's two it is */
	uint32_t failures;            /* in a row */
	sk_cap_t ram;
	uint8_t *view;                /* of its own RAM, with the server's behind it as in the layout */
	sk_cap_t space;
	struct worker workers[SK_MAX_CORES];
};

/* Where the question whether the server still serves is. */
enum beat { BEAT_NONE, BEAT_QUEUED, BEAT_OPEN };

struct server {
	const struct manifest_server *config;
	uint32_t index;
	enum sk_server_state state;
	uint32_t instance;
	uint32_t crashes;
	uint32_t unreported;          /* number of a crash that is still to be told; 0: none */
	struct image image;
	struct layout layout;
	uint64_t ram_bytes;           /* all RAM that it costs, kernel objects included */
	sk_cap_t ram;                 /* its own RAM: at least the layout's private part */
	sk_cap_t kept;                /* the RAM object with the rest of the layout */
	uint8_t *view;                /* where the supervisor sees all of the layout */
	struct sk_start *start;       /* in it */
	sk_cap_t space;
	sk_cap_t endpoint;
	sk_cap_t endpoint_control;    /* for the endpoint's own methods */
	sk_cap_t notifications[SK_MAX_CORES]; /* [i] bound to worker i; only the scheduler has more than [0] */
	struct worker workers[SK_MAX_CORES];
	sk_cap_t interrupts[SYSTEM_INTERRUPTS];
	uint32_t interrupt_count;
	volatile uint32_t *stops[MANIFEST_SERVER_DEVICES]; /* the registers that stop its devices, or NULL */
	uint32_t next_slot;           /* in its capability table */
	struct grant_mark mark;
	struct standby standby;
	struct restart_history history;
	sk_cap_t ping;                /* its endpoint, badged for heartbeats; SK_CAP_NONE: not asked yet */
	enum beat beat;
	bool knows_heartbeat;         /* it has answered one */
	bool abandoned;               /* its endpoint refuses calls until it starts again */
	bool last;                    /* it has failed, and its last instance answers for its device */
	bool marked;                  /* its device's exits go to the fallback */
	const char *unusable;         /* why it was never built; NULL: it was */
};

/* A VM's kernel objects. */
struct vcpu {
	sk_cap_t vcpu;
	sk_cap_t state_page;
	uint32_t task;
};

struct vm {
	const struct manifest_vm *config;
	uint32_t index;
	enum sk_vm_state state;
	uint32_t boots;
	sk_cap_t space;
	sk_cap_t lines;
	sk_cap_t memory[MANIFEST_VM_MEMORIES];
	struct vcpu vcpus[SK_VM_VCPUS_MAX];
	sk_cap_t virqs[MANIFEST_VM_DEVICES];
	sk_cap_t control;             /* its VMM's endpoint, badged for the supervisor */
	uint64_t ram_bytes;
};

struct system {
	struct manifest manifest;
	uint64_t manifest_bytes;
	struct sk_archive archive;
	sk_cap_t cores[SK_MAX_CORES];
	sk_cap_t channels[MANIFEST_CHANNELS]; /* their memory */
	uint8_t *channel_views[MANIFEST_CHANNELS]; /* with fault injection: where the supervisor sees it */
	uint32_t core_count;          /* online */
	struct server servers[MANIFEST_SERVERS];
	struct vm vms[MANIFEST_VMS];
	uint32_t sched;               /* servers with a part of their own; MANIFEST_NONE: there is none */
	uint32_t console;
	uint32_t fallback;
};

extern struct system system_state;

#endif
