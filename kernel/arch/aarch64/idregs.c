/*
 * The physical CPU's identification registers, for VMMs to offer their guests
 * what of them is virtualised. Encodings S3_0_C0_C1..C7_n; 32-bit ones and holes
 * in the space read as zero, as the architecture has it.
 */
#include <arch/sysreg.h>
#include <kernel/arch.h>

#define ID_REGISTERS(row) \
	row(4, 0) row(4, 1) row(4, 4) row(5, 0) row(5, 1) row(6, 0) row(6, 1) row(7, 0) row(7, 1) row(7, 2) \
	row(1, 0) row(1, 1) row(1, 2) row(1, 3) row(1, 4) row(1, 5) row(1, 6) row(1, 7) \
	row(2, 0) row(2, 1) row(2, 2) row(2, 3) row(2, 4) row(2, 5) row(2, 6) row(3, 0) row(3, 1) row(3, 2)

#define CASE(crm, op2) \
	case SYSREG_ENCODING(3, 0, 0, crm, op2): \
		*value = read_sysreg(s3_0_c0_c##crm##_##op2); \
		return SK_OK;

sk_status_t arch_identification(uint32_t encoding, uint64_t *value)
{
	*value = 0;
	switch (encoding) {
	ID_REGISTERS(CASE)
	case SYSREG_ENCODING(3, 0, 0, 0, 0):
		*value = read_sysreg(midr_el1);
		return SK_OK;
	case SYSREG_ENCODING(3, 0, 0, 0, 6):
		*value = read_sysreg(revidr_el1);
		return SK_OK;
	case SYSREG_ENCODING(3, 1, 0, 0, 1):
		*value = read_sysreg(clidr_el1);
		return SK_OK;
	case SYSREG_ENCODING(3, 3, 0, 0, 1):
		*value = read_sysreg(ctr_el0);
		return SK_OK;
	default:
		break;
	}
	bool hole = encoding >= SYSREG_ENCODING(3, 0, 0, 1, 0) && encoding <= SYSREG_ENCODING(3, 0, 0, 7, 7);
	return hole ? SK_OK : SK_BAD_ARG;
}
