/* FILE_names.h: numbers as words, for logs, monitors and traces. NULL is never returned: "?" stands for the unknown. */
#include "emit.h"

static void open_function(const char *name, struct text *out)
{
	text_add(out, "\nstatic inline const char *%s_name(uint64_t value)\n{\n\tswitch (value) {\n", name);
}

static void close_function(struct text *out)
{
	text_add(out, "\tdefault:\n\t\treturn \"?\";\n\t}\n}\n");
}

static void emit_case(const char *prefix, const char *name, struct text *out)
{
	text_add(out, "\tcase %s_%s:\n\t\treturn \"%s\";\n", prefix, text_upper(name), name);
}

static void emit_declarations(const struct list *declarations, struct text *out)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind != DECLARATION_ENUM && declaration->kind != DECLARATION_FLAGS) {
			continue;
		}
		if (declaration->kind == DECLARATION_FLAGS) {
			text_add(out, "\n/* The name of a single flag. */");
		}
		open_function(declaration->c_name, out);
		for (size_t j = 0; j < declaration->members.count; j++) {
			const struct member *member = list_at(&declaration->members, j);
			emit_case(declaration->c_constant, member->name.text, out);
		}
		close_function(out);
	}
}

static void emit_interface(const struct interface *interface, struct text *out)
{
	const char *name = interface->name.text;
	if (interface->methods.count != 0) {
		text_add(out, "\n/* By method number (the low 8 bits of a tag). */");
		open_function(text_format("%s_method", name), out);
		for (size_t i = 0; i < interface->methods.count; i++) {
			const struct method *method = list_at(&interface->methods, i);
			emit_case(text_format("%s_METHOD", interface->c_constant), method->name.text, out);
		}
		close_function(out);
	}
	if (interface->errors.count != 0) {
		open_function(text_format("%s_error", name), out);
		for (size_t i = 0; i < interface->errors.count; i++) {
			const struct member *error = list_at(&interface->errors, i);
			emit_case(text_format("%s_ERROR", interface->c_constant), error->name.text, out);
		}
		close_function(out);
	}
	if (interface->events.count != 0) {
		text_add(out, "\n/* The name of a single event bit. */");
		open_function(text_format("%s_event", name), out);
		for (size_t i = 0; i < interface->events.count; i++) {
			const struct event *event = list_at(&interface->events, i);
			emit_case(text_format("%s_EVENT", interface->c_constant), event->name.text, out);
		}
		close_function(out);
	}
	emit_declarations(&interface->declarations, out);
}

void emit_names(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "NAMES_");
	emit_head(file, out, "numbers as words");
	text_add(out, "#ifndef %s\n#define %s\n\n#include \"%s.h\"\n", guard, guard, file->base);
	emit_declarations(&file->declarations, out);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		emit_interface(list_at(&file->interfaces, i), out);
	}
	text_add(out, "\n#endif\n");
}
