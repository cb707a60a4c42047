/*
 * dtc's messages in the form of ours. It writes "Error: FILE:LINE.COLUMN-… TEXT"
 * for syntax and "FILE:LINE.COLUMN-…: ERROR (check): NODE:PROPERTY: TEXT" for meaning.
 */
#define _POSIX_C_SOURCE 200809L
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the position's ".COLUMN…" begins and where it ends, in a text that begins with FILE:LINE.COLUMN. */
static bool dtc_position(const char *line, size_t *place, size_t *end)
{
	for (const char *colon = strchr(line, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		size_t digits = strspn(colon + 1, "0123456789");
		if (digits != 0 && colon[1 + digits] == '.') {
			*place = (size_t)(colon + 1 + digits - line);
			*end = *place + strspn(line + *place, ".-0123456789");
			return true;
		}
	}
	return false;
}

static bool dtc_is_summary(const char *line)
{
	return *line == '\0' || strncmp(line, "ERROR: Input tree has errors", 28) == 0 ||
	       strcmp(line, "FATAL ERROR: Unable to parse input tree") == 0 ||
	       strcmp(line, "FATAL ERROR: Syntax error parsing input tree") == 0;
}

#define LABEL_TEXT "non-existent node or label \""
#define ALSO_TEXT "  also defined at "

/* One complaint: its text, and where it is about (several places for a node that was written in several). */
struct complaint {
	char *text;  /* NULL: none yet */
	char *place; /* "FILE:LINE"; NULL: none */
	char *label; /* that nobody defines; NULL: another complaint */
};

/* The first line from `place` on that refers to the label, as a place of its own; NULL if the file has none. */
static char *label_place(const char *place, const char *label)
{
	const char *colon = strrchr(place, ':');
	char *path = text_print("%.*s", (int)(colon - place), place);
	char *reference = text_print("&%s", label);
	unsigned long first = strtoul(colon + 1, NULL, 10);
	FILE *file = fopen(path, "re");
	char *found = NULL;
	char line[4096];
	for (unsigned long number = 1; file != NULL && found == NULL && fgets(line, sizeof(line), file) != NULL;
	     number++) {
		if (number >= first && strstr(line, reference) != NULL) {
			found = text_print("%s:%lu", path, number);
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	free(reference);
	free(path);
	return found;
}

/* A further place: the later one is where the mistake is, unless it is about a label that isn't there. */
static void complaint_place(struct complaint *complaint, const char *place)
{
	char *better = complaint->label == NULL ? NULL : label_place(place, complaint->label);
	if (better != NULL || complaint->label == NULL || complaint->place == NULL) {
		free(complaint->place);
		complaint->place = better != NULL ? better : text_print("%s", place);
	}
}

static void complaint_end(struct complaint *complaint)
{
	if (complaint->text != NULL) {
		fprintf(stderr, "%s%serror: %s%s\n", complaint->place != NULL ? complaint->place : "",
			complaint->place != NULL ? ": " : "", complaint->text,
			complaint->label != NULL ? ": nobody provides it; expected the label of a node in this manifest"
						 : "");
	}
	free(complaint->text);
	free(complaint->place);
	free(complaint->label);
	*complaint = (struct complaint){ 0 };
}

static void complaint_begin(struct complaint *complaint, const char *line)
{
	size_t place = 0;
	size_t end = 0;
	const char *text = strncmp(line, "Error: ", 7) == 0 ? line + 7 : line;
	bool placed = dtc_position(text, &place, &end);
	const char *rest = text + end;
	const char *check = strstr(rest, "): ");
	rest = placed && strncmp(rest, ": ERROR (", 9) == 0 && check != NULL ? check + 3 : rest + strspn(rest, ": ");
	const char *label = strstr(rest, LABEL_TEXT);
	if (label != NULL) {
		label += sizeof(LABEL_TEXT) - 1;
		complaint->label = text_print("%.*s", (int)strcspn(label, "\""), label);
	}
	complaint->text = text_print("%s%s", rest,
				     strcmp(rest, "syntax error") == 0
					     ? "; expected devicetree source (a missing `;` shows on the line after it)"
					     : "");
	if (placed) {
		char *where = text_print("%.*s", (int)place, text);
		complaint_place(complaint, where);
		free(where);
	}
}

static void complaint_also(struct complaint *complaint, const char *text)
{
	size_t place;
	size_t end;
	if (dtc_position(text, &place, &end)) {
		char *where = text_print("%.*s", (int)place, text);
		complaint_place(complaint, where);
		free(where);
	}
}

uint32_t dtc_complaints(const char *errors)
{
	struct complaint complaint = { 0 };
	uint32_t count = 0;
	while (*errors != '\0') {
		size_t length = strcspn(errors, "\n");
		char *line = text_print("%.*s", (int)length, errors);
		if (strncmp(line, ALSO_TEXT, sizeof(ALSO_TEXT) - 1) == 0) {
			complaint_also(&complaint, line + sizeof(ALSO_TEXT) - 1);
		} else if (!dtc_is_summary(line)) {
			complaint_end(&complaint);
			complaint_begin(&complaint, line);
			count++;
		}
		free(line);
		errors += length + (errors[length] == '\n' ? 1 : 0);
	}
	complaint_end(&complaint);
	return count;
}
