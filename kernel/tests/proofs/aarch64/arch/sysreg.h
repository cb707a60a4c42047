/*
 * System registers as proofs see them: variables of their own names, which may be anything to begin with; barriers
 * are nothing. The fields are the kernel's.
 */
#ifndef PROOF_SYSREG_H
#define PROOF_SYSREG_H

#include_next <arch/sysreg.h>

#undef read_sysreg
#undef write_sysreg
#undef put_sysreg
#undef isb
#undef dsb_ish
#undef dsb_ishst
#undef dsb_sy

#define read_sysreg(name) \
	({ \
		extern uint64_t sysreg_##name; \
		sysreg_##name; \
	})
#define write_sysreg(name, value) \
	do { \
		extern uint64_t sysreg_##name; \
		sysreg_##name = (uint64_t)(value); \
	} while (0)
#define put_sysreg(name, value) write_sysreg(name, value)
#define isb()
#define dsb_ish()
#define dsb_ishst()
#define dsb_sy()

#endif
