/*
 * All RAM that is nobody's yet: a list of free ranges in order of address, each a
 * memory capability in one slot. Taking splits a range, first fit; giving back
 * merges with the neighbours, so that a system that starts and stops VMs does not
 * wear out. Ranges taken are whole memory objects: mapped or retyped by their taker.
 *
 * Invariant: free ranges do not overlap and no two of them touch.
 */
#ifndef SUPERVISOR_RAM_H
#define SUPERVISOR_RAM_H

#include <stdint.h>

#include <sk/abi.h>

#define RAM_RANGES 64u
#define RAM_BLOCK_BYTES (2u << 20) /* alignment that lets a translation table use blocks */

struct ram_range {
	sk_cap_t memory;
	uint64_t base;  /* physical: for alignment only */
	uint64_t bytes;
};

struct ram_totals {
	uint64_t total_bytes;   /* ever given to the allocator */
	uint64_t free_bytes;
	uint64_t largest_bytes;
};

void ram_init(void);

/*
 * Takes `bytes` (rounded up to pages) at a multiple of `align` (a power of two, at least
 * a page). SK_NO_MEMORY: no free range is large enough. SK_NO_SLOT: no capability slot, or
 * too many pieces. On any error the allocator is as it was.
 */
sk_status_t ram_take(uint64_t bytes, uint64_t align, struct ram_range *range);

/*
 * Gives a range (back). It must not be mapped any more. SK_NO_SLOT: too many pieces; the
 * range is then lost to the allocator, which the caller may report.
 */
sk_status_t ram_give(const struct ram_range *range);

/* The same for a capability of which only the slot is known (the boot RAM). Counts into the total. */
sk_status_t ram_adopt(sk_cap_t memory);

void ram_totals(struct ram_totals *totals);

#endif
