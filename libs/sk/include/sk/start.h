/*
 * The start page: what the supervisor tells a new process about itself. It is
 * mapped read-only, its address is the first thread's argument (x0), and it
 * names everything the manifest granted: capabilities by slot, memory by address.
 * Each further thread gets the same page; `sk_thread_index()` tells them apart.
 */
#ifndef SK_START_H
#define SK_START_H

#include <sk/abi.h>

/* What a start page begins with ("1SKDSTRT", little-endian), its size, and the sizes of its tables. */
#define SK_START_MAGIC 0x54525453444b5331ull
#define SK_START_BYTES 8192u   /* the start "page" is two pages: the console alone maps two streams of each server */
#define SK_START_CAPS 96u
#define SK_START_REGIONS 88u
#define SK_START_ARGS_BYTES 512u

/* Region flags. */
#define SK_REGION_WRITABLE (1u << 0)
#define SK_REGION_DEVICE (1u << 1)
#define SK_REGION_PERSISTENT (1u << 2) /* kept across restarts of this server */
#define SK_REGION_SHARED (1u << 3)     /* another process maps it too */

/* What kind of an instance it is. */
#define SK_START_LAST (1u << 0) /* its device has failed: it answers what the guest asks with errors, and is not restarted */

/* Beside the page's address in the first thread's argument: an instance that waits before main() until it is needed. */
#define SK_START_STANDBY 1u

/* Bits of a server's notification, the same for every server; each peer may signal only those it was given. */
#define SK_SIGNAL_LOG (1u << 0)       /* console: there is something in a log ring that was empty */
#define SK_SIGNAL_STREAM (1u << 1)    /* the peer wrote to (console) or typed on (stream server) a stream ring that was empty */
#define SK_SIGNAL_INTERRUPT (1u << 2) /* a physical interrupt of one of its devices */
#define SK_SIGNAL_TIMER (1u << 3)     /* the deadline given to timers.set has passed */
#define SK_SIGNAL_PEER (1u << 4)      /* a member of a channel signals another: capability "channel:<name>" */
#define SK_SIGNAL_LOST (1u << 5)      /* a server that this one uses is not restarted any more: its calls tell which */
#define SK_SIGNAL_LOOK (1u << 6)      /* the supervisor's heartbeat: look at whatever you may have missed, say again what you told */
#define SK_SIGNAL_FIRST_FREE (1u << 8) /* and up to 1 << 23: the server's own use */

struct sk_start_cap {
	char name[SK_NAME_BYTES]; /* as in the manifest: "console", "sched", "vmm", "irq", "virq" … */
	uint32_t slot;
	uint32_t type;            /* enum object_type of kernel.idl */
};

struct sk_start_region {
	char name[SK_NAME_BYTES]; /* "heap", "log", "persistent", "ram", "pl011", "archive", "manifest" … */
	uint64_t address;         /* in this process */
	uint64_t bytes;
	uint32_t flags;
	uint32_t peer;            /* of a channel between two servers: the other one, as SK_BADGE_CLIENT of its calls */
};

struct sk_start {
	uint64_t magic;
	uint32_t instance;        /* 0 on the first start, then counted up by each restart */
	uint32_t threads;         /* worker threads of this process */
	uint32_t cap_count;
	uint32_t region_count;
	uint64_t counter_hz;      /* frequency of the counter that sk_now_ns() reads */
	uint64_t image_base;      /* lowest address of the program image */
	uint64_t message_buffer[SK_MAX_CORES]; /* address of thread i's message buffer page */
	uint64_t stack_top[SK_MAX_CORES];      /* of thread i; its thread_core[i] is the core it runs on */
	uint32_t thread_core[SK_MAX_CORES];
	uint64_t flags;           /* SK_START_… */
	char name[SK_NAME_BYTES]; /* this server's name in the manifest */
	char args[SK_START_ARGS_BYTES]; /* the manifest's `args`, strings one after the other, ended by an empty one */
	struct sk_start_cap caps[SK_START_CAPS];
	struct sk_start_region regions[SK_START_REGIONS];
};

_Static_assert(sizeof(struct sk_start) <= SK_START_BYTES, "the start page is SK_START_BYTES");

#endif
