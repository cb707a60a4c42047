#include "../../vcpu.h"

#include <string.h>

#include <guest/idreg.h>
#include <sk/idl/kernel_client.h>

#define STATE_WORDS 64u
#define SCTLR_RES1 0x30d00800ull /* MMU and caches off, little-endian */
#define MPIDR_RES1 (1ull << 31)
#define ISAR0_RNDR_SHIFT 60
#define RANDOM_TRIES 10u

void vcpu_arch_identify(struct guest *guest, sk_cap_t vcpu)
{
	for (uint32_t i = 0; i < IDREG_END; i++) {
		uint64_t physical = 0;
		if (vcpu_read_id(vcpu, SYSREG_ID_SPACE | i, &physical) != SK_OK) {
			physical = 0;
		}
		guest->id[i] = i < IDREG_FIRST ? physical : idreg_virtual(i, physical);
	}
}

sk_status_t vcpu_arch_reset(uint32_t index, uint64_t entry, uint64_t context)
{
	struct guest *guest = &vmm.saved->guest;
	sk_cap_t vcpu = vmm.vcpu[index];
	uint64_t words[STATE_WORDS] = { 0 };

	words[SK_EL1_SCTLR] = SCTLR_RES1;
	words[SK_EL1_VMPIDR] = guest_affinity(index) | MPIDR_RES1;
	words[SK_EL1_VPIDR] = guest->id[IDREG_INDEX(0u, 0u)];
	sk_status_t status = vcpu_write_state(vcpu, VCPU_STATE_GROUP_EL1, words);
	if (status != SK_OK) {
		return status;
	}
	memset(words, 0, sizeof(words));
	words[SK_TIMER_CNTVOFF] = guest->counter_offset;
	(void)vcpu_write_state(vcpu, VCPU_STATE_GROUP_TIMER, words);
	words[SK_TIMER_CNTVOFF] = 0;
	(void)vcpu_write_state(vcpu, VCPU_STATE_GROUP_FP_LOW, words);
	(void)vcpu_write_state(vcpu, VCPU_STATE_GROUP_FP_HIGH, words);
	(void)vcpu_write_state(vcpu, VCPU_STATE_GROUP_GIC, words); /* the CPU interface as at reset */

	struct sk_vcpu_state *state = guest->vcpu[index].state;
	*state = (struct sk_vcpu_state){ .pc = entry, .pstate = GUEST_PSTATE_START };
	state->x[0] = context;
	return SK_OK;
}

sk_status_t vcpu_arch_set_offset(sk_cap_t vcpu, uint64_t offset)
{
	uint64_t words[STATE_WORDS];
	sk_status_t status = vcpu_read_state(vcpu, VCPU_STATE_GROUP_TIMER, words);

	if (status != SK_OK) {
		return status;
	}
	words[SK_TIMER_CNTVOFF] = offset;
	return vcpu_write_state(vcpu, VCPU_STATE_GROUP_TIMER, words);
}

bool vcpu_arch_random(const struct guest *guest, uint64_t *word)
{
	uint64_t success = 0;

	if (IDREG_FIELD(guest->id[IDREG_AA64ISAR0], ISAR0_RNDR_SHIFT) == 0) {
		return false;
	}
	for (uint32_t i = 0; i < RANDOM_TRIES && success == 0; i++) {
		/* RNDR; PSTATE.Z set means that it had nothing in time. */
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne" : "=r"(*word), "=r"(success) : : "cc");
	}
	return success != 0;
}
