/*
 * What the guest's CPU has (Arm DDI 0487, D17.2 on the registers). A field that is not listed reads as
 * zero. So hidden are, among others: EL2 and EL3 (no nesting), SVE, SME and pointer authentication
 * (registers not switched), MTE, RAS, AMU, MPAM, NMI, GIC v4, PMU, SPE, trace, LORegions, WFxT, LS64.
 */
#include <guest/idreg.h>

/* AArch32 registers: of use only to programs at EL0, to whom the machine is what it is. */
#define WHOLE(crm, op2, reason)                                                                          \
	{ IDREG_INDEX(crm, op2), 0, IDREG_MAX, 15, reason }, { IDREG_INDEX(crm, op2), 4, IDREG_MAX, 15, reason },   \
	{ IDREG_INDEX(crm, op2), 8, IDREG_MAX, 15, reason }, { IDREG_INDEX(crm, op2), 12, IDREG_MAX, 15, reason },  \
	{ IDREG_INDEX(crm, op2), 16, IDREG_MAX, 15, reason }, { IDREG_INDEX(crm, op2), 20, IDREG_MAX, 15, reason }, \
	{ IDREG_INDEX(crm, op2), 24, IDREG_MAX, 15, reason }, { IDREG_INDEX(crm, op2), 28, IDREG_MAX, 15, reason }

const struct idreg_field idreg_fields[] = {
	{ IDREG_AA64PFR0, 0, IDREG_MAX, 2, "EL0: AArch32 programs need nothing of ours" },
	{ IDREG_AA64PFR0, 4, IDREG_SET, 1, "EL1: AArch64 only; AArch32 at EL1 has state that is not switched" },
	{ IDREG_AA64PFR0, 16, IDREG_SIGNED_MAX, 1, "FP: switched" },
	{ IDREG_AA64PFR0, 20, IDREG_SIGNED_MAX, 1, "AdvSIMD: switched" },
	{ IDREG_AA64PFR0, 24, IDREG_SET, 1, "GIC: system register interface, version 3" },
	{ IDREG_AA64PFR0, 48, IDREG_MAX, 1, "DIT: a bit of PSTATE" },
	{ IDREG_AA64PFR0, 56, IDREG_MAX, 1, "CSV2: without SCXTNUM, which is not switched" },
	{ IDREG_AA64PFR0, 60, IDREG_MAX, 1, "CSV3: a property of the machine" },

	{ IDREG_AA64PFR1, 0, IDREG_MAX, 1, "BT: guarded pages are in stage 1 and PSTATE" },
	{ IDREG_AA64PFR1, 4, IDREG_MAX, 2, "SSBS: a bit of PSTATE" },
	{ IDREG_AA64PFR1, 32, IDREG_MAX, 1, "CSV2_frac: without SCXTNUM" },

	{ IDREG_AA64DFR0, 0, IDREG_SET, 6, "DebugVer: v8.0" },
	{ IDREG_AA64DFR0, 12, IDREG_SET, 1, "BRPs: two, the least allowed; they are stored and never match" },
	{ IDREG_AA64DFR0, 20, IDREG_SET, 1, "WRPs: likewise" },
	{ IDREG_AA64DFR0, 36, IDREG_SIGNED_MAX, 0, "DoubleLock: stored" },

	{ IDREG_AA64ISAR0, 4, IDREG_MAX, 2, "AES, PMULL: instructions without state" },
	{ IDREG_AA64ISAR0, 8, IDREG_MAX, 1, "SHA1: likewise" },
	{ IDREG_AA64ISAR0, 12, IDREG_MAX, 2, "SHA2: likewise" },
	{ IDREG_AA64ISAR0, 16, IDREG_MAX, 1, "CRC32: likewise" },
	{ IDREG_AA64ISAR0, 20, IDREG_MAX, 2, "Atomic: LSE on guest memory" },
	{ IDREG_AA64ISAR0, 28, IDREG_MAX, 1, "RDM: no state" },
	{ IDREG_AA64ISAR0, 32, IDREG_MAX, 1, "SHA3: no state" },
	{ IDREG_AA64ISAR0, 36, IDREG_MAX, 1, "SM3: no state" },
	{ IDREG_AA64ISAR0, 40, IDREG_MAX, 1, "SM4: no state" },
	{ IDREG_AA64ISAR0, 44, IDREG_MAX, 1, "DP: no state" },
	{ IDREG_AA64ISAR0, 48, IDREG_MAX, 1, "FHM: no state" },
	{ IDREG_AA64ISAR0, 52, IDREG_MAX, 2, "TS: flags in PSTATE" },
	{ IDREG_AA64ISAR0, 56, IDREG_MAX, 2, "TLB: outer shareable and range forms reach what the plain ones reach" },
	{ IDREG_AA64ISAR0, 60, IDREG_MAX, 1, "RNDR: not trapped, no state" },

	{ IDREG_AA64ISAR1, 0, IDREG_MAX, 2, "DPB: cache maintenance to persistence" },
	{ IDREG_AA64ISAR1, 12, IDREG_MAX, 1, "JSCVT: no state" },
	{ IDREG_AA64ISAR1, 16, IDREG_MAX, 1, "FCMA: no state" },
	{ IDREG_AA64ISAR1, 20, IDREG_MAX, 2, "LRCPC: no state" },
	{ IDREG_AA64ISAR1, 32, IDREG_MAX, 1, "FRINTTS: no state" },
	{ IDREG_AA64ISAR1, 36, IDREG_MAX, 1, "SB: barrier" },
	{ IDREG_AA64ISAR1, 40, IDREG_MAX, 1, "SPECRES: prediction restriction by context" },
	{ IDREG_AA64ISAR1, 44, IDREG_MAX, 1, "BF16: no state" },
	{ IDREG_AA64ISAR1, 48, IDREG_MAX, 1, "DGH: hint" },
	{ IDREG_AA64ISAR1, 52, IDREG_MAX, 1, "I8MM: no state" },

	{ IDREG_AA64MMFR0, 0, IDREG_MAX, 2, "PARange: 40 bits, the size of a VM's address space" },
	{ IDREG_AA64MMFR0, 4, IDREG_MAX, 2, "ASIDBits: hardware tags them with the VMID" },
	{ IDREG_AA64MMFR0, 8, IDREG_MAX, 1, "BigEnd: in the guest's own SCTLR" },
	{ IDREG_AA64MMFR0, 16, IDREG_MAX, 1, "BigEndEL0: likewise" },
	{ IDREG_AA64MMFR0, 20, IDREG_MAX, 1, "TGran16: without 52-bit addresses" },
	{ IDREG_AA64MMFR0, 24, IDREG_SIGNED_MAX, 0, "TGran64: stage 1 is the guest's own" },
	{ IDREG_AA64MMFR0, 28, IDREG_SIGNED_MAX, 0, "TGran4: without 52-bit addresses" },

	{ IDREG_AA64MMFR1, 0, IDREG_MAX, 2, "HAFDBS: the table walker writes guest memory" },
	{ IDREG_AA64MMFR1, 12, IDREG_MAX, 2, "HPDS: bits of TCR_EL1" },
	{ IDREG_AA64MMFR1, 20, IDREG_MAX, 3, "PAN: bits of PSTATE and SCTLR_EL1" },
	{ IDREG_AA64MMFR1, 36, IDREG_MAX, 1, "ETS: ordering of table walks" },

	{ IDREG_AA64MMFR2, 4, IDREG_MAX, 1, "UAO: a bit of PSTATE" },
	{ IDREG_AA64MMFR2, 8, IDREG_MAX, 1, "LSM: bits of SCTLR_EL1" },
	{ IDREG_AA64MMFR2, 16, IDREG_MAX, 1, "VARange: stage 1 is the guest's own" },
	{ IDREG_AA64MMFR2, 20, IDREG_MAX, 1, "CCIDX: format of CCSIDR_EL1, which is not trapped" },
	{ IDREG_AA64MMFR2, 28, IDREG_MAX, 1, "ST: bits of TCR_EL1" },
	{ IDREG_AA64MMFR2, 32, IDREG_MAX, 1, "AT: single-copy atomicity" },
	{ IDREG_AA64MMFR2, 36, IDREG_MAX, 1, "IDS: traps of the ID space are told apart" },
	{ IDREG_AA64MMFR2, 48, IDREG_MAX, 1, "TTL: hint in TLB maintenance" },
	{ IDREG_AA64MMFR2, 52, IDREG_MAX, 2, "BBM: stage 1 is the guest's own" },
	{ IDREG_AA64MMFR2, 60, IDREG_MAX, 1, "E0PD: bits of TCR_EL1" },

	{ IDREG_INDEX(1u, 0u), 0, IDREG_MAX, 1, "PFR0: A32 at EL0" },
	{ IDREG_INDEX(1u, 0u), 4, IDREG_MAX, 3, "PFR0: T32 at EL0" },
	{ IDREG_INDEX(1u, 0u), 8, IDREG_MAX, 1, "PFR0: Jazelle, trivial" },
	{ IDREG_INDEX(1u, 0u), 12, IDREG_MAX, 1, "PFR0: T32EE" },
	{ IDREG_INDEX(1u, 1u), 16, IDREG_MAX, 1, "PFR1: generic timer" },
	{ IDREG_INDEX(1u, 1u), 28, IDREG_MAX, 1, "PFR1: GIC CPU interface" },
	{ IDREG_INDEX(1u, 2u), 0, IDREG_SET, 6, "DFR0: CopDbg v8.0" },
	{ IDREG_INDEX(1u, 2u), 24, IDREG_SET, 15, "DFR0: no performance monitors" },
	WHOLE(1u, 4u, "MMFR0"),
	WHOLE(1u, 5u, "MMFR1"),
	WHOLE(1u, 6u, "MMFR2"),
	WHOLE(1u, 7u, "MMFR3"),
	WHOLE(2u, 0u, "ISAR0"),
	WHOLE(2u, 1u, "ISAR1"),
	WHOLE(2u, 2u, "ISAR2"),
	WHOLE(2u, 3u, "ISAR3"),
	WHOLE(2u, 4u, "ISAR4"),
	WHOLE(2u, 5u, "ISAR5"),
	WHOLE(2u, 7u, "ISAR6"),
	WHOLE(3u, 0u, "MVFR0"),
	WHOLE(3u, 1u, "MVFR1"),
	WHOLE(3u, 2u, "MVFR2"),
};

const uint32_t idreg_field_count = sizeof(idreg_fields) / sizeof(idreg_fields[0]);
