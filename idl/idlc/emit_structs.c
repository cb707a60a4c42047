/*
 * Structs of FILE.h, with their layout asserted, and the functions that check
 * the values in one. A struct comes after those that it contains, wherever the
 * file declares it. Padding is explicit: an initialiser zeroes it.
 */
#include "emit.h"

static void emit_padding(struct text *out, uint32_t at, uint32_t until)
{
	if (until > at) {
		text_add(out, "\tuint8_t pad_%u[%u];\n", at, until - at);
	}
}

static void emit_field(const struct field *field, struct text *out)
{
	const char *name = field->name.text;
	const struct type *type = field->type;
	emit_doc(out, "\t", field->name.doc);
	switch (type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\tstruct %s %s;\n", type->declaration->c_name, name);
		break;
	case TYPE_ARRAY:
		text_add(out, "\t%s %s[%llu];", c_pointee(type), name, (unsigned long long)type->count.value);
		text_add(out, type->element->kind == TYPE_ENUM ? " /* %s */\n" : "\n", c_scalar(type->element));
		break;
	case TYPE_BYTES:
		text_add(out, "\tuint32_t %s_bytes;\n\tuint8_t %s[%llu];\n", name, name,
			 (unsigned long long)type->count.value);
		break;
	case TYPE_ENUM:
	case TYPE_BOOL:
		text_add(out, "\t%s %s; /* %s */\n", c_stored(type), name, c_scalar(type));
		break;
	default:
		text_add(out, "\t%s %s;\n", c_stored(type), name);
		break;
	}
}

static void emit_asserts(const struct declaration *declaration, struct text *out)
{
	const char *name = declaration->c_name;
	text_add(out, "\n_Static_assert(sizeof(struct %s) == %u, \"size of %s\");\n", name, declaration->size, name);
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const char *bytes = field->type->kind == TYPE_BYTES ? "_bytes" : "";
		text_add(out, "_Static_assert(offsetof(struct %s, %s%s) == %u, \"offset in %s\");\n", name,
			 field->name.text, bytes, field->offset, name);
	}
}

static void emit_struct(const struct declaration *declaration, struct text *out)
{
	uint32_t at = 0;
	text_add(out, "\n");
	emit_doc(out, "", declaration->name.doc);
	text_add(out, "struct %s {\n", declaration->c_name);
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		emit_padding(out, at, field->offset);
		emit_field(field, out);
		at = field->offset + (uint32_t)type_size(field->type);
	}
	emit_padding(out, at, declaration->size);
	text_add(out, "};\n");
	emit_asserts(declaration, out);
	emit_struct_checks(declaration, out);
}

static void check_array(const struct field *field, struct text *out)
{
	const struct type *element = field->type->element;
	const char *source = text_format("value->%s[i]", field->name.text);
	struct list refusals = {0};
	if (element->kind == TYPE_STRUCT) {
		emit_item(&refusals, text_format("!%s_valid(&%s)", element->declaration->c_name, source));
	} else if (element->kind == TYPE_BOOL || element->kind == TYPE_ENUM || element->kind == TYPE_FLAGS) {
		unpack_refusals(&refusals, element, source);
	}
	if (refusals.count == 0) {
		return;
	}
	text_add(out, "\tfor (uint32_t i = 0; i < %lluu; i++) {\n", (unsigned long long)field->type->count.value);
	emit_wrapped(out, 2, "if (", &refusals, " || ", ") {");
	text_add(out, "\t\t\treturn false;\n\t\t}\n\t}\n");
}

void emit_struct_checks(const struct declaration *declaration, struct text *out)
{
	struct list refusals = {0};
	text_add(out, "\nstatic inline bool %s_valid(const struct %s *value)\n{\n", declaration->c_name,
		 declaration->c_name);
	size_t start = out->length;
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const char *source = text_format("value->%s", field->name.text);
		switch (field->type->kind) {
		case TYPE_ARRAY:
			check_array(field, out);
			break;
		case TYPE_STRUCT:
			emit_item(&refusals, text_format("!%s_valid(&%s)", field->type->declaration->c_name, source));
			break;
		case TYPE_BYTES:
			emit_item(&refusals, text_format("%s_bytes > %lluu", source,
							 (unsigned long long)field->type->count.value));
			break;
		case TYPE_BOOL:
		case TYPE_ENUM:
		case TYPE_FLAGS:
			unpack_refusals(&refusals, field->type, source);
			break;
		default:
			break;
		}
	}
	if (refusals.count != 0) {
		emit_wrapped(out, 1, "if (", &refusals, " || ", ") {");
		text_add(out, "\t\treturn false;\n\t}\n");
	} else if (out->length == start) {
		text_add(out, "\t(void)value; /* every bit pattern is a value */\n");
	}
	text_add(out, "\treturn true;\n}\n");
}

static bool contains_pending(const struct declaration *declaration, const struct list *pending)
{
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const struct type *type = field->type->kind == TYPE_ARRAY ? field->type->element : field->type;
		for (size_t j = 0; j < pending->count && type->kind == TYPE_STRUCT; j++) {
			if (list_at(pending, j) == type->declaration) {
				return true;
			}
		}
	}
	return false;
}

/* The checker has made sure that every round emits at least one. */
static void emit_in_order(struct list pending, struct text *out)
{
	while (pending.count != 0) {
		struct list later = {0};
		for (size_t i = 0; i < pending.count; i++) {
			struct declaration *declaration = list_at(&pending, i);
			if (contains_pending(declaration, &pending)) {
				list_add(&later, declaration);
			} else {
				emit_struct(declaration, out);
			}
		}
		pending = later;
	}
}

static void add_structs(struct list *pending, const struct list *declarations)
{
	for (size_t i = 0; i < declarations->count; i++) {
		struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind == DECLARATION_STRUCT) {
			list_add(pending, declaration);
		}
	}
}

void emit_structs(const struct file *file, struct text *out)
{
	struct list pending = {0};
	add_structs(&pending, &file->declarations);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		add_structs(&pending, &interface->declarations);
	}
	emit_in_order(pending, out);
}
