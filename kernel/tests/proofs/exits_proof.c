/*
 * AArch64: whatever syndrome a guest's trap has, it becomes one exit, with that reason's fields and nothing else; the
 * answer changes the one register that the guest named, as its instruction would have; and no mode but a guest's own
 * comes out.
 */
#include "proof.h"
#include <arch/switch.h>
#include <kernel/arch/aarch64/exits.c>

static struct arch_frame frame, before;
static struct vcpu vcpu;
static struct space vm;
static struct core core;
struct core *proof_core = &core;
uint64_t sysreg_elr_el2, sysreg_far_el2, sysreg_hpfar_el2, sysreg_par_el1, sysreg_id_aa64mmfr1_el1;
uint64_t sysreg_id_aa64pfr0_el1;
static struct route route;
static uint64_t asked;
static bool routed, fp_taken, saved;

const struct route *space_route(const struct space *space, uint64_t address)
{
	proof_that(space == &vm, "a route of its own VM");
	asked = address;
	return routed ? &route : NULL;
}

void fp_take(struct core *on, struct context *context)
{
	proof_that(on == &core && context == &vcpu.context, "for who trapped");
	fp_taken = true;
}

void arch_vcpu_save(struct core *on)
{
	proof_that(on == &core, "its core's");
	on->resident = NULL;
	saved = true;
}

static void vcpu_make(void)
{
	for (uint32_t i = 0; i < 31u; i++) {
		frame.x[i] = nondet_u64();
	}
	frame.pc = nondet_u64();
	frame.pstate = nondet_u64();
	before = frame;
	vcpu.context.frame = &frame;
	vcpu.context.space = &vm;
	vcpu.index = (uint8_t)any_below(SK_VM_VCPUS_MAX);
	vcpu.exit_info = nondet_u32();
	vcpu.exit.tag = nondet_u64();
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		vcpu.exit.w[i] = nondet_u64(); /* of the last exit */
	}
	routed = nondet_bool();
	sysreg_elr_el2 = nondet_u64();
	sysreg_far_el2 = nondet_u64();
	sysreg_hpfar_el2 = nondet_u64();
	sysreg_par_el1 = nondet_u64();
	sysreg_id_aa64mmfr1_el1 = nondet_u64();
	sysreg_id_aa64pfr0_el1 = nondet_u64();
}

static bool frame_same(void)
{
	uint32_t i = any_below(31u);
	return frame.x[i] == before.x[i] && frame.pc == before.pc && frame.pstate == before.pstate;
}

static bool words_are(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	const uint64_t *w = vcpu.exit.w;
	return w[0] == w0 && w[1] == w1 && w[2] == w2 && w[3] == w3 && w[4] == 0 && w[5] == 0;
}

/* Every syndrome but those of HVC and system registers, which entry code takes apart itself: below. */
void proof_decode(void)
{
	vcpu_make();
	uint64_t esr = nondet_u64(), elr = sysreg_elr_el2, par = sysreg_par_el1;
	uint64_t class = field_get(esr, ESR_EC);
	uint32_t reason = exits_decode(&core, &vcpu, esr);
	bool abort = class == EC_DATA_ABORT_LOWER || class == EC_INSTRUCTION_ABORT_LOWER;
	proof_that(frame_same(), "looking at a trap changes no register");
	proof_that(reason < EXIT_REASONS, "a reason that has a route");
	proof_that(reason == EXIT_NONE || (vcpu.exit.tag & SK_TAG_METHOD_MASK) == SK_TAG_METHOD(VM_EXIT_INTERFACE, reason),
		   "the message is the reason's");
	proof_that((reason == EXIT_NONE) == (class == EC_WFX || class == EC_FP_TRAP), "only what needs nobody is no exit");
	proof_that(fp_taken == (class == EC_FP_TRAP), "the registers are for who asked");
	proof_that(sysreg_elr_el2 == (class == EC_WFX || class == EC_SMC64 ? elr + 4u : elr), "the PC is past what is done");
	proof_that(sysreg_par_el1 == par, "the guest's own translation result stays");
	uint64_t address = (sysreg_hpfar_el2 >> 4 & 0xffffffffffull) << 12 | (sysreg_far_el2 & 0xfffu);
	if (reason == VM_EXIT_METHOD_MMIO_READ || reason == VM_EXIT_METHOD_MMIO_WRITE) {
		bool write = (esr & ISS_WNR) != 0;
		uint32_t size = 8u << (esr >> 22 & 3u), rt = (uint32_t)(esr >> 16 & 31u);
		uint64_t value = rt == 31u ? 0 : before.x[rt < 31u ? rt : 0];
		uint64_t sent = !write ? 0 : size == 64u ? value : value & ((1ull << size) - 1u);
		proof_that(routed && asked == address && vcpu.context.last_route == &route, "to whom the address is routed");
		proof_that(abort && (esr & ISS_ISV) != 0 && (esr & ISS_S1PTW) == 0 && (esr & ESR_IL) != 0,
			   "an access that is described, by an instruction of four bytes");
		proof_that(write == (reason == VM_EXIT_METHOD_MMIO_WRITE), "a store is a write");
		proof_that(vcpu.exit.w[0] == address && vcpu.exit.w[2] == sent && vcpu.exit.w[3] == 0 &&
			   vcpu.exit.w[4] == 0 && vcpu.exit.w[5] == 0, "the address, the value stored, and nothing else");
		proof_that(sk_mmio_size(vcpu.exit.w[1]) * 8u == size && sk_mmio_vcpu(vcpu.exit.w[1]) == vcpu.index,
			   "its size, and whose it is");
		proof_that((vcpu.exit_info & 0x1ffu) == (esr >> 15 & 0x1ffu), "what the answer needs is kept");
	} else if (abort) {
		proof_that(reason == VM_EXIT_METHOD_NESTED_PAGE_FAULT && vcpu.exit.w[3] == esr, "a nested page fault");
		proof_that(vcpu.exit.w[1] == (class == EC_INSTRUCTION_ABORT_LOWER ? SK_ACCESS_FETCH :
					      (esr & ISS_WNR) != 0 ? SK_ACCESS_WRITE : SK_ACCESS_READ), "of its kind");
		proof_that(vcpu.exit.w[4] == 0 && vcpu.exit.w[5] == 0, "nothing else");
		proof_that(vcpu.arch.fault_syndrome == esr && vcpu.arch.fault_address == sysreg_far_el2,
			   "what an abort of the guest's would say");
	} else if (reason == VM_EXIT_METHOD_DEBUG) {
		proof_that(class >= EC_DEBUG_FIRST && words_are(esr, sysreg_far_el2, 0, 0), "a debug exception");
	} else if (reason == VM_EXIT_METHOD_EXCEPTION) {
		proof_that(words_are(esr, 0, 0, 0), "anything else");
	}
	proof_witness(reason == VM_EXIT_METHOD_MMIO_WRITE && vcpu.exit.w[2] == 0x55, "a store of a byte");
	proof_witness(reason == VM_EXIT_METHOD_NESTED_PAGE_FAULT && routed, "an access without a description");
	proof_witness(reason == VM_EXIT_METHOD_EXCEPTION, "a trap that nobody expects");
	proof_witness(reason == VM_EXIT_METHOD_FIRMWARE_CALL, "a call of firmware by SMC");
}

/* The register that the guest's load names gets the value, as wide and with the sign that it asks for. */
void proof_read_done(void)
{
	vcpu_make();
	uint64_t value = nondet_u64();
	uint64_t info = vcpu.exit_info;
	arch_vcpu_read_done(&vcpu, value);
	uint32_t size = info >> 7 & 3u, target = info >> 1 & 31u, at = any_below(31u);
	bool sign = (info >> 6 & 1u) != 0, wide = (info & 1u) != 0;
	uint64_t expected = size == 0 ? (sign ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value)
			  : size == 1 ? (sign ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value)
			  : size == 2 ? (sign ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value) : value;
	expected = wide || (size == 2 && !sign) ? expected : (uint32_t)expected;
	proof_that(frame.x[at] == (at == target ? expected : before.x[at]), "that register, and no other");
	proof_that(frame.pc == before.pc + 4u && frame.pstate == before.pstate, "past the load");
	proof_witness(at == target && sign && wide && size == 0 && (value & 0x80u) != 0, "LDRSB of a negative byte");
	proof_witness(target == 31u, "a load to nowhere");
}

/* HVC, and SMC behind exits_decode(): the registers of the call, and who is asked. */
void proof_call(void)
{
	vcpu_make();
	uint32_t reason = exits_call(&vcpu, &vcpu.exit);
	uint64_t function = before.x[0];
	bool firmware = (function >> 31 & 1u) != 0 && (function >> 24 & 0x3fu) <= 4u;
	proof_that(reason == (firmware ? VM_EXIT_METHOD_FIRMWARE_CALL : VM_EXIT_METHOD_HYPERCALL), "fast calls up to PSCI's");
	proof_that((vcpu.exit.tag & SK_TAG_METHOD_MASK) == SK_TAG_METHOD(VM_EXIT_INTERFACE, reason), "the reason's message");
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		proof_that(vcpu.exit.w[i] == (firmware && i >= 4u ? 0 : before.x[i]), "its registers, as many as it has");
	}
	proof_that(frame_same() && vcpu.exit_info == INFO_ACTION, "no register changes");
	proof_witness(reason == VM_EXIT_METHOD_FIRMWARE_CALL && (function & 0xffffffffu) == 0x84000008u, "SYSTEM_OFF");
}

/* System registers: the encoding is the syndrome's, the value the register's that it names. */
void proof_system_register(void)
{
	vcpu_make();
	uint64_t esr = nondet_u64(), elr = sysreg_elr_el2;
	uint32_t rt = (uint32_t)(esr >> 5 & 31u);
	uint64_t value = rt == 31u ? 0 : before.x[rt < 31u ? rt : 0];
	uint32_t op0 = esr >> 20 & 3u, op2 = esr >> 17 & 7u, op1 = esr >> 14 & 7u, crn = esr >> 10 & 15u, crm = esr >> 1 & 15u;
	uint32_t encoding = op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
	if (nondet_bool()) {
		exits_sysreg_read(&vcpu, &vcpu.exit, esr);
		proof_that(words_are(encoding, rt, 0, 0), "which register, and where to");
		proof_that(sk_mmio_register(vcpu.exit_info) == rt && (vcpu.exit_info & INFO_SYSREG) != 0, "kept for the answer");
	} else {
		uint32_t reason = exits_sysreg_write(&vcpu, &vcpu.exit, esr);
		bool sgi = op0 == 3u && op1 == 0 && crn == 12u && crm == 11u && op2 >= 5u;
		proof_that(reason == (sgi ? VM_EXIT_METHOD_SEND_IPI : VM_EXIT_METHOD_SYSREG_WRITE), "an SGI, or any other");
		proof_that(sgi ? words_are(value, encoding, 0, 0) : words_are(encoding, value, 0, 0), "what is written where");
		proof_that(sysreg_elr_el2 == elr + (sgi ? 4u : 0), "an SGI is done");
		proof_witness(sgi, "an SGI");
	}
	proof_that(frame_same(), "no register changes");
}

/* An exception that we send the guest: it arrives at EL1 with everything masked, from whatever mode the page says. */
void proof_exception(void)
{
	vcpu_make();
	enum guest_exception exception = nondet_bool() ? GUEST_UNDEFINED : GUEST_ABORT;
	core.resident = nondet_bool() ? &vcpu : NULL;
	bool resident = core.resident != NULL;
	vcpu.arch.el1[SK_EL1_VBAR] = nondet_u64();
	vcpu.arch.el1[SK_EL1_SCTLR] = nondet_u64();
	vcpu.arch.fault_syndrome = nondet_u64();
	arch_vcpu_exception(&vcpu, exception);
	uint64_t offset = frame.pc - vcpu.arch.el1[SK_EL1_VBAR];
	proof_that(saved == resident, "its registers are where they are changed");
	proof_that((frame.pstate & SPSR_M_MASK) == SPSR_M_EL1H && pstate_is_guest(frame.pstate), "EL1");
	proof_that((frame.pstate & (SPSR_D | SPSR_A | SPSR_I | SPSR_F)) == (SPSR_D | SPSR_A | SPSR_I | SPSR_F), "masked");
	proof_that(offset == 0 || offset == 0x200 || offset == 0x400 || offset == 0x600, "a synchronous exception's vector");
	proof_that(vcpu.arch.el1[SK_EL1_ELR] == before.pc && vcpu.arch.el1[SK_EL1_SPSR] == before.pstate, "and way back");
	proof_that(field_get(vcpu.arch.el1[SK_EL1_ESR], ESR_EC) <= 0x25u || exception == GUEST_ABORT, "of the right class");
	proof_witness(exception == GUEST_ABORT && offset == 0x400, "an abort of the guest's EL0");
}

/* The modes that a guest may be in, of all that a PSTATE can say. */
void proof_modes(void)
{
	uint64_t pstate = nondet_u64();
	uint64_t mode = pstate & 0x1fu;
	bool aarch32 = (sysreg_id_aa64pfr0_el1 & 0xfu) == 2u;
	proof_that(pstate_is_guest(pstate) == (mode == 0 || mode == 4u || mode == 5u || (mode == 0x10u && aarch32)),
		   "EL0t, EL1t, EL1h, and AArch32's user where there is such a thing");
	proof_witness(!pstate_is_guest(pstate), "EL2");
}
