/*
 * A guest's traps, decoded into the exits of idl/vm_exit.idl.
 */
#ifndef ARCH_EXITS_H
#define ARCH_EXITS_H

#include <arch/sysreg.h>
#include <kernel/vcpu.h>
#include <sk/idl/vm_exit.h>
#include <sk/mmio.h>

/*
 * The trap of the vCPU that is current becomes vcpu->exit. Returns the exit's reason, or EXIT_NONE when the guest
 * just goes on. For an MMIO reason vcpu->last_route says where to.
 */
#define EXIT_NONE 0u
uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr);
/* A server's FP use had CPACR_EL1 opened: the guest's value comes back. */
void exits_restore_cpacr(struct vcpu *vcpu);

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

/* mmio_info is the syndrome's own order of SF, SRT, SSE and SAS. */
#define ISS_ACCESS_SHIFT 15
#define ISS_ACCESS_MASK 0x1ffull
#define INFO_SYSREG (SK_MMIO_WIDE | 3ull << SK_MMIO_SIZE_SHIFT) /* of a system register read, with its register */

/* vcpu->exit for an MMIO access that `esr` describes; its reason. */
static inline uint32_t exits_mmio_message(struct vcpu *vcpu, uint64_t esr, uint64_t address)
{
	uint64_t info = esr >> ISS_ACCESS_SHIFT & ISS_ACCESS_MASK;
	struct sk_msg *exit = &vcpu->exit;
	uint64_t value = 0;
	uint32_t reason = VM_EXIT_METHOD_MMIO_READ;
	vcpu->exit_info = (uint32_t)info;
	if ((esr & ISS_WNR) != 0) {
		uint32_t target = sk_mmio_register(info);
		uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
		exit->tag = VM_EXIT_TAG_MMIO_WRITE | SK_TAG_IDEMPOTENT;
		value = target == ZERO_REGISTER ? 0 : vcpu->context.frame->x[target];
		value = value << unused_bits >> unused_bits;
		reason = VM_EXIT_METHOD_MMIO_WRITE;
	} else {
		exit->tag = VM_EXIT_TAG_MMIO_READ | SK_TAG_IDEMPOTENT;
	}
	exit->w[0] = address;
	exit->w[1] = info | (uint64_t)vcpu->index << SK_MMIO_VCPU_SHIFT;
	exit->w[2] = value;
	exit->w[3] = 0;
	exit->w[4] = 0;
	exit->w[5] = 0;
	return reason;
}

/* The guest's register gets what the exit read; the PC moves on. */
static inline void exits_read_done(struct vcpu *vcpu, uint64_t value)
{
	uint64_t info = vcpu->exit_info;
	uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
	struct arch_frame *frame = vcpu->context.frame;
	value = value << unused_bits;
	value = (info & SK_MMIO_SIGN) != 0 ? (uint64_t)((int64_t)value >> unused_bits) : value >> unused_bits;
	if ((info & SK_MMIO_WIDE) == 0) {
		value = (uint32_t)value;
	}
	uint32_t target = sk_mmio_register(info);
	if (target != ZERO_REGISTER) {
		frame->x[target] = value;
	}
	frame->pc += 4;
}

#endif
