/*
 * The AArch64 guest machine: QEMU's virt, as far as a guest can tell. Fixed
 * facts that the device tree, the interrupt controller and the firmware share.
 */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/vcpu.h>

#define GUEST_ELF_MACHINE 183u /* EM_AARCH64 */

/* The GICv3: distributor, and redistributors from the first vCPU's on. */
#define GUEST_GICD_BASE 0x08000000ull
#define GUEST_GICD_BYTES 0x10000ull
#define GUEST_GICR_BASE 0x080a0000ull
#define GUEST_GICR_BYTES 0x20000ull /* a vCPU: RD_base and SGI_base frames */

/* Private lines (PPIs) of the generic timer, and the one that the hardware raises itself. */
#define GUEST_LINE_HYP_TIMER 26u
#define GUEST_LINE_VIRTUAL_TIMER 27u
#define GUEST_LINE_SECURE_TIMER 29u
#define GUEST_LINE_PHYSICAL_TIMER 30u

/* PSTATE of a vCPU that starts: EL1h, all exceptions masked. */
#define GUEST_PSTATE_START 0x3c5u

#define GUEST_AFFINITY_MASK 0xff00ffffffull /* MPIDR_EL1's Aff3, Aff2, Aff1, Aff0 */
/* No vCPU has that affinity. */
#define GUEST_NO_VCPU UINT32_MAX

/* vCPU i's affinity in MPIDR's layout: Aff0 alone, up to 16 of them, so that one SGI target list names them all. */
static inline uint64_t guest_affinity(uint32_t vcpu)
{
	return vcpu;
}

/* The vCPU with this affinity, or GUEST_NO_VCPU. */
static inline uint32_t guest_vcpu_of(uint64_t affinity, uint32_t vcpus)
{
	return affinity < vcpus ? (uint32_t)affinity : GUEST_NO_VCPU;
}

_Static_assert(SK_VM_VCPUS_MAX <= 16, "affinities above Aff0 would be needed");

#endif
