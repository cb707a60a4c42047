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
 * just goes on. For an MMIO reason vcpu->last_route says where to. HVC and system registers are not its business:
 * they are below.
 */
#define EXIT_NONE 0u
uint32_t exits_decode(struct core *core, struct vcpu *vcpu, uint64_t esr);
/* A server's FP use had CPACR_EL1 opened: the guest's value comes back. */
void exits_restore_cpacr(struct vcpu *vcpu);

#define ZERO_REGISTER 31u

static inline uint64_t exits_register(const struct arch_frame *frame, uint32_t index)
{
	return index == ZERO_REGISTER ? 0 : frame->x[index];
}

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

static inline uint32_t exits_sysreg_encoding(uint64_t esr)
{
	/* As SYSREG_ENCODING of its fields; op1 and CRn are neighbours in both. */
	uint64_t op1_crn = field_get(esr, ISS_SYS_OP1_CRN);
	return (uint32_t)(field_get(esr, ISS_SYS_OP0) << 14 | op1_crn << 7 | field_get(esr, ISS_SYS_CRM) << 3 |
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
#define INFO_WIDTH (3ull << SK_MMIO_SIZE_SHIFT | SK_MMIO_SIGN)
#define INFO_WORD (2ull << SK_MMIO_SIZE_SHIFT) /* 32 bits, zero-extended: what most accesses are */
#define INFO_READ (1u << 16)     /* beside it in vcpu->exit_info: the reply's word goes to the register, the PC advances */
#define INFO_SYSREG (1u << 18)   /* the same for a system register: whole, unless the reply's action denies it */
#define INFO_ADVANCE (1u << 17)  /* the PC advances */
#define INFO_ACTION 0u           /* the reply says what to do; often nothing */
#define INFO_GENERAL (1u << 19)  /* more than that: vcpu_settle() */

/* vcpu->exit for an MMIO access that `esr` describes; its reason. */
static inline uint32_t exits_mmio_message(struct vcpu *vcpu, uint64_t esr, uint64_t address)
{
	uint64_t info = esr >> ISS_ACCESS_SHIFT & ISS_ACCESS_MASK;
	struct sk_msg *exit = &vcpu->exit;
	uint64_t value = 0;
	uint32_t reason = VM_EXIT_METHOD_MMIO_READ;
	vcpu->exit_info = (uint32_t)info | ((esr & ISS_WNR) != 0 ? INFO_ADVANCE : INFO_READ);
	if ((esr & ISS_WNR) != 0) {
		uint32_t target = sk_mmio_register(info);
		uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
		exit->tag = VM_EXIT_TAG_MMIO_WRITE | SK_TAG_IDEMPOTENT;
		value = exits_register(vcpu->context.frame, target) << unused_bits >> unused_bits;
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

/* vcpu->exit for HVC and SMC. */
static inline bool exits_call_is_firmware(const struct vcpu *vcpu)
{
	uint64_t function = vcpu->context.frame->x[0];
	return (function & SMCCC_FAST) != 0 && field_get(function, SMCCC_OWNER) <= SMCCC_OWNER_STANDARD;
}

static inline void exits_firmware_call(struct vcpu *vcpu)
{
	const uint64_t *x = vcpu->context.frame->x;
	vcpu->exit_info = INFO_ACTION;
	vm_exit_firmware_call_message(&vcpu->exit, x[0], x[1], x[2], x[3]);
}

static inline void exits_hypercall(struct vcpu *vcpu)
{
	const uint64_t *x = vcpu->context.frame->x;
	vcpu->exit_info = INFO_ACTION;
	vm_exit_hypercall_message(&vcpu->exit, x[0], x[1], x[2], x[3], x[4], x[5]);
}

/* vcpu->exit for a trapped MRS or MSR. */
static inline void exits_sysreg_read(struct vcpu *vcpu, uint64_t esr)
{
	uint32_t target = (uint32_t)field_get(esr, ISS_SYS_RT);
	vcpu->exit_info = INFO_SYSREG | target << SK_MMIO_REGISTER_SHIFT;
	vm_exit_sysreg_read_message(&vcpu->exit, exits_sysreg_encoding(esr), target);
}

static inline uint64_t exits_sysreg_value(const struct vcpu *vcpu, uint64_t esr)
{
	return exits_register(vcpu->context.frame, (uint32_t)field_get(esr, ISS_SYS_RT));
}

static inline void exits_sysreg_write(struct vcpu *vcpu, uint64_t esr)
{
	vcpu->exit_info = INFO_GENERAL;
	vm_exit_sysreg_write_message(&vcpu->exit, exits_sysreg_encoding(esr), exits_sysreg_value(vcpu, esr));
}

/* ICC_SGI0R_EL1, ICC_ASGI1R_EL1, ICC_SGI1R_EL1: S3_0_C12_C11_{7, 6, 5} */
#define ENCODING_SGI_FIRST SYSREG_ENCODING(3, 0, 12, 11, 5)
#define ENCODING_SGI_LAST SYSREG_ENCODING(3, 0, 12, 11, 7)

/* What a server may read of the counter: CNTPCT_EL0, CNTVCT_EL0. */
#define ENCODING_CNTPCT SYSREG_ENCODING(3, 3, 14, 0, 1)
#define ENCODING_CNTVCT SYSREG_ENCODING(3, 3, 14, 0, 2)

static inline bool exits_is_send_ipi(uint64_t esr)
{
	return exits_sysreg_encoding(esr) - ENCODING_SGI_FIRST <= ENCODING_SGI_LAST - ENCODING_SGI_FIRST;
}

/* The PC moves on here already: the reply says only what becomes of the vCPU. */
static inline void exits_send_ipi(struct vcpu *vcpu, uint64_t esr)
{
	exits_step();
	vcpu->exit_info = INFO_ACTION;
	vm_exit_send_ipi_message(&vcpu->exit, exits_sysreg_value(vcpu, esr), exits_sysreg_encoding(esr));
}

/* WFI: over when the vCPU runs again. */
static inline void exits_halt(struct vcpu *vcpu)
{
	exits_step();
	vcpu->exit_info = INFO_ACTION;
	vm_exit_halt_message(&vcpu->exit, arch_vcpu_timer_deadline(vcpu), false);
}

#endif
