/*
 * `skink`: the host side of the hypervisor. Checks and draws manifests, packs
 * boot images, runs them in QEMU, and measures what the system costs there.
 */
#include "system.h"

#include <stdio.h>
#include <string.h>

static int check_main(const struct options *options)
{
	if (options->manifest == NULL) {
		fatal(TOOL_BAD_INPUT, "no manifest is given; expected `skink check MANIFEST`");
	}
	struct system *system = system_load(options);
	const struct manifest *manifest = &system->manifest;
	printf("%s: %u servers, %u VMs, %u cores: no errors, %u warning%s\n", options->manifest, manifest->server_count,
	       manifest->vm_count, manifest->platform.cores, system->source.warnings,
	       system->source.warnings == 1 ? "" : "s");
	return TOOL_OK;
}

static int pack_main(const struct options *options)
{
	struct bytes image = { 0 };
	if (options->output == NULL) {
		fatal(TOOL_BAD_INPUT, "no output is given; expected `skink pack MANIFEST --output FILE`");
	}
	pack_system(system_load(options), &image);
	file_write(options->output, &image);
	return TOOL_OK;
}

static const struct {
	const char *name;
	enum command command;
	int (*main)(const struct options *options);
} commands[] = {
	{ "run", COMMAND_RUN, run_main },
	{ "check", COMMAND_CHECK, check_main },
	{ "graph", COMMAND_GRAPH, graph_main },
	{ "pack", COMMAND_PACK, pack_main },
	{ "bench", COMMAND_BENCH, bench_main },
	{ "inject", COMMAND_INJECT, inject_main },
	{ "trace", COMMAND_TRACE, trace_main },
	{ "top", COMMAND_TOP, run_main },
};

int main(int argc, char **argv)
{
	static struct options options;
	if (argc < 2) {
		help_print(0);
		return TOOL_BAD_INPUT;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		help_print(0);
		return TOOL_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			options.command = commands[i].command;
			options_parse(&options, argc - 2, argv + 2);
			return commands[i].main(&options);
		}
	}
	fatal(TOOL_BAD_INPUT,
	      "unknown command '%s'; expected run, check, graph, pack, bench, inject, trace or top (see `skink --help`)",
	      argv[1]);
}
