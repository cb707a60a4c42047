/*
 * A system as the commands see it: the manifest with the command line's
 * replacements, and the files that it names. It is loaded in steps, and everything that is wrong
 * is told before any later step uses it.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "options.h"
#include "source.h"

#define MIB ((uint64_t)1 << 20)
#define SYSTEM_IMAGES (MANIFEST_SERVERS + 3 * MANIFEST_VMS + 1)

enum image_kind { IMAGE_SERVER, IMAGE_KERNEL, IMAGE_INITRD, IMAGE_DTB };

/* A file of the boot archive. */
struct image {
	char *name; /* in the archive */
	char *path; /* on the host */
	enum image_kind kind;
	struct bytes data;
};

struct system {
	const struct options *options;
	char *out; /* the build's output folder */
	struct source source;
	struct manifest manifest;
	char *run_initrd; /* --run: the manifest's name of the initrd that the command is added to */
	struct image images[SYSTEM_IMAGES];
	uint32_t image_count;
};

/* Everything up to the check; ends the tool with TOOL_BAD_INPUT when something is wrong. The caller frees nothing. */
struct system *system_load(const struct options *options);

/* --out, or the folder two levels above this program: OUT/bin/skink. */
char *system_out(const struct options *options);
/*
 * The shipped manifest `name`: beside the output folder, or one level higher for a build in a folder of its own below
 * that. Told as it is seen from the current folder; the caller keeps it.
 */
char *system_manifest(const char *out, const char *name);

/* Number of the virtio-mmio transport that this device is; MANIFEST_NONE: it is none. */
uint32_t device_transport(const struct manifest_device *device);

/*
 * The platform's device, an index, that is the number-th virtio device, from 0, whose owner has this image;
 * MANIFEST_NONE: there are fewer.
 */
uint32_t device_driven_by(const struct manifest *manifest, const char *image, uint32_t number);

/*
 * What QEMU is told of a virtio device that is to be there: "virtio-KIND-device,PROPERTIES,bus=…", or the same as a
 * function of PCI. The caller frees it.
 */
char *device_for_qemu(const struct manifest_device *device, const char *kind, const char *properties);

/* Does the owner of this device of the platform have that argument? */
bool device_driver_has(const struct manifest *manifest, uint32_t device, const char *argument);

/* Path of a node of the manifest. */
char *system_path(const struct system *system, int node);

/* images.c: finds and reads what the manifest names; errors are the source's. */
void images_load(struct system *system);
/* A file of the build itself ("kernel.bin", "images/supervisor"); NULL if it isn't there. */
char *images_built(const struct system *system, const char *name);
/* Path of a file that a guest or a disk has in it; NULL if there is no such file. */
char *images_guest_file(const struct system *system, const char *name);
const struct image *image_named(const struct system *system, const char *name);
/* image_format.c: whether the file is what it is meant for. */
void image_check(struct system *system, const struct image *image, int node, const char *property);

/* edit.c: what the command line replaces in the manifest. */
void edit_apply(struct system *system);
/* Sets the platform's memory size. */
void edit_machine_memory(struct system *system, uint64_t bytes, const char *option);
/* What the running system is told in /chosen. */
void edit_chosen(struct system *system, bool framed, bool exit_with_first_vm);

/*
 * optional.c, for `skink run`: takes out of the manifest the servers that are `only-with` devices on which the command line
 * puts nothing; with them go their channels and what they are in the VMs.
 */
void optional_remove(struct system *system);

/* Reads `manifest` from the blob; errors are the source's. */
void system_read(struct system *system);

/* RAM that the system needs at least, boot image included. */
uint64_t system_memory_needed(const struct system *system);

/* check/check.c: all that can be told without running it. */
void check_system(struct system *system);

/* graph.c */
int graph_main(const struct options *options);
/* pack.c: the boot image of a loaded system. */
void pack_system(struct system *system, struct bytes *image);
/* run/run.c */
int run_main(const struct options *options);
/* inject/inject.c */
int inject_main(const struct options *options);
int trace_main(const struct options *options);
/* bench/bench.c */
int bench_main(const struct options *options);

#endif
