/*
 * The object table: every kernel object has one entry, and a capability is an
 * index into this table plus the generation that the entry had when the
 * capability was made. Destroying an object bumps the generation, so every
 * capability to it, in any table, is stale from that store on; there is no
 * derivation tree to walk. An entry whose generation is used up is retired
 * for good, so a stale capability can never name a later object.
 *
 * Entries are also all the bookkeeping that memory and mappings have: both live
 * here and nowhere else, so describing memory needs no memory.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include <sk/abi.h>
#include <stddef.h>

struct space;

/* What an entry is; as kernel.idl numbers them. */
enum object_type {
	OBJECT_NONE,
	OBJECT_MEMORY,
	OBJECT_SPACE,
	OBJECT_THREAD,
	OBJECT_VCPU,
	OBJECT_ENDPOINT,
	OBJECT_NOTIFICATION,
	OBJECT_INTERRUPT,
	OBJECT_VIRQ,
	OBJECT_CORE,
	OBJECT_MACHINE,
	OBJECT_MAPPING,
};

/* A range of RAM or device registers that nothing else describes. */
struct memory {
	uint16_t mappings;      /* first of its mappings (index into the table), 0: none */
	uint16_t mapping_count;
	uint32_t pins;          /* kernel objects that use it: message buffers, state pages, line tables */
	bool device;
};

/* One range of a space that shows a part of a memory: in a list of each. */
enum mapping_list { OF_MEMORY, OF_SPACE };

struct mapping {
	uint16_t memory;
	uint16_t space;
	uint16_t next[2];       /* index into the table, 0: the last */
	uint32_t flags;         /* SK_MAP_FLAGS_* of kernel.idl */
	uint64_t address;
	uint64_t done;          /* bytes of it that are in the tables: mapping is cut into pieces */
};

/* A physical interrupt line. */
struct interrupt {
	uint32_t number;
	uint16_t notification;
	uint16_t notification_generation;
	bool level;
	uint8_t core;           /* where it arrives, if it is bound */
	uint64_t bits;          /* 0: it was bound to none yet */
};

/* A shared line into a VM. */
struct virq {
	uint32_t line;
	struct space *vm;
};

struct object {
	uint16_t generation;
	uint8_t type;
	uint16_t next_free;
	uint64_t base;          /* memory that the object is or was made of; a mapping's physical start */
	uint64_t bytes;
	union {
		void *body;     /* space, thread, vcpu, endpoint, notification, core */
		struct memory memory;
		struct mapping mapping;
		struct interrupt interrupt;
		struct virq virq;
		uint64_t words[5]; /* its size */
	};
};

_Static_assert(sizeof(struct object) == 64, "an object is one cache line");

/* A capability, one word: it is read and replaced with single loads and stores. */
typedef uint64_t capability;

/* An empty slot of a capability table. */
#define CAPABILITY_NONE 0ull

/* A capability of its parts: 16 bits, 16, 8 and 24. */
static inline capability capability_make(uint32_t index, uint32_t generation, uint32_t rights, uint32_t badge)
{
	return (uint64_t)index | (uint64_t)generation << 16 | (uint64_t)rights << 32 | (uint64_t)badge << 40;
}

/* The parts of a capability; whether the object has that generation still is the caller's question. */
static inline uint32_t capability_index(capability cap) { return (uint32_t)cap & 0xffffu; }
static inline uint32_t capability_generation(capability cap) { return (uint32_t)(cap >> 16) & 0xffffu; }
static inline uint32_t capability_rights(capability cap) { return (uint32_t)(cap >> 32) & 0xffu; }
static inline uint32_t capability_badge(capability cap) { return (uint32_t)(cap >> 40); }

/* The table, and how many entries it has. */
extern struct object *object_table; /* [0] is never valid */
extern uint32_t object_count;
extern uint32_t object_free_count;  /* entries that can still be had */

/* An entry by its index, and the other way round; no bound is checked. */
static inline struct object *object_at(uint32_t index) { return &object_table[index]; }
static inline uint32_t object_index(const struct object *object) { return (uint32_t)(object - object_table); }

/* Hands `table` to the module: `count` entries, at most 65535. Boot only. */
void object_init(struct object *table, uint32_t count);
/* Takes a free entry; NULL when there is none. Holds the kernel lock. */
struct object *object_allocate(enum object_type type);
/* Gives an entry back and makes every capability to it stale. */
void object_release(struct object *object);
/* Makes every capability to the object stale; false when the entry may not be used again. */
bool object_bump(struct object *object);
/* Is the memory mapped anywhere, or used by a kernel object? */
static inline bool memory_in_use(const struct object *memory)
{
	return memory->memory.mapping_count != 0 || memory->memory.pins != 0;
}
/* Is [offset, offset + size) whole pages of the memory, and not empty? */
static inline bool memory_has(const struct object *memory, uint64_t offset, uint64_t size)
{
	return ((offset | size) & (SK_PAGE_BYTES - 1u)) == 0 && size != 0 && offset <= memory->bytes &&
	       size <= memory->bytes - offset;
}
/* Can the entry become an object and, when that is destroyed, memory again? */
bool object_lasts(const struct object *object);
/* A capability to the object as it is now. */
capability object_capability(const struct object *object, uint32_t rights, uint32_t badge);

/*
 * Resolves a capability word. Returns NULL and the status for one that is empty
 * or stale. Any core, no lock: the entry may be destroyed right after, which the
 * destroying core covers by waiting until every core has left the kernel.
 */
static inline struct object *object_resolve(capability cap, sk_status_t *status)
{
	struct object *object = object_at(capability_index(cap));
	if (__builtin_expect(object->generation != capability_generation(cap), 0)) {
		*status = cap == CAPABILITY_NONE ? SK_BAD_CAP : SK_STALE;
		return NULL;
	}
	return object;
}

/* The object that the capability names, if it has the type and the rights; else NULL and the status. */
static inline struct object *capability_resolve(capability cap, enum object_type type, uint32_t rights,
						sk_status_t *status)
{
	struct object *object = object_resolve(cap, status);
	if (object == NULL) {
		return NULL;
	}
	if (object->type != (uint8_t)type) {
		*status = SK_BAD_TYPE;
		return NULL;
	}
	if ((capability_rights(cap) & rights) != rights) {
		*status = SK_NO_RIGHT;
		return NULL;
	}
	return object;
}

/* The same for what is in the slot of a process. */
struct object *slot_resolve(const struct space *process, uint64_t slot, enum object_type type, uint32_t rights,
			    sk_status_t *status);

#endif
