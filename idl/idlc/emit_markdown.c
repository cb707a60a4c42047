/* FILE.md: the reference page. Everything that a `///` says is in it, and what the generator worked out. */
#include "emit.h"

#include <string.h>

/* Text into a table cell: on one line, with its bars escaped. */
static void add_cell_text(struct text *out, const char *text)
{
	for (const char *c = text == NULL ? "" : text; *c != '\0'; c++) {
		if (*c == '\n') {
			text_add(out, " ");
		} else {
			text_add(out, *c == '|' ? "\\|" : "%c", *c);
		}
	}
}

static void add_paragraph(struct text *out, const char *doc)
{
	if (doc != NULL) {
		text_add(out, "%s\n\n", doc);
	}
}

static void emit_members(const struct list *members, bool hexadecimal, struct text *out)
{
	text_add(out, "| name | value | |\n|---|---|---|\n");
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = list_at(members, i);
		text_add(out, hexadecimal ? "| `%s` | 0x%llx | " : "| `%s` | %llu | ", member->name.text,
			 (unsigned long long)member->value.value);
		add_cell_text(out, member->name.doc);
		text_add(out, " |\n");
	}
	text_add(out, "\n");
}

static void emit_fields(const struct declaration *declaration, struct text *out)
{
	text_add(out, "| offset | field | type | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		text_add(out, "| %u | `%s` | `%s` | ", field->offset, field->name.text, type_text(field->type));
		add_cell_text(out, field->name.doc);
		text_add(out, " |\n");
	}
	text_add(out, "\nSize %u bytes, alignment %u.\n\n", declaration->size, declaration->align);
}

static void emit_declaration(const struct declaration *declaration, const char *level, struct text *out)
{
	static const char *const kinds[] = {"newtype", "enum", "flags", "struct"};
	text_add(out, "%s %s%s `%s`", level, declaration->persistent ? "persistent " : "", kinds[declaration->kind],
		 declaration->name.text);
	if (declaration->kind != DECLARATION_STRUCT) {
		text_add(out, ": `%s`", declaration->base.text);
	}
	if (declaration->persistent) {
		text_add(out, ", version %llu", (unsigned long long)declaration->version.value);
	}
	text_add(out, "\n\n");
	add_paragraph(out, declaration->name.doc);
	if (declaration->kind == DECLARATION_STRUCT) {
		emit_fields(declaration, out);
	} else if (declaration->kind != DECLARATION_NEWTYPE) {
		emit_members(&declaration->members, declaration->kind == DECLARATION_FLAGS, out);
	}
}

static void emit_signature(const char *joint, const struct list *fields, struct text *out)
{
	text_add(out, "%s(", joint);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = list_at(fields, i);
		text_add(out, "%s%s: %s", i == 0 ? "" : ", ", field->name.text, type_text(field->type));
	}
	text_add(out, ")");
}

static void emit_travel(const char *what, const struct message *message, struct text *out)
{
	text_add(out, "%s: %u word%s", what, message->words, message->words == 1 ? "" : "s");
	if (message->payload_bytes != 0) {
		text_add(out, " and %s%u bytes of message buffer", message->varies ? "up to " : "",
			 message->payload_bytes);
	}
	if (message->caps != 0) {
		text_add(out, " and %u capabilit%s", message->caps, message->caps == 1 ? "y" : "ies");
	}
}

static void add_names(const struct list *names, struct text *out)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct name *name = list_at(names, i);
		text_add(out, "%s`%s`", i == 0 ? "" : ", ", name->text);
	}
}

/* What the kernel checks and how it runs the method. */
static void emit_rules(const struct method *method, struct text *out)
{
	static const struct {
		uint32_t rule;
		const char *text;
	} rules[] = {
		{RULE_AT_HOME, "; done on the object's own core"},
		{RULE_UNLOCKED, "; takes no lock"},
		{RULE_DESTROYS, "; destroys the object"},
	};
	text_add(out, method->needs.count == 0 ? "Needs `control`" : "Needs ");
	add_names(&method->needs, out);
	text_add(out, method->states.count == 0 ? "; in any state" : "; in state ");
	add_names(&method->states, out);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		text_add(out, "%s", (method->rules & rules[i].rule) != 0 ? rules[i].text : "");
	}
	text_add(out, ".\n\n");
}

static void emit_method(const struct method *method, bool kernel, struct text *out)
{
	static const char *const rules[] = {"", "idempotent", "at most once", ""};
	text_add(out, "### `%s` = %llu\n\n```\n%s %s", method->name.text, (unsigned long long)method->number.value,
		 method->oneway ? "oneway" : "call", method->name.text);
	emit_signature(" ", &method->in.fields, out);
	if (!method->oneway) {
		emit_signature("\n    -> ", &method->out.fields, out);
	}
	text_add(out, "\n```\n\n");
	add_paragraph(out, method->name.doc);
	emit_travel("Sent", &method->in, out);
	emit_travel("; answered", &method->out, out);
	text_add(out, "%s%s", rules[method->restart][0] == '\0' ? "" : "; ", rules[method->restart]);
	if (method->has_budget) {
		text_add(out, "; budget %llu ns", (unsigned long long)method->budget.value);
	}
	text_add(out, ".\n\n");
	if (kernel) {
		emit_rules(method, out);
	}
}

static void emit_interface(const struct interface *interface, struct text *out)
{
	text_add(out, "## %s `%s` = 0x%02llx\n\n", interface->kernel ? "kernel interface" : "interface",
		 interface->name.text, (unsigned long long)interface->number.value);
	add_paragraph(out, interface->name.doc);
	text_add(out, "Hash `0x%016llx`.\n\n", (unsigned long long)interface->hash);
	for (size_t i = 0; i < interface->declarations.count; i++) {
		emit_declaration(list_at(&interface->declarations, i), "###", out);
	}
	if (interface->has_errors) {
		text_add(out, "### errors\n\n");
		emit_members(&interface->errors, false, out);
	}
	if (interface->events.count != 0) {
		text_add(out, "### events\n\n| name | bit | |\n|---|---|---|\n");
		for (size_t i = 0; i < interface->events.count; i++) {
			const struct event *event = list_at(&interface->events, i);
			text_add(out, "| `%s` | %llu | ", event->name.text, (unsigned long long)event->bit.value);
			add_cell_text(out, event->name.doc);
			text_add(out, " |\n");
		}
		text_add(out, "\n");
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		emit_method(list_at(&interface->methods, i), interface->kernel, out);
	}
}

void emit_markdown(const struct file *file, struct text *out)
{
	text_add(out, "# %s.idl\n\nGenerated by idlc; do not edit.\n\n", file->base);
	add_paragraph(out, file->doc);
	for (size_t i = 0; i < file->declarations.count; i++) {
		emit_declaration(list_at(&file->declarations, i), "##", out);
	}
	for (size_t i = 0; i < file->interfaces.count; i++) {
		emit_interface(list_at(&file->interfaces, i), out);
	}
	out->length -= out->length != 0 ? 1 : 0; /* the last paragraph's empty line */
	out->bytes[out->length] = '\0';
}
