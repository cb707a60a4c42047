#include <guest/sysreg.h>

#include <guest/port.h>

#include "sysreg_timer.h"

/* What an access to a register, or a row of them, does. */
enum sysreg_kind {
	KIND_STORED,     /* reads back what was written, within the mask `value` */
	KIND_CONSTANT,   /* reads as `value`, ignores writes */
	KIND_READ_ONLY,  /* likewise, and writes are undefined */
	KIND_WRITE_ONLY, /* ignores writes, and reads are undefined */
	KIND_OSLAR,
	KIND_OSLSR,
	KIND_CLAIM_SET,
	KIND_CLAIM_CLEAR,
	KIND_TIMER,
};

struct sysreg_row {
	uint16_t encoding;
	uint16_t mask;     /* bits of the encoding that count */
	uint8_t kind;
	uint8_t index;     /* of enum guest_stored */
	uint64_t value;
};

#define ONE 0xffffu
#define ANY_OP2 0xfff8u
#define ALL UINT64_MAX
#define LOW 0xffffffffull
#define MDSCR_OFFERED (LOW & ~(1ull << 15 | 1ull << 13 | 1ull << 0)) /* MDE, KDE, SS can't be switched on */
#define CLAIM_TAGS 0xffull
#define OSLSR_LOCK_MODEL 8u /* OSLM = 0b10: an OS lock is there */
#define OSLSR_LOCKED 2u

static const struct sysreg_row sysreg_rows[] = {
	/* Timer (DDI 0487, D17.10) */
	{ SYSREG_CNTPCT_EL0, ONE, KIND_TIMER, 0, 0 },
	{ SYSREG(3u, 3u, 14u, 2u, 0u), ANY_OP2, KIND_TIMER, 0, 0 },
	/* Debug (D17.3): kept, and debug exceptions stay off: MDSCR reads back without them, for who cares to look */
	{ SYSREG(2u, 0u, 0u, 2u, 2u), ONE, KIND_STORED, GUEST_STORED_MDSCR, MDSCR_OFFERED },
	{ SYSREG(2u, 0u, 0u, 2u, 0u), ONE, KIND_STORED, GUEST_STORED_MDCCINT, 3u << 29 },
	{ SYSREG(2u, 0u, 0u, 6u, 2u), ONE, KIND_STORED, GUEST_STORED_OSECCR, LOW },
	{ SYSREG(2u, 0u, 0u, 0u, 2u), ONE, KIND_CONSTANT, 0, 0 }, /* OSDTRRX */
	{ SYSREG(2u, 0u, 0u, 3u, 2u), ONE, KIND_CONSTANT, 0, 0 }, /* OSDTRTX */
	{ SYSREG(2u, 3u, 0u, 1u, 0u), ONE, KIND_READ_ONLY, 0, 0 }, /* MDCCSR */
	{ SYSREG(2u, 3u, 0u, 4u, 0u), ONE, KIND_CONSTANT, 0, 0 }, /* DBGDTR */
	{ SYSREG(2u, 3u, 0u, 5u, 0u), ONE, KIND_CONSTANT, 0, 0 }, /* DBGDTRRX, DBGDTRTX */
	{ SYSREG(2u, 4u, 0u, 7u, 0u), ONE, KIND_STORED, GUEST_STORED_DBGVCR, LOW },
	{ SYSREG(2u, 0u, 0u, 0u, 4u), ONE, KIND_STORED, GUEST_STORED_DBGBVR, ALL },
	{ SYSREG(2u, 0u, 0u, 1u, 4u), ONE, KIND_STORED, GUEST_STORED_DBGBVR + 1, ALL },
	{ SYSREG(2u, 0u, 0u, 0u, 5u), ONE, KIND_STORED, GUEST_STORED_DBGBCR, LOW },
	{ SYSREG(2u, 0u, 0u, 1u, 5u), ONE, KIND_STORED, GUEST_STORED_DBGBCR + 1, LOW },
	{ SYSREG(2u, 0u, 0u, 0u, 6u), ONE, KIND_STORED, GUEST_STORED_DBGWVR, ALL },
	{ SYSREG(2u, 0u, 0u, 1u, 6u), ONE, KIND_STORED, GUEST_STORED_DBGWVR + 1, ALL },
	{ SYSREG(2u, 0u, 0u, 0u, 7u), ONE, KIND_STORED, GUEST_STORED_DBGWCR, LOW },
	{ SYSREG(2u, 0u, 0u, 1u, 7u), ONE, KIND_STORED, GUEST_STORED_DBGWCR + 1, LOW },
	{ SYSREG(2u, 0u, 1u, 0u, 0u), ONE, KIND_READ_ONLY, 0, 0 }, /* MDRAR: no debug ROM */
	{ SYSREG(2u, 0u, 1u, 0u, 4u), ONE, KIND_OSLAR, 0, 0 },
	{ SYSREG(2u, 0u, 1u, 1u, 4u), ONE, KIND_OSLSR, 0, 0 },
	{ SYSREG(2u, 0u, 1u, 3u, 4u), ONE, KIND_STORED, GUEST_STORED_OSDLR, 1 },
	{ SYSREG(2u, 0u, 1u, 4u, 4u), ONE, KIND_STORED, GUEST_STORED_DBGPRCR, 1 },
	{ SYSREG(2u, 0u, 7u, 8u, 6u), ONE, KIND_CLAIM_SET, 0, 0 },
	{ SYSREG(2u, 0u, 7u, 9u, 6u), ONE, KIND_CLAIM_CLEAR, 0, 0 },
	{ SYSREG(2u, 0u, 7u, 14u, 6u), ONE, KIND_READ_ONLY, 0, 0 }, /* DBGAUTHSTATUS: no external debug */
	/* Performance monitors (D17.5): identification says there are none, but some probe */
	{ SYSREG(3u, 3u, 9u, 12u, 0u), ANY_OP2, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 3u, 9u, 13u, 0u), ANY_OP2, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 3u, 9u, 14u, 0u), ANY_OP2, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 0u, 9u, 14u, 0u), ANY_OP2, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 3u, 14u, 8u, 0u), ONE & ~(7u << 3 | 7u), KIND_CONSTANT, 0, 0 }, /* PMEVCNTR, PMEVTYPER, … */
	/* Cache maintenance by set and way: the machine's caches are coherent, and not the guest's to empty */
	{ SYSREG(1u, 0u, 7u, 6u, 2u), ONE, KIND_WRITE_ONLY, 0, 0 },
	{ SYSREG(1u, 0u, 7u, 10u, 2u), ONE, KIND_WRITE_ONLY, 0, 0 },
	{ SYSREG(1u, 0u, 7u, 14u, 2u), ONE, KIND_WRITE_ONLY, 0, 0 },
	/* Control */
	{ SYSREG(3u, 0u, 1u, 0u, 1u), ONE, KIND_STORED, GUEST_STORED_ACTLR, ALL },
	/* Cortex-A's own controls (L2CTLR, L2ECTLR; CPUACTLR, CPUECTLR, CPUMERRSR, L2MERRSR): no others of that kind */
	{ SYSREG(3u, 1u, 11u, 0u, 2u), ONE & ~1u, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 1u, 15u, 2u, 0u), ONE & ~3u, KIND_CONSTANT, 0, 0 },
	{ SYSREG(3u, 0u, 12u, 12u, 5u), ONE, KIND_CONSTANT, 0, 7 }, /* ICC_SRE_EL1: system registers, no bypass */
	{ SYSREG(3u, 0u, 12u, 11u, 5u), ONE, KIND_WRITE_ONLY, 0, 0 }, /* ICC_SGI1R (written: send_ipi) */
	{ SYSREG(3u, 0u, 12u, 11u, 6u), ONE, KIND_WRITE_ONLY, 0, 0 },
	{ SYSREG(3u, 0u, 12u, 11u, 7u), ONE, KIND_WRITE_ONLY, 0, 0 },
};

static const struct sysreg_row *sysreg_find(uint32_t encoding)
{
	for (uint32_t i = 0; i < sizeof(sysreg_rows) / sizeof(sysreg_rows[0]); i++) {
		if ((encoding & sysreg_rows[i].mask) == sysreg_rows[i].encoding) {
			return &sysreg_rows[i];
		}
	}
	return NULL;
}

static uint64_t sysreg_unknown(struct guest *guest, uint32_t encoding, const char *verb)
{
	if (guest_first(guest, GUEST_ONCE_SYSREG)) {
		port_log("%s of register S%u_%u_C%u_C%u_%u, which this CPU does not have: undefined instruction", verb,
			 SYSREG_OP0(encoding), SYSREG_OP1(encoding), SYSREG_CRN(encoding), SYSREG_CRM(encoding),
			 SYSREG_OP2(encoding));
	}
	return SK_EXIT_ACTION_UNDEFINED;
}

void sysreg_reset(struct guest *guest, uint32_t vcpu)
{
	struct guest_vcpu *v = &guest->vcpu[vcpu];

	v->timer_control = 0;
	v->timer_compare = 0;
	for (uint32_t i = 0; i < GUEST_STORED_COUNT; i++) {
		v->stored[i] = 0;
	}
	v->stored[GUEST_STORED_OSLOCK] = OSLSR_LOCKED;
	port_timer_set(vcpu, UINT64_MAX);
}

uint64_t sysreg_read_other(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t *value)
{
	const struct sysreg_row *row = sysreg_find(encoding);
	const struct guest_vcpu *v = &guest->vcpu[vcpu];

	*value = 0;
	if (encoding == SYSREG_MPIDR_EL1) {
		*value = guest_affinity(vcpu) | 1ull << 31;
		return 0;
	}
	if (row == NULL) {
		return sysreg_unknown(guest, encoding, "read");
	}
	switch ((enum sysreg_kind)row->kind) {
	case KIND_STORED:
		*value = v->stored[row->index];
		return 0;
	case KIND_CONSTANT:
	case KIND_READ_ONLY:
		*value = row->value;
		return 0;
	case KIND_OSLSR:
		*value = OSLSR_LOCK_MODEL | v->stored[GUEST_STORED_OSLOCK];
		return 0;
	case KIND_CLAIM_SET:
		*value = CLAIM_TAGS;
		return 0;
	case KIND_CLAIM_CLEAR:
		*value = v->stored[GUEST_STORED_DBGCLAIM];
		return 0;
	case KIND_TIMER:
		return timer_read(guest, vcpu, encoding, value);
	case KIND_OSLAR:
	case KIND_WRITE_ONLY:
		break;
	}
	return SK_EXIT_ACTION_UNDEFINED;
}

uint64_t sysreg_write(struct guest *guest, uint32_t vcpu, uint32_t encoding, uint64_t value)
{
	const struct sysreg_row *row = sysreg_find(encoding);
	struct guest_vcpu *v = &guest->vcpu[vcpu];

	if (row == NULL) {
		return sysreg_unknown(guest, encoding, "write");
	}
	switch ((enum sysreg_kind)row->kind) {
	case KIND_STORED:
		v->stored[row->index] = value & row->value;
		return 0;
	case KIND_CONSTANT:
	case KIND_WRITE_ONLY:
		return 0;
	case KIND_OSLAR:
		v->stored[GUEST_STORED_OSLOCK] = (value & 1) != 0 ? OSLSR_LOCKED : 0;
		return 0;
	case KIND_CLAIM_SET:
		v->stored[GUEST_STORED_DBGCLAIM] |= value & CLAIM_TAGS;
		return 0;
	case KIND_CLAIM_CLEAR:
		v->stored[GUEST_STORED_DBGCLAIM] &= ~value;
		return 0;
	case KIND_TIMER:
		return timer_write(guest, vcpu, encoding, value);
	case KIND_OSLSR:
	case KIND_READ_ONLY:
		break;
	}
	return SK_EXIT_ACTION_UNDEFINED;
}
