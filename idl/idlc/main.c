/*
 * idlc: Skink's IDL compiler. Reads all files, checks them as one system, and
 * only then writes anything. Exit status: 0, 2 for errors in the input or the
 * command line, 1 for a machine that fails us (no memory, no space).
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "check.h"
#include "emit.h"
#include "output.h"
#include "parse.h"
#include "released.h"
#include "report.h"

const struct emitter emitters[] = {
	{".h", "constants, types, layout assertions, tags", emit_types},
	{"_client.h", "client stubs", emit_client},
	{"_server.h", "server dispatch and deferred replies", emit_server},
	{"_kernel.h", "the kernel's dispatch (kernel interfaces)", emit_kernel},
	{"_exit.h", "messages that the kernel sends itself", emit_exit},
	{"_persistent.h", "open, commit and fields of persistent structs", emit_persistent},
	{"_names.h", "numbers as words", emit_names},
	{"_mock.h", "a scripted, recording mock of the client side for cmocka", emit_mock},
	{"_trace.h", "trace tables: declarations", emit_trace_header},
	{"_trace.c", "trace tables: tag to names, parameters, types", emit_trace_table},
	{"_fuzz.c", "LLVMFuzzerTestOneInput over all of the file", emit_fuzz},
	{".md", "reference page", emit_markdown},
	{".json", "everything as data", emit_json},
};
const size_t emitter_count = sizeof(emitters) / sizeof(emitters[0]);

struct options {
	const char *folder;
	struct list released; /* paths of dumps */
	bool report;
	bool help;
};

static void print_help(void)
{
	puts("usage: idlc [--out DIR] [--check-against RELEASED.json]... [--report] [--help] FILE.idl...\n"
	     "\n"
	     "  --out DIR             write the outputs to DIR (must exist); default: the current folder\n"
	     "  --check-against JSON  refuse changes to what an earlier FILE.json says was released\n"
	     "  --report              print each method's words and buffer bytes; write nothing\n"
	     "\n"
	     "outputs of FILE.idl (the language and what is in them: LANGUAGE.md):");
	for (size_t i = 0; i < emitter_count; i++) {
		printf("  FILE%-16s %s\n", emitters[i].suffix, emitters[i].explain);
	}
	puts("  idl_support.h        what the generated code of all interfaces shares\n"
	     "  idl_fuzz.h           what the fuzz harnesses share");
	puts("\nexit status: 0; 2 when the input is wrong (nothing is written then); 1 when writing fails");
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"out", required_argument, NULL, 'o'},
		{"check-against", required_argument, NULL, 'c'},
		{"report", no_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option = getopt_long(argc, argv, "o:c:rh", long_options, NULL);
	while (option != -1) {
		switch (option) {
		case 'o':
			options->folder = optarg;
			break;
		case 'c':
			list_add(&options->released, optarg);
			break;
		case 'r':
			options->report = true;
			break;
		case 'h':
			options->help = true;
			break;
		default:
			return false;
		}
		option = getopt_long(argc, argv, "o:c:rh", long_options, NULL);
	}
	return true;
}

static void hash_interfaces(const struct list *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		for (size_t j = 0; j < file->interfaces.count; j++) {
			struct interface *interface = list_at(&file->interfaces, j);
			interface->hash = canonical_interface_hash(interface);
		}
	}
}

/* Two files can't have an output in common: `a.idl` with `_kernel.h` and `a_kernel.idl` with `.h`. */
static void check_outputs(const struct list *files)
{
	struct list names = {0};
	struct list owners = {0};
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = list_at(files, i);
		for (size_t j = 0; j < emitter_count; j++) {
			const char *name = text_format("%s%s", file->base, emitters[j].suffix);
			for (size_t k = 0; k < names.count; k++) {
				const struct file *other = list_at(&owners, k);
				if (strcmp(list_at(&names, k), name) == 0) {
					diagnostic_error((struct location){file->path, 1, 1},
							 "its output %s is also that of %s, expected other file names",
							 name, other->path);
					return;
				}
			}
			emit_item(&names, name);
			list_add(&owners, file);
		}
	}
}

static bool emit_all(const struct list *files, const char *folder)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		for (size_t j = 0; j < emitter_count; j++) {
			struct text text = {0};
			emitters[j].emit(file, &text);
			output_add(folder, text_format("%s%s", file->base, emitters[j].suffix), text);
		}
	}
	struct text support = {0};
	struct text fuzz = {0};
	text_add(&support, "%s", emit_support_text);
	output_add(folder, "idl_support.h", support);
	text_add(&fuzz, "%s", emit_fuzz_text);
	output_add(folder, "idl_fuzz.h", fuzz);
	bool written = output_commit();
	output_discard();
	return written;
}

static int compile(const struct options *options, int count, char **paths)
{
	struct list files = {0};
	for (int i = 0; i < count; i++) {
		struct file *file = parse_file(paths[i]);
		if (file != NULL) {
			list_add(&files, file);
		}
	}
	if (diagnostic_count() == 0) {
		check_files(&files);
		check_outputs(&files);
	}
	if (diagnostic_count() != 0) {
		return 2;
	}
	hash_interfaces(&files);
	for (size_t i = 0; i < options->released.count; i++) {
		released_check(list_at(&options->released, i), &files);
	}
	if (diagnostic_count() != 0) {
		return 2;
	}
	if (options->report) {
		report_print(&files);
		return 0;
	}
	return emit_all(&files, options->folder) ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = {.folder = "."};
	if (!parse_options(argc, argv, &options)) {
		return 2;
	}
	if (options.help) {
		print_help();
		return 0;
	}
	if (optind == argc) {
		fputs("idlc: no input, expected FILE.idl (see --help)\n", stderr);
		return 2;
	}
	int status = compile(&options, argc - optind, argv + optind);
	memory_release();
	return status;
}
