/*
 * One VM as its VMM keeps it. What vCPU i's own exits change is in vcpu[i] and
 * is touched by the one worker that handles the exit: no locks. `power` is the
 * exception (any vCPU may switch on any other) and is changed by atomic operations only.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <guest/ram.h>
#include <guest/vgic.h>

/* Whether a vCPU is on, as PSCI tells it. */
enum guest_power { GUEST_POWER_ON, GUEST_POWER_OFF, GUEST_POWER_ON_PENDING };

/* Beside it in the same word: whose CPU_ON it was, by which one that is delivered again knows its own work. */
#define GUEST_POWER_MASK 0xffu
#define GUEST_POWER_BY(vcpu) (((vcpu) + 1u) << 8)

#define GUEST_DEBUG_POINTS 2u /* breakpoints, and as many watchpoints: the architecture's least */

/* Registers that the guest may write and read back, and that do nothing (yet). */
enum guest_stored {
	GUEST_STORED_MDSCR, GUEST_STORED_MDCCINT, GUEST_STORED_OSECCR, GUEST_STORED_OSDLR, GUEST_STORED_OSLOCK,
	GUEST_STORED_DBGPRCR, GUEST_STORED_DBGCLAIM, GUEST_STORED_DBGVCR, GUEST_STORED_ACTLR,
	GUEST_STORED_DBGBVR, GUEST_STORED_DBGBCR = GUEST_STORED_DBGBVR + GUEST_DEBUG_POINTS,
	GUEST_STORED_DBGWVR = GUEST_STORED_DBGBCR + GUEST_DEBUG_POINTS,
	GUEST_STORED_DBGWCR = GUEST_STORED_DBGWVR + GUEST_DEBUG_POINTS,
	GUEST_STORED_COUNT = GUEST_STORED_DBGWCR + GUEST_DEBUG_POINTS,
};

struct guest_vcpu {
	struct sk_vcpu_state *state; /* shared with the kernel; the vCPU's own while one of its exits is with us */
	uint32_t power;              /* enum guest_power, and whose doing it is */
	uint32_t timer_control;      /* CNTP_CTL_EL0: ENABLE, IMASK */
	uint64_t timer_compare;      /* CNTP_CVAL_EL0 */
	uint64_t stored[GUEST_STORED_COUNT];
};

struct guest {
	struct vgic gic;
	struct guest_vcpu vcpu[SK_VM_VCPUS_MAX];
	uint32_t vcpus;
	uint32_t logged;         /* things that are worth one line and no more: bits of enum guest_once */
	uint64_t counter_offset; /* CNTVOFF: what the guest's counters are behind the machine's, in ticks */
	struct guest_ram ram;
	uint64_t id[128];        /* what the guest reads from op0=3, op1=0, CRn=0: index CRm * 8 + op2 */
};

/* What is logged once in a boot of the guest; bits of guest.logged. */
enum guest_once { GUEST_ONCE_ABORT, GUEST_ONCE_SYSREG, GUEST_ONCE_EXCEPTION };

/* Of vCPU `vcpu`; acquires what the one that switched it on left for it. */
static inline enum guest_power guest_power(const struct guest *guest, uint32_t vcpu)
{
	return (enum guest_power)(__atomic_load_n(&guest->vcpu[vcpu].power, __ATOMIC_ACQUIRE) & GUEST_POWER_MASK);
}

/* True the first time it is asked about `what`. */
static inline bool guest_first(struct guest *guest, enum guest_once what)
{
	uint32_t bit = 1u << what;

	return (__atomic_fetch_or(&guest->logged, bit, __ATOMIC_RELAXED) & bit) == 0;
}

#endif
