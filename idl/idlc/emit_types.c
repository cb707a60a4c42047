/* FILE.h: numbers, tags, types, what the others include. */
#include "emit.h"

#include "canonical.h"

static void emit_newtypes(const struct file *file, struct text *out)
{
	bool any = file->uses_gpa || file->uses_irq;
	if (file->uses_gpa) {
		text_add(out, "\ntypedef uint64_t sk_gpa_t;");
	}
	if (file->uses_irq) {
		text_add(out, "\ntypedef uint32_t sk_irq_t;");
	}
	if (any) {
		text_add(out, "\n");
	}
	for (size_t i = 0; i < file->declarations.count; i++) {
		const struct declaration *declaration = list_at(&file->declarations, i);
		if (declaration->kind == DECLARATION_NEWTYPE) {
			text_add(out, "\n");
			emit_doc(out, "", declaration->name.doc);
			text_add(out, "typedef %s %s_t;\n", c_integer(declaration->bits), declaration->c_name);
		}
	}
}

static void emit_enum(const struct declaration *declaration, struct text *out)
{
	text_add(out, "\n");
	emit_doc(out, "", declaration->name.doc);
	text_add(out, "enum %s {\n", declaration->c_name);
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		emit_doc(out, "\t", member->name.doc);
		text_add(out, "\t%s_%s = %llu,\n", declaration->c_constant, text_upper(member->name.text),
			 (unsigned long long)member->value.value);
	}
	text_add(out, "};\n\nstatic inline bool %s_valid(uint64_t value)\n{\n\tswitch (value) {\n",
		 declaration->c_name);
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		text_add(out, "\tcase %s_%s:\n", declaration->c_constant, text_upper(member->name.text));
	}
	text_add(out, "\t\treturn true;\n\tdefault:\n\t\treturn false;\n\t}\n}\n");
}

static void emit_flags(const struct declaration *declaration, struct text *out)
{
	const char *suffix = declaration->bits == 64 ? "ull" : "u";
	uint64_t mask = 0;
	text_add(out, "\n");
	emit_doc(out, "", declaration->name.doc);
	text_add(out, "typedef %s %s_t;\n", c_integer(declaration->bits), declaration->c_name);
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		mask |= member->value.value;
		emit_doc(out, "", member->name.doc);
		text_add(out, "#define %s_%s ((%s_t)0x%llx%s)\n", declaration->c_constant,
			 text_upper(member->name.text), declaration->c_name, (unsigned long long)member->value.value,
			 suffix);
	}
	text_add(out, "#define %s_MASK ((%s_t)0x%llx%s)\n", declaration->c_constant, declaration->c_name,
		 (unsigned long long)mask, suffix);
}

static void emit_scalars(const struct list *declarations, struct text *out)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind == DECLARATION_ENUM) {
			emit_enum(declaration, out);
		} else if (declaration->kind == DECLARATION_FLAGS) {
			emit_flags(declaration, out);
		}
	}
}

static void emit_errors(const struct interface *interface, struct text *out)
{
	if (!interface->has_errors) {
		return;
	}
	text_add(out, "\nenum %s_error {\n", interface->name.text);
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		emit_doc(out, "\t", error->name.doc);
		text_add(out, "\t%s_ERROR_%s = %llu,\n", interface->c_constant, text_upper(error->name.text),
			 (unsigned long long)error->value.value);
	}
	text_add(out, "};\n");
}

/* Errors are closed too: what a server may answer, and nothing else, reaches its clients. */
static void emit_status(const struct interface *interface, struct text *out)
{
	if (interface->kernel || interface->methods.count == 0) {
		return;
	}
	text_add(out, "\nstatic inline sk_status_t %s_status(sk_status_t status)\n{\n", interface->name.text);
	if (interface->errors.count == 0) {
		text_add(out, "\treturn status > 0 ? SK_BAD_ARG : status; /* it has no errors of its own */\n}\n");
		return;
	}
	text_add(out, "\tif (status <= 0) {\n\t\treturn status;\n\t}\n\tswitch (status) {\n");
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		text_add(out, "\tcase %s_ERROR_%s:\n", interface->c_constant, text_upper(error->name.text));
	}
	text_add(out, "\t\treturn status;\n\tdefault:\n\t\treturn SK_BAD_ARG;\n\t}\n}\n");
}

static void emit_methods(const struct interface *interface, struct text *out)
{
	const char *prefix = interface->c_constant;
	text_add(out, interface->methods.count == 0 ? "" : "\n");
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		text_add(out, "#define %s_METHOD_%s 0x%02llxu\n", prefix, text_upper(method->name.text),
			 (unsigned long long)method->number.value);
	}
	text_add(out, interface->methods.count == 0 ? "" : "\n");
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		const char *upper = text_upper(method->name.text);
		text_add(out, "#define %s_TAG_%s SK_TAG_METHOD(%s_INTERFACE, %s_METHOD_%s)\n", prefix, upper, prefix,
			 prefix, upper);
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		if (method->has_budget) {
			text_add(out, "#define %s_BUDGET_%s %lluull /* ns */\n", prefix, text_upper(method->name.text),
				 (unsigned long long)method->budget.value);
		}
	}
}

static void emit_events(const struct interface *interface, struct text *out)
{
	text_add(out, interface->events.count == 0 ? "" : "\n");
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		emit_doc(out, "", event->name.doc);
		text_add(out, "#define %s_EVENT_%s (1ull << %llu)\n", interface->c_constant,
			 text_upper(event->name.text), (unsigned long long)event->bit.value);
	}
}

static void emit_interface(const struct interface *interface, struct text *out)
{
	text_add(out, "\n");
	emit_doc(out, "", interface->name.doc);
	text_add(out, "#define %s_INTERFACE 0x%02llxu\n", interface->c_constant,
		 (unsigned long long)interface->number.value);
	text_add(out, "#define %s_HASH 0x%016llxull\n", interface->c_constant, (unsigned long long)interface->hash);
	emit_methods(interface, out);
	emit_events(interface, out);
	emit_errors(interface, out);
	emit_status(interface, out);
	emit_scalars(&interface->declarations, out);
}

static bool file_shares(const struct file *file)
{
	for (size_t i = 0; i < file->interfaces.count; i++) {
		if (interface_shares(list_at(&file->interfaces, i))) {
			return true;
		}
	}
	return false;
}

void emit_types(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "");
	emit_head(file, out, "numbers and types");
	if (file->doc != NULL) {
		emit_doc(out, "", file->doc);
	}
	text_add(out, "#ifndef %s\n#define %s\n\n#include <stddef.h>\n\n#include <sk/abi.h>\n", guard, guard);
	if (file_shares(file)) {
		text_add(out, "\n#include \"idl_support.h\"\n");
	}
	emit_newtypes(file, out);
	emit_scalars(&file->declarations, out);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		emit_interface(list_at(&file->interfaces, i), out);
	}
	emit_structs(file, out);
	emit_rings(file, out);
	text_add(out, "\n#endif\n");
}
