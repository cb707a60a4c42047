/*
 * dtc's messages in the form of ours. It writes "Error: FILE:LINE.COLUMN-… TEXT"
 * for syntax and "FILE:LINE.COLUMN-…: ERROR (check): NODE:PROPERTY: TEXT" for meaning.
 */
#include "source.h"

#include <stdio.h>
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

static void dtc_complaint(const char *line)
{
	size_t place;
	size_t end;
	const char *text = strncmp(line, "Error: ", 7) == 0 ? line + 7 : line;
	if (!dtc_position(text, &place, &end)) {
		fprintf(stderr, "error: %s\n", text);
		return;
	}
	const char *rest = text + end;
	const char *check = strstr(rest, "): ");
	if (strncmp(rest, ": ERROR (", 9) == 0 && check != NULL) {
		rest = check + 3;
	} else {
		rest += strspn(rest, ": ");
	}
	const char *hint = "";
	if (strstr(rest, "non-existent node or label") != NULL) {
		hint = ": nobody provides it; expected the label of a node in this manifest";
	} else if (strcmp(rest, "syntax error") == 0) {
		hint = "; expected devicetree source (a missing `;` shows on the line after it)";
	}
	fprintf(stderr, "%.*s: error: %s%s\n", (int)place, text, rest, hint);
}

uint32_t dtc_complaints(const char *errors)
{
	uint32_t count = 0;
	while (*errors != '\0') {
		size_t length = strcspn(errors, "\n");
		char *line = text_print("%.*s", (int)length, errors);
		if (!dtc_is_summary(line)) {
			dtc_complaint(line);
			count++;
		}
		errors += length + (errors[length] == '\n' ? 1 : 0);
	}
	return count;
}
