/*
 * The CPU that the guest sees. Its identification registers start from the
 * machine's; what survives is what the table in idreg_table.c names: a feature is offered when
 * everything that it takes (registers to switch, traps to serve) is in place, and
 * hidden otherwise, unknown features first of all.
 */
#ifndef GUEST_IDREG_H
#define GUEST_IDREG_H

#include <stdint.h>

enum idreg_rule {
	IDREG_MAX,        /* the machine's value, at most `value` */
	IDREG_SIGNED_MAX, /* likewise, but 8..15 mean "not implemented" and stay */
	IDREG_SET,        /* `value` */
};

struct idreg_field {
	uint8_t index;  /* CRm * 8 + op2 */
	uint8_t shift;  /* bits shift + 3 .. shift */
	uint8_t rule;   /* enum idreg_rule */
	uint8_t value;
	const char *reason;
};

/* A register's index, from its CRm and op2. */
#define IDREG_INDEX(crm, op2) ((crm) * 8u + (op2))
#define IDREG_FIRST IDREG_INDEX(1u, 0u) /* what HCR_EL2.TID3 traps begins here … */
#define IDREG_END IDREG_INDEX(8u, 0u)   /* … and ends here */

/* Registers by name, and a field of four bits. */
#define IDREG_AA64PFR0 IDREG_INDEX(4u, 0u)
#define IDREG_AA64PFR1 IDREG_INDEX(4u, 1u)
#define IDREG_AA64DFR0 IDREG_INDEX(5u, 0u)
#define IDREG_AA64ISAR0 IDREG_INDEX(6u, 0u)
#define IDREG_AA64ISAR1 IDREG_INDEX(6u, 1u)
#define IDREG_AA64MMFR0 IDREG_INDEX(7u, 0u)
#define IDREG_AA64MMFR1 IDREG_INDEX(7u, 1u)
#define IDREG_AA64MMFR2 IDREG_INDEX(7u, 2u)
#define IDREG_FIELD(value, shift) ((uint32_t)((value) >> (shift)) & 0xfu)

/* The table: fields that are not named are zero for the guest. */
extern const struct idreg_field idreg_fields[];
extern const uint32_t idreg_field_count;

/* What the guest reads from the register with this index on a machine whose own says `physical`. */
uint64_t idreg_virtual(uint32_t index, uint64_t physical);

#endif
