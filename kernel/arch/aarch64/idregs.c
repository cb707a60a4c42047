/*
 * The physical CPU's identification registers, for VMMs to offer their guests
 * what of them is virtualised. Encodings S3_0_C0_C1..C7_n; 32-bit ones and holes
 * in the space read as zero, as the architecture has it.
 */
#include <arch/sysreg.h>
#include <kernel/arch.h>

/* op1, CRm, op2: MIDR_EL1, REVIDR_EL1, CLIDR_EL1, CTR_EL0, then ID_AA64* and ID_*. */
#define ID_REGISTERS(row) \
	row(0, 0, 0) row(0, 0, 6) row(1, 0, 1) row(3, 0, 1) \
	row(0, 4, 0) row(0, 4, 1) row(0, 4, 4) row(0, 5, 0) row(0, 5, 1) row(0, 6, 0) row(0, 6, 1) \
	row(0, 7, 0) row(0, 7, 1) row(0, 7, 2) \
	row(0, 1, 0) row(0, 1, 1) row(0, 1, 2) row(0, 1, 3) row(0, 1, 4) row(0, 1, 5) row(0, 1, 6) row(0, 1, 7) \
	row(0, 2, 0) row(0, 2, 1) row(0, 2, 2) row(0, 2, 3) row(0, 2, 4) row(0, 2, 5) row(0, 2, 6) \
	row(0, 3, 0) row(0, 3, 1) row(0, 3, 2)

#define ENCODING_ID_FIRST SYSREG_ENCODING(3, 0, 0, 1, 0)
#define ENCODING_ID_LAST SYSREG_ENCODING(3, 0, 0, 7, 7)

#define CASE(op1, crm, op2) \
	case SYSREG_ENCODING(3, op1, 0, crm, op2): \
		*value = read_sysreg(s3_##op1##_c0_c##crm##_##op2); \
		return SK_OK;

sk_status_t arch_identification(uint32_t encoding, uint64_t *value)
{
	*value = 0;
	switch (encoding) {
	ID_REGISTERS(CASE)
	default:
		/* Anything else in that space is a hole. */
		return encoding - ENCODING_ID_FIRST <= ENCODING_ID_LAST - ENCODING_ID_FIRST ? SK_OK : SK_BAD_ARG;
	}
}
