/*
 * Where the files are that a manifest names. Guests' files: --images, then the
 * manifest's own folder, then what the build fetched or made. Servers: --images, then the build.
 */
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpio.h"

#define IMAGE_MAX (512 * MIB)

static const char *const guest_folders[] = { "guest", "aarch64/guest", "../guest", NULL };
static const char *const server_folders[] = { "aarch64/images", NULL };

static char *image_at(const char *folder, const char *between, const char *name)
{
	char *path = text_print("%s%s%s%s%s", folder, *folder != '\0' ? "/" : "", between, *between != '\0' ? "/" : "",
				name);
	if (access(path, F_OK) == 0) {
		return path;
	}
	free(path);
	return NULL;
}

char *images_built(const struct system *system, const char *name)
{
	return image_at(system->out, "aarch64", name);
}

static char *manifest_folder(const struct system *system)
{
	const char *slash = strrchr(system->source.path, '/');
	return slash == NULL ? text_print(".")
			     : text_print("%.*s", (int)(slash - system->source.path + 1), system->source.path);
}

static char *image_find(const struct system *system, const char *name, enum image_kind kind)
{
	const struct options *options = system->options;
	char *path = NULL;
	if (*name == '/') {
		return image_at("", "", name);
	}
	for (uint32_t i = 0; i < options->images_count && path == NULL; i++) {
		path = image_at(options->images[i], "", name);
	}
	if (kind != IMAGE_SERVER && path == NULL) {
		char *folder = manifest_folder(system);
		path = image_at(folder, "", name);
		free(folder);
	}
	for (const char *const *folder = kind == IMAGE_SERVER ? server_folders : guest_folders;
	     *folder != NULL && path == NULL; folder++) {
		path = image_at(system->out, *folder, name);
	}
	return path;
}

char *images_guest_file(const struct system *system, const char *name)
{
	return image_find(system, name, IMAGE_KERNEL);
}

const struct image *image_named(const struct system *system, const char *name)
{
	for (uint32_t i = 0; i < system->image_count; i++) {
		if (strcmp(system->images[i].name, name) == 0) {
			return &system->images[i];
		}
	}
	return NULL;
}

/* The command line's file for a property of the first VM, or NULL. */
static const char *image_given(const struct system *system, enum image_kind kind, bool first_vm)
{
	const struct options *options = system->options;
	if (!first_vm) {
		return NULL;
	}
	if (kind == IMAGE_INITRD && options->initrd == NULL && system->run_initrd != NULL) {
		const char *found = image_find(system, system->run_initrd, kind);
		return found != NULL ? found : system->run_initrd;
	}
	return kind == IMAGE_KERNEL ? options->kernel : kind == IMAGE_INITRD ? options->initrd : options->dtb;
}

static void image_missing(struct system *system, const char *name, enum image_kind kind, char *node,
			  const char *property)
{
	if (kind == IMAGE_SERVER) {
		source_error(&system->source, node, property,
			     "names `%s`, but there is no such program; expected one of those in %s/aarch64/images "
			     "(build/run builds them), or --images DIR",
			     name, system->out);
	} else {
		source_error(&system->source, node, property,
			     "names `%s`, but there is no such file; expected it beside the manifest, in %s/guest "
			     "(build/setup fetches the default guest), or in --images DIR",
			     name, system->out);
	}
}

static void image_add(struct system *system, const char *name, enum image_kind kind, int node, const char *property,
		      const char *given)
{
	const struct image *known = image_named(system, name);
	char *path = system_path(system, node);
	struct image image = { .name = text_print("%s", name), .kind = kind };
	if (known != NULL) {
		if ((known->kind == IMAGE_SERVER) != (kind == IMAGE_SERVER)) {
			source_error(&system->source, path, property,
				     "names `%s`, a name that %s has too; expected different names in the archive",
				     name, kind == IMAGE_SERVER ? "a guest's file" : "a server's program");
		}
		image_check(system, known, node, property);
		free(path);
		return;
	}
	image.path = given != NULL ? text_print("%s", given) : image_find(system, name, kind);
	if (image.path == NULL) {
		image_missing(system, name, kind, path, property);
	} else if (!file_read(image.path, IMAGE_MAX, &image.data)) {
		source_error(&system->source, path, property,
			     "can't be read from '%s': %s; expected a file of at most %u MiB", image.path,
			     strerror(errno), (unsigned)(IMAGE_MAX / MIB));
	} else {
		system->images[system->image_count] = image;
		image_check(system, &system->images[system->image_count++], node, property);
	}
	free(path);
}

/* --run: the command goes into a second archive behind the guest's initrd, as build/guest/with_run does. */
static void image_append_run(struct system *system, const struct manifest_vm *vm)
{
	const char *command = system->options->run;
	struct image *initrd = (struct image *)image_named(system, vm->initrd);
	if (initrd == NULL) {
		return; /* told already */
	}
	struct bytes text = { 0 };
	bytes_text(&text, command);
	bytes_text(&text, "\n");
	bytes_align(&initrd->data, 512);
	cpio_folder(&initrd->data, "skink");
	cpio_file(&initrd->data, "skink/run", text.data, text.size, 4);
	cpio_end(&initrd->data);
	bytes_free(&text);
}

void images_load(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		image_add(system, manifest->servers[i].image, IMAGE_SERVER, manifest->servers[i].node, "image", NULL);
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		const struct manifest_vm *vm = &manifest->vms[i];
		image_add(system, vm->kernel, IMAGE_KERNEL, vm->node, "kernel",
			  image_given(system, IMAGE_KERNEL, i == 0));
		if (vm->initrd != NULL) {
			image_add(system, vm->initrd, IMAGE_INITRD, vm->node, "initrd",
				  image_given(system, IMAGE_INITRD, i == 0));
		}
		if (vm->dtb != NULL) {
			image_add(system, vm->dtb, IMAGE_DTB, vm->node, "dtb", image_given(system, IMAGE_DTB, i == 0));
		}
	}
	for (uint32_t i = 0; i < manifest->platform.device_count; i++) {
		const struct manifest_device *device = &manifest->platform.devices[i];
		char *disk = device->image == NULL ? NULL : images_guest_file(system, device->image);
		if (device->image != NULL && disk == NULL && system->options->root == NULL) {
			char *path = system_path(system, device->node);
			image_missing(system, device->image, IMAGE_KERNEL, path, "image");
			free(path);
		}
		free(disk);
	}
	if (system->options->run != NULL) {
		image_append_run(system, &manifest->vms[0]);
	}
}
