/*
 * FILE.json: everything as data, for tools and for --check-against (released.c
 * reads `canonical` and `signature`, names and numbers back). Numbers that do not
 * survive a JSON reader's doubles are strings.
 */
#include "emit.h"

#include "canonical.h"

#define JSON_EXACT (1ull << 53)

static void add_string(struct text *out, const char *key, const char *value)
{
	text_add(out, "\"%s\": ", key);
	if (value == NULL) {
		text_add(out, "null");
		return;
	}
	text_add(out, "\"");
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\') {
			text_add(out, "\\%c", *c);
		} else if (*c == '\n') {
			text_add(out, "\\n");
		} else if ((unsigned char)*c < 0x20) {
			text_add(out, "\\u%04x", (unsigned)*c);
		} else {
			text_add(out, "%c", *c);
		}
	}
	text_add(out, "\"");
}

static void add_number(struct text *out, const char *key, uint64_t value)
{
	text_add(out, value <= JSON_EXACT ? "\"%s\": %llu" : "\"%s\": \"%llu\"", key, (unsigned long long)value);
}

static void add_bool(struct text *out, const char *key, bool value)
{
	text_add(out, "\"%s\": %s", key, value ? "true" : "false");
}

/* Opens the next element of an array on a line of its own. */
static void add_element(struct text *out, size_t index, const char *indent)
{
	text_add(out, "%s\n%s{", index == 0 ? "" : ",", indent);
}

static void add_members(struct text *out, const char *key, const struct list *members, const char *indent)
{
	text_add(out, "\"%s\": [", key);
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = list_at(members, i);
		add_element(out, i, indent);
		add_string(out, "name", member->name.text);
		text_add(out, ", ");
		add_number(out, "value", member->value.value);
		text_add(out, ", ");
		add_string(out, "doc", member->name.doc);
		text_add(out, "}");
	}
	text_add(out, "]");
}

static void add_declaration(struct text *out, size_t index, const struct declaration *declaration)
{
	static const char *const kinds[] = {"newtype", "enum", "flags", "struct"};
	add_element(out, index, "  ");
	add_string(out, "name", declaration->name.text);
	text_add(out, ", ");
	add_string(out, "scope", declaration->scope == NULL ? NULL : declaration->scope->name.text);
	text_add(out, ", ");
	add_string(out, "kind", kinds[declaration->kind]);
	text_add(out, ",\n   ");
	add_string(out, "doc", declaration->name.doc);
	text_add(out, ",\n   ");
	add_string(out, "canonical", canonical_declaration(declaration));
	if (declaration->kind != DECLARATION_STRUCT) {
		text_add(out, ",\n   ");
		add_string(out, "base", declaration->base.text);
	}
	if (declaration->members.count != 0) {
		text_add(out, ",\n   ");
		add_members(out, "members", &declaration->members, "    ");
	}
	if (declaration->kind == DECLARATION_STRUCT) {
		text_add(out, ",\n   ");
		add_number(out, "size", declaration->size);
		text_add(out, ", ");
		add_number(out, "align", declaration->align);
		text_add(out, ", ");
		add_number(out, "version", declaration->persistent ? declaration->version.value : 0);
		text_add(out, ",\n   \"fields\": [");
		for (size_t i = 0; i < declaration->fields.count; i++) {
			const struct field *field = list_at(&declaration->fields, i);
			add_element(out, i, "    ");
			add_string(out, "name", field->name.text);
			text_add(out, ", ");
			add_string(out, "type", type_text(field->type));
			text_add(out, ", ");
			add_number(out, "offset", field->offset);
			text_add(out, ", ");
			add_string(out, "doc", field->name.doc);
			text_add(out, "}");
		}
		text_add(out, "]");
	}
	text_add(out, "}");
}

static void add_message(struct text *out, const char *key, const struct message *message)
{
	text_add(out, ",\n     \"%s\": {", key);
	add_number(out, "words", message->words);
	text_add(out, ", ");
	add_number(out, "bytes", message->payload_bytes);
	text_add(out, ", ");
	add_number(out, "capabilities", message->caps);
	text_add(out, ", \"fields\": [");
	for (size_t i = 0; i < message->fields.count; i++) {
		const struct field *field = list_at(&message->fields, i);
		add_element(out, i, "      ");
		add_string(out, "name", field->name.text);
		text_add(out, ", ");
		add_string(out, "type", type_text(field->type));
		text_add(out, "}");
	}
	text_add(out, "]}");
}

static void add_names(struct text *out, const char *key, const struct list *names, const char *empty)
{
	text_add(out, "\"%s\": [", key);
	for (size_t i = 0; i < names->count; i++) {
		const struct name *name = list_at(names, i);
		text_add(out, "%s\"%s\"", i == 0 ? "" : ", ", name->text);
	}
	text_add(out, "%s]", names->count == 0 ? empty : "");
}

static void add_rules(struct text *out, const struct method *method)
{
	static const struct {
		uint32_t rule;
		const char *key;
	} rules[] = {
		{RULE_UNLOCKED, "unlocked"},
		{RULE_AT_HOME, "at_home"},
		{RULE_DESTROYS, "destroys"},
	};
	text_add(out, ",\n     ");
	add_names(out, "needs", &method->needs, "\"control\"");
	text_add(out, ", ");
	add_names(out, "when", &method->states, "");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		text_add(out, ", ");
		add_bool(out, rules[i].key, (method->rules & rules[i].rule) != 0);
	}
}

static void add_method(struct text *out, size_t index, const struct interface *interface, const struct method *method)
{
	static const char *const rules[] = {NULL, "idempotent", "at_most_once", NULL};
	add_element(out, index, "    ");
	add_string(out, "name", method->name.text);
	text_add(out, ", ");
	add_number(out, "number", method->number.value);
	text_add(out, ", ");
	add_number(out, "tag", interface->number.value << 8 | method->number.value);
	text_add(out, ", ");
	add_bool(out, "oneway", method->oneway);
	text_add(out, ", ");
	add_string(out, "restart", rules[method->restart]);
	text_add(out, ", ");
	add_number(out, "budget_ns", method->has_budget ? method->budget.value : 0);
	text_add(out, ",\n     ");
	add_string(out, "doc", method->name.doc);
	text_add(out, ",\n     ");
	add_string(out, "signature", canonical_method(method));
	if (interface->kernel) {
		add_rules(out, method);
	}
	add_message(out, "parameters", &method->in);
	add_message(out, "results", &method->out);
	text_add(out, "}");
}

static void add_interface(struct text *out, size_t index, const struct interface *interface)
{
	add_element(out, index, "  ");
	add_string(out, "name", interface->name.text);
	text_add(out, ", ");
	add_number(out, "number", interface->number.value);
	text_add(out, ", ");
	add_bool(out, "kernel", interface->kernel);
	text_add(out, ", ");
	add_string(out, "hash", text_format("0x%016llx", (unsigned long long)interface->hash));
	text_add(out, ",\n   ");
	add_string(out, "doc", interface->name.doc);
	text_add(out, ",\n   ");
	add_members(out, "errors", &interface->errors, "    ");
	text_add(out, ",\n   \"events\": [");
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		add_element(out, i, "    ");
		add_string(out, "name", event->name.text);
		text_add(out, ", ");
		add_number(out, "value", event->bit.value);
		text_add(out, ", ");
		add_string(out, "doc", event->name.doc);
		text_add(out, "}");
	}
	text_add(out, "],\n   \"methods\": [");
	for (size_t i = 0; i < interface->methods.count; i++) {
		add_method(out, i, interface, list_at(&interface->methods, i));
	}
	text_add(out, "]}");
}

void emit_json(const struct file *file, struct text *out)
{
	text_add(out, "{");
	add_string(out, "file", file->base);
	text_add(out, ",\n ");
	add_string(out, "doc", file->doc);
	text_add(out, ",\n \"types\": [");
	size_t index = 0;
	for (size_t i = 0; i < file->declarations.count; i++) {
		add_declaration(out, index++, list_at(&file->declarations, i));
	}
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->declarations.count; j++) {
			add_declaration(out, index++, list_at(&interface->declarations, j));
		}
	}
	text_add(out, "],\n \"interfaces\": [");
	for (size_t i = 0; i < file->interfaces.count; i++) {
		add_interface(out, i, list_at(&file->interfaces, i));
	}
	text_add(out, "]\n}\n");
}
