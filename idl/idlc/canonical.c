/* Types are followed with a work list, not by recursion: a struct may contain any number of others. */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>

uint64_t fnv1a(const char *bytes, size_t count)
{
	uint64_t hash = FNV_OFFSET;
	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
	}
	return hash;
}

static const char *text_take(struct text *text)
{
	const char *copy = text_copy(text->bytes == NULL ? "" : text->bytes, text->length);
	text_free(text);
	return copy;
}

const char *canonical_declaration(const struct declaration *declaration)
{
	static const char *const kinds[] = {"newtype", "enum", "flags", "struct"};
	struct text text = {0};
	text_add(&text, "%s %s", kinds[declaration->kind], declaration->name.text);
	if (declaration->kind != DECLARATION_STRUCT) {
		text_add(&text, ":%s", declaration->base.text);
	}
	if (declaration->persistent) {
		text_add(&text, " version %llu", (unsigned long long)declaration->version.value);
	}
	text_add(&text, "{");
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		text_add(&text, "%s=%llu,", member->name.text, (unsigned long long)member->value.value);
	}
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		text_add(&text, "%s:%s@%u,", field->name.text, type_text(field->type), field->offset);
	}
	text_add(&text, "}");
	return text_take(&text);
}

static void add_types(struct text *text, const struct list *fields)
{
	text_add(text, "(");
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = list_at(fields, i);
		text_add(text, "%s%s", i == 0 ? "" : ",", type_text(field->type));
	}
	text_add(text, ")");
}

const char *canonical_method(const struct method *method)
{
	static const char *const rules[] = {"", "idempotent", "at_most_once", ""};
	struct text text = {0};
	text_add(&text, "%s", method->oneway ? "oneway" : "call");
	add_types(&text, &method->in.fields);
	text_add(&text, "->");
	add_types(&text, &method->out.fields);
	text_add(&text, "%s", rules[method->restart]);
	return text_take(&text);
}

static void declaration_reach(struct list *reached, const struct type *type)
{
	if (type->kind == TYPE_ARRAY || type->kind == TYPE_RING) {
		type = type->element;
	}
	if (type->declaration == NULL) {
		return;
	}
	for (size_t i = 0; i < reached->count; i++) {
		if (list_at(reached, i) == type->declaration) {
			return;
		}
	}
	list_add(reached, type->declaration);
}

static void fields_reach(struct list *reached, const struct list *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = list_at(fields, i);
		declaration_reach(reached, field->type);
	}
}

/* Grows while it is read: what a reached struct contains is reached too. */
static void close_reach(struct list *reached)
{
	for (size_t i = 0; i < reached->count; i++) {
		const struct declaration *declaration = list_at(reached, i);
		fields_reach(reached, &declaration->fields);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the order of declarations in the file does not matter. */
static uint64_t hash_lines(struct list *lines)
{
	struct text text = {0};
	if (lines->count != 0) {
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	}
	for (size_t i = 0; i < lines->count; i++) {
		text_add(&text, "%s\n", (const char *)list_at(lines, i));
	}
	uint64_t hash = fnv1a(text.bytes, text.length);
	text_free(&text);
	return hash;
}

static void add_line(struct list *lines, const char *line)
{
	list_add(lines, (void *)(uintptr_t)line);
}

static void add_declarations(struct list *lines, const struct list *reached)
{
	for (size_t i = 0; i < reached->count; i++) {
		add_line(lines, canonical_declaration(list_at(reached, i)));
	}
}

uint64_t canonical_struct_hash(const struct declaration *declaration)
{
	struct list reached = {0};
	struct list lines = {0};
	add_line(&lines, canonical_declaration(declaration));
	fields_reach(&reached, &declaration->fields);
	close_reach(&reached);
	add_declarations(&lines, &reached);
	return hash_lines(&lines);
}

uint64_t canonical_interface_hash(const struct interface *interface)
{
	struct list reached = {0};
	struct list lines = {0};
	add_line(&lines, text_format("%sinterface %s=%llu", interface->kernel ? "kernel " : "", interface->name.text,
				     (unsigned long long)interface->number.value));
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		fields_reach(&reached, &method->in.fields);
		fields_reach(&reached, &method->out.fields);
		add_line(&lines, text_format("method %s=%llu %s", method->name.text,
					     (unsigned long long)method->number.value, canonical_method(method)));
	}
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		add_line(&lines,
			 text_format("error %s=%llu", error->name.text, (unsigned long long)error->value.value));
	}
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		add_line(&lines, text_format("event %s=%llu", event->name.text, (unsigned long long)event->bit.value));
	}
	close_reach(&reached);
	add_declarations(&lines, &reached);
	return hash_lines(&lines);
}
