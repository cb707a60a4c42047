/* See source.h. */
#include "source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_FILE_MAX (16u << 20)

static const uint8_t dtb_magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };

/* A name that dtc can't take for an option. */
static char *dtc_path(const char *path)
{
	return text_print("%s%s", *path == '-' ? "./" : "", path);
}

static bool dtc_compile(struct source *source)
{
	struct bytes errors = { 0 };
	char *path = dtc_path(source->path);
	const char *argv[] = { "dtc", "-q", "-I", "dts", "-O", "dtb", "-o", "-", path, NULL };
	source->dtb = (struct bytes){ 0 };
	int status = program_run(argv, NULL, &source->dtb, &errors);
	free(path);
	if (status == 127) {
		fatal(TOOL_FAILED, "dtc can't be started: install the package device-tree-compiler (build/setup does)");
	}
	bytes_append(&errors, "", 1);
	if (status != 0) {
		source->errors += dtc_complaints((const char *)errors.data);
		if (source->errors == 0) {
			fprintf(stderr, "%s: error: dtc refused it (status %d) without a reason\n", source->path,
				status);
			source->errors = 1;
		}
	}
	bytes_free(&errors);
	return status == 0;
}

bool source_load(struct source *source, const char *path)
{
	struct bytes file;
	*source = (struct source){ .path = path };
	if (!file_read(path, MANIFEST_FILE_MAX, &file)) {
		fprintf(stderr, "%s: error: can't be read: %s; expected a manifest (.dts or .dtb)\n", path,
			strerror(errno));
		source->errors = 1;
		return false;
	}
	source->binary = file.size >= sizeof(dtb_magic) && memcmp(file.data, dtb_magic, sizeof(dtb_magic)) == 0;
	if (source->binary) {
		source->dtb = file;
		return true;
	}
	bytes_free(&file);
	return dtc_compile(source);
}

void source_override(struct source *source, const char *node, const char *property, const char *option)
{
	if (source->override_count < SOURCE_OVERRIDES) {
		source->overrides[source->override_count++] =
			(struct override){ text_print("%s", node), property, option };
	}
}

static void source_positions(struct source *source)
{
	struct bytes output = { 0 };
	struct bytes errors = { 0 };
	char *path = dtc_path(source->path);
	const char *argv[] = { "dtc", "-q", "-I", "dts", "-O", "dts", "-T", "-T", "-o", "-", path, NULL };
	if (!source->binary && source->positions == NULL && program_run(argv, NULL, &output, &errors) == 0) {
		bytes_append(&output, "", 1);
		positions_parse(source, (const char *)output.data);
	}
	free(path);
	bytes_free(&output);
	bytes_free(&errors);
}

/* "file:line", or the option that put the value there, or the file alone. */
static const char *source_place(struct source *source, const char *node, const char *property)
{
	for (uint32_t i = 0; i < source->override_count; i++) {
		const struct override *override = &source->overrides[i];
		if (strcmp(override->node, node) == 0 &&
		    (override->property == NULL || (property != NULL && strcmp(override->property, property) == 0))) {
			return override->option;
		}
	}
	source_positions(source);
	const char *place = positions_find(source, node, property);
	return place != NULL ? place : source->path;
}

static void source_print(struct source *source, const char *kind, const char *node, const char *property,
			 const char *text)
{
	fprintf(stderr, "%s: %s: %s%s%s%s %s\n", source_place(source, node, property), kind, node,
		property != NULL ? ": `" : "", property != NULL ? property : "", property != NULL ? "`" : "", text);
}

void source_error(struct source *source, const char *node, const char *property, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	source_print(source, "error", node, property, text);
	source->errors++;
}

void source_warning(struct source *source, const char *node, const char *property, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	source_print(source, "warning", node, property, text);
	source->warnings++;
}

void source_report(void *context, const struct manifest_error *error)
{
	source_error(context, error->path, error->property, "%s", error->text);
}
