/*
 * idlc over interface files that are good but for what the input does to their words: some go, come twice, are others,
 * or are no words at all. Each error has a place in the file and a text that can be printed; from a file without one all
 * outputs are made, and as a released version it is compatible with itself.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fuzz/fuzz.h>

#include "canonical.h"
#include "check.h"
#include "emit.h"
#include "parse.h"
#include "released.h"
#include "report.h"

#define BASES 4u
#define TOKENS 2048u
#define TEXT_BYTES 65536u
#define MESSAGE_BYTES_MAX 4096u
#define EDITS 8u

static const char *const base_names[BASES] = { "sample.idl", "transfer.idl", "gadget.idl", "trap.idl" };

static const char *const words[] = {
	"interface", "kernel", "call", "oneway", "event", "error", "struct", "persistent", "version", "enum", "flags",
	"newtype", "idempotent", "at_most_once", "budget", "needs", "when", "unlocked", "at_home", "destroys", "u8", "u16",
	"u32", "u64", "bool", "time", "gpa", "irq", "bytes", "cap", "ring", "buffer", "in", "out", "inout", "slot", "new",
	"self", "optional", "badge", "move", "endpoint", "memory", "thread", "read", "control", "state", "point", "colour",
	"sample", "a", "i", "int", "sk_x", "x_", "{", "}", "(", ")", "[", "]", "<", ">", "->", ";", ":", ",", "=", "0", "1",
	"0xff", "0x100", "63", "64", "255", "256", "4032", "4033", "65536", "4294967296", "18446744073709551615",
	"18446744073709551616", "0x", "1us", "0ns", "1s", "99999999999s", "/// doc\n", "///\n", "\n\n", "//", "/*", "*/",
	"\"", "\\", "\x80", "\xc3", "\xff", "\t", "\r\n", "#", "-",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static struct base {
	char *text;
	struct token {
		uint32_t at;
		uint32_t bytes;
	} tokens[TOKENS];
	uint32_t count;
} bases[BASES];

static char text[TEXT_BYTES];
static size_t text_bytes;
static int lines;
static unsigned errors;

/* In place of idlc's own: what it would print is looked at. */
void diagnostic_error(struct location at, const char *format, ...)
{
	char message[MESSAGE_BYTES_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	errors++;
	FUZZ_EXPECT(at.file != NULL && at.line >= 1 && at.line <= lines + 1 && at.column >= 1);
	FUZZ_EXPECT(length > 0);
	length = length < (int)sizeof(message) ? length : (int)sizeof(message) - 1;
	for (int i = 0; i < length; i++) {
		FUZZ_EXPECT((unsigned char)message[i] >= ' ' && message[i] != 0x7f);
	}
}

unsigned diagnostic_count(void)
{
	return errors;
}

static void cut(struct base *base)
{
	const char *c = base->text;

	while (*c != '\0' && base->count < TOKENS) {
		size_t length = strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789_");

		length = length == 0 ? 1 : length;
		base->tokens[base->count++] = (struct token){ (uint32_t)(c - base->text), (uint32_t)length };
		c += length;
	}
}

static void read_bases(void)
{
	for (uint32_t i = 0; i < BASES && bases[i].text == NULL; i++) {
		char name[1024];
		FILE *file;
		size_t count;

		(void)snprintf(name, sizeof(name), "%s/%s", FUZZ_SAMPLES, base_names[i]);
		file = fopen(name, "rb");
		FUZZ_EXPECT(file != NULL);
		bases[i].text = calloc(1, TEXT_BYTES);
		count = fread(bases[i].text, 1, TEXT_BYTES / 2, file);
		FUZZ_EXPECT(count != 0 && count < TEXT_BYTES / 2);
		(void)fclose(file);
		cut(&bases[i]);
	}
}

static void put(const char *bytes, size_t count)
{
	if (count <= sizeof(text) - text_bytes) {
		memcpy(text + text_bytes, bytes, count);
		text_bytes += count;
	}
}

static void put_word(void)
{
	uint8_t which = fuzz_u8();

	put(words[which % WORDS], strlen(words[which % WORDS]));
}

/* The base with its words changed; or words alone. */
static void make_text(void)
{
	const struct base *base = &bases[fuzz_u8() % BASES];
	struct edit {
		uint32_t token;
		uint8_t how;
	} edits[EDITS];
	uint32_t count = fuzz_u8() % (EDITS + 1);

	text_bytes = 0;
	if (count == EDITS) {
		while (fuzz_more()) {
			put_word();
			put(" ", 1);
		}
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		edits[i].token = fuzz_u16() % base->count;
		edits[i].how = fuzz_u8();
	}
	for (uint32_t i = 0; i < base->count; i++) {
		bool kept = true;

		for (uint32_t j = 0; j < count; j++) {
			const struct token *other;

			if (edits[j].token != i) {
				continue;
			}
			switch (edits[j].how % 4u) {
			case 0:
				put_word();
				kept = false;
				break;
			case 1:
				put_word();
				put(" ", 1);
				break;
			case 2:
				kept = false;
				break;
			default:
				other = &base->tokens[fuzz_u16() % base->count];
				put(base->text + other->at, other->bytes);
				kept = false;
				break;
			}
		}
		if (kept) {
			put(base->text + base->tokens[i].at, base->tokens[i].bytes);
		}
	}
}

/* A file without a name; its path. */
static const char *file_with(int *descriptor, const char *bytes, size_t count)
{
	if (*descriptor == 0) {
		*descriptor = memfd_create("idlc", 0);
		FUZZ_EXPECT(*descriptor > 0);
	}
	FUZZ_EXPECT(ftruncate(*descriptor, 0) == 0 && pwrite(*descriptor, bytes, count, 0) == (ssize_t)count);
	return text_format("/proc/self/fd/%d", *descriptor);
}

static void emit_all(const struct list *files)
{
	static int dump;
	const struct file *file = list_at(files, 0);

	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);

		interface->hash = canonical_interface_hash(interface);
	}
	for (size_t i = 0; i < emitter_count; i++) {
		struct text output = { 0 };

		emitters[i].emit(file, &output);
		FUZZ_EXPECT(output.length != 0);
		if (strcmp(emitters[i].suffix, ".json") == 0) {
			released_check(file_with(&dump, output.bytes, output.length), files);
			FUZZ_EXPECT(errors == 0);
		}
		text_free(&output);
	}
}

void fuzz_one(void)
{
	static int input;
	struct list files = { 0 };
	struct file *file;

	read_bases();
	make_text();
	errors = 0;
	lines = 1;
	for (size_t i = 0; i < text_bytes; i++) {
		lines += text[i] == '\n' ? 1 : 0;
	}
	file = parse_file(file_with(&input, text, text_bytes));
	FUZZ_EXPECT(file != NULL);
	list_add(&files, file);
	if (errors == 0) {
		check_files(&files);
	}
	if (errors == 0) {
		emit_all(&files);
	}
	memory_release();
}
