/*
 * The mock machine: the types that generic structures embed. A frame's registers
 * are always in memory; its PC and PSTATE are in the core's own registers while
 * the context is loaded, as on a real machine, so that a kernel that looks at the
 * frame of a loaded context is found out.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <sk/arch/vcpu.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define arch_frame sk_vcpu_state

static inline uint64_t arch_argument(const struct arch_frame *frame, unsigned index)
{
	return frame->x[index];
}

static inline void arch_set_result(struct arch_frame *frame, unsigned index, uint64_t value)
{
	frame->x[index] = value;
}

static inline void arch_put_words(struct arch_frame *to, const uint64_t *words)
{
	for (unsigned i = 0; i < 6; i++) {
		to->x[2u + i] = words[i];
	}
}

static inline const uint64_t *arch_words(const struct arch_frame *frame)
{
	return &frame->x[2];
}

#define ARCH_SPACE_BITS 39u

struct arch_space {
	uint64_t *root;
	uint32_t number;     /* as a VMID: no two live spaces have the same */
};

struct arch_fp_state {
	uint64_t v[4];
};

#define LIST_REGISTERS_MAX 16u
#define MOCK_GROUP_REGISTERS 16u

struct mock_list {
	uint16_t line;
	uint8_t priority;
	uint8_t state;       /* enum list_state */
	bool notice;         /* an interrupt when the guest ends it */
};

struct arch_vcpu {
	bool traps_halt;
	uint64_t registers[MOCK_GROUP_REGISTERS]; /* what leaves the hardware when another vCPU takes the core */
	uint64_t timer_deadline;
	uint64_t config, flags;
	struct mock_list lists[LIST_REGISTERS_MAX];
	uint32_t list_used;                       /* so many of lists[]; 0 unless resident */
	bool underflow_notice;
	bool undefined_taken, abort_taken;        /* the guest's own exceptions, as the last reply asked for */
};

struct arch_core {
	uint64_t pc, pstate;                      /* of core->loaded */
	uint64_t registers[MOCK_GROUP_REGISTERS]; /* of core->resident */
	uint64_t fp[4];                           /* of core->fp_owner */
	uint64_t timer;                           /* when it interrupts */
	uint32_t poked;                           /* atomic: another core's interrupt waits */
	bool idle;                                /* sleeps in arch_idle() */
	bool powered;                             /* firmware has started it, the kernel has yet to see it */
	bool vectors;                             /* virtualisation is on */
	uint32_t stopping;                        /* so many looks until firmware has powered it off */
};

uint64_t arch_ticks(void);
static inline uint64_t arch_counter(void) { return arch_ticks(); }

struct core;
extern _Thread_local struct core *mock_this;

static inline struct core *arch_core_this(void)
{
	return mock_this;
}

#endif
