/* See system.h. */
#define _DEFAULT_SOURCE /* readlink, realpath */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#define SERVER_OVERHEAD (512u << 10) /* tables, start page, log, stream; stacks come on top */
#define SLACK (16 * MIB)

char *system_path(const struct system *system, int node)
{
	char path[MANIFEST_PATH_BYTES];
	if (node < 0 || fdt_get_path(system->source.dtb.data, node, path, sizeof(path)) != 0) {
		return text_print("/");
	}
	return text_print("%s", path);
}

char *system_out(const struct options *options)
{
	char program[4096];
	if (options->out != NULL) {
		return text_print("%s", options->out);
	}
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (n <= 0) {
		fatal(TOOL_FAILED, "can't tell where this program is (%s): give --out DIR", strerror(errno));
	}
	program[n] = '\0';
	for (int level = 0; level < 2; level++) {
		char *slash = strrchr(program, '/');
		if (slash != NULL) {
			*slash = '\0';
		}
	}
	return text_print("%s", program);
}

char *system_manifest(const char *out, const char *name)
{
	char *given = text_print("%s/../manifest/%s", out, name);
	char *path = realpath(given, NULL);
	if (path == NULL) {
		char *higher = text_print("%s/../../manifest/%s", out, name);
		path = realpath(higher, NULL);
		free(higher);
	}
	char *here = realpath(".", NULL);
	size_t length = here == NULL ? 0 : strlen(here);
	if (path == NULL) {
		return given; /* reading it will tell */
	}
	bool below = length > 1 && strncmp(path, here, length) == 0 && path[length] == '/';
	return below ? path + length + 1 : path;
}

void system_read(struct system *system)
{
	manifest_read_all(system->source.dtb.data, system->source.dtb.size, &system->manifest, source_report,
			  &system->source);
}

uint64_t system_memory_needed(const struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	uint64_t bytes = SLACK;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		bytes += ((uint64_t)server->heap_kib + server->persistent_kib + server->dma_kib + 64ull * server->core_count) << 10;
		bytes += (uint64_t)server->objects.ram_kib << 10;
		bytes += SERVER_OVERHEAD;
	}
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		bytes += (uint64_t)manifest->channels[i].kib << 10;
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].memory_count; j++) {
			bytes += manifest->vms[i].memory[j].bytes;
		}
	}
	for (uint32_t i = 0; i < system->image_count; i++) {
		bytes += system->images[i].data.size;
	}
	return bytes;
}

/* --mem asks for a larger VM, not for an error: without --machine-mem the machine grows with it. */
static void system_fit_memory(struct system *system)
{
	uint64_t needed = system_memory_needed(system);
	bool may_grow = system->options->mem != 0 && system->options->machine_mem == 0;
	if (may_grow && needed > system->manifest.platform.memory.bytes) {
		edit_machine_memory(system, (needed + 64 * MIB - 1) / (64 * MIB) * (64 * MIB), "--mem");
		system_read(system);
	}
}

static void system_end_on_errors(const struct system *system)
{
	const struct source *source = &system->source;
	if (source->errors != 0) {
		fatal(TOOL_BAD_INPUT, "%u error%s in '%s'; nothing was started", source->errors,
		      source->errors == 1 ? "" : "s", source->path);
	}
}

struct system *system_load(const struct options *options)
{
	struct system *system = calloc(1, sizeof(*system));
	if (system == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	system->options = options;
	system->out = system_out(options);
	const char *path = options->manifest;
	if (path == NULL) {
		path = system_manifest(system->out, "default.dts");
	}
	if (options->verbose) {
		notice("manifest '%s'", path);
	}
	if (source_load(&system->source, path)) {
		edit_apply(system);
		if (system->source.errors == 0) {
			system_read(system);
		}
		if (system->source.errors == 0 && options->command == COMMAND_RUN) {
			optional_remove(system);
		}
	}
	/* Images and meaning only of a manifest that is well formed: no error leads to another one. */
	if (system->source.errors == 0) {
		if (!options->no_images && options->command != COMMAND_GRAPH) {
			images_load(system);
		}
		system_fit_memory(system);
		check_system(system);
	}
	system_end_on_errors(system);
	return system;
}
