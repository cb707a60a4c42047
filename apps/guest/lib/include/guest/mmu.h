/*
 * Stage 1 translation: 39 bits, 1 GiB blocks, one table for all CPUs, mapped one to one but for the aliases below.
 *
 * Devices (the first GiB) are nGnRnE and not executable, RAM (GiB 1 to 3) is write-back cacheable. All else has no
 * translation, so that touching it is a fault of stage 1 and none of the hypervisor's business.
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include <stdbool.h>
#include <stdint.h>

/* Mapped as executable normal memory: physical addresses at which no machine of ours has anything. */
#define MMU_EMPTY_NORMAL 0x1000000000ull /* 64 GiB */
/* Mapped as device memory, near the end of the guest's address space; nothing there either. */
#define MMU_EMPTY_DEVICE 0x7fc0000000ull /* 511 GiB */
/* RAM's first GiB once more, for EL0: readable, writable, executable there. */
#define MMU_EL0_RAM 0x1900000000ull /* 100 GiB */
/* The same where AArch32 reaches it, while mmu_share_low() says so; otherwise this GiB is as the others. */
#define MMU_EL0_RAM_LOW 0xc0000000ull /* 3 GiB */
/* No translation. */
#define MMU_UNMAPPED 0x2000000000ull

/* Makes the table (CPU 0, once, before mmu_enable). */
void mmu_init(void);
/* MMU_EL0_RAM_LOW for all CPUs, whose old translations are forgotten. */
void mmu_share_low(bool shared);
/* Turns translation and caches on, or off, for the calling CPU. */
void mmu_enable(void);
void mmu_disable(void);

/* Writes a range back to memory so that a CPU without caches sees it. */
void cache_clean(const void *start, uint64_t bytes);

#endif
