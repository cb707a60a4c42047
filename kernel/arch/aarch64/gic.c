/*
 * The physical interrupt controller: a GICv3 (Arm IHI 0069) with affinity routing,
 * one security state or the non-secure view of two. All interrupts are group 1
 * and of one priority: urgency is the plan's business, not the controller's.
 *
 * Completion is split (EOImode 1): taking an interrupt drops its priority at
 * once, and only deactivation lets it come again. So a device's line stays quiet
 * until its driver is done, and the guest timer's line until the guest is, without
 * any masking.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define POKE_LINE 0u          /* SGI: another core left word */
#define MAINTENANCE_LINE 25u  /* PPI: a list register has news */
#define KERNEL_TIMER_LINE 26u /* PPI: CNTHP */
#define SHARED_FIRST 32u
#define SPECIAL_FIRST 1020u   /* numbers from here on are no lines */
#define PRIORITY_WORD 0xa0a0a0a0u

/* Distributor; the redistributor's SGI frame has the same registers for lines 0 to 31. Offsets in bytes. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GIC_IGROUPR 0x0080u
#define GIC_ISENABLER 0x0100u
#define GIC_ICENABLER 0x0180u
#define GIC_ICPENDR 0x0280u
#define GIC_ISACTIVER 0x0300u
#define GIC_ICACTIVER 0x0380u
#define GIC_IPRIORITYR 0x0400u
#define GIC_ICFGR 0x0c00u
#define GICD_IROUTER 0x6000u
#define GICD_CTLR_GROUP1 SYSREG_BIT(1)
#define GICD_CTLR_ARE SYSREG_BIT(4)
#define GICD_CTLR_RWP SYSREG_BIT(31)
#define GICD_TYPER_LINES 0, 0x1f     /* 32 * (n + 1) lines */

#define GICR_CTLR 0x0000u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_SGI_FRAME 0x10000u
#define GICR_BYTES 0x20000u
#define GICR_CTLR_RWP SYSREG_BIT(3)
#define GICR_TYPER_LAST SYSREG_BIT(4)
#define GICR_TYPER_AFFINITY 32, 0xffffffff
#define GICR_WAKER_SLEEP SYSREG_BIT(1)
#define GICR_WAKER_ASLEEP SYSREG_BIT(2)

static uint64_t distributor;
static uint64_t redistributors;
static uint32_t lines;

static uint32_t get(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static void set(uint64_t address, uint64_t value)
{
	*(volatile uint32_t *)address = (uint32_t)value;
}

/* The bit of line `number` in a bank of registers with one bit a line. */
static void set_bit(uint64_t frame, uint32_t bank, uint32_t number)
{
	set(frame + bank + number / 32u * 4u, 1u << number % 32u);
}

/* Until the bits of the register have that value. */
static void wait_for(uint64_t address, uint64_t bits, uint64_t value)
{
	while ((get(address) & bits) != value) {
		arch_core_relax();
	}
}

static void distributor_control(uint64_t value)
{
	set(distributor + GICD_CTLR, value);
	wait_for(distributor + GICD_CTLR, GICD_CTLR_RWP, 0);
}

/* Lines [first, first + 32): ours, off, of the one priority. */
static void lines_reset(uint64_t frame, uint32_t first)
{
	set(frame + GIC_ICENABLER + first / 8u, UINT32_MAX);
	set(frame + GIC_ICPENDR + first / 8u, UINT32_MAX);
	set(frame + GIC_ICACTIVER + first / 8u, UINT32_MAX);
	set(frame + GIC_IGROUPR + first / 8u, UINT32_MAX);
	for (uint32_t line = first; line < first + 32u; line += 4u) {
		set(frame + GIC_IPRIORITYR + line, PRIORITY_WORD);
	}
}

void gic_init(const struct sk_boot_info *info)
{
	distributor = info->gic_distributor;
	redistributors = info->gic_redistributors;
	distributor_control(0);
	lines = 32u * ((uint32_t)field_get(get(distributor + GICD_TYPER), GICD_TYPER_LINES) + 1u);
	lines = lines < SPECIAL_FIRST ? lines : SPECIAL_FIRST;
	for (uint32_t first = SHARED_FIRST; first < lines; first += 32u) {
		lines_reset(distributor, first);
	}
	distributor_control(GICD_CTLR_ARE);
	distributor_control(GICD_CTLR_ARE | GICD_CTLR_GROUP1);
}

static uint64_t redistributor_find(uint64_t mpidr)
{
	/* As GICR_TYPER has it: four bytes in a row. */
	uint64_t affinity = field_get(mpidr, MPIDR_AFF3) << 24 | (mpidr & 0xffffffu);
	uint64_t type = 0;
	for (uint32_t i = 0; i < core_count && (type & GICR_TYPER_LAST) == 0; i++) {
		uint64_t frame = redistributors + i * GICR_BYTES;
		type = *(volatile uint64_t *)(frame + GICR_TYPER);
		if (field_get(type, GICR_TYPER_AFFINITY) == affinity) {
			return frame;
		}
	}
	panic("no GIC redistributor for the core with affinity %lx", mpidr);
}

void gic_core_init(struct core *core)
{
	uint64_t frame = redistributor_find(core->arch.mpidr);
	core->arch.redistributor = frame;
	set(frame + GICR_WAKER, get(frame + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	wait_for(frame + GICR_WAKER, GICR_WAKER_ASLEEP, 0);
	lines_reset(frame + GICR_SGI_FRAME, 0);
	wait_for(frame + GICR_CTLR, GICR_CTLR_RWP, 0);
	set(frame + GICR_SGI_FRAME + GIC_ICFGR + 4u, 0); /* PPIs are levels */
	set(frame + GICR_SGI_FRAME + GIC_ISENABLER,
	    1u << POKE_LINE | 1u << MAINTENANCE_LINE | 1u << KERNEL_TIMER_LINE | 1u << TIMER_LINE);
	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_ENABLE);
	isb();
	write_sysreg(icc_pmr_el1, UINT8_MAX);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	write_sysreg(icc_igrpen1_el1, 1);
	isb();
	list_core_init();
}

void gic_core_stop(struct core *core)
{
	uint64_t frame = core->arch.redistributor;
	write_sysreg(icc_igrpen1_el1, 0);
	isb();
	set(frame + GICR_SGI_FRAME + GIC_ICENABLER, UINT32_MAX);
	set(frame + GICR_WAKER, get(frame + GICR_WAKER) | GICR_WAKER_SLEEP);
	wait_for(frame + GICR_WAKER, GICR_WAKER_ASLEEP, GICR_WAKER_ASLEEP);
}

void arch_interrupt_complete(uint32_t number)
{
	write_sysreg(icc_dir_el1, number);
	isb();
}

void gic_timer_hold(const struct core *core, bool hold)
{
	uint64_t frame = core->arch.redistributor + GICR_SGI_FRAME;
	set_bit(frame, hold ? GIC_ISACTIVER : GIC_ICACTIVER, TIMER_LINE);
	(void)get(frame + GIC_ISACTIVER); /* so that it has happened before a guest runs */
}

/* The guest's timer fired. The line stays active, so quiet, until the guest has ended its virtual one. */
static void guest_timer(struct core *core)
{
	struct vcpu *vcpu = core->resident;
	if (vcpu == NULL) {
		arch_interrupt_complete(TIMER_LINE); /* raised just before its vCPU left */
		return;
	}
	vcpu->arch.timer_masked = true;
	virq_pend(vcpu->context.space, vcpu, TIMER_LINE);
}

void arch_irq(struct core *core)
{
	for (;;) {
		uint32_t number = (uint32_t)field_get(read_sysreg(icc_iar1_el1), ICC_IAR_INTID);
		if (number >= SPECIAL_FIRST) {
			return;
		}
		write_sysreg(icc_eoir1_el1, number);
		core_count_event(core, COUNT_INTERRUPTS);
		switch (number) {
		case TIMER_LINE:
			guest_timer(core);
			break;
		case KERNEL_TIMER_LINE:
			plan_tick(core);
			arch_interrupt_complete(number);
			break;
		case POKE_LINE:
			arch_interrupt_complete(number); /* first: a poke that comes while we drain must not be lost */
			core_drain(core);
			break;
		case MAINTENANCE_LINE:
			if (core->resident != NULL) {
				virq_arrived(core->resident); /* it may have halted before this interrupt came */
				virq_flush(core->resident);
			}
			arch_interrupt_complete(number);
			break;
		default:
			interrupt_arrived(number);
			break;
		}
	}
}

void arch_core_poke(uint32_t index)
{
	uint64_t mpidr = cores[index].arch.mpidr;
	uint64_t aff0 = field_get(mpidr, MPIDR_AFF0);
	dsb_ishst(); /* what the other core is to see was written before */
	write_sysreg(icc_sgi1r_el1, field_put(POKE_LINE, ICC_SGIR_INTID) |
		     field_put(1u << aff0 % 16u, ICC_SGIR_TARGETS) | field_put(aff0 / 16u, ICC_SGIR_RS) |
		     field_put(field_get(mpidr, MPIDR_AFF1), ICC_SGIR_AFF1) |
		     field_put(field_get(mpidr, MPIDR_AFF2), ICC_SGIR_AFF2) |
		     field_put(field_get(mpidr, MPIDR_AFF3), ICC_SGIR_AFF3));
	isb();
}

bool arch_interrupt_valid(uint32_t number)
{
	return number >= SHARED_FIRST && number < lines;
}

void arch_interrupt_configure(uint32_t number, bool level, uint32_t core)
{
	arch_interrupt_mask(number);
	/* Two bits a line; the upper one says edge. */
	uint64_t config = distributor + GIC_ICFGR + number / 16u * 4u;
	uint32_t edge = 2u << number % 16u * 2u;
	set(config, level ? get(config) & ~edge : get(config) | edge);
	*(volatile uint64_t *)(distributor + GICD_IROUTER + number * 8u) = cores[core].arch.mpidr;
	/* Whoever had the line before may have left in the middle. */
	set_bit(distributor, GIC_ICPENDR, number);
	set_bit(distributor, GIC_ICACTIVER, number);
}

void arch_interrupt_enable(uint32_t number)
{
	set_bit(distributor, GIC_ISENABLER, number);
}

void arch_interrupt_mask(uint32_t number)
{
	set_bit(distributor, GIC_ICENABLER, number);
	wait_for(distributor + GICD_CTLR, GICD_CTLR_RWP, 0);
}
