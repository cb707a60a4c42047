/*
 * Values in fuzz harnesses. A harness asks whether a value is one of its type's, and makes such values up, by the
 * numbers that the file says, not by the functions with which the generated code checks.
 */
#include "emit.h"

static const char indents[] = "\t\t\t\t";

static const char *indent(unsigned tabs)
{
	return indents + (sizeof(indents) - 1 - tabs);
}

static const char *number(uint64_t value)
{
	return text_format("%lluull", (unsigned long long)value);
}

static void check_enum(struct text *out, unsigned tabs, const struct declaration *declaration, const char *value)
{
	struct list cases = {0};
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		emit_item(&cases, text_format("(uint64_t)%s == %s", value, number(member->value.value)));
	}
	emit_wrapped(out, tabs, "SK_FUZZ_EXPECT(", &cases, " || ", ");");
}

/* One that has no others in it but a struct. */
static void check_one(struct text *out, unsigned tabs, const struct type *type, const char *value)
{
	switch (type->kind) {
	case TYPE_ENUM:
		check_enum(out, tabs, type->declaration, value);
		break;
	case TYPE_FLAGS:
		text_add(out, "%sSK_FUZZ_EXPECT(((uint64_t)%s & ~%s) == 0);\n", indent(tabs), value,
			 number(unpack_mask(type->declaration)));
		break;
	case TYPE_BOOL:
		text_add(out, "%sSK_FUZZ_EXPECT(*(const uint8_t *)&%s <= 1);\n", indent(tabs), value);
		break;
	case TYPE_STRUCT:
		text_add(out, "%ssk_fuzz_check_%s(&%s);\n", indent(tabs), type->declaration->c_name, value);
		break;
	default:
		break;
	}
}

static bool has_check(const struct type *type)
{
	return type->kind == TYPE_ENUM || type->kind == TYPE_FLAGS || type->kind == TYPE_BOOL ||
	       type->kind == TYPE_STRUCT;
}

static void loop(struct text *out, unsigned tabs, const struct type *type)
{
	text_add(out, "%sfor (uint32_t sk_i = 0; sk_i < %lluu; sk_i++) {\n", indent(tabs),
		 (unsigned long long)type->count.value);
}

void fuzz_check(struct text *out, unsigned tabs, const struct type *type, const char *value)
{
	if (type->kind != TYPE_ARRAY) {
		check_one(out, tabs, type, value);
	} else if (has_check(type->element)) {
		loop(out, tabs, type);
		check_one(out, tabs + 1, type->element, text_format("%s[sk_i]", value));
		text_add(out, "%s}\n", indent(tabs));
	}
}

static void make_enum(struct text *out, unsigned tabs, const struct type *type, const char *c_type, const char *value)
{
	struct list members = {0};
	for (size_t i = 0; i < type->declaration->members.count; i++) {
		const struct member *member = list_at(&type->declaration->members, i);
		emit_item(&members, number(member->value.value));
	}
	emit_wrapped(out, tabs, text_format("%s = (%s)SK_FUZZ_ONE_OF(", value, c_type), &members, ", ", ");");
}

static void make_one(struct text *out, unsigned tabs, const struct type *type, const char *c_type, const char *value)
{
	switch (type->kind) {
	case TYPE_ENUM:
		make_enum(out, tabs, type, c_type, value);
		break;
	case TYPE_FLAGS:
		text_add(out, "%s%s = (%s)(sk_fuzz_next() & %s);\n", indent(tabs), value, c_type,
			 number(unpack_mask(type->declaration)));
		break;
	case TYPE_BOOL:
		text_add(out, "%s%s = sk_fuzz_next() %% 2 != 0;\n", indent(tabs), value);
		break;
	case TYPE_STRUCT:
		text_add(out, "%ssk_fuzz_make_%s(&%s);\n", indent(tabs), type->declaration->c_name, value);
		break;
	default:
		text_add(out, "%s%s = (%s)sk_fuzz_number();\n", indent(tabs), value, c_type);
		break;
	}
}

void fuzz_make(struct text *out, unsigned tabs, const struct type *type, const char *c_type, const char *value)
{
	if (type->kind != TYPE_ARRAY) {
		make_one(out, tabs, type, c_type, value);
		return;
	}
	loop(out, tabs, type);
	make_one(out, tabs + 1, type->element, c_pointee(type), text_format("%s[sk_i]", value));
	text_add(out, "%s}\n", indent(tabs));
}

static void emit_check(const struct declaration *declaration, struct text *out)
{
	text_add(out, "\nstatic inline void sk_fuzz_check_%s(const struct %s *value)\n{\n\t(void)value;\n",
		 declaration->c_name, declaration->c_name);
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const char *value = text_format("value->%s", field->name.text);
		if (field->type->kind == TYPE_BYTES) {
			text_add(out, "\tSK_FUZZ_EXPECT(%s_bytes <= %lluu);\n", value,
				 (unsigned long long)field->type->count.value);
		} else {
			fuzz_check(out, 1, field->type, value);
		}
	}
	text_add(out, "}\n");
}

static void emit_make(const struct declaration *declaration, struct text *out)
{
	text_add(out, "\nstatic inline void sk_fuzz_make_%s(struct %s *value)\n{\n", declaration->c_name,
		 declaration->c_name);
	text_add(out, "\tmemset(value, 0, sizeof(*value));\n");
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const char *value = text_format("value->%s", field->name.text);
		if (field->type->kind == TYPE_BYTES) {
			unsigned long long most = field->type->count.value;
			text_add(out, "\t%s_bytes = (uint32_t)(sk_fuzz_next() %% %lluu);\n", value, most + 1);
			text_add(out, "\tsk_fuzz_fill(%s, %s_bytes);\n", value, value);
		} else {
			fuzz_make(out, 1, field->type,
				  field->type->kind == TYPE_STRUCT || field->type->kind == TYPE_ARRAY
					  ? "" : c_stored(field->type),
				  value);
		}
	}
	text_add(out, "}\n");
}

static const char unused[] = "__attribute__((unused)) static inline void";

static void emit_scope(const struct list *declarations, bool declared, struct text *out)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		const char *name = declaration->c_name;
		if (declaration->kind != DECLARATION_STRUCT) {
			continue;
		}
		if (declared) {
			emit_check(declaration, out);
			emit_make(declaration, out);
		} else {
			text_add(out, "%s sk_fuzz_check_%s(const struct %s *value);\n", unused, name, name);
			text_add(out, "%s sk_fuzz_make_%s(struct %s *value);\n", unused, name, name);
		}
	}
}

/* A struct may contain one that comes later. */
void fuzz_structs(const struct file *file, struct text *out)
{
	text_add(out, "\n");
	for (unsigned round = 0; round < 2; round++) {
		emit_scope(&file->declarations, round == 1, out);
		for (size_t i = 0; i < file->interfaces.count; i++) {
			const struct interface *interface = list_at(&file->interfaces, i);
			emit_scope(&interface->declarations, round == 1, out);
		}
	}
}
