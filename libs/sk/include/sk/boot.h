/*
 * What the host's packer leaves behind the kernel in the boot image, and where
 * the kernel puts the supervisor. The machine is described here by numbers that
 * the packer took from the checked manifest, so the kernel parses nothing.
 *
 * Boot image: kernel (flat, its .bss included) | boot info page | start page of
 * the supervisor | supervisor's segments | archive (cpio newc: manifest.dtb,
 * server images, guest images). Each part begins on a page.
 */
#ifndef SK_BOOT_H
#define SK_BOOT_H

#include <sk/abi.h>

/* "1SKKBOOT", little-endian, the version of this layout, and how much there can be of what is below. */
#define SK_BOOT_MAGIC 0x544f4f424b4b5331ull
#define SK_BOOT_VERSION 1u
#define SK_BOOT_SEGMENTS 8u
#define SK_BOOT_DEVICES 16u

struct sk_boot_segment {
	uint64_t offset;       /* from the boot info page, page-aligned */
	uint64_t address;      /* in the supervisor, page-aligned */
	uint64_t file_bytes;
	uint64_t memory_bytes; /* at least file_bytes; what is over is zero */
	uint32_t flags;        /* SK_RIGHT_READ | WRITE | EXECUTE */
	uint32_t reserved;
};

struct sk_boot_device {
	uint64_t base;         /* physical, page-aligned */
	uint64_t bytes;
	char name[SK_NAME_BYTES];
};

struct sk_boot_info {
	uint64_t magic;
	uint32_t version;
	uint32_t core_count;
	uint64_t ram_base;
	uint64_t ram_bytes;
	uint64_t gic_distributor;
	uint64_t gic_redistributors;
	uint64_t panic_uart;             /* PL011 for the kernel's panic print; 0: none */
	uint64_t image_bytes;            /* from the boot info page to the end of the archive */
	uint64_t archive_offset;         /* from the boot info page */
	uint64_t archive_bytes;
	uint64_t supervisor_entry;
	uint32_t object_slots;           /* size of the object table */
	uint32_t segment_count;
	uint32_t device_count;
	uint32_t reserved;
	uint64_t core_mpidr[SK_MAX_CORES]; /* affinity fields of each core; [0] is the boot core */
	struct sk_boot_segment segments[SK_BOOT_SEGMENTS];
	struct sk_boot_device devices[SK_BOOT_DEVICES];
};

_Static_assert(sizeof(struct sk_boot_info) <= SK_PAGE_BYTES, "the boot info is one page");

/* The supervisor's capability slots at its first instruction. */
enum sk_boot_slot {
	SK_BOOT_SLOT_MACHINE = 1,
	SK_BOOT_SLOT_SPACE = 2,      /* its own process */
	SK_BOOT_SLOT_THREAD = 3,     /* its own thread, on core 0 */
	SK_BOOT_SLOT_ENDPOINT = 4,   /* its own endpoint, bound to that thread */
	SK_BOOT_SLOT_ARCHIVE = 5,    /* memory: the archive */
	SK_BOOT_SLOT_RAM = 6,        /* memory: all RAM that is left */
	SK_BOOT_SLOT_NOTIFICATION = 7, /* bound to its thread */
	SK_BOOT_SLOT_DEVICES = 16,   /* and up: memory of devices[i] */
};

/* Where things are in every process. Images are linked at SK_VA_IMAGE. */
#define SK_VA_START_PAGE 0x00200000ull
#define SK_VA_MESSAGE_BUFFERS 0x00210000ull /* thread i: + i * 4096 */
#define SK_VA_STACKS 0x00220000ull          /* thread i: [+ i * 64 KiB + 4096, + (i + 1) * 64 KiB); a guard page each */
#define SK_VA_IMAGE 0x00400000ull
#define SK_VA_REGIONS 0x10000000ull         /* regions of the start page, each with an unmapped page behind it */
#define SK_VA_ARCHIVE 0x4000000000ull       /* the boot archive, where granted (always to the supervisor) */

#endif
