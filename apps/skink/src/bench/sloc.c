/* Counting source lines. See bench.h. */
#define _DEFAULT_SOURCE /* DT_DIR */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX (4 * MIB)

enum place { CODE, STRING, CHARACTER, LINE_COMMENT, BLOCK_COMMENT };

struct scan {
	enum place place;
	bool counts; /* the line has something in it */
	uint64_t lines;
};

static void end_line(struct scan *scan)
{
	scan->lines += scan->counts ? 1u : 0u;
	scan->counts = false;
	if (scan->place != BLOCK_COMMENT) {
		scan->place = CODE; /* strings do not go on: an apostrophe in assembly's text spoils one line only */
	}
}

/* Takes what begins at `at`, and returns how many characters that was. */
static size_t step(struct scan *scan, const char *at, size_t left)
{
	char next = left > 1 ? at[1] : '\0';
	switch (scan->place) {
	case BLOCK_COMMENT:
		if (at[0] == '*' && next == '/') {
			scan->place = CODE;
			return 2;
		}
		return 1;
	case LINE_COMMENT:
		return 1;
	case CODE:
		if (at[0] == '/' && (next == '/' || next == '*')) {
			scan->place = next == '/' ? LINE_COMMENT : BLOCK_COMMENT;
			return 2;
		}
		if (at[0] == '"' || at[0] == '\'') {
			scan->place = at[0] == '"' ? STRING : CHARACTER;
		}
		break;
	default:
		if (at[0] == '\\' && next != '\n' && left > 1) {
			scan->counts = true;
			return 2;
		}
		if (at[0] == (scan->place == STRING ? '"' : '\'')) {
			scan->place = CODE;
		}
		break;
	}
	scan->counts = scan->counts || (at[0] != ' ' && at[0] != '\t' && at[0] != '\r');
	return 1;
}

uint64_t sloc_text(const char *text, size_t size)
{
	struct scan scan = { CODE, false, 0 };
	size_t at = 0;
	while (at < size) {
		if (text[at] == '\n') {
			end_line(&scan);
			at++;
		} else {
			at += step(&scan, text + at, size - at);
		}
	}
	end_line(&scan);
	return scan.lines;
}

uint64_t sloc_file(const char *path)
{
	struct bytes text = { 0 };
	if (!file_read(path, SOURCE_MAX, &text)) {
		fatal(TOOL_BAD_INPUT, "'%s' can't be read: %s; expected the sources that this program was built from",
		      path, strerror(errno));
	}
	uint64_t lines = text.size == 0 ? 0 : sloc_text((const char *)text.data, text.size);
	bytes_free(&text);
	return lines;
}

static bool is_source(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot != NULL && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0 || strcmp(dot, ".S") == 0);
}

static bool is_named(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0) {
		names++;
	}
	return *names != NULL;
}

/* Folders found and not yet looked into. */
struct folders {
	char *paths[256];
	uint32_t count;
};

static void folders_add(struct folders *folders, char *path)
{
	if (folders->count == sizeof(folders->paths) / sizeof(folders->paths[0])) {
		fatal(TOOL_FAILED, "'%s': too many folders", path);
	}
	folders->paths[folders->count++] = path;
}

static uint64_t look_into(struct folders *folders, const char *folder, const char *const *without)
{
	uint64_t lines = 0;
	DIR *directory = opendir(folder);
	if (directory == NULL) {
		fatal(TOOL_BAD_INPUT, "'%s' can't be read: %s; expected the sources that this program was built from",
		      folder, strerror(errno));
	}
	for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		char *path = text_print("%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && strcmp(entry->d_name, "tests") != 0 &&
		    !is_named(entry->d_name, without)) {
			folders_add(folders, path);
			continue;
		}
		if (entry->d_type == DT_REG && is_source(entry->d_name)) {
			lines += sloc_file(path);
		}
		free(path);
	}
	closedir(directory);
	return lines;
}

uint64_t sloc_folder(const char *folder, const char *const *without)
{
	struct folders folders = { .count = 0 };
	uint64_t lines = 0;
	folders_add(&folders, text_print("%s", folder));
	while (folders.count != 0) {
		char *path = folders.paths[--folders.count];
		lines += look_into(&folders, path, without);
		free(path);
	}
	return lines;
}
