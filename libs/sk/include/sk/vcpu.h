/*
 * Memory that a VMM shares with the kernel: a vCPU's state page and a VM's
 * line table. The kernel trusts nothing in either: it checks or masks each value
 * when it uses it (a PSTATE that names EL2, a target vCPU that does not exist).
 */
#ifndef SK_VCPU_H
#define SK_VCPU_H

#include <sk/abi.h>
#include <sk/arch/vcpu.h> /* struct sk_vcpu_state, per architecture */

/* Lines of each vCPU, most lines that vCPUs share, and most vCPUs of a VM. */
#define SK_PRIVATE_LINES 32u
#define SK_SHARED_LINES_MAX 224u
#define SK_VM_VCPUS_MAX 16u

/*
 * One interrupt line: 8 bytes. Entry of private line L of vCPU V: V * 32 + L;
 * entry of shared line L (32 and up): vcpus_max * 32 + L - 32, with vcpus_max = SK_VM_VCPUS_MAX.
 *
 * `config` is the VMM's: it stores it whole (one 32-bit store) and then tells
 * the kernel with space.line_update. `state` is the kernel's: the VMM only reads it.
 */
struct sk_line {
	uint32_t config;
	uint32_t state;
};

/* Bits and fields of sk_line.config. */
#define SK_LINE_ENABLED (1u << 0)
#define SK_LINE_LEVEL (1u << 1)          /* level-triggered; otherwise edge */
#define SK_LINE_GROUP1 (1u << 2)
#define SK_LINE_PRIORITY_SHIFT 8         /* 8 bits; lower is more urgent */
#define SK_LINE_VCPU_SHIFT 16            /* 8 bits: index of the target vCPU (shared lines) */
#define SK_LINE_PHYSICAL (1u << 24)      /* private timer line: linked to the hardware's own line */

#define SK_LINE_PENDING (1u << 0)        /* latched, not yet taken by the guest */
#define SK_LINE_ASSERTED (1u << 1)       /* the device holds the level high */
#define SK_LINE_ACTIVE (1u << 2)         /* taken, not ended (as of the last look at the list registers) */

/* The entry of a line in the table: `vcpu` counts for private lines alone. */
static inline uint32_t sk_line_index(uint32_t vcpu, uint32_t line)
{
	return line < SK_PRIVATE_LINES ? vcpu * SK_PRIVATE_LINES + line
				       : SK_VM_VCPUS_MAX * SK_PRIVATE_LINES + line - SK_PRIVATE_LINES;
}

/* Bytes of a line table with `shared` shared lines. */
static inline uint32_t sk_line_table_bytes(uint32_t shared)
{
	return (SK_VM_VCPUS_MAX * SK_PRIVATE_LINES + shared) * (uint32_t)sizeof(struct sk_line);
}

#endif
