/* `skink run`: check, pack, boot. See session.h for the run itself. */
#define _POSIX_C_SOURCE 200809L
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void session_log(struct session *session)
{
	const char *path = session->options->log;
	if (path != NULL) {
		session->log = fopen(path, "we");
		if (session->log == NULL) {
			fatal(TOOL_BAD_INPUT, "--log: '%s' can't be written: %s", path, strerror(errno));
		}
	}
	session->lines.log = session->log != NULL ? session->log : stderr;
	/* What it says for a trace is for a program. */
	session->lines.monitor = session->options->command == COMMAND_TRACE ? session->lines.log : stderr;
}

static void tell_keys(const struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	notice("%s: %u core%s, %llu MiB, %u VM%s. Ctrl-A m: monitor, Ctrl-A x: leave, Ctrl-A Ctrl-A: a Ctrl-A",
	       *manifest->model != '\0' ? manifest->model : system->source.path, manifest->platform.cores,
	       manifest->platform.cores == 1 ? "" : "s", (unsigned long long)(manifest->platform.memory.bytes / MIB),
	       manifest->vm_count, manifest->vm_count == 1 ? "" : "s");
	if (manifest_server_of_stream(manifest, '2', NULL) == MANIFEST_NONE) {
		return;
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		uint32_t vm = manifest_vm_of_device(manifest, i, NULL);
		for (uint32_t j = 0; vm != MANIFEST_NONE && j < manifest->servers[i].streams; j++) {
			char *name = lines_stream_name(manifest, i, j);
			notice("Ctrl-A %c: %s of VM %s", manifest_stream_id(manifest, i, j), name,
			       manifest->vms[vm].name);
			free(name);
		}
	}
}

static void session_prepare(struct session *session, struct system *system)
{
	const struct options *options = system->options;
	const struct manifest *manifest = &system->manifest;
	uint32_t console = manifest_console_of_vm(manifest, 0);
	session->system = system;
	session->options = options;
	session->framed = options->batch;
	session->console = console == MANIFEST_NONE ? 0 : manifest_stream_id(manifest, console, 0);
	session->lines.manifest = manifest;
	session->trigger.options = options;
	/* A program's input goes to the guest in batch mode too; a terminal's is left alone there. */
	session->read_input = !options->batch || (session->console != 0 && !isatty(STDIN_FILENO));
	session->size_due = !options->batch;
	verdict_init(&session->verdict, manifest->vm_count == 0 ? NULL : manifest->vms[0].name);
	session_log(session);
}

int run_main(const struct options *options)
{
	return run_observed(options, NULL, NULL);
}

int run_observed(const struct options *options, session_observe *observe, void *context)
{
	static struct session session;
	struct bytes image = { 0 };
	struct system *system = system_load(options);
	edit_chosen(system, options->batch, options->batch);
	session_prepare(&session, system);
	session.observe = observe;
	session.context = context;
	if (session.trigger.options->monitor_count != 0 &&
	    manifest_server_of_stream(&system->manifest, 'M', NULL) == MANIFEST_NONE) {
		fatal(TOOL_BAD_INPUT, "--monitor needs a monitor: no server of '%s' has `operator` and `stream`",
		      system->source.path);
	}
	pack_system(system, &image);
	qemu_prepare(&session.qemu, system, &image);
	if (options->verbose) {
		notice("boot image of %zu KiB", image.size / 1024);
	}
	bytes_free(&image);
	if (options->dry_run) {
		qemu_print(&session.qemu);
		return TOOL_OK;
	}
	if (!options->batch) {
		tell_keys(system);
	}
	if (options->gdb) {
		notice("waiting for a debugger: gdb-multiarch -ex 'target remote localhost:1234'");
	}
	session.deadline_ms = options->timeout == 0 ? 0 : now_ms() + (int64_t)options->timeout * 1000;
	return session_run(&session);
}
