/*
 * The word that describes an MMIO exit's access (vm_exit.idl, mmio_info). A
 * device needs the size; the rest is for who completes the access.
 */
#ifndef SK_MMIO_H
#define SK_MMIO_H

#include <stdbool.h>
#include <stdint.h>

/* Where in the word what is: the register is 64 bits wide, its number, sign extension, log2 of the size, the vCPU. */
#define SK_MMIO_WIDE (1ull << 0)
#define SK_MMIO_REGISTER_SHIFT 1
#define SK_MMIO_SIGN (1ull << 6)
#define SK_MMIO_SIZE_SHIFT 7
#define SK_MMIO_VCPU_SHIFT 24

/* Bytes that the access moves: 1, 2, 4 or 8. */
static inline uint32_t sk_mmio_size(uint64_t info)
{
	return 1u << (info >> SK_MMIO_SIZE_SHIFT & 3u);
}

/* Index in its VM of the vCPU that made it. */
static inline uint32_t sk_mmio_vcpu(uint64_t info)
{
	return (uint32_t)(info >> SK_MMIO_VCPU_SHIFT) & 0xffu;
}

/* The guest's register for the value: 31 is the zero register. */
static inline uint32_t sk_mmio_register(uint64_t info)
{
	return (uint32_t)(info >> SK_MMIO_REGISTER_SHIFT) & 31u;
}

#endif
