/*
 * The VMM of one VM: what its modules share. Everything that must outlive this
 * process is in `struct vmm_saved`, which lies in the region "persistent" if
 * there is one: a new instance goes on with it and the guest's vCPUs never stopped.
 */
#ifndef VMM_H
#define VMM_H

#include <guest/boot.h>
#include <guest/guest.h>
#include <sk/idl/vmm.h>
#include <sk/process.h>
#include <skink/manifest.h>

#define VMM_SAVED_MAGIC 0x3130736d6d766b73ull

struct vmm_saved {
	uint64_t magic;
	uint64_t bytes;          /* of this struct: another build's is not taken over */
	uint32_t state;          /* enum vmm_state; changed by compare-and-swap */
	uint32_t reserved;
	uint64_t boots;
	uint64_t paused_counter; /* the guest's counter while it is paused */
	struct boot_layout layout;
	struct guest guest;
};

struct vmm {
	struct vmm_saved *saved;
	const struct manifest_vm *vm;
	struct boot_files files;
	const void *seed; /* for the guest's device tree */
	uint32_t seed_bytes;
	sk_cap_t space;
	sk_cap_t vcpu[SK_VM_VCPUS_MAX];
	sk_cap_t memory;  /* the VM's RAM; SK_CAP_NONE: caches need no help */
	sk_cap_t timers;
	sk_cap_t supervisor;
	sk_cap_t device[MANIFEST_VM_DEVICES]; /* device servers that know interface device */
	struct guest_error last_error;
};

extern struct vmm vmm;

/* Finds all that the supervisor granted. False, and says so in last_error, if something essential is missing. */
bool vmm_set_up(void);

/* Takes over what an earlier instance saved, or begins anew. False as above. */
bool vmm_take_over(void);

/* Called with the guest's call answered: it switched itself off, or wants to be reset. */
void vmm_guest_off(void);
void vmm_guest_reset(void);

/* Its VM can't go on: stops all of it and tells the supervisor why. */
void vmm_guest_failed(const char *why);

/* `vcpu`, blocked by firmware, goes on when its virtual timer is due, on the hardware or off it. */
void vmm_wake_by_timer(uint32_t vcpu);

/* Deadlines of port_timer_set() and vmm_wake_by_timer() have passed. */
void vmm_timers_due(void);

#endif
