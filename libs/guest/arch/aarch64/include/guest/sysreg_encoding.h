/* System register numbers as vm_exit carries them (16 bits), and those that the library knows by name. */
#ifndef GUEST_SYSREG_ENCODING_H
#define GUEST_SYSREG_ENCODING_H

/* A register's number of its fields in MRS and MSR, and back. */
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define SYSREG_OP0(encoding) ((encoding) >> 14 & 3u)
#define SYSREG_OP1(encoding) ((encoding) >> 11 & 7u)
#define SYSREG_CRN(encoding) ((encoding) >> 7 & 15u)
#define SYSREG_CRM(encoding) ((encoding) >> 3 & 15u)
#define SYSREG_OP2(encoding) ((encoding) & 7u)

/* op0 = 3, op1 = 0, CRn = 0: identification. CRm and op2 are the index. */
#define SYSREG_ID_SPACE SYSREG(3u, 0u, 0u, 0u, 0u)
#define SYSREG_ID_INDEX_MASK 0x7fu
#define SYSREG_MIDR_EL1 SYSREG(3u, 0u, 0u, 0u, 0u)
#define SYSREG_MPIDR_EL1 SYSREG(3u, 0u, 0u, 0u, 5u)

/* What sends interrupts to other vCPUs. */
#define SYSREG_ICC_SGI1R_EL1 SYSREG(3u, 0u, 12u, 11u, 5u)
#define SYSREG_ICC_ASGI1R_EL1 SYSREG(3u, 0u, 12u, 11u, 6u)
#define SYSREG_ICC_SGI0R_EL1 SYSREG(3u, 0u, 12u, 11u, 7u)

/* The physical counter and its EL1 timer. */
#define SYSREG_CNTPCT_EL0 SYSREG(3u, 3u, 14u, 0u, 1u)
#define SYSREG_CNTPCTSS_EL0 SYSREG(3u, 3u, 14u, 0u, 5u)
#define SYSREG_CNTP_TVAL_EL0 SYSREG(3u, 3u, 14u, 2u, 0u)
#define SYSREG_CNTP_CTL_EL0 SYSREG(3u, 3u, 14u, 2u, 1u)
#define SYSREG_CNTP_CVAL_EL0 SYSREG(3u, 3u, 14u, 2u, 2u)

#endif
