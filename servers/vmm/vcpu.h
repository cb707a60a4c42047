/* What the VMM does to its vCPUs that depends on their registers. `vcpu` is the index in the VM. */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "vmm.h"

/* Reads the machine's identification registers through `vcpu`, and fills the guest's table. */
void vcpu_arch_identify(struct guest *guest, sk_cap_t vcpu);

/* Registers as after reset, but PC, x0 and the counter's offset. The vCPU must not run. */
sk_status_t vcpu_arch_reset(uint32_t vcpu, uint64_t entry, uint64_t context);

/* Moves a vCPU's counter without touching its timer. The vCPU must not run. */
sk_status_t vcpu_arch_set_offset(sk_cap_t vcpu, uint64_t offset);

/* Random bits from the CPU; false if it makes none. */
bool vcpu_arch_random(const struct guest *guest, uint64_t *word);

#endif
