/*
 * A guest's traps, decoded into the exits of idl/vm_exit.idl.
 */
#ifndef ARCH_EXITS_H
#define ARCH_EXITS_H

#include <arch/sysreg.h>
#include <kernel/arch.h>
#include <kernel/vcpu.h>
#include <sk/idl/vm_exit_exit.h>
#include <sk/mmio.h>

/*
 * The trap of the vCPU that is current becomes vcpu->exit. Returns the exit's reason, or EXIT_NONE when the guest
 * just goes on. For an MMIO reason last_route says where to. HVC and system registers are not its business:
 * they are below.
 */
#define EXIT_NONE 0u
uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr);

/* The register number that stands for zero where an access names one. */
#define ZERO_REGISTER 31u

/* The value that the guest's register `index` (0 to 31) holds. */
static inline uint64_t exits_register(const struct arch_frame *frame, uint32_t index)
{
	return index == ZERO_REGISTER ? 0 : frame->x[index];
}

/* Stores it; what goes to the zero register is lost. */
static inline void exits_set_register(struct arch_frame *frame, uint32_t index, uint64_t value)
{
	if (index != ZERO_REGISTER) {
		frame->x[index] = value;
	}
}

/* Past the instruction that trapped, of the context that is loaded. */
static inline void exits_step(void)
{
	write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
}

/* The register that a trapped MSR or MRS names, as vm_exit.idl numbers it. */
static inline uint32_t exits_sysreg_encoding(uint64_t esr)
{
	/* As SYSREG_ENCODING of its fields; op1 and CRn are neighbours in both. */
	uint64_t op1_crn = field_get(esr, ISS_SYS_OP1_CRN);
	return (uint32_t)(field_get(esr, ISS_SYS_OP0) << 14 | op1_crn << 7 | field_get(esr, ISS_SYS_CRM) << 3 |
			  field_get(esr, ISS_SYS_OP2));
}

/*
 * A data abort whose syndrome describes the access, on an address where the guest has nothing mapped; not by one of T32's
 * 16-bit instructions: whoever ends an access steps over four bytes.
 */
static inline bool exits_is_mmio(uint64_t esr)
{
	return (esr & (field_put(~0ull, ISS_FSC_TYPE) | ISS_ISV | ESR_IL | ISS_S1PTW | ISS_CM)) ==
	       (field_put(FSC_TYPE_TRANSLATION, ISS_FSC_TYPE) | ISS_ISV | ESR_IL);
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
#define INFO_WIDTH (3ull << SK_MMIO_SIZE_SHIFT | SK_MMIO_SIGN)
#define INFO_WORD (2ull << SK_MMIO_SIZE_SHIFT) /* 32 bits, zero-extended: what most accesses are */
#define INFO_WHOLE (3ull << SK_MMIO_SIZE_SHIFT | SK_MMIO_WIDE)
#define INFO_READ (1u << 9)      /* beside it in vcpu->exit_info: the reply's word goes to the register, PC advances */
#define INFO_SYSREG (1u << 10)   /* the same for a system register: whole, unless the reply's action denies it */
#define INFO_ADVANCE (1u << 11)  /* the PC advances */
#define INFO_ACTION 0u           /* the reply says what to do; often nothing */
#define INFO_GENERAL (1u << 12)  /* more than that: vcpu_settle() */

/* The exit for an MMIO access that `esr` describes; its reason. */
static inline uint32_t exits_mmio_message(struct vcpu *vcpu, struct sk_msg *exit, uint64_t esr, uint64_t address)
{
	uint64_t info = esr >> ISS_ACCESS_SHIFT & ISS_ACCESS_MASK;
	uint64_t access = info | (uint64_t)vcpu->index << SK_MMIO_VCPU_SHIFT;
	if ((esr & ISS_WNR) != 0) {
		uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
		uint64_t value = exits_register(vcpu->context.frame, sk_mmio_register(info));
		vcpu->exit_info = (uint32_t)info | INFO_ADVANCE;
		vm_exit_mmio_write_message(exit, address, access, value << unused_bits >> unused_bits);
		return VM_EXIT_METHOD_MMIO_WRITE;
	}
	vcpu->exit_info = (uint32_t)info | INFO_READ;
	vm_exit_mmio_read_message(exit, address, access);
	return VM_EXIT_METHOD_MMIO_READ;
}

/* The guest's register gets what the exit read, exit_info being `info`; the PC moves on. */
static inline void exits_read_done(struct vcpu *vcpu, uint64_t info, uint64_t value)
{
	struct arch_frame *frame = vcpu->context.frame;
	if (__builtin_expect((info & INFO_WIDTH) == INFO_WORD, 1)) {
		value = (uint32_t)value;
	} else {
		uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
		value = value << unused_bits;
		value = (info & SK_MMIO_SIGN) != 0 ? (uint64_t)((int64_t)value >> unused_bits) : value >> unused_bits;
		if ((info & SK_MMIO_WIDE) == 0) {
			value = (uint32_t)value;
		}
	}
	exits_set_register(frame, sk_mmio_register(info), value);
	frame->pc += 4;
}

/* SMCCC function ids (Arm DEN 0028): fast calls of owners up to the standard services are firmware's. */
#define SMCCC_FAST (1ull << 31)
#define SMCCC_OWNER 24, 0x3f
#define SMCCC_OWNER_STANDARD 4u  /* PSCI, TRNG; lower owners are the architecture, CPU, SoC and OEM */

/* The exit for HVC and SMC; its reason. */
static inline uint32_t exits_call(struct vcpu *vcpu, struct sk_msg *exit)
{
	const uint64_t *x = vcpu->context.frame->x;
	vcpu->exit_info = INFO_ACTION;
	if ((x[0] & SMCCC_FAST) != 0 && field_get(x[0], SMCCC_OWNER) <= SMCCC_OWNER_STANDARD) {
		vm_exit_firmware_call_message(exit, x[0], x[1], x[2], x[3]);
		return VM_EXIT_METHOD_FIRMWARE_CALL;
	}
	vm_exit_hypercall_message(exit, x[0], x[1], x[2], x[3], x[4], x[5]);
	return VM_EXIT_METHOD_HYPERCALL;
}

/* The exit for a trapped MRS. */
static inline void exits_sysreg_read(struct vcpu *vcpu, struct sk_msg *exit, uint64_t esr)
{
	uint32_t target = (uint32_t)field_get(esr, ISS_SYS_RT);
	vcpu->exit_info = INFO_SYSREG | (uint32_t)INFO_WHOLE | target << SK_MMIO_REGISTER_SHIFT;
	vm_exit_sysreg_read_message(exit, exits_sysreg_encoding(esr), target);
}

/* ICC_SGI0R_EL1, ICC_ASGI1R_EL1, ICC_SGI1R_EL1: S3_0_C12_C11_{7, 6, 5} */
#define ENCODING_SGI_FIRST SYSREG_ENCODING(3, 0, 12, 11, 5)
#define ENCODING_SGI_LAST SYSREG_ENCODING(3, 0, 12, 11, 7)

/* What a server may read of the counter: CNTPCT_EL0, CNTVCT_EL0. */
#define ENCODING_CNTPCT SYSREG_ENCODING(3, 3, 14, 0, 1)
#define ENCODING_CNTVCT SYSREG_ENCODING(3, 3, 14, 0, 2)

/* The exit for a trapped MSR; its reason. */
static inline uint32_t exits_sysreg_write(struct vcpu *vcpu, struct sk_msg *exit, uint64_t esr)
{
	uint32_t encoding = exits_sysreg_encoding(esr);
	uint64_t value = exits_register(vcpu->context.frame, (uint32_t)field_get(esr, ISS_SYS_RT));
	if (encoding - ENCODING_SGI_FIRST <= ENCODING_SGI_LAST - ENCODING_SGI_FIRST) {
		/* The PC moves on here already: the reply says only what becomes of the vCPU. */
		exits_step();
		vcpu->exit_info = INFO_ACTION;
		vm_exit_send_ipi_message(exit, value, encoding);
		return VM_EXIT_METHOD_SEND_IPI;
	}
	vcpu->exit_info = INFO_GENERAL;
	vm_exit_sysreg_write_message(exit, encoding, value);
	return VM_EXIT_METHOD_SYSREG_WRITE;
}

#endif
