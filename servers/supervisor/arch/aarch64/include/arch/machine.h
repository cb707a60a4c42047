/*
 * The guest's machine as far as the supervisor must know it: where the interrupt
 * controller is that its VMM models (GICv3 where QEMU's virt has it), and a vCPU's identity.
 */
#ifndef SUPERVISOR_ARCH_MACHINE_H
#define SUPERVISOR_ARCH_MACHINE_H

#include <stdint.h>

/* Guest-physical: distributor (base, bytes), redistributors (base, bytes for each vCPU). */
#define MACHINE_CONTROLLER_BASE 0x08000000ull
#define MACHINE_CONTROLLER_BYTES 0x10000ull
#define MACHINE_CONTROLLER_VCPUS_BASE 0x080a0000ull
#define MACHINE_CONTROLLER_VCPU_BYTES 0x20000ull

/* memory.create_vcpu's `config`: the guest's MPIDR affinity. Aff0 counts to 16, as SGI target lists can. */
static inline uint64_t machine_vcpu_config(uint32_t index)
{
	return (uint64_t)(index & 0xfu) | (uint64_t)(index >> 4) << 8;
}

#endif
