/*
 * A second opinion on the kernel's objects: what a supervisor's calls on them must answer and do, written from
 * idl/kernel.idl, sk/abi.h and the README, with structures that have nothing in common with the kernel's. There are no
 * addresses in it, no lists and no preemption: objects, capability tables and mappings are plain arrays.
 *
 * A call is first judged: `wrong` has the statuses that apply to it, as bits (1 << -status). Nothing is wrong: it
 * must succeed. Otherwise it must be refused, with one of those; which one comes first is the kernel's own business.
 * `maybe` has refusals that the documentation leaves open. Only a call that the kernel took is applied.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

#define MODEL_SLOTS 32u    /* of the supervisor's table that the model follows, from MODEL_FIRST_SLOT */
#define MODEL_OWN_SLOTS 8u /* of each other process's table, from 1 */
#define MODEL_FIRST_SLOT 100u
#define MODEL_OBJECTS 192u
#define MODEL_MAPPINGS 64u
#define MODEL_CORES 2u

#define MODEL_BIT(status) (1u << -(status))

/* Which object it named when it was made; `era` counts what the object has been since. */
struct model_cap {
	uint32_t object; /* 0: empty */
	uint32_t era;
	uint32_t rights;
	uint32_t badge;
};

struct model_object {
	uint32_t type; /* enum sk_object_type */
	uint32_t era;
	uint64_t base; /* of the memory that it is, or was made of; `bytes` 0: it was made of none */
	uint64_t bytes;
	bool device;
	uint32_t pins;    /* objects that use this memory */
	uint32_t members; /* space: threads, vCPUs and virqs of it */
	uint32_t vcpus;
	bool vm;
	uint32_t shared_lines; /* VM: with a line table `uses`, how many */
	struct model_cap own[MODEL_OWN_SLOTS + 1];
	uint32_t owner; /* the space of a thread, vCPU or virq; the space that memory was donated to */
	uint32_t uses;  /* memory: message buffer, state page, line table */
	uint32_t state;
	uint32_t core;
	uint32_t number; /* vCPU: which of its VM; virq: its line */
	bool entry_set;
	uint32_t endpoint; /* of a thread; 0: none */
	uint32_t notification;
	uint32_t generation; /* endpoint */
	bool served;         /* endpoint: it had a receiver once */
	uint64_t bits;       /* notification */
};

struct model_mapping {
	uint32_t space; /* 0: unused */
	uint32_t memory;
	uint64_t address;
	uint64_t offset;
	uint64_t bytes;
	uint32_t flags;
};

struct model {
	struct model_cap slots[MODEL_SLOTS];
	struct model_object objects[MODEL_OBJECTS];
	struct model_mapping mappings[MODEL_MAPPINGS];
	uint32_t count;      /* objects that there ever were; 0 is none */
	uint32_t supervisor; /* its own space, whose table are the slots above */
};

extern struct model model;

struct model_call {
	uint32_t slot; /* invoked */
	uint64_t tag;
	uint64_t w[SK_WORDS];
	uint32_t wrong;
	uint32_t maybe;
	/* Found while it was judged. */
	uint32_t self;
	uint32_t rights;
	uint32_t other; /* first slot of the caller's that is named */
	uint32_t third;
};

/* Nothing but what `model_add` brings. */
void model_reset(void);
/* The supervisor has a capability to a new object in a slot. */
struct model_object *model_add(uint32_t slot, uint32_t type, uint64_t base, uint64_t bytes);

void model_judge(struct model_call *call);
void model_apply(const struct model_call *call);

/* What a slot's capability names; NULL: nothing, or what is gone. */
struct model_object *model_named(const struct model_cap *cap);
/* Or memory that a space has its tables in, until it is destroyed. */
bool model_donated(const struct model_cap *cap);
/* There is one of these in the slot: nothing else can be put there. */
bool model_taken(const struct model_cap *cap);
/* The supervisor's slot; NULL: not one that the model follows. */
struct model_cap *model_slot(uint64_t slot);
uint32_t model_index(const struct model_object *object);
/* Where a space has a mapping that touches the range; NULL: nowhere. */
const struct model_mapping *model_mapped(uint32_t space, uint64_t address, uint64_t bytes);
uint32_t model_mappings_of(uint32_t memory);
/* Entries that objects and mappings take in the kernel's table. */
uint32_t model_used(void);
/* A thread's or an endpoint's state, as kernel.idl numbers them. */
uint32_t model_endpoint_state(uint32_t endpoint);
uint32_t model_receivers(uint32_t endpoint);

#endif
