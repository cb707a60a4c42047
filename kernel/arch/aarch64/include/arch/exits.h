/*
 * A guest's traps, decoded into the exits of idl/vm_exit.idl.
 */
#ifndef ARCH_EXITS_H
#define ARCH_EXITS_H

#include <arch/sysreg.h>
#include <kernel/vcpu.h>

/* The trap of the vCPU that is current: becomes a call. Returns who runs next. */
struct context *exits_handle(struct core *core, struct vcpu *vcpu, uint64_t esr);
/* A server's FP use had CPACR_EL1 opened: the guest's value comes back. */
void exits_restore_cpacr(struct vcpu *vcpu);

static inline uint32_t exits_sysreg_encoding(uint64_t esr)
{
	return (uint32_t)SYSREG_ENCODING(field_get(esr, ISS_SYS_OP0), field_get(esr, ISS_SYS_OP1),
					 field_get(esr, ISS_SYS_CRN), field_get(esr, ISS_SYS_CRM),
					 field_get(esr, ISS_SYS_OP2));
}

#endif
