/*
 * Positions from `dtc -O dts -T -T`: each line that opens a node or gives a
 * property ends with a comment that lists FILE:LINE:COLUMN-LINE:COLUMN, several for a
 * node that was written in several places; the last one is the latest change.
 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 1024u

/* "FILE:LINE" of the last position in the comment at the end of `line`; NULL if there is none. */
static char *place_of(const char *line)
{
	const char *comment = NULL;
	for (const char *at = strstr(line, "/* "); at != NULL; at = strstr(at + 1, "/* ")) {
		comment = at + 3;
	}
	if (comment == NULL || strncmp(comment, "<no-file>", 9) == 0) {
		return NULL;
	}
	const char *last = comment;
	for (const char *at = strstr(comment, ", "); at != NULL; at = strstr(at + 1, ", ")) {
		last = at + 2;
	}
	char *place = text_print("%s", last);
	char *dash = strrchr(place, '-');
	if (dash != NULL) {
		*dash = '\0';
		char *column = strrchr(place, ':');
		if (column != NULL) {
			*column = '\0';
			return place;
		}
	}
	free(place);
	return NULL;
}

static void position_add(struct source *source, const char *node, const char *property, size_t property_length,
			 char *place)
{
	size_t wanted = (source->position_count + 1) * sizeof(struct position);
	struct position *grown = realloc(source->positions, wanted);
	if (grown == NULL) {
		fatal(TOOL_FAILED, "out of memory");
	}
	source->positions = grown;
	grown[source->position_count++] = (struct position){
		.node = text_print("%s", *node == '\0' ? "/" : node),
		.property = property == NULL ? NULL : text_print("%.*s", (int)property_length, property),
		.place = place,
	};
}

/* Name of the node that the line opens ("label: name {"), its length in *length; NULL if it opens none. */
static const char *opened_node(const char *line, size_t *length)
{
	const char *brace = strstr(line, " { /*");
	if (brace == NULL || memchr(line, '"', (size_t)(brace - line)) != NULL ||
	    memchr(line, '=', (size_t)(brace - line)) != NULL) {
		return NULL;
	}
	const char *name = brace;
	while (name > line && name[-1] != ' ') {
		name--;
	}
	*length = (size_t)(brace - name);
	return name;
}

static void positions_line(struct source *source, const char *line, char *path)
{
	size_t length;
	line += strspn(line, "\t ");
	const char *name = opened_node(line, &length);
	if (name != NULL) {
		size_t used = strlen(path);
		if (*name != '/' && used + length + 2 <= PATH_MAX_BYTES) {
			path[used] = '/';
			memcpy(path + used + 1, name, length);
			path[used + 1 + length] = '\0';
		}
		position_add(source, path, NULL, 0, place_of(line));
	} else if (strncmp(line, "};", 2) == 0) {
		char *slash = strrchr(path, '/');
		if (slash != NULL) {
			*slash = '\0';
		}
	} else if (*line != '/' && *line != '\0') {
		position_add(source, path, line, strcspn(line, " =;"), place_of(line));
	}
}

void positions_parse(struct source *source, const char *annotated)
{
	char path[PATH_MAX_BYTES] = "";
	while (*annotated != '\0') {
		size_t length = strcspn(annotated, "\n");
		char *line = text_print("%.*s", (int)length, annotated);
		positions_line(source, line, path);
		free(line);
		annotated += length + (annotated[length] == '\n' ? 1 : 0);
	}
}

static const char *position_exact(const struct source *source, const char *node, const char *property)
{
	for (size_t i = 0; i < source->position_count; i++) {
		const struct position *at = &source->positions[i];
		bool same = property == NULL ? at->property == NULL
					     : at->property != NULL && strcmp(at->property, property) == 0;
		if (same && at->place != NULL && strcmp(at->node, node) == 0) {
			return at->place;
		}
	}
	return NULL;
}

const char *positions_find(const struct source *source, const char *node, const char *property)
{
	char *path = text_print("%s", node);
	const char *place = property == NULL ? NULL : position_exact(source, path, property);
	while (place == NULL) {
		place = position_exact(source, path, NULL);
		char *slash = strrchr(path, '/');
		if (slash == NULL || path[1] == '\0') {
			break;
		}
		slash[slash == path ? 1 : 0] = '\0';
	}
	free(path);
	return place;
}
