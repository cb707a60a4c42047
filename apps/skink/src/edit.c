/*
 * Changes to the compiled manifest: the command line's, and what `run` tells
 * the system. The blob that results is the one that is checked, packed and booted.
 */
#include "system.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libfdt.h>

#define EDIT_ROOM 65536u
#define FIXED_EPOCH 1704067200ll /* 2024-01-01 00:00:00 UTC */

static void *edit_blob(struct system *system)
{
	return system->source.dtb.data;
}

static void edit_must(const struct system *system, int result, const char *what)
{
	if (result < 0) {
		fatal(TOOL_BAD_INPUT, "%s can't be applied to '%s': %s", what, system->source.path,
		      fdt_strerror(result));
	}
}

/* Makes room for changes. False if the blob is damaged: reading it will tell. */
static bool edit_open(struct system *system, size_t room)
{
	struct bytes *dtb = &system->source.dtb;
	struct bytes larger = { 0 };
	if (fdt_check_full(dtb->data, dtb->size) != 0) {
		return false;
	}
	bytes_zeroes(&larger, dtb->size + room + EDIT_ROOM);
	edit_must(system, fdt_open_into(dtb->data, larger.data, (int)larger.size), "the command line");
	bytes_free(dtb);
	*dtb = larger;
	return true;
}

/* A child of the root, which is made if it is not there. */
static int edit_child(struct system *system, const char *name)
{
	int child = fdt_subnode_offset(edit_blob(system), 0, name);
	if (child < 0) {
		child = fdt_add_subnode(edit_blob(system), 0, name);
	}
	edit_must(system, child, name);
	return child;
}

static int edit_first_vm(struct system *system)
{
	int vms = fdt_subnode_offset(edit_blob(system), 0, "vms");
	return vms < 0 ? vms : fdt_first_subnode(edit_blob(system), vms);
}

/* The first VM's node; an error that names `option` if there is no VM. */
static int edit_vm(struct system *system, const char *option)
{
	int vm = edit_first_vm(system);
	if (vm < 0) {
		fatal(TOOL_BAD_INPUT, "%s is about the first VM, but '%s' has none", option, system->source.path);
	}
	return vm;
}

static void edit_note(struct system *system, int node, const char *property, const char *option)
{
	char *path = system_path(system, node);
	source_override(&system->source, path, property, option);
	free(path);
}

static int set_string(void *blob, int node, const char *property, const char *value)
{
	return fdt_setprop(blob, node, property, value, (int)strlen(value) + 1);
}

static void edit_string(struct system *system, const char *property, const char *value, const char *option)
{
	int vm = edit_vm(system, option);
	edit_must(system, set_string(edit_blob(system), vm, property, value), option);
	edit_note(system, vm, property, option);
}

/* A file of the command line gets a name of its own in the archive: another VM may use the manifest's file. */
static void edit_file(struct system *system, const char *property, const char *file, const char *option)
{
	if (file == NULL) {
		return;
	}
	int vm = edit_vm(system, option);
	char *name = text_print("%s.%s", fdt_get_name(edit_blob(system), vm, NULL), property);
	edit_string(system, property, name, option);
	free(name);
}

/* --run changes the first VM's initrd, which other VMs may have too: it gets a copy under another name. */
static void edit_run(struct system *system)
{
	int vm = edit_vm(system, "--run");
	const char *initrd = fdt_getprop(edit_blob(system), vm, "initrd", NULL);
	if (initrd == NULL) {
		fatal(TOOL_BAD_INPUT, "--run needs a guest with an initrd; give --initrd FILE");
	}
	if (system->options->initrd == NULL) {
		system->run_initrd = text_print("%s", initrd);
		edit_file(system, "initrd", initrd, "--run");
	}
}

static void edit_vm_memory(struct system *system, uint64_t mib)
{
	fdt32_t cells[4 * MANIFEST_VM_MEMORIES];
	int length;
	int vm = edit_vm(system, "--mem");
	const void *memory = fdt_getprop(edit_blob(system), vm, "memory", &length);
	if (memory == NULL || length < 16 || (size_t)length > sizeof(cells)) {
		return; /* reading it will tell */
	}
	memcpy(cells, memory, (size_t)length);
	cells[2] = cpu_to_fdt32((uint32_t)(mib * MIB >> 32));
	cells[3] = cpu_to_fdt32((uint32_t)(mib * MIB));
	edit_must(system, fdt_setprop(edit_blob(system), vm, "memory", cells, length), "--mem");
	edit_note(system, vm, "memory", "--mem");
}

static void edit_vcpus(struct system *system, uint64_t vcpus)
{
	int vm = edit_vm(system, "--vcpus");
	int removed = fdt_delprop(edit_blob(system), vm, "vcpu-cores");
	edit_must(system, removed == -FDT_ERR_NOTFOUND ? 0 : removed, "--vcpus");
	edit_must(system, fdt_setprop_u32(edit_blob(system), vm, "vcpus", (uint32_t)vcpus), "--vcpus");
	edit_note(system, vm, "vcpus", "--vcpus");
}

static void edit_cores(struct system *system, uint64_t cores)
{
	int platform = fdt_subnode_offset(edit_blob(system), 0, "platform");
	if (platform >= 0) {
		edit_must(system, fdt_setprop_u32(edit_blob(system), platform, "cores", (uint32_t)cores), "--cores");
		edit_note(system, platform, "cores", "--cores");
	}
}

void edit_machine_memory(struct system *system, uint64_t bytes, const char *option)
{
	int length;
	int platform = fdt_subnode_offset(edit_blob(system), 0, "platform");
	const void *memory = platform < 0 ? NULL : fdt_getprop(edit_blob(system), platform, "memory", &length);
	if (memory == NULL || length != 16) {
		return; /* reading it will tell */
	}
	fdt32_t cells[4];
	memcpy(cells, memory, sizeof(cells));
	cells[2] = cpu_to_fdt32((uint32_t)(bytes >> 32));
	cells[3] = cpu_to_fdt32((uint32_t)bytes);
	edit_must(system, fdt_setprop(edit_blob(system), platform, "memory", cells, sizeof(cells)), option);
	edit_note(system, platform, "memory", option);
}

/*
 * A server that keeps the wall clock asks for it with the argument "epoch=now": the Unix time at which the machine's
 * counter was 0, that is, now. A run that counts instructions is to repeat exactly, so its clock begins at a fixed
 * time.
 */
static void edit_epoch(struct system *system, int server)
{
	int length;
	const char *old = fdt_getprop(edit_blob(system), server, "args", &length);
	struct bytes args = { 0 };
	bool found = false;
	if (old == NULL || length == 0 || old[length - 1] != '\0') {
		return; /* none, or reading it will tell */
	}
	for (const char *string = old; string < old + length; string += strlen(string) + 1) {
		if (strcmp(string, "epoch=now") == 0) {
			char *epoch =
				text_print("epoch=%lld", system->options->icount ? FIXED_EPOCH : (long long)time(NULL));
			bytes_append(&args, epoch, strlen(epoch) + 1);
			free(epoch);
			found = true;
		} else {
			bytes_append(&args, string, strlen(string) + 1);
		}
	}
	if (found) {
		edit_must(system, fdt_setprop(edit_blob(system), server, "args", args.data, (int)args.size),
			  "epoch=now");
	}
	bytes_free(&args);
}

static void edit_epochs(struct system *system)
{
	int servers = fdt_subnode_offset(edit_blob(system), 0, "servers");
	int server;
	if (servers < 0) {
		return; /* reading it will tell */
	}
	fdt_for_each_subnode(server, edit_blob(system), servers)
	{
		edit_epoch(system, server);
	}
}

/* The words behind the server's name, each with its NUL. */
static void edit_args(struct system *system, const char *given)
{
	void *blob = edit_blob(system);
	int servers = fdt_subnode_offset(blob, 0, "servers");
	int length = (int)strcspn(given, " ");
	int server = servers < 0 ? servers : fdt_subnode_offset_namelen(blob, servers, given, length);
	struct bytes args = { 0 };
	if (server < 0) {
		fatal(TOOL_BAD_INPUT, "--args '%s': '%s' has no server `%.*s`; expected 'SERVER ARGUMENT ...'", given,
		      system->source.path, length, given);
	}
	for (const char *word = given + length; *word != '\0';) {
		size_t size = strcspn(word, " ");
		bytes_append(&args, word, size);
		if (size != 0) {
			bytes_append(&args, "", 1);
		}
		word += size + (word[size] == ' ' ? 1 : 0);
	}
	edit_must(system, fdt_setprop(blob, server, "args", args.data, (int)args.size), "--args");
	edit_note(system, fdt_subnode_offset_namelen(blob, servers, given, length), "args", "--args");
	bytes_free(&args);
}

void edit_apply(struct system *system)
{
	const struct options *options = system->options;
	if (!edit_open(system, options->append != NULL ? strlen(options->append) : 0)) {
		return;
	}
	for (uint32_t i = 0; i < options->args_count; i++) {
		edit_args(system, options->args[i]);
	}
	edit_epochs(system);
	edit_file(system, "kernel", options->kernel, "--kernel");
	edit_file(system, "initrd", options->initrd, "--initrd");
	edit_file(system, "dtb", options->dtb, "--dtb");
	if (options->run != NULL) {
		edit_run(system);
	}
	if (options->append != NULL) {
		edit_string(system, "cmdline", options->append, "--append");
	}
	if (options->mem != 0) {
		edit_vm_memory(system, options->mem);
	}
	if (options->vcpus != 0) {
		edit_vcpus(system, options->vcpus);
	}
	if (options->cores != 0) {
		edit_cores(system, options->cores);
	}
	if (options->trace) {
		int supervisor = edit_child(system, "supervisor");
		edit_must(system, fdt_setprop_empty(edit_blob(system), supervisor, "trace"), "--trace");
		edit_note(system, supervisor, "trace", "--trace");
	}
	if (options->machine_mem != 0) {
		edit_machine_memory(system, options->machine_mem * MIB, "--machine-mem");
	}
}

void edit_chosen(struct system *system, bool framed, bool exit_with_first_vm)
{
	void *blob = edit_blob(system);
	int chosen = edit_child(system, "chosen");
	edit_must(system, set_string(blob, chosen, "skink,console", framed ? "framed" : "terminal"),
		  "the console's mode");
	if (exit_with_first_vm) {
		edit_must(system, fdt_setprop_empty(blob, chosen, "skink,exit-with-first-vm"), "--batch");
	}
	system_read(system);
}
