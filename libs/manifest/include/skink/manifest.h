/*
 * The system's configuration, typed. A manifest is devicetree source
 * (manifest/SCHEMA.md) that dtc has compiled; the host tool checks it before
 * boot, and the supervisor, the VMMs and the console read the same blob at run
 * time. All of them see it through this one reader, so there is one place that
 * knows the format.
 *
 * Reading allocates nothing and prints nothing: the caller hands over a
 * `struct manifest` (about 60 KiB: make it static) whose strings point into the
 * blob, which must outlive it. Whatever the blob holds, reading ends and stays
 * inside the blob and inside the arrays below.
 *
 * Servers and VMs are known by their index: the order of their nodes.
 */
#ifndef SKINK_MANIFEST_H
#define SKINK_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/boot.h>
#include <sk/start.h>
#include <sk/vcpu.h>

/* The root's `compatible`: the version of the format. */
#define MANIFEST_COMPATIBLE "skink,system-1"
#define MANIFEST_NONE UINT32_MAX /* no such server, VM or device */

/* How many there can be; SCHEMA.md has the same limits. */
#define MANIFEST_DEVICES SK_BOOT_DEVICES
#define MANIFEST_DEVICE_INTERRUPTS 4u
#define MANIFEST_SERVERS 48u
#define MANIFEST_SERVER_USES 16u
#define MANIFEST_SERVER_DEVICES 4u
#define MANIFEST_BACKOFFS 8u
#define MANIFEST_VMS 8u
#define MANIFEST_VM_MEMORIES 4u
#define MANIFEST_VM_DEVICES 16u
#define MANIFEST_CHANNELS 16u
#define MANIFEST_CHANNEL_MEMBERS 4u
#define MANIFEST_WINDOWS 16u
#define MANIFEST_CALL_BUDGET_US 1000000u /* of a server that says nothing about it */
#define MANIFEST_STREAMS 35u /* '1'..'9', then 'a'..'z' */
#define MANIFEST_SERVER_STREAMS 7u

/* [base, base + bytes). */
struct manifest_range {
	uint64_t base;
	uint64_t bytes;
};

/* A physical device: registers and interrupts that one server may be given. */
struct manifest_device {
	const char *name; /* the node's name with its address, "pl011@9000000": also the start page's "device:…" */
	const char *compatible;
	struct manifest_range registers;
	uint32_t interrupts[MANIFEST_DEVICE_INTERRUPTS]; /* INTIDs */
	uint32_t interrupt_count;
	bool level; /* its interrupts are level-triggered; otherwise edges */
	bool stops;	      /* the supervisor stops the device with its owner, by a 32-bit store: */
	uint32_t stop_offset; /* in the registers, or in those of `host`; a multiple of 4 */
	uint32_t stop_value;
	const char *image; /* a file: what is on the disk that is there unless somebody says otherwise; NULL: nothing */
	uint32_t host;	      /* a function of PCI: the device that is its host bridge; else MANIFEST_NONE */
	uint32_t function;    /* device << 3 | function, on bus 0 */
	struct manifest_range window; /* a host bridge's: where its functions' registers may lie; else empty */
	int node;
};

/*
 * A host bridge's registers are the configuration space of bus 0 (ECAM): a page for each function. Each function has a
 * part of the window, counted from its end, for registers that no driver gets.
 */
#define MANIFEST_PCI_PAGE 4096u
#define MANIFEST_PCI_CONFIG_BYTES (256u * MANIFEST_PCI_PAGE)
#define MANIFEST_PCI_COMMAND 4u /* a function's command and status; 0 stops it: no access to memory, no registers */
#define MANIFEST_PCI_SPARE_BYTES 0x10000u

/* Is it a host bridge, whose functions are devices of their own? */
static inline bool manifest_is_pci_host(const struct manifest_device *device)
{
	return device->window.bytes != 0;
}

struct manifest_platform {
	const char *compatible;
	uint32_t cores;
	uint64_t core_mpidr[SK_MAX_CORES]; /* affinity fields; core i has affinity i unless `core-mpidr` says otherwise
					    */
	struct manifest_range memory;
	uint64_t gic_distributor;
	uint64_t gic_redistributors;
	uint32_t panic_console; /* index of the device that the kernel's panic print goes to, or MANIFEST_NONE */
	struct manifest_device devices[MANIFEST_DEVICES];
	uint32_t device_count;
	int node;
};

enum manifest_restart_policy {
	MANIFEST_RESTART_NEVER,	 /* a crash leads to the fallback at once */
	MANIFEST_RESTART_ALWAYS, /* at most `max` times in `window_ms` */
};

/* What becomes of a server that is not restarted (any more). */
enum manifest_fallback {
	MANIFEST_FALLBACK_NONE,	       /* it stays dead; its clients get SERVER_DIED */
	MANIFEST_FALLBACK_MARK_FAILED, /* its guest device is marked failed (DEVICE_NEEDS_RESET, or reads as absent) */
	MANIFEST_FALLBACK_STOP_VM,     /* the VM that it serves is stopped */
	MANIFEST_FALLBACK_RESTART_DEPENDANTS, /* servers that use it are restarted, and it starts cold with them */
	MANIFEST_FALLBACK_HALT,		      /* the machine is powered off */
};

struct manifest_restart {
	enum manifest_restart_policy policy;
	enum manifest_fallback fallback;
	uint32_t max;
	uint32_t window_ms;
	uint32_t backoff_ms[MANIFEST_BACKOFFS]; /* before the 1st, 2nd … restart in a window; the last one repeats */
	uint32_t backoff_count;			/* at least 1 */
	bool standby;				/* a second instance is loaded and waits */
	int node;				/* -1: no restart node, these are the defaults */
};

struct manifest_use {
	const char *name; /* the capability's name in the start page */
	uint32_t server;  /* index of the server called */
};

struct manifest_owned_device {
	char name[SK_NAME_BYTES]; /* the region's name in the start page: `device-names`, or the device's name up to '@'
				   */
	uint32_t device;	  /* index into platform.devices */
};

/* What a server may make kernel objects from, or see of them: for a server that does the supervisor's kind of work. */
struct manifest_objects {
	uint32_t ram_kib; /* 0: nothing of all this */
	uint32_t core;	  /* a core that nobody else uses; MANIFEST_NONE */
	bool machine;
	int node; /* -1: there is none */
};

struct manifest_server {
	const char *name;  /* the node's name, at most 16 characters */
	const char *image; /* file in the boot archive */
	const char *args;  /* strings one after the other, each with its NUL; args_bytes in all */
	uint32_t args_bytes;
	uint32_t cores[SK_MAX_CORES]; /* worker thread i runs on cores[i]; no core twice */
	uint32_t core_count;
	uint32_t priority;  /* 0 (most urgent) to 255 */
	uint32_t budget_us; /* of its own slots in the plan, a period; 0: unlimited */
	uint32_t period_us;
	uint32_t call_budget_us; /* longest run on one call, or without waiting; 0: no limit */
	uint32_t heartbeat_ms;	 /* longest silence; 0: no heartbeat asked for */
	uint32_t heap_kib;
	uint32_t persistent_kib;
	uint32_t dma_kib; /* physically contiguous memory, for a device to read and write; 0: none */
	uint32_t streams; /* duplex streams that it has on the console; up to MANIFEST_SERVER_STREAMS */
	bool operator; /* may use the supervisor's operator interface */
	bool archive;  /* may read the boot archive: open() finds its files */
	uint32_t only_with[MANIFEST_SERVER_DEVICES]; /* devices without which it is not part of the system */
	uint32_t only_with_count;
	struct manifest_use uses[MANIFEST_SERVER_USES];
	uint32_t use_count;
	struct manifest_owned_device devices[MANIFEST_SERVER_DEVICES];
	uint32_t device_count;
	struct manifest_restart restart;
	struct manifest_objects objects;
	int node;
};

/* Memory that its member servers share: a region named after the node, or as `names` says for each member. */
struct manifest_channel {
	const char *name;
	uint32_t kib;
	bool persistent;			    /* survives the restart of its members (always zeroed at boot) */
	uint32_t members[MANIFEST_CHANNEL_MEMBERS]; /* servers */
	const char *names[MANIFEST_CHANNEL_MEMBERS];
	uint32_t member_count;
	int node;
};

enum manifest_kernel_format {
	MANIFEST_KERNEL_IMAGE, /* arm64 Linux Image: placed by its header, device tree in x0 */
	MANIFEST_KERNEL_ELF,
	MANIFEST_KERNEL_FLAT, /* at kernel_address, entered at entry */
};

/* An emulated device of a VM: the range whose accesses go straight to `server`, and its line. */
struct manifest_vm_device {
	const char *name;	/* node name, "uart@9000000" */
	const char *compatible; /* for the guest's device tree */
	uint32_t server;
	struct manifest_range registers; /* guest-physical */
	uint32_t line;			 /* INTID in the guest, 32 and up; 0: none */
	bool level;
	bool guest_memory; /* its server gets the VM's memory mapped (a virtio device) */
	bool bounce_memory; /* its server gets the VM's bounce pool mapped, and nothing else of its memory */
	uint32_t dma_by;   /* the driver that may learn where the VM's memory lies; MANIFEST_NONE */
	int node;
};

struct manifest_vm {
	const char *name;
	uint32_t vmm; /* index of its VMM's server */
	uint32_t vcpus;
	uint32_t vcpu_cores[SK_VM_VCPUS_MAX]; /* physical core of each vCPU */
	uint32_t vcpu_priority;
	uint32_t vcpu_budget_us; /* a period; 0: unlimited */
	uint32_t vcpu_period_us;
	struct manifest_range memory[MANIFEST_VM_MEMORIES]; /* guest-physical; [0] holds the kernel */
	uint32_t memory_count;
	bool has_pool; /* the last of these memories is the bounce pool */
	enum manifest_kernel_format kernel_format;
	const char *kernel;	 /* files in the boot archive */
	const char *initrd;	 /* NULL: none */
	const char *dtb;	 /* NULL: the VMM makes the guest's device tree */
	const char *cmdline;	 /* "" if none */
	uint64_t kernel_address; /* flat: where it is copied to; default memory[0].base */
	uint64_t entry;		 /* flat: default kernel_address. Others: taken from the image */
	bool autostart;
	struct manifest_vm_device devices[MANIFEST_VM_DEVICES];
	uint32_t device_count;
	int node;
};

/* What of the VM's memory a device and its driver's hardware may be shown: how many memories, and which is the i-th. */
static inline uint32_t manifest_device_memories(const struct manifest_vm *vm, const struct manifest_vm_device *device)
{
	return device->bounce_memory ? 1 : vm->memory_count;
}

/* The index in vm->memory of the i-th, below manifest_device_memories(). */
static inline uint32_t manifest_device_memory(const struct manifest_vm *vm, const struct manifest_vm_device *device,
					      uint32_t i)
{
	return device->bounce_memory ? vm->memory_count - 1 : i;
}

/* How a core's time is given out (SCHEMA.md, /scheduling). */
enum manifest_policy { MANIFEST_FIXED_PRIORITY, MANIFEST_ROUND_ROBIN, MANIFEST_EDF, MANIFEST_TIME_PARTITION };

/* A part of a core's frame, and who runs in it. */
struct manifest_window {
	const char *name;
	uint32_t start_us; /* from the frame's beginning */
	uint32_t length_us;
	uint64_t servers; /* a bit each, by index */
	uint32_t vms;
	int node;
};

struct manifest_scheduling {
	enum manifest_policy policy;
	uint32_t slice_us;
	uint32_t frame_us; /* 0: there is none */
	struct manifest_window windows[MANIFEST_WINDOWS];
	uint32_t window_count;
	int node; /* the core's own, or /scheduling; negative: neither */
};

/* What the host tool tells the running system (/chosen). */
struct manifest_chosen {
	bool framed;		 /* console: streams are framed for the host tool; otherwise a person's terminal */
	bool exit_with_first_vm; /* power the machine off once VM 0 is off */
};

struct manifest {
	const void *dtb;
	const char *model; /* "" if none */
	struct manifest_platform platform;
	uint32_t supervisor_heap_kib;
	bool fault_injection; /* servers with `operator` may damage the others, to see what happens */
	bool trace; /* and may have what the kernel does noted, and read it */
	struct manifest_server servers[MANIFEST_SERVERS];
	uint32_t server_count;
	struct manifest_channel channels[MANIFEST_CHANNELS];
	uint32_t channel_count;
	struct manifest_vm vms[MANIFEST_VMS];
	uint32_t vm_count;
	struct manifest_scheduling scheduling[SK_MAX_CORES]; /* per core */
	struct manifest_chosen chosen;
};

/* Room for texts of a manifest_error, each with its zero; longer ones are cut. */
#define MANIFEST_PATH_BYTES 128u
#define MANIFEST_TEXT_BYTES 256u

/* Where something is wrong, what, and what was expected. */
struct manifest_error {
	char path[MANIFEST_PATH_BYTES]; /* node, "/servers/uart0" */
	const char *property;		/* NULL: the node itself; points into the blob or to static text */
	char text[MANIFEST_TEXT_BYTES];
};

/* Takes one thing that is wrong; `error` is gone after it returns. */
typedef void manifest_report(void *context, const struct manifest_error *error);

/*
 * Reads the blob at `dtb` (`size` bytes) into `manifest`. True if it is well
 * formed: known nodes and properties only, every value of its type and range, every
 * reference resolved. On false `*error` (may be NULL) holds the first thing that
 * is wrong and `manifest` is not to be used. What the parts mean together
 * (overlaps, budgets) is the host checker's business, before boot.
 */
bool manifest_read(const void *dtb, size_t size, struct manifest *manifest, struct manifest_error *error);

/*
 * The same, and reports everything that is wrong, one call of `report` each.
 * Returns the number of errors. After errors `manifest` holds what could be read (references that did not resolve
 * are MANIFEST_NONE, strings that are missing are ""), so that more can be checked.
 */
uint32_t manifest_read_all(const void *dtb, size_t size, struct manifest *manifest, manifest_report *report,
			   void *context);

/* Index of the server with this name, or MANIFEST_NONE. */
uint32_t manifest_find_server(const struct manifest *manifest, const char *name);

/* Index of the VM with this name, or MANIFEST_NONE. */
uint32_t manifest_find_vm(const struct manifest *manifest, const char *name);

/* The VM that this server is the VMM of, or MANIFEST_NONE. */
uint32_t manifest_vm_of_vmm(const struct manifest *manifest, uint32_t server);

/* The VM that has a device served by this server, or MANIFEST_NONE; `*device` (may be NULL): the device's index in it.
 */
uint32_t manifest_vm_of_device(const struct manifest *manifest, uint32_t server, uint32_t *device);

/*
 * A stream's id on the console: 'M' for the first one of the first server with `operator`, then '1'..'9', 'a'..'z' for
 * all others, in order of the servers, of which each may have several (`stream` counts them from 0). 0: there is no such
 * stream. 'L' (logs) and '0' (control) belong to no server.
 */
char manifest_stream_id(const struct manifest *manifest, uint32_t server, uint32_t stream);

/* The server that has the stream with this id, or MANIFEST_NONE; `stream`, unless NULL: which one of its streams. */
uint32_t manifest_server_of_stream(const struct manifest *manifest, char id, uint32_t *stream);

/* The server whose stream is this VM's console: the first of its devices' servers that has one; or MANIFEST_NONE. */
uint32_t manifest_console_of_vm(const struct manifest *manifest, uint32_t vm);

#endif
