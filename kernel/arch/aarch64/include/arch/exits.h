/*
 * A guest's traps, decoded into the exits of idl/vm_exit.idl.
 */
#ifndef ARCH_EXITS_H
#define ARCH_EXITS_H

#include <arch/sysreg.h>
#include <kernel/vcpu.h>
#include <sk/idl/vm_exit.h>

/* The trap of the vCPU that is current: becomes a call. Returns who runs next. */
struct context *exits_handle(struct core *core, struct vcpu *vcpu, uint64_t esr);
/* A server's FP use had CPACR_EL1 opened: the guest's value comes back. */
void exits_restore_cpacr(struct vcpu *vcpu);

/* vcpu->exit_info: what finishing a read needs. */
#define INFO_REGISTER_MASK 0x1fu
#define INFO_64BIT (1u << 5)
#define INFO_SIGN (1u << 6)
#define INFO_SHIFT_SHIFT 8       /* 64 less the access's bits */
#define ZERO_REGISTER 31u

static inline uint32_t exits_sysreg_encoding(uint64_t esr)
{
	return (uint32_t)SYSREG_ENCODING(field_get(esr, ISS_SYS_OP0), field_get(esr, ISS_SYS_OP1),
					 field_get(esr, ISS_SYS_CRN), field_get(esr, ISS_SYS_CRM),
					 field_get(esr, ISS_SYS_OP2));
}

/* The guest-physical address of a stage 2 translation fault. */
static inline uint64_t exits_fault_address(void)
{
	uint64_t page = field_get(read_sysreg(hpfar_el2), HPFAR_FIPA) << 12;
	return page | (read_sysreg(far_el2) & (SK_PAGE_BYTES - 1u));
}

/* vcpu->exit for an MMIO access that `esr` describes; counts it. */
static inline void exits_mmio_message(struct vcpu *vcpu, uint64_t esr, uint64_t address)
{
	uint32_t target = (uint32_t)field_get(esr, ISS_SRT);
	uint32_t size_log2 = (uint32_t)field_get(esr, ISS_SAS);
	uint32_t shift = 64u - (8u << size_log2);
	/* The word of vm_exit.mmio_info. */
	uint64_t info = 1ull << size_log2 | (uint64_t)target << 8 | (esr & ISS_SF) << 1 | (esr & ISS_SSE) >> 4 |
			(uint64_t)vcpu->index << 24;
	struct sk_msg *exit = &vcpu->exit;
	exit->w[0] = address;
	exit->w[1] = info;
	exit->w[2] = 0;
	exit->w[3] = 0;
	exit->w[4] = 0;
	exit->w[5] = 0;
	if ((esr & ISS_WNR) != 0) {
		uint64_t value = target == ZERO_REGISTER ? 0 : vcpu->context.frame->x[target];
		exit->tag = VM_EXIT_TAG_MMIO_WRITE | SK_TAG_IDEMPOTENT;
		exit->w[2] = value << shift >> shift;
		vcpu->exit_counts[VM_EXIT_METHOD_MMIO_WRITE]++;
	} else {
		exit->tag = VM_EXIT_TAG_MMIO_READ | SK_TAG_IDEMPOTENT;
		vcpu->exit_info = target | ((esr & ISS_SF) != 0 ? INFO_64BIT : 0) |
				  ((esr & ISS_SSE) != 0 ? INFO_SIGN : 0) | shift << INFO_SHIFT_SHIFT;
		vcpu->exit_counts[VM_EXIT_METHOD_MMIO_READ]++;
	}
}

/* The guest's register gets what the exit read; the PC moves on. */
static inline void exits_read_done(struct vcpu *vcpu, uint64_t value)
{
	uint32_t info = vcpu->exit_info;
	uint32_t shift = info >> INFO_SHIFT_SHIFT;
	struct arch_frame *frame = vcpu->context.frame;
	value = value << shift;
	value = (info & INFO_SIGN) != 0 ? (uint64_t)((int64_t)value >> shift) : value >> shift;
	if ((info & INFO_64BIT) == 0) {
		value = (uint32_t)value;
	}
	uint32_t target = info & INFO_REGISTER_MASK;
	if (target != ZERO_REGISTER) {
		frame->x[target] = value;
	}
	frame->pc += 4;
}

#endif
