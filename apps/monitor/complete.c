/* Completion: the word before the cursor, by what its place in the line can be. */
#include <string.h>

#include "command.h"
#include "names.h"
#include "screen.h"

struct candidates {
	enum argument_kind kind;
	const char *prefix;
	uint32_t count;
	char common[SK_NAME_BYTES]; /* what all of them begin with */
};

/* What the word that begins at `start` can be. */
static enum argument_kind kind_at(const struct line *line, uint32_t start)
{
	char first[LINE_BYTES] = "";
	uint32_t words = 0; /* before it */

	for (uint32_t at = 0; at < start;) {
		uint32_t bytes = (uint32_t)strcspn(line->text + at, " ");

		if (bytes != 0 && words++ == 0) {
			memcpy(first, line->text + at, bytes);
		}
		at += bytes + (bytes == 0 ? 1 : 0);
	}
	if (words == 0) {
		return ARGUMENT_COMMAND;
	}
	const struct command *command = command_named(first);
	return command == NULL || words > 3 ? ARGUMENT_NONE : command->arguments[words - 1];
}

static bool fits(const struct candidates *candidates, const char *name)
{
	return strncmp(name, candidates->prefix, strlen(candidates->prefix)) == 0;
}

static void collect(struct candidates *candidates)
{
	char name[SK_NAME_BYTES];

	for (uint32_t i = 0; names_at(candidates->kind, i, name); i++) {
		if (!fits(candidates, name)) {
			continue;
		}
		if (candidates->count++ == 0) {
			(void)strcpy(candidates->common, name);
			continue;
		}
		size_t same = 0;

		while (name[same] != '\0' && name[same] == candidates->common[same]) {
			same++;
		}
		candidates->common[same] = '\0';
	}
}

static void list(const struct candidates *candidates)
{
	char name[SK_NAME_BYTES];

	screen_text("\n");
	for (uint32_t i = 0; names_at(candidates->kind, i, name); i++) {
		if (fits(candidates, name)) {
			screen_print("%s  ", name);
		}
	}
	screen_text("\n");
}

void command_complete(struct line *line)
{
	char prefix[LINE_BYTES];
	uint32_t start = line->cursor;

	while (start != 0 && line->text[start - 1] != ' ') {
		start--;
	}
	memcpy(prefix, line->text + start, line->cursor - start);
	prefix[line->cursor - start] = '\0';

	struct candidates candidates = { .kind = kind_at(line, start), .prefix = prefix };

	collect(&candidates);
	if (candidates.count == 0) {
		return;
	}
	if (strlen(candidates.common) > strlen(prefix)) {
		line_insert(line, candidates.common + strlen(prefix));
	} else if (candidates.count > 1) {
		list(&candidates);
		line_show_again(line);
	}
	if (candidates.count == 1) {
		line_insert(line, " ");
	}
}
