/*
 * AArch64: what a VMM or a supervisor writes of a vCPU's or a thread's registers stays inside what it may change, in
 * memory and in meaning; and firmware's answers, all of them, become statuses.
 */
#include <stddef.h>
#include "proof.h"

/* memcpy() as far as one word, any, is concerned. */
static uint32_t watched;

static void *memcpy(void *to, const void *from, size_t bytes)
{
	proof_that(__CPROVER_r_ok(from, bytes) && __CPROVER_w_ok(to, bytes), "a copy stays in both places");
	if ((watched + 1u) * sizeof(uint64_t) <= bytes) {
		((uint64_t *)to)[watched] = ((const uint64_t *)from)[watched];
	}
	return to;
}

static uint64_t proof_firmware;

#include <kernel/arch/aarch64/state.c>
#include <kernel/arch/aarch64/psci.c>

#define WORDS 64u

static struct vcpu vcpu;
static struct arch_frame frame;
static struct thread thread;
static struct core core;
struct core *proof_core = &core;
struct core cores[SK_MAX_CORES];
uint32_t core_count;
const char head_secondary[1];
static uint64_t words[WORDS];
static bool interface_reset;

void gic_vcpu_init(struct vcpu *of)
{
	proof_that(of == &vcpu, "its own interface");
	interface_reset = true;
}

/* Any group, any values: words of that group change, and in those that the hardware gets nothing but what it may. */
void proof_write(void)
{
	watched = any_below(WORDS);
	uint32_t group = 1u + any_below(6);
	words[watched] = nondet_u64();
	vcpu.arch.el1[SK_EL1_VMPIDR] = MPIDR_RES1 | (nondet_u64() & MPIDR_AFFINITY);
	vcpu.arch.hcr = HCR_GUEST;
	vcpu.arch.mdcr = MDCR_GUEST;
	vcpu.context.frame = &frame;
	uint64_t before_el1 = vcpu.arch.el1[watched < SK_EL1_COUNT ? watched : 0];
	sk_status_t status = SK_UNSUPPORTED;
	/* The dispatcher has checked that it is one of the enum's. */
	switch (group) {
	case 1: status = arch_vcpu_write(&vcpu, 1, words); break;
	case 2: status = arch_vcpu_write(&vcpu, 2, words); break;
	case 3: status = arch_vcpu_write(&vcpu, 3, words); break;
	case 4: status = arch_vcpu_write(&vcpu, 4, words); break;
	case 5: status = arch_vcpu_write(&vcpu, 5, words); break;
	default: status = arch_vcpu_write(&vcpu, 6, words); break;
	}
	proof_that((status == SK_UNSUPPORTED) == (group == VCPU_STATE_GROUP_DEBUG), "a group that there is");
	proof_that(vcpu.arch.hcr == HCR_GUEST && vcpu.arch.mdcr == MDCR_GUEST, "what traps is not the VMM's to say");
	proof_that(vcpu.context.frame == &frame && vcpu.work == 0 && vcpu.life == 0 && vcpu.arch.fault_address == 0,
		   "nor what the kernel keeps, before or behind a group");
	proof_that((vcpu.arch.el1[SK_EL1_VMPIDR] & ~MPIDR_AFFINITY) == MPIDR_RES1, "MPIDR is one");
	proof_that((vcpu.arch.timer[SK_TIMER_CNTV_CTL] & ~(CNT_CTL_ENABLE | CNT_CTL_IMASK)) == 0, "the timer's control, too");
	proof_that(interface_reset == (group == VCPU_STATE_GROUP_GIC), "list registers are the kernel's business");
	if (watched < SK_EL1_COUNT && watched != SK_EL1_VMPIDR) {
		uint64_t now = vcpu.arch.el1[watched];
		proof_that(now == (group == VCPU_STATE_GROUP_EL1 ? words[watched] : before_el1), "that group's words are written");
	}
	proof_witness(status == SK_OK && group == VCPU_STATE_GROUP_FP_HIGH, "floating point");
}

void proof_read(void)
{
	watched = any_below(WORDS);
	uint32_t group = 1u + any_below(6);
	words[watched] = 0;
	vcpu.arch.el1[watched < SK_EL1_COUNT ? watched : 0] = nondet_u64();
	vcpu.arch.timer[0] = nondet_u64();
	sk_status_t status;
	switch (group) {
	case 1: status = arch_vcpu_read(&vcpu, 1, words); break;
	case 2: status = arch_vcpu_read(&vcpu, 2, words); break;
	case 3: status = arch_vcpu_read(&vcpu, 3, words); break;
	case 4: status = arch_vcpu_read(&vcpu, 4, words); break;
	case 5: status = arch_vcpu_read(&vcpu, 5, words); break;
	default: status = arch_vcpu_read(&vcpu, 6, words); break;
	}
	proof_that((status == SK_UNSUPPORTED) == (group == VCPU_STATE_GROUP_DEBUG), "a group that there is");
	proof_that(group != VCPU_STATE_GROUP_EL1 || watched >= SK_EL1_COUNT || words[watched] == vcpu.arch.el1[watched],
		   "its words");
	proof_that(group != VCPU_STATE_GROUP_EL1 || watched < SK_EL1_COUNT || words[watched] == 0, "and no more of them");
	proof_witness(status == SK_OK && group == VCPU_STATE_GROUP_EL1 && words[watched] != 0, "EL1's");
}

/* A register by number; a thread's registers, whoever writes them; a new vCPU's. */
void proof_registers(void)
{
	uint32_t index = nondet_u32(), at = any_below(31u);
	uint64_t value = nondet_u64(), config = nondet_u64();
	vcpu.context.frame = &frame;
	sk_status_t status = arch_vcpu_set_gpr(&vcpu, index, value);
	proof_that((status == SK_OK) == (index < 31u), "one of 31");
	proof_that(frame.x[at] == (at == index ? value : 0), "that one");
	watched = 33u; /* PSTATE */
	words[watched] = nondet_u64();
	arch_registers_write(&thread, words);
	proof_that((thread.registers.pstate & ~(uint64_t)SPSR_NZCV) == 0, "a thread runs at EL0, whatever was written");
	status = arch_vcpu_init(&vcpu, config);
	proof_that((status == SK_OK) == ((config & ~MPIDR_AFFINITY) == 0), "an affinity, and nothing else");
	proof_that(status != SK_OK || (pstate_is_guest(frame.pstate) && frame.x[at] == 0), "it starts at EL1, with nothing");
	arch_vcpu_trap_halt(&vcpu, nondet_bool());
	proof_that(status != SK_OK || ((vcpu.arch.hcr ^ HCR_GUEST) & ~HCR_TWI) == 0, "all but halts trap as ever");
	proof_witness(status == SK_OK && index == 30u, "a new vCPU");
}

/* Whatever firmware answers to CPU_ON: only success is success, and who asks for no core asks nobody. */
void proof_firmware_answers(void)
{
	uint32_t index = nondet_u32();
	core_count = any_below(SK_MAX_CORES + 1u);
	proof_firmware = nondet_u64();
	sk_status_t status = arch_core_online(index);
	int32_t answer = (int32_t)proof_firmware;
	proof_that((status == SK_OK) == (index < core_count && answer == 0), "only success is");
	proof_that(index < core_count || status == SK_BAD_ARG, "there is no such core");
	proof_that(status <= 0, "a status");
	proof_witness(status == SK_BAD_STATE, "the core is on");
	proof_witness(status == SK_UNSUPPORTED, "an answer that has no name");
}
