/*
 * What the AArch64 files offer each other; generic code uses <kernel/arch.h>.
 * "Per core": to be called once on each core, when it comes up.
 */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include <kernel/arch.h>

/* head.S, entry.S */
extern const char head_secondary[]; /* where firmware starts a secondary core: x0 is its index */
extern const char vectors[];        /* EL2's exception vectors */

/* start.c: from head.S, MMU on, on this core's stack. */
_Noreturn void machine_enter(uint32_t index);

/* mmu.c: the kernel's own map. MMU still off. */
void mmu_build(const struct sk_boot_info *info);

/* stage2.c, timer.c: per core. */
void stage2_core_init(void);
void timer_core_init(void);
/* Once. */
void timer_init(void);
void pl011_init(uint64_t base);

/* gic.c: once, then per core; and before a core goes off. */
void gic_init(const struct sk_boot_info *info);
void gic_core_init(struct core *core);
void gic_core_stop(struct core *core);
/* Takes every interrupt that waits for this core. From entry.S's IRQ vector and arch_idle(). */
void arch_irq(struct core *core);
/* The guest timer's own private line, physical and virtual. */
#define TIMER_LINE 27u
/* Makes the physical guest-timer line of this core active (it stays quiet) or not. */
void gic_timer_hold(const struct core *core, bool hold);

/* list.c: per core; then a vCPU's virtual CPU interface: fresh, out of the hardware, into it. */
void list_core_init(void);
void gic_vcpu_init(struct vcpu *vcpu);
void gic_vcpu_save(struct vcpu *vcpu);
void gic_vcpu_load(struct vcpu *vcpu);

#endif
