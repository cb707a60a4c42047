/*
 * System registers whose accesses trap, other than those of the interrupt controller: identification,
 * the physical timer, debug registers, and what a guest may poke without harm.
 */
#ifndef GUEST_SYSREG_H
#define GUEST_SYSREG_H

#include <guest/guest.h>

/* Reset values of vCPU `vcpu`'s stored registers and timer. */
void sysreg_reset(struct guest *guest, uint32_t vcpu);

/*
 * The guest's counter goes on from `value` ticks: sets the offset, and gives it for CNTVOFF_EL2.
 * For start (0) and for resuming where sysreg_counter() was when the VM was paused.
 */
uint64_t sysreg_set_counter(struct guest *guest, uint64_t value);
uint64_t sysreg_counter(const struct guest *guest);

/* The slow ways; return vm_exit's action: 0, or `undefined` for a register that this CPU does not have. */
uint64_t sysreg_read_other(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t *value);
uint64_t sysreg_write(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t value);

/*
 * port_timer_set's deadline is here: raises the physical timer's line. It may run beside the vCPU's own
 * exits; if the guest changes its timer at that moment, it may see one interrupt too many, as on hardware.
 */
void sysreg_timer_due(struct guest *guest, uint32_t vcpu);

/* The guest ended line `line` of vCPU `vcpu`. True if it is a level of ours that is still high, and pending again. */
bool sysreg_line_ended(const struct guest *guest, uint32_t vcpu, uint32_t line);

/* Sets line and deadline again from the registers: after a restart, and when a pause has moved the counter. */
void sysreg_timer_restore(struct guest *guest, uint32_t vcpu);

/* Is it an identification register, read by a look-up in guest->id? (OSes read some at every process start.) */
static inline bool sysreg_is_table(uint32_t encoding)
{
	return (encoding & ~SYSREG_ID_INDEX_MASK) == SYSREG_ID_SPACE && encoding != SYSREG_MPIDR_EL1;
}

/* A guest's read of a register that traps: its value, and vm_exit's action. */
static inline uint64_t sysreg_read(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t *value)
{
	if (sysreg_is_table(encoding)) {
		*value = guest->id[encoding & SYSREG_ID_INDEX_MASK];
		return 0;
	}
	return sysreg_read_other(guest, vcpu, encoding, value);
}

#endif
