/*
 * A drawing of the system in Graphviz's language: an arrow for each capability
 * to call (solid: `uses`; bold: a VM's exits), dashed for interrupt lines, dotted for shared memory.
 */
#define _GNU_SOURCE /* vasprintf */
#include "system.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct bytes *dot, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct bytes *dot, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0) {
		fatal(TOOL_FAILED, "out of memory");
	}
	bytes_text(dot, text);
	free(text);
}

/* For text between quotes in DOT: the manifest's strings may hold anything printable. */
static char *quoted(const char *text)
{
	struct bytes bytes = { 0 };
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			bytes_text(&bytes, "\\");
		}
		bytes_append(&bytes, text, 1);
	}
	bytes_append(&bytes, "", 1);
	return (char *)bytes.data;
}

static void graph_server(struct bytes *dot, const struct manifest_server *server, uint32_t index)
{
	char *image = quoted(server->image);
	add(dot, "\t\tserver%u [label=\"%s\\n%s\\ncore", index, server->name, image);
	for (uint32_t i = 0; i < server->core_count; i++) {
		add(dot, " %u", server->cores[i]);
	}
	add(dot, ", priority %u\\nheap %u KiB", server->priority, server->heap_kib);
	if (server->persistent_kib != 0) {
		add(dot, ", persistent %u KiB", server->persistent_kib);
	}
	if (server->dma_kib != 0) {
		add(dot, ", for DMA %u KiB", server->dma_kib);
	}
	if (server->budget_us != 0) {
		add(dot, "\\n%u of each %u us", server->budget_us, server->period_us);
	}
	add(dot, "%s%s\"%s];\n", server->streams != 0 ? "\\nstream" : "", server->operator? "\\noperator" : "",
	    server->restart.policy == MANIFEST_RESTART_ALWAYS ? "" : ", peripheries=2");
	free(image);
}

static void graph_servers(struct bytes *dot, const struct manifest *manifest)
{
	add(dot, "\tsubgraph cluster_servers {\n\t\tlabel=\"servers\"; style=rounded; color=gray;\n"
		 "\t\tnode [shape=box, style=\"rounded,filled\", fillcolor=\"#e8f0fe\"];\n");
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		graph_server(dot, &manifest->servers[i], i);
	}
	add(dot, "\t}\n\tsupervisor [shape=box, style=\"rounded,filled\", fillcolor=\"#fde0dc\"];\n");
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		if (server->operator|| manifest_vm_of_vmm(manifest, i) != MANIFEST_NONE) {
			add(dot, "\tserver%u -> supervisor [label=\"%s\"];\n", i,
			    server->operator? "operator" : "events");
		}
		for (uint32_t j = 0; j < server->use_count; j++) {
			char *name = quoted(server->uses[j].name);
			add(dot, "\tserver%u -> server%u [label=\"%s\"];\n", i, server->uses[j].server, name);
			free(name);
		}
		for (uint32_t j = 0; j < server->device_count; j++) {
			add(dot, "\tserver%u -> device%u [style=bold, arrowhead=none, label=\"owns\"];\n", i,
			    server->devices[j].device);
		}
	}
}

static void graph_platform(struct bytes *dot, const struct manifest *manifest)
{
	const struct manifest_platform *platform = &manifest->platform;
	char *compatible = quoted(platform->compatible);
	add(dot,
	    "\tsubgraph cluster_platform {\n\t\tlabel=\"%s: %u cores, %" PRIu64 " MiB\"; style=rounded; color=gray;\n",
	    compatible, platform->cores, platform->memory.bytes / MIB);
	add(dot, "\t\tnode [shape=component, style=filled, fillcolor=\"#fce8b2\"];\n");
	for (uint32_t i = 0; i < platform->device_count; i++) {
		add(dot, "\t\tdevice%u [label=\"%s", i, platform->devices[i].name);
		for (uint32_t j = 0; j < platform->devices[i].interrupt_count; j++) {
			add(dot, "\\ninterrupt %u", platform->devices[i].interrupts[j]);
		}
		add(dot, "\"];\n");
	}
	add(dot, "\t}\n");
	free(compatible);
}

static void graph_vm(struct bytes *dot, const struct manifest *manifest, uint32_t index)
{
	const struct manifest_vm *vm = &manifest->vms[index];
	char *kernel = quoted(vm->kernel);
	add(dot, "\tvm%u [shape=box3d, style=filled, fillcolor=\"#d9ead3\", label=\"VM %s\\n%s\\n%u vCPU%s on core",
	    index, vm->name, kernel, vm->vcpus, vm->vcpus == 1 ? "" : "s");
	for (uint32_t i = 0; i < vm->vcpus; i++) {
		add(dot, " %u", vm->vcpu_cores[i]);
	}
	if (vm->vcpu_budget_us != 0) {
		add(dot, ", %u of each %u us", vm->vcpu_budget_us, vm->vcpu_period_us);
	}
	add(dot, "\\n%" PRIu64 " MiB\"];\n", vm->memory[0].bytes / MIB);
	add(dot, "\tvm%u -> server%u [style=bold, color=\"#38761d\", label=\"exits\"];\n", index, vm->vmm);
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct manifest_vm_device *device = &vm->devices[i];
		add(dot, "\tvm%u -> server%u [style=bold, color=\"#38761d\", label=\"%s\"];\n", index, device->server,
		    device->name);
		if (device->line != 0) {
			add(dot, "\tserver%u -> vm%u [style=dashed, color=\"#cc0000\", label=\"line %u\"];\n",
			    device->server, index, device->line);
		}
		if (device->guest_memory || device->bounce_memory) {
			add(dot, "\tserver%u -> vm%u [style=dotted, arrowhead=none, label=\"%s\"];\n",
			    device->server, index, device->guest_memory ? "memory" : "bounce pool");
		}
		if (device->dma_by != MANIFEST_NONE) {
			add(dot, "\tserver%u -> vm%u [style=dotted, color=\"#cc0000\", label=\"DMA for %s\"];\n",
			    device->dma_by, index, device->name);
		}
	}
	free(kernel);
}

static void graph_channels(struct bytes *dot, const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		const struct manifest_channel *channel = &manifest->channels[i];
		add(dot, "\tchannel%u [shape=cylinder, style=filled, fillcolor=\"#eeeeee\", label=\"%s\\n%u KiB\"];\n",
		    i, channel->name, channel->kib);
		for (uint32_t j = 0; j < channel->member_count; j++) {
			add(dot, "\tserver%u -> channel%u [style=dotted, arrowhead=none];\n", channel->members[j], i);
		}
	}
	uint32_t console = manifest_find_server(manifest, "console");
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (manifest->servers[i].streams != 0 && console != MANIFEST_NONE) {
			add(dot,
			    "\tserver%u -> server%u [style=dotted, dir=both, label=\"stream %c\", constraint=false];\n",
			    i, console, manifest_stream_id(manifest, i, 0));
		}
	}
}

/* A core with windows: in order, each with those that run in it. */
static void graph_windows(struct bytes *dot, const struct manifest *manifest, uint32_t core)
{
	const struct manifest_scheduling *scheduling = &manifest->scheduling[core];
	add(dot, "\tcore%u [shape=record, style=filled, fillcolor=\"#fff7dd\", label=\"core %u: %u us", core, core,
	    scheduling->frame_us);
	for (uint32_t i = 0; i < scheduling->window_count; i++) {
		const struct manifest_window *window = &scheduling->windows[i];
		add(dot, "|%s\\n%u to %u us\\n", window->name, window->start_us, window->start_us + window->length_us);
		for (uint32_t j = 0; j < manifest->vm_count; j++) {
			if ((window->vms >> j & 1u) != 0) {
				add(dot, "\\nVM %s", manifest->vms[j].name);
			}
		}
		for (uint32_t j = 0; j < manifest->server_count; j++) {
			if ((window->servers >> j & 1u) != 0) {
				add(dot, "\\n%s", manifest->servers[j].name);
			}
		}
	}
	add(dot, "\"];\n");
}

static void graph_write(const struct manifest *manifest, struct bytes *dot)
{
	char *model = quoted(manifest->model);
	add(dot,
	    "digraph skink {\n\tlabel=\"%s\"; labelloc=t; rankdir=TB; fontname=\"Helvetica\";\n"
	    "\tnode [fontname=\"Helvetica\", fontsize=10];\n\tedge [fontname=\"Helvetica\", fontsize=9];\n",
	    model);
	graph_platform(dot, manifest);
	graph_servers(dot, manifest);
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		graph_vm(dot, manifest, i);
	}
	graph_channels(dot, manifest);
	for (uint32_t core = 0; core < manifest->platform.cores; core++) {
		if (manifest->scheduling[core].policy == MANIFEST_TIME_PARTITION) {
			graph_windows(dot, manifest, core);
		} else if (manifest->scheduling[core].policy == MANIFEST_EDF) {
			add(dot, "\tcore%u [shape=box, style=filled, fillcolor=\"#fff7dd\", label=\"core %u: earliest deadline "
				 "first\"];\n", core, core);
		}
	}
	add(dot, "}\n");
	free(model);
}

static const char *graph_format(const struct options *options)
{
	static const char *const formats[] = { "dot", "svg", "png", "pdf" };
	const char *dot = options->output == NULL ? NULL : strrchr(options->output, '.');
	const char *wanted = options->format != NULL ? options->format : dot != NULL ? dot + 1 : "dot";
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(wanted, formats[i]) == 0) {
			return formats[i];
		}
	}
	fatal(TOOL_BAD_INPUT, "'%s' is no format for a graph; expected dot, svg, png or pdf", wanted);
}

static struct bytes graph_convert(const struct bytes *dot, const char *format)
{
	struct bytes picture = { 0 };
	struct bytes errors = { 0 };
	char *option = text_print("-T%s", format);
	const char *argv[] = { "dot", option, NULL };
	int status = program_run(argv, dot, &picture, &errors);
	if (status == 127) {
		fatal(TOOL_FAILED,
		      "Graphviz's `dot` can't be started: install the package graphviz, or use --format dot");
	}
	if (status != 0) {
		fatal(TOOL_FAILED, "`dot` ended with status %d: %.*s", status, (int)errors.size,
		      (const char *)errors.data);
	}
	free(option);
	bytes_free(&errors);
	return picture;
}

int graph_main(const struct options *options)
{
	const char *format = graph_format(options);
	struct system *system = system_load(options);
	struct bytes dot = { 0 };
	graph_write(&system->manifest, &dot);
	struct bytes result = strcmp(format, "dot") == 0 ? dot : graph_convert(&dot, format);
	if (options->output != NULL) {
		file_write(options->output, &result);
	} else if (fwrite(result.data, 1, result.size, stdout) != result.size || fflush(stdout) != 0) {
		fatal(TOOL_FAILED, "standard output can't be written");
	}
	return TOOL_OK;
}
