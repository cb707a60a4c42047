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

/* What of the manifest every start of this process needs. */
struct vmm_config {
	char name[SK_NAME_BYTES];
	uint32_t vcpus;
	uint32_t devices;
	uint64_t ram_base; /* guest-physical */
	uint64_t ram_bytes;
	uint32_t vcpu_cores[SK_VM_VCPUS_MAX];
	char device[MANIFEST_VM_DEVICES][SK_NAME_BYTES]; /* the device's server */
};

struct vmm_saved {
	uint64_t magic;
	uint64_t bytes;          /* of this struct: another build's is not taken over */
	uint32_t state;          /* enum vmm_state and enum vmm_order: see lifecycle.c; changed by compare-and-swap */
	uint32_t requests[SK_VM_VCPUS_MAX]; /* enum vmm_request of each vCPU; atomic; cleared when carried out */
	uint64_t boots;
	uint64_t paused_counter; /* the guest's counter while it is paused */
	struct vmm_config config;
	struct boot_layout layout;
	struct guest guest;
};

struct vmm {
	struct vmm_saved *saved;
	const struct manifest_vm *vm; /* with `files` and `seed`: NULL until a guest is to be loaded */
	struct boot_files files;
	const void *seed; /* for the guest's device tree */
	uint32_t seed_bytes;
	sk_cap_t space;
	sk_cap_t vcpu[SK_VM_VCPUS_MAX];
	sk_cap_t memory;  /* the VM's RAM; SK_CAP_NONE: caches need no help */
	sk_cap_t timers;
	sk_cap_t supervisor;
	sk_cap_t self;    /* this server's notification */
	sk_cap_t device[MANIFEST_VM_DEVICES]; /* device servers that know interface device */
	bool again[SK_MAX_CORES]; /* worker i serves a message that an earlier instance died over */
	uint32_t interrupted;     /* enum vmm_order that an earlier instance died over; 0: none, or it was taken up */
	uint64_t deadlines[SK_VM_VCPUS_MAX];   /* physical timers: ticks + 1; 0: none */
	uint64_t wakes[SK_VM_VCPUS_MAX];       /* vCPUs asleep in CPU_SUSPEND: ns; 0: none */
	uint64_t slept_after[SK_VM_VCPUS_MAX]; /* their exits until then */
	struct guest_error last_error;
};

/*
 * What a vCPU's last exit leaves to be done once that vCPU has come to rest; with VMM_REQUEST_AGAIN, an earlier
 * instance may have begun.
 */
enum vmm_request { VMM_REQUEST_NOTHING, VMM_REQUEST_OFF, VMM_REQUEST_RESET, VMM_REQUEST_FAILED };
#define VMM_REQUEST_AGAIN 0x100u

#define VMM_SIGNAL_REQUEST SK_SIGNAL_FIRST_FREE /* bit of this server's notification: look at `requests` */

extern struct vmm vmm;

/* Reads the manifest and finds the guest's files. False, and says so in last_error, if something is missing. */
bool vmm_describe(void);

/* Fills it from the description. */
void vmm_configure(struct vmm_config *config);

/* An earlier instance's orders and requests are carried out from where it was. */
void vmm_adopt(void);

/* Is the VM in state running? */
bool vmm_runs(void);

/* From the exit's handler, which answers with action `stop`; worker 0 does the rest. */
void vmm_request(uint32_t vcpu, enum vmm_request request);

/* Does what vCPUs have requested. Worker 0. */
void vmm_serve_requests(void);

/*
 * From the handler of `vcpu`'s CPU_SUSPEND, which answers with action `block`: the vCPU is woken when its
 * virtual timer is due, whether that is in the hardware then or not.
 */
void vmm_wake_by_timer(uint32_t vcpu);

/* After a restart: every vCPU that sleeps in CPU_SUSPEND is to be woken as it would have been. */
void vmm_wake_sleepers(void);

/* Deadlines of port_timer_set() and vmm_wake_by_timer() have passed. */
void vmm_timers_due(void);

#endif
