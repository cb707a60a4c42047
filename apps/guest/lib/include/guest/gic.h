/*
 * GICv3 with system registers, one security state, affinity routing: Arm IHI 0069.
 *
 * After gic_init and gic_init_cpu, group 1 is enabled, every line is disabled, in group 1 and of priority
 * GIC_PRIORITY_DEFAULT, nothing is pending or active, shared lines go to the CPU that called gic_init, and any
 * priority is taken.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <guest/cpu.h>
#include <stdint.h>

#define INTID_TIMER_PHYSICAL 30u
#define INTID_TIMER_VIRTUAL 27u
#define INTID_NONE 1023u
#define GIC_PRIORITY_DEFAULT 0xa0u

/* Distributor registers, offsets: IHI 0069, 12.8. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define GICD_IGROUPR 0x0080u
#define GICD_ISENABLER 0x0100u
#define GICD_ICENABLER 0x0180u
#define GICD_ISPENDR 0x0200u
#define GICD_ICPENDR 0x0280u
#define GICD_ISACTIVER 0x0300u
#define GICD_ICACTIVER 0x0380u
#define GICD_IPRIORITYR 0x0400u
#define GICD_ITARGETSR 0x0800u
#define GICD_ICFGR 0x0c00u
#define GICD_SGIR 0x0f00u
#define GICD_IROUTER 0x6000u
#define GICD_PIDR2 0xffe8u
#define GICD_CTLR_GROUP1 0x2u
#define GICD_CTLR_ARE 0x10u
#define GICD_CTLR_RWP 0x80000000u

/* Redistributor: the first frame, and in the second (+0x10000) the private lines with the distributor's offsets. */
#define GICR_CTLR 0x0000u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_PIDR2 0xffe8u
#define GICR_SGI_FRAME 0x10000u
#define GICR_ICFGR1 0x10c04u

void gic_init(void);
void gic_init_cpu(struct cpu *cpu);

/* Lines below 32 are the calling CPU's own. */
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
void gic_set_priority(uint32_t intid, uint8_t priority);
void gic_set_pending(uint32_t intid);
void gic_clear_pending(uint32_t intid);
bool gic_is_pending(uint32_t intid);
bool gic_is_active(uint32_t intid);
void gic_clear_active(uint32_t intid);
/* Edge-triggered or level: shared lines and private peripheral lines. */
void gic_set_edge(uint32_t intid, bool edge);
/* Where a shared line goes. */
void gic_route(uint32_t intid, uint64_t mpidr);

/* Address of the register with this line's bit; `bit` gets the bit's mask. */
uint64_t gic_line_register(uint32_t intid, uint32_t first, uint32_t *bit);

#define GIC_SGI_BROADCAST (1ull << 40)
/* A value for ICC_SGI1R_EL1 that sends SGI `sgi` to the CPU with that affinity. */
static inline uint64_t gic_sgi_value(uint64_t mpidr, uint32_t sgi)
{
	uint64_t aff0 = mpidr & 0xffu;
	return (mpidr >> 32 & 0xffu) << 48 | (aff0 >> 4) << 44 | (mpidr >> 16 & 0xffu) << 32 | (uint64_t)sgi << 24
	       | (mpidr >> 8 & 0xffu) << 16 | 1ull << (aff0 & 0xfu);
}

static inline void gic_send(uint64_t value)
{
	__asm__ volatile("dsb ishst\n\tmsr icc_sgi1r_el1, %0\n\tisb" : : "r"(value) : "memory");
}

static inline uint32_t gic_acknowledge(void)
{
	uint32_t intid = (uint32_t)READ_SYSREG(icc_iar1_el1);
	__asm__ volatile("dsb sy" : : : "memory");
	return intid;
}

static inline void gic_end(uint32_t intid)
{
	WRITE_SYSREG(icc_eoir1_el1, intid);
	cpu_isb();
}

/*
 * With interrupts masked: waits until one is pending for this CPU and takes it, or returns INTID_NONE after
 * `ticks` of the counter. The caller ends it.
 */
uint32_t gic_poll(uint64_t ticks);

/* The same where none is expected: one that comes all the same is ended, so that what follows isn't disturbed. */
uint32_t gic_poll_none(uint64_t ticks);

#endif
