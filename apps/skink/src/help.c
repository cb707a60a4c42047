/* --help of the tool and of each command. */
#include "options.h"

#include <stdio.h>

struct command_help {
	enum command command;
	const char *name;
	const char *usage;
	const char *text;
	const char *examples;
};

static const struct command_help commands[] = {
	{ COMMAND_RUN, "run", "[options] [MANIFEST]", "boots a system in QEMU",
	  "  skink run                                   a Linux guest on this terminal: disk, network, console\n"
	  "  skink run manifest/two.dts                  two of them\n"
	  "  skink run --vcpus 4 --cores 4 --mem 512     a larger one\n"
	  "  skink run --kernel Image --initrd my.cpio --append 'console=ttyAMA0 quiet'\n"
	  "  skink run --root my.img --disk disk.img     its root is my.img, and /dev/vdb is disk.img\n"
	  "  skink run --forward 8080:80                 its port 80 is this machine's port 8080\n"
	  "  skink run manifest/one.dts                  a small one: no disk, no network\n"
	  "  skink run --root out/debian.img manifest/debian.dts\n"
	  "                                              Debian, whose disk `build/run debian` makes and boots\n"
	  "  skink run --batch --timeout 120 --run 'uname -a'\n"
	  "  skink run --batch --when 'login:' --monitor 'kill uart0'\n"
	  "\n"
	  "At a terminal: Ctrl-A m the monitor, Ctrl-A 1, 2 … the consoles, Ctrl-A x leaves.\n"
	  "\n"
	  "Exit status: 0 the first VM powered itself off (or you left), 1 this machine lacks something,\n"
	  "2 bad arguments, manifest or images, 3 timeout, 4 crash of the VM or of a server that could not be\n"
	  "restarted, 5 kernel panic.\n" },
	{ COMMAND_CHECK, "check", "[options] MANIFEST", "checks a manifest and the images it names",
	  "  skink check manifest/one.dts\n"
	  "  skink check --no-images my.dts\n"
	  "\n"
	  "Exit status: 0 nothing is wrong, 2 errors (told as FILE:LINE: error: NODE: …).\n" },
	{ COMMAND_GRAPH, "graph", "[options] MANIFEST", "draws a system: who may call whom, what is shared",
	  "  skink graph manifest/one.dts                DOT on standard output\n"
	  "  skink graph manifest/one.dts -o one.svg     a picture\n" },
	{ COMMAND_PACK, "pack", "[options] [MANIFEST] --output FILE", "makes the boot image that `run` would start",
	  "  skink pack manifest/one.dts -o system.img\n"
	  "  qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 -cpu cortex-a53 -smp 2 -m 1024 \\\n"
	  "      -nographic -kernel system.img\n" },
	{ COMMAND_BENCH, "bench", "[options]", "measures the system: instructions, counts, sizes",
	  "  skink bench                                 a table\n"
	  "  skink bench --json >figures.json\n"
	  "  skink bench --figures figures.json --plot figures.svg\n"
	  "  skink bench --only scale                    1 to 8 VMs on 1 to 8 cores\n"
	  "  skink bench --peer kvm --only exits,cores,work          KVM's figures beside Skink's\n"
	  "  skink bench --cpu max                       another CPU model: without targets\n"
	  "  skink bench --baseline apps/bench/baseline.txt          compares; with --update, writes it anew\n"
	  "\n"
	  "The figures repeat exactly: QEMU counts instructions. They are measured on one core, ipi_roundtrip on\n"
	  "two, by programs in apps/bench and apps/guest/bench; lines are neither blank nor comment.\n"
	  "\n"
	  "Exit status: 0 every figure is within what it must reach and near its baseline, 1 one is not, 2 and up as\n"
	  "`skink run`.\n" },
	{ COMMAND_TOP, "top", "[options] [MANIFEST]", "boots a system and shows who has its cores",
	  "  skink top                                   the default system\n"
	  "  skink top --cores 4 --vcpus 4 manifest/smp-4-on-4.dts\n"
	  "\n"
	  "It is `skink run` at a terminal, where the monitor's `top` is typed first: each second every server's and vCPU's\n"
	  "share of a core, its calls and exits. Any key ends that; Ctrl-A 1 the first console, Ctrl-A x leaves.\n"
	  "\n"
	  "Exit status: as `skink run`.\n" },
	{ COMMAND_TRACE, "trace", "[options] --until TEXT [MANIFEST]", "runs a system and shows what its kernel did",
	  "  skink trace --from 'begin' --until 'end' --run 'echo begin; cat /etc/hosts; echo end; sleep 9'\n"
	  "  skink trace --until 'login:' -o boot.txt manifest/one.dts       a line an event\n"
	  "  skink trace --from 1 --monitor 'kill uart0' --until 9 --run 'seq 9; sleep 9' manifest/one.dts\n"
	  "  skink trace --decode run.log --around 'start     uart0' --span 40 -o restart.svg\n"
	  "  skink trace --decode run.log -o run.json    of a run with `skink run --trace --log run.log`\n"
	  "\n"
	  "Instructions are counted, so a trace repeats exactly. A track for each core, server and vCPU, an arrow for\n"
	  "each call. The machine is switched off when the trace has ended.\n"
	  "\n"
	  "Exit status: 0 the trace is written, 1 and up as `skink run`.\n" },
	{ COMMAND_INJECT, "inject", "[options] --out DIR [MANIFEST]",
	  "injects faults into the servers of a running system",
	  "  skink inject --faults 100 --seed 7 --out r  a campaign\n"
	  "  skink inject --faults 1000000 --shard 3/50 --out r3    a fiftieth of a large one\n"
	  "  skink inject --merge r1 --merge r2 --out r  the results of two parts as one\n"
	  "  skink inject --seed 7 --boot 4 --out r4     boot 4 of that campaign again, exactly\n"
	  "\n"
	  "Faults are drawn from the seed and made by the server `inject` (apps/inject) under QEMU's instruction\n"
	  "counting: the same seed gives the same faults.csv. Its column `outcome`, from harmless to worst:\n"
	  "not_injected, no_effect, masked, recovered, degraded, guest_visible, vm_lost, cross_domain, kernel.\n"
	  "\n"
	  "Exit status: 0 nothing was worse than a recovery or a declared fallback (degraded), 4 something was,\n"
	  "5 kernel panic, 1 and 2 as `skink run`.\n" },
};

const char *command_name(enum command command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].command == command) {
			return commands[i].name;
		}
	}
	return "";
}

static void help_tool(void)
{
	printf("Usage: skink COMMAND [options]\n\nThe host side of the Skink hypervisor.\n\nCommands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		printf("  %-8s %s\n", commands[i].name, commands[i].text);
	}
	printf("\n`skink COMMAND --help` tells a command's options. Examples:\n\n"
	       "  skink run\n"
	       "  skink check manifest/one.dts\n"
	       "  skink graph manifest/one.dts -o one.svg\n"
	       "\nManifests are described in manifest/SCHEMA.md.\n");
}

void help_print(enum command command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command_help *help = &commands[i];
		if (help->command != command) {
			continue;
		}
		printf("Usage: skink %s %s\n\n`skink %s` %s.\n\nOptions:\n", help->name, help->usage, help->name,
		       help->text);
		for (size_t j = 0; j < option_row_count; j++) {
			const struct option_row *row = &option_rows[j];
			if ((row->commands & command) != 0) {
				char *name = text_print("--%s%s%s", row->name, row->argument != NULL ? " " : "",
							row->argument != NULL ? row->argument : "");
				printf("  %-20s %s\n", name, row->help);
			}
		}
		printf("  %-20s %s\n\nExamples:\n%s", "--help", "this page", help->examples);
		return;
	}
	help_tool();
}
