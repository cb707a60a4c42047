/*
 * A manifest on its way in: a .dts compiled by dtc, or a .dtb. Whatever is wrong
 * with it is told with the file and line it was written at; dtc itself tells the positions
 * (its annotated output), so includes and overrides are right. They are looked up
 * only once something is wrong.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <skink/manifest.h>

#include "tool.h"

#define SOURCE_OVERRIDES 16u

struct position {
	char *node;	/* path */
	char *property; /* NULL: the node */
	char *place;	/* "file:line" */
};

struct override {
	char *node;
	const char *property;
	const char *option;
};

struct source {
	const char *path;
	bool binary; /* a .dtb was given: no lines */
	struct bytes dtb;
	struct position *positions; /* NULL: not looked up yet */
	size_t position_count;
	struct override overrides[SOURCE_OVERRIDES];
	uint32_t override_count;
	uint32_t errors;
	uint32_t warnings;
};

/* False after telling on standard error what is wrong with the file. */
bool source_load(struct source *source, const char *path);

/* `option` of the command line replaced this property (NULL: all of the node): errors about it name the option. */
void source_override(struct source *source, const char *node, const char *property, const char *option);

/* "FILE:LINE: error: NODE: `PROPERTY` TEXT"; the text is made as by printf. */
void source_error(struct source *source, const char *node, const char *property, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void source_warning(struct source *source, const char *node, const char *property, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For manifest_read_all; `context` is the source. */
void source_report(void *context, const struct manifest_error *error);

/* positions.c: fills `positions` from dtc's annotated output. */
void positions_parse(struct source *source, const char *annotated);
/* "file:line" of the property, else of the nearest node around it; NULL if nothing is known. */
const char *positions_find(const struct source *source, const char *node, const char *property);

/* dtc.c: dtc's own complaints, one a line, in our form. Returns their number. */
uint32_t dtc_complaints(const char *errors);

#endif
