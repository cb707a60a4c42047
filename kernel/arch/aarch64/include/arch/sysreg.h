/*
 * System registers: how to read and write them, and names for the fields that
 * the kernel uses, after the Arm Architecture Reference Manual (D17) and, for
 * ICC_* and ICH_*, the GICv3 specification (12.2, 12.4). Logic never shifts: a
 * field of more than one bit is a pair "lowest bit, mask" for field_get() and
 * field_put(), beside plain NAME_SHIFT or NAME_MASK where one is needed alone.
 * Assembly may include this too.
 */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#ifdef __ASSEMBLER__
/* Bit `n` of a register. */
#define SYSREG_BIT(n) (1 << (n))
#else
#include <stdint.h>
/* Bit `n` of a register. */
#define SYSREG_BIT(n) (1ull << (n))

/* The value of the register that the assembler knows as `name`. */
#define read_sysreg(name)                                                      \
	({                                                                     \
		uint64_t sysreg_value_;                                        \
		__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_));      \
		sysreg_value_;                                                 \
	})
/* The "memory" clobber keeps accesses to memory on their side of the write. */
#define write_sysreg(name, value)                                              \
	__asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

/* The same for registers that no access to memory by the kernel depends on: the switch's. */
#define put_sysreg(name, value) __asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)))

/* Two neighbouring words by one load; left alone, the compiler takes each only where it is used. */
#define load_pair(first, second, address)                                      \
	__asm__ volatile("ldp %0, %1, %2" : "=r"(first), "=r"(second) : "Ump"(*(const uint64_t(*)[2])(address)))

/* A field's value in a word, and a value where the field is in a word: `field` is "lowest bit, mask". */
#define field_get(value, field) field_get_(value, field)
#define field_put(value, field) field_put_(value, field)
#define field_get_(value, shift, mask) (((uint64_t)(value) >> (shift)) & (mask))
#define field_put_(value, shift, mask) (((uint64_t)(value) & (mask)) << (shift))

/* Barriers, for the compiler too. */
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb_ish() __asm__ volatile("dsb ish" : : : "memory")
#define dsb_ishst() __asm__ volatile("dsb ishst" : : : "memory")
#define dsb_sy() __asm__ volatile("dsb sy" : : : "memory")
#endif

/* ESR_EL2 */
#define ESR_EC 26, 0x3f
#define ESR_EC_SHIFT 26
#define ESR_EC_LAST 0x3f
#define ESR_EC_SAME_LEVEL SYSREG_BIT(26) /* beside the class of an abort from a lower one */
#define ESR_IL SYSREG_BIT(25)

/* Exception classes (ESR_EL2.EC). */
#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_FP_TRAP 0x07
#define EC_ILLEGAL_STATE 0x0e
#define EC_SVC64 0x15
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYSREG 0x18
#define EC_SVE_TRAP 0x19
#define EC_INSTRUCTION_ABORT_LOWER 0x20
#define EC_PC_ALIGNMENT 0x22
#define EC_DATA_ABORT_LOWER 0x24
#define EC_SP_ALIGNMENT 0x26
#define EC_DEBUG_FIRST 0x30  /* from here breakpoints, steps, watchpoints, BRK */

/* ISS of SVC, HVC, SMC, BRK */
#define ISS_IMMEDIATE 0, 0xffff

/* ISS of WFx: 0 WFI, 1 WFE (2 and 3: with a timeout) */
#define ISS_WFX_WFE SYSREG_BIT(0)

/* ISS of data aborts; of instruction aborts from S1PTW down */
#define ISS_ISV SYSREG_BIT(24)
#define ISS_CM SYSREG_BIT(8)
#define ISS_S1PTW SYSREG_BIT(7)
#define ISS_WNR SYSREG_BIT(6)
#define ISS_FSC 0, 0x3f
#define ISS_FSC_TYPE 2, 0xf          /* of address-size to permission faults; below it the level */
#define FSC_TYPE_TRANSLATION 1
#define FSC_TYPE_PERMISSION 3
#define FSC_EXTERNAL 0x10
#define FSC_ALIGNMENT 0x21

/* ISS of trapped MSR and MRS; SYSREG_ENCODING is vm_exit.idl's */
#define ISS_SYS_OP0 20, 0x3
#define ISS_SYS_OP2 17, 0x7
#define ISS_SYS_OP1_CRN 10, 0x7f
#define ISS_SYS_RT 5, 0x1f
#define ISS_SYS_CRM 1, 0xf
#define ISS_SYS_READ SYSREG_BIT(0)
#define SYSREG_ENCODING(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* PAR_EL1: the translation failed; else where it leads. */
#define PAR_F SYSREG_BIT(0)
#define PAR_ADDRESS 0xfffffffff000ull

/* HPFAR_EL2: the faulting page's address, from bit 12 */
#define HPFAR_FIPA 4, 0xffffffffffull

/* HCR_EL2 */
#define HCR_VM SYSREG_BIT(0)
#define HCR_SWIO SYSREG_BIT(1)
#define HCR_PTW SYSREG_BIT(2)
#define HCR_FMO SYSREG_BIT(3)
#define HCR_IMO SYSREG_BIT(4)
#define HCR_AMO SYSREG_BIT(5)
#define HCR_FB SYSREG_BIT(9)
#define HCR_BSU_INNER SYSREG_BIT(10)
#define HCR_DC SYSREG_BIT(12)
#define HCR_TWI SYSREG_BIT(13)
#define HCR_TID3 SYSREG_BIT(18)
#define HCR_TSC SYSREG_BIT(19)
#define HCR_TIDCP SYSREG_BIT(20)
#define HCR_TACR SYSREG_BIT(21)
#define HCR_TSW SYSREG_BIT(22)
#define HCR_TGE SYSREG_BIT(27)
#define HCR_RW SYSREG_BIT(31)
#define HCR_TLOR SYSREG_BIT(35)
#define HCR_TERR SYSREG_BIT(36)

/* CPTR_EL2, with HCR_EL2.E2H = 0 */
#define CPTR_RES1 0x32ff
#define CPTR_TZ SYSREG_BIT(8)
#define CPTR_TFP SYSREG_BIT(10)
#define CPTR_TTA SYSREG_BIT(20)
#define CPACR_FPEN 0x300000          /* both bits: no trap */

/* CNTKCTL_EL1 */
#define CNTKCTL_EL0PCTEN SYSREG_BIT(0)
#define CNTKCTL_EL0VCTEN SYSREG_BIT(1)
#define CNTKCTL_EL0VTEN SYSREG_BIT(8)
/* Servers read the counters. The virtual timer is the resident guest's: its EL0 may have it, no server may. */
#define CNTKCTL_SERVER (CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN)

/* MDCR_EL2 */
#define MDCR_TPMCR SYSREG_BIT(5)
#define MDCR_TPM SYSREG_BIT(6)
#define MDCR_TDE SYSREG_BIT(8)
#define MDCR_TDA SYSREG_BIT(9)
#define MDCR_TDOSA SYSREG_BIT(10)
#define MDCR_TDRA SYSREG_BIT(11)
#define MDCR_TPMS SYSREG_BIT(14)
#define MDCR_TTRF SYSREG_BIT(19)

/* SPSR_EL2 */
#define SPSR_M_MASK 0x1f
#define SPSR_M_EL0T 0x0
#define SPSR_M_EL1T 0x4
#define SPSR_M_EL1H 0x5
#define SPSR_M_USER 0x10             /* AArch32's User mode, at EL0 */
#define SPSR_F SYSREG_BIT(6)
#define SPSR_I SYSREG_BIT(7)
#define SPSR_A SYSREG_BIT(8)
#define SPSR_D SYSREG_BIT(9)
#define SPSR_PAN SYSREG_BIT(22)
#define SPSR_DIT SYSREG_BIT(24)
#define SPSR_NZCV 0xf0000000
#define CURRENT_EL_EL2 0x8

/* SCTLR */
#define SCTLR_M SYSREG_BIT(0)
#define SCTLR_C SYSREG_BIT(2)
#define SCTLR_SA SYSREG_BIT(3)
#define SCTLR_I SYSREG_BIT(12)
#define SCTLR_WXN SYSREG_BIT(19)
#define SCTLR_EL2_RES1 0x30c50830
#define SCTLR_EL1_RES1 0x30d00800

/* TCR_EL2 and VTCR_EL2 */
#define TCR_T0SZ 0, 0x3f
#define TCR_IRGN0_WBWA 0x100
#define TCR_ORGN0_WBWA 0x400
#define TCR_SH0_INNER 0x3000
#define TCR_PS 16, 0x7
#define TCR_PS_SHIFT 16
#define TCR_EL2_RES1 0x80800000
#define VTCR_SL0_LEVEL1 0x40
#define VTCR_RES1 0x80000000
#define VTTBR_VMID 48, 0xff

/* ID_AA64MMFR0_EL1, ID_AA64PFR0_EL1, DCZID_EL0, CTR_EL0 */
#define MMFR0_PARANGE 0, 0xf
#define MMFR0_PARANGE_MASK 0xf
#define MMFR0_PARANGE_40 2
#define MMFR0_PARANGE_48 5           /* larger ranges need larger tables */
#define PFR0_EL0 0, 0xf
#define PFR0_GIC 24, 0xf
#define DCZID_BS 0, 0xf              /* log2 of the block's words */
#define CTR_DMINLINE 16, 0xf         /* log2 of the smallest data cache line's words */

/* ID_AA64MMFR1_EL1, SCTLR_EL1. */
#define MMFR1_PAN 20, 0xf
#define SCTLR_EL1_SPAN SYSREG_BIT(23)
#define SCTLR_EL1_DZE SYSREG_BIT(14)
#define SCTLR_EL1_UCT SYSREG_BIT(15)
#define SCTLR_EL1_UCI SYSREG_BIT(26)

/* MPIDR_EL1 */
#define MPIDR_RES1 SYSREG_BIT(31)
#define MPIDR_AFFINITY 0xff00ffffffull
#define MPIDR_AFF0 0, 0xff
#define MPIDR_AFF1 8, 0xff
#define MPIDR_AFF2 16, 0xff
#define MPIDR_AFF3 32, 0xff

/* Generic timer */
#define CNT_CTL_ENABLE SYSREG_BIT(0)
#define CNT_CTL_IMASK SYSREG_BIT(1)
#define CNT_CTL_ISTATUS SYSREG_BIT(2)

/* GIC CPU interface */
#define ICC_SRE_SRE SYSREG_BIT(0)
#define ICC_SRE_DFB SYSREG_BIT(1)
#define ICC_SRE_DIB SYSREG_BIT(2)
#define ICC_SRE_ENABLE SYSREG_BIT(3)
#define ICC_CTLR_EOIMODE SYSREG_BIT(1)
#define ICC_IAR_INTID 0, 0xffffff
#define ICC_SGIR_TARGETS 0, 0xffff
#define ICC_SGIR_AFF1 16, 0xff
#define ICC_SGIR_INTID 24, 0xf
#define ICC_SGIR_AFF2 32, 0xff
#define ICC_SGIR_RS 44, 0xf
#define ICC_SGIR_AFF3 48, 0xff
#define ISR_I SYSREG_BIT(7)

/* GIC hypervisor control */
#define ICH_HCR_EN SYSREG_BIT(0)
#define ICH_HCR_UIE SYSREG_BIT(1)
#define ICH_VTR_LISTREGS 0, 0x1f     /* one less than there are */
#define ICH_VMCR_VFIQEN SYSREG_BIT(3)
#define ICH_LR_VINTID 0, 0xffffffff
#define ICH_LR_PINTID 32, 0x1fff
#define ICH_LR_EOI SYSREG_BIT(41)    /* in the place of PINTID, when HW is 0 */
#define ICH_LR_PRIORITY 48, 0xff
#define ICH_LR_GROUP1 SYSREG_BIT(60)
#define ICH_LR_HW SYSREG_BIT(61)
#define ICH_LR_STATE 62, 0x3ull      /* enum list_state */

#endif
