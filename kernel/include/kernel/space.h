/*
 * A space: one translation table. A process's also has the capability table
 * that its threads' slots index; a VM's also has the vCPUs, the ranges of
 * guest-physical addresses that devices answer for, and the line table.
 *
 * Table pages come from the pool that the space's creator handed over. Whoever
 * maps checks first that the pool has enough, so mapping never stops half-way.
 */
#ifndef KERNEL_SPACE_H
#define KERNEL_SPACE_H

#include <arch/context.h>
#include <kernel/object.h>
#include <sk/vcpu.h>

struct vcpu;
struct endpoint;

#define SPACE_MAPPINGS 112u  /* of one space: looking for one takes no longer */
#define SPACE_ROUTES 64u     /* ranges of guest-physical addresses whose accesses go to a server */

/* Exits go to `endpoint`, as long as its generation is the one noted. */
struct exit_route {
	struct object *endpoint;
	uint32_t generation;
	uint32_t badge;
};

/* Those of [address, address + bytes) do. */
struct route {
	uint64_t address;
	uint64_t bytes;
	struct exit_route to;
};

extern const struct route no_route; /* covers nothing */

/* Neighbouring pages for tables; this is in the first. They are zeroed when one is taken, the last one first. */
struct table_pages {
	struct table_pages *next;
	uint64_t pages;
};

struct space {
	struct arch_space arch;      /* first: what a switch loads */
	struct object *object;
	bool vm;
	uint16_t mappings;           /* first, index into the object table */
	uint16_t mapping_count;
	struct table_pages *pool;
	uint64_t pool_pages;
	uint16_t donations;          /* memory that the pool was fed with: first, linked by next_free; of type NONE */
	struct thread *threads;      /* of a process */
	capability *slots;           /* SK_CAP_SLOTS + 1 of them; a VM has none */

	/* VM only. */
	struct sk_line *lines;       /* shared with the VMM: hostile */
	struct object *lines_object;
	uint32_t shared_lines;
	uint32_t vcpu_count;
	uint32_t virqs;              /* capabilities to its lines that exist */
	struct vcpu *vcpus[SK_VM_VCPUS_MAX];
	uint32_t route_count;
	struct route *routes;        /* by address */
};

_Static_assert(sizeof(struct space) <= SK_PAGE_BYTES, "the first page of a space");
_Static_assert(SPACE_ROUTES * sizeof(struct route) <= SK_PAGE_BYTES, "routes take the second page of a VM");

/* What is in the slot of a process; CAPABILITY_NONE beyond its table. */
static inline capability slot_load(const struct space *process, uint64_t slot)
{
	return slot > SK_CAP_SLOTS ? CAPABILITY_NONE : __atomic_load_n(&process->slots[slot], __ATOMIC_RELAXED);
}

/* The pool's pages: fed at once, however many; taken one by one, zeroed, by who knows that there are enough. */
void space_give_tables(struct space *space, void *pages, uint64_t count);
void *space_take_table(struct space *space);
/* Makes the space in zeroed memory of at least SK_SPACE_PAGES pages at `object`. */
sk_status_t space_create(struct object *object, bool vm);
/*
 * Maps [offset, offset + size) of `memory` at `address`; statuses of kernel.idl's space.map. `flags` are within
 * the rights that the mapper has on the memory.
 */
sk_status_t space_map(struct space *space, struct object *memory, uint64_t address, uint64_t offset, uint64_t size,
		      uint32_t flags);
/* The mapping that shows any of the range, or NULL. */
struct object *space_mapping_at(const struct space *space, uint64_t address, uint64_t bytes);
/* Takes a mapping out, or all of a list. False: stopped for an interrupt, to be called again. */
bool mapping_remove(struct object *mapping);
bool mapping_remove_all(const uint16_t *first);
/* The route of exits at `address`, or NULL. */
const struct route *space_route(const struct space *vm, uint64_t address);

#endif
