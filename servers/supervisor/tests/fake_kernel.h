/*
 * A kernel for tests on the host: memory that can be split, retyped and mapped (the
 * supervisor's own mappings are real, over a file), capability tables, threads and endpoints as
 * far as the supervisor sees them. It refuses what the kernel refuses, so a test finds a
 * double use of a slot, a mapping over another, or memory given away while mapped.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/kernel.h>
#include <sk/start.h>

#define FAKE_RAM_BASE 0x40000000ull
#define FAKE_RAM_BYTES (96ull << 20)
#define FAKE_ARCHIVE_BASE 0x30000000ull

struct fake_mapping {
	uint32_t memory;
	uint64_t address, offset, bytes;
	uint32_t flags;
};

struct fake_cap {
	uint32_t object, generation, rights, badge;
};

#define FAKE_MAPPINGS 192u
#define FAKE_ROUTES 16u

struct fake_route {
	uint64_t address, bytes;
	uint32_t endpoint, badge;
};

struct fake_space {
	bool vm;
	struct fake_cap slots[SK_CAP_SLOTS + 1];
	struct fake_mapping mappings[FAKE_MAPPINGS];
	uint32_t mapping_count;
	struct fake_route routes[FAKE_ROUTES];
	uint32_t route_count;
	bool lines;
	uint32_t short_of;            /* mappings that are refused for lack of table pages; each donation makes up for one */
	uint32_t donations[16];
	uint32_t donation_count;
};

struct fake_object {
	uint32_t type, generation;
	uint64_t base, bytes;
	bool device;
	uint32_t mappings;
	struct fake_space *space; /* a space's */
	/* Threads. */
	uint32_t core, process, endpoint, notification, fault_badge;
	bool started;
	uint64_t entry, stack, argument;
	uint32_t stops;
	uint64_t registers[34];
	uint32_t thread_state; /* as thread.info tells it */
	uint64_t time_ns;
	/* Endpoints, notifications, interrupts, lines. */
	uint32_t retired, abandoned, bound;
	uint64_t bits;
	bool enabled;
	bool level;
};

struct fake {
	struct fake_object objects[2048];
	uint32_t object_count;
	uint32_t power_offs;
	uint32_t plans;
	struct core_plan_slot plan[SK_MAX_CORES][SK_PLAN_SLOTS];
	uint32_t plan_count[SK_MAX_CORES];
	uint64_t guard_ns[SK_MAX_CORES];
	char printed[4096];
	uint64_t now_ns;
	uint32_t vm_short_of;   /* of a VM's space that is made from now on */
	bool calls_allowed;     /* a call through an endpoint's capability reaches a server, which answers: */
	sk_status_t call_status;
	uint64_t called_tag;
	uint64_t called_word;
	uint32_t replies;
	uint64_t reply_tag;
};

extern struct fake fake;

/* Registers of the machine. */
struct fake_device {
	uint64_t base;
	uint64_t bytes;
};

/* A machine with RAM, two cores, these devices, and this archive. */
void fake_boot(const void *archive, uint64_t bytes, const struct fake_device *devices,
	       uint32_t device_count);

/* The object that a capability of the supervisor's names; NULL: none. */
struct fake_object *fake_at(uint32_t slot);
/* The same for another process's table. */
struct fake_object *fake_in(const struct fake_object *space, uint32_t slot);
/* The mapping that shows `address` to the space; NULL: none. */
const struct fake_mapping *fake_mapped(const struct fake_object *space, uint64_t address);

/* Where exits of the VM at `address` go; NULL: nowhere. */
const struct fake_route *fake_routed(const struct fake_object *vm, uint64_t address);

/* The badge of the supervisor's slot; a method of a thread (fake_thread.c). */
uint32_t fake_badge(uint32_t slot);
sk_status_t fake_thread_call(struct fake_object *object, struct sk_msg *msg, uint8_t *buffer);

/* Live capabilities in the supervisor's table. */
uint32_t fake_slots_used(void);

#endif
