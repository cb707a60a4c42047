/* See options.h. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct options, field)
#define RUNS (COMMAND_RUN | COMMAND_TRACE | COMMAND_TOP)
#define SYSTEM (RUNS | COMMAND_CHECK | COMMAND_PACK)
#define ALL (SYSTEM | COMMAND_GRAPH)
#define MACHINE (RUNS | COMMAND_BENCH | COMMAND_INJECT)

const struct option_row option_rows[] = {
	{ "manifest", "FILE", "the system to run (.dts or .dtb); default: manifest/default.dts", ALL,
	  OPTION_TEXT, AT(manifest), 0, 0, 0 },
	{ "manifest", "FILE", "the system to run (.dts or .dtb); default: the load's", COMMAND_INJECT, OPTION_TEXT,
	  AT(manifest), 0, 0, 0 },
	{ "kernel", "FILE", "the first VM's kernel", SYSTEM, OPTION_TEXT, AT(kernel), 0, 0, 0 },
	{ "initrd", "FILE", "its initrd", SYSTEM, OPTION_TEXT, AT(initrd), 0, 0, 0 },
	{ "append", "STRING", "its kernel command line, instead of the manifest's", SYSTEM, OPTION_TEXT, AT(append), 0, 0, 0 },
	{ "dtb", "FILE", "its devicetree, instead of one made for it", SYSTEM, OPTION_TEXT, AT(dtb), 0, 0, 0 },
	{ "mem", "MIB", "its memory", SYSTEM, OPTION_NUMBER, AT(mem), 16, 1u << 20, 0 },
	{ "vcpus", "N", "its vCPUs, spread over the cores", SYSTEM, OPTION_NUMBER, AT(vcpus), 1, 16, 0 },
	{ "run", "COMMAND", "the default guest's init runs this shell command and powers off",
	  RUNS | COMMAND_PACK, OPTION_TEXT, AT(run), 0, 0, 0 },
	{ "cores", "N", "cores of the physical machine", SYSTEM, OPTION_NUMBER, AT(cores), 1, 8, 0 },
	{ "machine-mem", "MIB", "memory of the physical machine; default: enough", SYSTEM, OPTION_NUMBER,
	  AT(machine_mem), 64, 1u << 20, 0 },
	{ "cpu", "TYPE", "the physical machine's CPU, as QEMU names it; default: cortex-a53", MACHINE, OPTION_TEXT,
	  AT(cpu), 0, 0, 0 },
	{ "args", "'SERVER ARG ...'", "a server's arguments, instead of the manifest's (may be repeated)", SYSTEM,
	  OPTION_LIST, AT(args), 0, 0, AT(args_count) },
	{ "root", "FILE", "the disk that the manifest has an image for: this one, which keeps what is written; default: the "
	  "manifest's, as it was built, and what is written is forgotten", RUNS, OPTION_TEXT, AT(root), 0, 0, 0 },
	{ "disk", "FILE", "a further disk of the physical machine: a raw image; FILE,ro: read-only; FILE,snapshot: what is "
	  "written is forgotten (/dev/vdb of the default guest; repeated: /dev/vdc to /dev/vdf, five in all)",
	  RUNS, OPTION_LIST, AT(disk), 0, 0, AT(disk_count) },
	{ "net", "KIND", "what is behind the physical network interface: user (QEMU's user network: DHCP, the host at "
	  "10.0.2.2, what the host reaches), hub (the interfaces of all drivers, and nobody else) or none; default: "
	  "user, with --batch none", RUNS, OPTION_TEXT, AT(net), 0,
	  0, 0 },
	{ "forward", "PORT:PORT", "a TCP port of the host's loopback that leads to one of the guest's (may be repeated)",
	  RUNS, OPTION_LIST, AT(forward), 0, 0, AT(forward_count) },
	{ "icount", NULL, "count instructions: virtual time is 1 ns for each, runs repeat exactly", COMMAND_RUN | COMMAND_TOP,
	  OPTION_FLAG, AT(icount), 0, 0, 0 },
	{ "trace", NULL, "the monitor can have what the kernel does noted: `trace on`, `trace-show`", COMMAND_RUN | COMMAND_PACK,
	  OPTION_FLAG, AT(trace), 0, 0, 0 },
	{ "gdb", NULL, "wait for a debugger of the whole machine on TCP port 1234", COMMAND_RUN, OPTION_FLAG, AT(gdb),
	  0, 0, 0 },
	{ "timeout", "SECONDS", "give up after this time, with exit status 3 (inject: on one boot)",
	  RUNS | COMMAND_INJECT, OPTION_NUMBER, AT(timeout),
	  1, 86400, 0 },
	{ "batch", NULL, "no terminal: the first VM's console is standard output, logs are standard error", COMMAND_RUN,
	  OPTION_FLAG, AT(batch), 0, 0, 0 },
	{ "when", "TEXT", "with --batch: wait until the first VM's console has printed this", COMMAND_RUN | COMMAND_TRACE, OPTION_LIST,
	  AT(when_texts), 0, 0, AT(when_count) },
	{ "monitor", "COMMAND", "with --batch: run a monitor command, behind the --when before it (may be repeated)",
	  COMMAND_RUN | COMMAND_TRACE, OPTION_LIST, AT(monitor), 0, 0, AT(monitor_count) },
	{ "log", "FILE", "with --batch: logs go there; otherwise: a copy of all that is shown", RUNS,
	  OPTION_TEXT, AT(log), 0, 0, 0 },
	{ "images", "DIR", "look for guest images and servers there first (may be repeated)", SYSTEM | COMMAND_BENCH, OPTION_LIST,
	  AT(images), 0, 0, AT(images_count) },
	{ "no-images", NULL, "check the manifest alone, not the files that it names", COMMAND_CHECK, OPTION_FLAG,
	  AT(no_images), 0, 0, 0 },
	{ "json", NULL, "an array of {name, unit, min, median, max, target, exact, baseline, bare, kvm} instead of a table", COMMAND_BENCH,
	  OPTION_FLAG, AT(json), 0, 0, 0 },
	{ "peer", "kvm", "beside it, the same guests under KVM and Debian's packaged VMM, which are fetched the first time",
	  COMMAND_BENCH, OPTION_TEXT, AT(peer), 0, 0, 0 },
	{ "plot", "FILE", "a picture of the figures (SVG) instead of a table", COMMAND_BENCH, OPTION_TEXT, AT(plot), 0, 0, 0 },
	{ "figures", "FILE", "measure nothing: FILE is what --json wrote", COMMAND_BENCH, OPTION_TEXT, AT(figures), 0, 0, 0 },
	{ "only", "A,B,...", "only these parts: sizes, exits, ipc, cores, standby, disk, net, linux, work; or scale, which is measured only if it is named", COMMAND_BENCH, OPTION_TEXT,
	  AT(only), 0, 0, 0 },
	{ "baseline", "FILE", "fail when a figure is worse by more than 2 % than it is there", COMMAND_BENCH, OPTION_TEXT,
	  AT(baseline), 0, 0, 0 },
	{ "update", NULL, "write that file instead, as the figures are now", COMMAND_BENCH, OPTION_FLAG, AT(update), 0, 0, 0 },
	{ "output", "FILE",
	  "write there (pack: the boot image; graph: DOT, or what the name ends in: .svg, .png, .pdf)",
	  COMMAND_GRAPH | COMMAND_PACK, OPTION_TEXT, AT(output), 0, 0, 0 },
	{ "from", "TEXT", "begin when the first VM's console has printed this; default: at once", COMMAND_TRACE, OPTION_TEXT,
	  AT(from), 0, 0, 0 },
	{ "until", "TEXT", "end when it has printed this: the last 8192 events of each core are in the trace", COMMAND_TRACE,
	  OPTION_TEXT, AT(until), 0, 0, 0 },
	{ "decode", "FILE", "run nothing: FILE has what the monitor's `trace-dump` printed, anywhere", COMMAND_TRACE,
	  OPTION_TEXT, AT(decode), 0, 0, 0 },
	{ "around", "TEXT", "only what is near the first event that shows this in its line", COMMAND_TRACE, OPTION_TEXT,
	  AT(around), 0, 0, 0 },
	{ "span", "US", "so many microseconds of it, a quarter before; default 60", COMMAND_TRACE, OPTION_NUMBER, AT(span), 1,
	  1u << 30, 0 },
	{ "output", "FILE", "write there: NAME.txt a line an event, NAME.svg a picture, others JSON for Chrome's and Perfetto's "
	  "viewers; default: trace.json", COMMAND_TRACE, OPTION_TEXT, AT(output), 0, 0, 0 },
	{ "format", "FORMAT", "dot (default), or one that Graphviz can make: svg, png, pdf", COMMAND_GRAPH, OPTION_TEXT,
	  AT(format), 0, 0, 0 },
	{ "out", "DIR", "the build's output folder; default: the one that this program is in",
	  ALL | COMMAND_BENCH, OPTION_TEXT, AT(out), 0, 0, 0 },
	{ "qemu", "PROGRAM", "default: qemu-system-aarch64", MACHINE, OPTION_TEXT, AT(qemu), 0, 0, 0 },
	{ "faults", "N", "how many; default 16", COMMAND_INJECT, OPTION_NUMBER, AT(faults), 1, UINT32_MAX, 0 },
	{ "seed", "S", "what all of them are drawn from; default 0", COMMAND_INJECT, OPTION_NUMBER, AT(seed), 0,
	  UINT64_MAX, 0 },
	{ "load", "LOAD", "what the guest does meanwhile: a guest program's console, blk, net or all (default) of its devices, or linux: a shell in MANIFEST", COMMAND_INJECT, OPTION_TEXT, AT(load), 0,
	  0, 0 },
	{ "shard", "I/N", "only part I (1 to N) of the campaign's N parts", COMMAND_INJECT, OPTION_TEXT, AT(shard), 0, 0,
	  0 },
	{ "per-boot", "N", "faults of one boot; default 32, with --load linux 16", COMMAND_INJECT, OPTION_NUMBER, AT(per_boot), 1, 64, 0 },
	{ "jobs", "N", "boots at the same time; default: one for each of this machine's CPUs", COMMAND_INJECT,
	  OPTION_NUMBER, AT(jobs), 1, 1024, 0 },
	{ "types", "A,B,...", "only these types of faults", COMMAND_INJECT, OPTION_TEXT, AT(types), 0, 0, 0 },
	{ "targets", "A,B,...", "only into these servers", COMMAND_INJECT, OPTION_TEXT, AT(targets), 0, 0, 0 },
	{ "boot", "B", "only boot B (1 and up), with --per-boot faults: a replay", COMMAND_INJECT, OPTION_NUMBER,
	  AT(boot), 1, UINT32_MAX, 0 },
	{ "merge", "DIR", "no campaign: the results of shards, put together (repeated)", COMMAND_INJECT, OPTION_LIST,
	  AT(merge), 0, 0, AT(merge_count) },
	{ "out", "DIR", "where the results go: faults.csv, report.html, failures/", COMMAND_INJECT, OPTION_TEXT,
	  AT(results), 0, 0, 0 },
	{ "build", "DIR", "the build's output folder; default: the one that this program is in", COMMAND_INJECT,
	  OPTION_TEXT, AT(out), 0, 0, 0 },
	{ "dry-run", NULL, "check and pack everything, print QEMU's command line, start nothing", COMMAND_RUN,
	  OPTION_FLAG, AT(dry_run), 0, 0, 0 },
	{ "verbose", NULL, "tell what is done", ALL | COMMAND_BENCH, OPTION_FLAG, AT(verbose), 0, 0, 0 },
};
const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

static const struct option_row *option_find(const struct options *options, const char *name, size_t length)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		if ((row->commands & options->command) != 0 && strlen(row->name) == length &&
		    strncmp(row->name, name, length) == 0) {
			return row;
		}
	}
	return NULL;
}

static void option_unknown(const struct options *options, const char *name, size_t length)
{
	const char *command = command_name(options->command);
	for (size_t i = 0; i < option_row_count; i++) {
		if (strlen(option_rows[i].name) == length && strncmp(option_rows[i].name, name, length) == 0) {
			fatal(TOOL_BAD_INPUT, "--%.*s is no option of `skink %s`; see `skink %s --help`", (int)length,
			      name, command, command);
		}
	}
	/* The beginning of a longer name, or a longer form of one: what is most often meant. */
	for (size_t i = 0; i < option_row_count && length > 1; i++) {
		const struct option_row *row = &option_rows[i];
		size_t shorter = strlen(row->name) < length ? strlen(row->name) : length;
		if ((row->commands & options->command) != 0 && shorter > 1 && strncmp(row->name, name, shorter) == 0) {
			fatal(TOOL_BAD_INPUT, "unknown option --%.*s; did you mean --%s? See `skink %s --help`",
			      (int)length, name, row->name, command);
		}
	}
	fatal(TOOL_BAD_INPUT, "unknown option --%.*s; see `skink %s --help`", (int)length, name, command);
}

static uint64_t option_number(const struct option_row *row, const char *text)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number < row->min || number > row->max) {
		fatal(TOOL_BAD_INPUT, "--%s is '%s'; expected a number from %llu to %llu", row->name, text,
		      (unsigned long long)row->min, (unsigned long long)row->max);
	}
	return number;
}

static void option_set(struct options *options, const struct option_row *row, const char *value)
{
	void *field = (char *)options + row->offset;
	if (row->kind == OPTION_FLAG) {
		*(bool *)field = true;
	} else if (row->kind == OPTION_TEXT) {
		*(const char **)field = value;
	} else if (row->kind == OPTION_NUMBER) {
		*(uint64_t *)field = option_number(row, value);
	} else {
		uint32_t *count = (uint32_t *)(void *)((char *)options + row->count_offset);
		if (*count == OPTIONS_LIST) {
			fatal(TOOL_BAD_INPUT, "--%s is given more than %u times", row->name, OPTIONS_LIST);
		}
		((const char **)field)[(*count)++] = value;
	}
}

/* Returns how many arguments were used. */
static int option_take(struct options *options, const char *argument, const char *next)
{
	const char *name = argument + 2;
	size_t length = strcspn(name, "=");
	const struct option_row *row = option_find(options, name, length);
	if (row == NULL) {
		option_unknown(options, name, length);
		return 1;
	}
	bool joined = name[length] == '=';
	if (row->kind == OPTION_FLAG) {
		if (joined) {
			fatal(TOOL_BAD_INPUT, "--%s takes no value; expected --%s alone", row->name, row->name);
		}
		option_set(options, row, NULL);
		return 1;
	}
	if (!joined && next == NULL) {
		fatal(TOOL_BAD_INPUT, "--%s lacks its value; expected --%s %s", row->name, row->name, row->argument);
	}
	option_set(options, row, joined ? name + length + 1 : next);
	return joined ? 1 : 2;
}

static void when_lacks_monitor(const char *text)
{
	fatal(TOOL_BAD_INPUT, "--when '%s' has no --monitor; expected --when TEXT --monitor COMMAND", text);
}

/* After each option: a --when belongs to the --monitor that follows. */
static void options_pair(struct options *options)
{
	if (options->when_count > options->when_paired + 1u) {
		when_lacks_monitor(options->when_texts[options->when_paired]);
	}
	if (options->monitor_count == options->monitor_paired) {
		return;
	}
	if (options->when_count > options->when_paired) {
		options->when[options->monitor_paired] = options->when_texts[options->when_paired++];
	}
	options->monitor_paired++;
}

/* At the end: or to the last one, written before it. */
static void options_pair_last(struct options *options)
{
	if (options->when_count == options->when_paired) {
		return;
	}
	const char *text = options->when_texts[options->when_paired];
	if (options->monitor_count == 0 || options->when[options->monitor_count - 1u] != NULL) {
		when_lacks_monitor(text);
	}
	options->when[options->monitor_count - 1u] = text;
}

static void options_consistent(const struct options *options)
{
	if (options->monitor_count != 0 && !options->batch && options->command == COMMAND_RUN) {
		fatal(TOOL_BAD_INPUT, "--monitor needs --batch; at a terminal press Ctrl-A m for the monitor");
	}
	for (uint32_t i = 0; i < options->when_count; i++) {
		if (*options->when_texts[i] == '\0') {
			fatal(TOOL_BAD_INPUT, "--when is empty; expected the text to wait for");
		}
	}
	for (uint32_t i = 0; i < options->monitor_count; i++) {
		if (*options->monitor[i] == '\0' || strpbrk(options->monitor[i], "\r\n\x1e") != NULL) {
			fatal(TOOL_BAD_INPUT, "--monitor is empty or has line breaks; expected one command");
		}
	}
	if (options->run != NULL && (options->kernel != NULL || options->dtb != NULL) && options->initrd == NULL) {
		notice("note: --run works with guests whose init looks for /skink/run, as the default one's does");
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	bool only_files = false;
	for (int i = 0; i < argc;) {
		const char *argument = argv[i];
		if (!only_files && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
			help_print(options->command);
			exit(TOOL_OK);
		}
		if (!only_files && strcmp(argument, "--") == 0) {
			only_files = true;
			i++;
		} else if (!only_files && strncmp(argument, "--", 2) == 0) {
			i += option_take(options, argument, i + 1 < argc ? argv[i + 1] : NULL);
			options_pair(options);
		} else if (!only_files && argument[0] == '-' && argument[1] == 'o' && argument[2] == '\0' &&
			   i + 1 < argc && (options->command & (COMMAND_GRAPH | COMMAND_PACK | COMMAND_TRACE)) != 0) {
			options->output = argv[i + 1];
			i += 2;
		} else if (!only_files && argument[0] == '-' && argument[1] != '\0') {
			fatal(TOOL_BAD_INPUT, "unknown option %s; see `skink %s --help`", argument,
			      command_name(options->command));
		} else if (options->manifest == NULL) {
			options->manifest = argument;
			i++;
		} else {
			fatal(TOOL_BAD_INPUT, "'%s' is one argument too many; expected one manifest", argument);
		}
	}
	options_pair_last(options);
	options_consistent(options);
}
