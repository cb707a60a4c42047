/* Declarations by themselves, and the resolution of type names. */
#include "check.h"

#include <string.h>

#define ARRAY_COUNT_MAX (1u << 20)
#define INT_MAX_U64 0x7fffffffull

static uint32_t integer_bits(const char *name)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} integers[] = {{"u8", 8}, {"u16", 16}, {"u32", 32}, {"u64", 64}};
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		if (strcmp(name, integers[i].name) == 0) {
			return integers[i].bits;
		}
	}
	return 0;
}

static bool is_built_in(const char *name)
{
	return integer_bits(name) != 0 || strcmp(name, "bool") == 0 || strcmp(name, "time") == 0;
}

static struct declaration *find_declaration(const struct list *declarations, const char *name)
{
	for (size_t i = 0; i < declarations->count; i++) {
		struct declaration *declaration = list_at(declarations, i);
		if (strcmp(declaration->name.text, name) == 0) {
			return declaration;
		}
	}
	return NULL;
}

static void resolve_declared(struct type *type, struct declaration *declaration)
{
	static const enum type_kind kinds[] = {
		[DECLARATION_NEWTYPE] = TYPE_NEWTYPE,
		[DECLARATION_ENUM] = TYPE_ENUM,
		[DECLARATION_FLAGS] = TYPE_FLAGS,
		[DECLARATION_STRUCT] = TYPE_STRUCT,
	};
	type->kind = kinds[declaration->kind];
	type->declaration = declaration;
	type->bits = declaration->bits;
}

static void resolve_name(struct file *file, const struct interface *scope, struct type *type)
{
	const char *name = type->name.text;
	struct declaration *found = scope == NULL ? NULL : find_declaration(&scope->declarations, name);
	if (found == NULL) {
		found = find_declaration(&file->declarations, name);
	}
	if (found != NULL) {
		resolve_declared(type, found);
		return;
	}
	type->bits = integer_bits(name);
	if (type->bits != 0) {
		type->kind = TYPE_INTEGER;
	} else if (strcmp(name, "bool") == 0) {
		type->kind = TYPE_BOOL;
		type->bits = 8;
	} else if (strcmp(name, "time") == 0) {
		type->kind = TYPE_TIME;
		type->bits = 64;
	} else if (strcmp(name, "gpa") == 0) {
		type->kind = TYPE_NEWTYPE;
		type->bits = 64;
		file->uses_gpa = true;
	} else if (strcmp(name, "irq") == 0) {
		type->kind = TYPE_NEWTYPE;
		type->bits = 32;
		file->uses_irq = true;
	} else {
		type->kind = TYPE_BAD;
		diagnostic_error(type->name.at,
				 "no type '%s', expected u8, u16, u32, u64, bool, time, gpa, irq or one declared here",
				 name);
	}
}

static void check_count(struct type *type, const char *what)
{
	if (type->count.value == 0 || type->count.value > ARRAY_COUNT_MAX) {
		diagnostic_error(type->count.at, "%s of %llu, expected 1 to %u", what,
				 (unsigned long long)type->count.value, ARRAY_COUNT_MAX);
		type->count.value = 1;
	}
}

static void check_element(struct file *file, const struct interface *scope, struct type *type, const char *what)
{
	struct type *element = type->element;
	if (element->kind == TYPE_NAMED) {
		resolve_name(file, scope, element);
	}
	if (element->kind == TYPE_BAD) {
		type->kind = TYPE_BAD;
	} else if (element->described) {
		refuse_slot(element);
		type->kind = TYPE_BAD;
	} else if (!type_is_scalar(element) && element->kind != TYPE_STRUCT) {
		diagnostic_error(element->name.at, "%s of '%s', expected elements that are scalars or structs", what,
				 type_text(element));
		type->kind = TYPE_BAD;
	}
}

void check_type(struct file *file, const struct interface *scope, struct type *type)
{
	switch (type->kind) {
	case TYPE_NAMED:
		resolve_name(file, scope, type);
		if (type->described && type->kind != TYPE_BAD) {
			check_slot(type);
		}
		break;
	case TYPE_ARRAY:
		check_count(type, "array");
		check_element(file, scope, type, "array");
		break;
	case TYPE_RING:
		check_count(type, "ring");
		check_element(file, scope, type, "ring");
		break;
	case TYPE_BYTES:
		check_count(type, "'bytes'");
		break;
	case TYPE_BUFFER:
		if (type->count.value == 0 || type->count.value > UINT32_MAX) {
			diagnostic_error(type->count.at, "buffer of %llu bytes, expected 1 to 0xffffffff",
					 (unsigned long long)type->count.value);
		}
		break;
	default:
		break;
	}
}

static void check_unique(const struct list *declarations)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		const struct declaration *first = find_declaration(declarations, declaration->name.text);
		if (first != declaration) {
			diagnostic_error(declaration->name.at,
					 "type '%s' is declared twice, expected once (first at line %d)",
					 declaration->name.text, first->name.at.line);
		}
		if (is_built_in(declaration->name.text)) {
			diagnostic_error(declaration->name.at, "type '%s' is built in, expected another name",
					 declaration->name.text);
		}
	}
}

static uint64_t base_max(const struct declaration *declaration)
{
	return declaration->bits == 64 ? UINT64_MAX : (1ull << declaration->bits) - 1;
}

static void check_member_value(const struct declaration *declaration, const struct member *member)
{
	const char *name = member->name.text;
	uint64_t value = member->value.value;
	if (value > base_max(declaration)) {
		diagnostic_error(member->value.at, "'%s' does not fit %s, expected at most 0x%llx", name,
				 declaration->base.text, (unsigned long long)base_max(declaration));
	} else if (declaration->kind == DECLARATION_ENUM && value > INT_MAX_U64) {
		diagnostic_error(member->value.at,
				 "'%s' is larger than an enumerator of C, expected at most 0x7fffffff", name);
	} else if (declaration->kind == DECLARATION_FLAGS && value == 0) {
		diagnostic_error(member->value.at, "flag '%s' has no bit, expected at least one", name);
	}
	if (declaration->kind == DECLARATION_FLAGS && strcmp(name, "mask") == 0) {
		diagnostic_error(member->name.at, "a flag named 'mask', expected another name (generated for all bits "
						  "together)");
	}
}

static void check_members(const struct declaration *declaration)
{
	uint64_t bits = 0;
	if (declaration->members.count == 0) {
		diagnostic_error(declaration->name.at, "'%s' has no members, expected at least one",
				 declaration->name.text);
	}
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		check_member_value(declaration, member);
		for (size_t j = 0; j < i; j++) {
			const struct member *other = list_at(&declaration->members, j);
			if (strcmp(other->name.text, member->name.text) == 0) {
				diagnostic_error(member->name.at,
						 "member '%s' is declared twice, expected once (first at line %d)",
						 member->name.text, other->name.at.line);
			} else if (declaration->kind == DECLARATION_ENUM && other->value.value == member->value.value) {
				diagnostic_error(member->value.at,
						 "'%s' has the value of '%s', expected one of its own",
						 member->name.text, other->name.text);
			}
		}
		if (declaration->kind == DECLARATION_FLAGS && (bits & member->value.value) != 0) {
			diagnostic_error(member->value.at,
					 "flag '%s' shares bits with others, expected bits of its own",
					 member->name.text);
		}
		bits |= member->value.value;
	}
}

static void check_base(struct declaration *declaration)
{
	declaration->bits = integer_bits(declaration->base.text);
	if (declaration->bits == 0) {
		diagnostic_error(declaration->base.at, "'%s' can't carry '%s', expected u8, u16, u32 or u64",
				 declaration->base.text, declaration->name.text);
		declaration->bits = 64;
	}
}

/* Names that are parameters or members in C, where these already mean something. */
static void check_variable_name(const struct name *name)
{
	static const char *const taken[] = {
		"bool",     "int64_t",  "memcpy",   "memset",  "offsetof",  "size_t",
		"uint16_t", "uint32_t", "uint64_t", "uint8_t", "uintptr_t",
	};
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (strcmp(name->text, taken[i]) == 0) {
			diagnostic_error(name->at, "'%s' means something in generated C, expected another name",
					 name->text);
		}
	}
}

static void check_field(struct file *file, const struct declaration *declaration, struct field *field)
{
	check_type(file, declaration->scope, field->type);
	check_variable_name(&field->name);
	enum type_kind kind = field->type->kind;
	if (kind == TYPE_CAP || kind == TYPE_RING || kind == TYPE_BUFFER) {
		diagnostic_error(field->type->name.at, "'%s' in a struct, expected it as a parameter or result",
				 type_text(field->type));
		field->type->kind = TYPE_BAD; /* it has no size */
	} else if (field->type->described) {
		refuse_slot(field->type);
	}
	if (strncmp(field->name.text, "pad_", 4) == 0) {
		diagnostic_error(field->name.at,
				 "field '%s' begins with 'pad_', expected another name (generated padding)",
				 field->name.text);
	}
}

static void check_fields(struct file *file, struct declaration *declaration)
{
	if (declaration->fields.count == 0) {
		diagnostic_error(declaration->name.at, "struct '%s' is empty, expected at least one field",
				 declaration->name.text);
	}
	for (size_t i = 0; i < declaration->fields.count; i++) {
		struct field *field = list_at(&declaration->fields, i);
		check_field(file, declaration, field);
		for (size_t j = 0; j < declaration->fields.count; j++) {
			const struct field *other = list_at(&declaration->fields, j);
			const char *length = text_format("%s_bytes", other->name.text);
			if (j < i && strcmp(other->name.text, field->name.text) == 0) {
				diagnostic_error(field->name.at,
						 "field '%s' is declared twice, expected once (first at line %d)",
						 field->name.text, other->name.at.line);
			} else if (other->type->kind == TYPE_BYTES && strcmp(length, field->name.text) == 0) {
				diagnostic_error(field->name.at,
						 "field '%s' is the generated length of '%s', expected another name",
						 field->name.text, other->name.text);
			}
		}
	}
	if (declaration->persistent && (declaration->version.value == 0 || declaration->version.value > UINT32_MAX)) {
		diagnostic_error(declaration->version.at, "version %llu, expected 1 to 0xffffffff",
				 (unsigned long long)declaration->version.value);
	}
}

static void check_scope(const struct list *declarations)
{
	check_unique(declarations);
	for (size_t i = 0; i < declarations->count; i++) {
		struct declaration *declaration = list_at(declarations, i);
		const char *prefix = declaration->scope == NULL ? "sk" : declaration->scope->name.text;
		declaration->c_name = text_format("%s_%s", prefix, declaration->name.text);
		declaration->c_constant = text_upper(declaration->c_name);
		if (declaration->kind != DECLARATION_STRUCT) {
			check_base(declaration);
		}
		if (declaration->kind == DECLARATION_ENUM || declaration->kind == DECLARATION_FLAGS) {
			check_members(declaration);
		}
	}
}

static void check_all_fields(struct file *file, const struct list *declarations)
{
	for (size_t i = 0; i < declarations->count; i++) {
		struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind == DECLARATION_STRUCT) {
			check_fields(file, declaration);
		}
	}
}

static void check_parameter_types(struct file *file, const struct interface *interface, const struct list *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		struct field *field = list_at(fields, i);
		check_type(file, interface, field->type);
		check_variable_name(&field->name);
	}
}

void check_declarations(struct file *file)
{
	check_scope(&file->declarations);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);
		check_scope(&interface->declarations);
	}
	check_all_fields(file, &file->declarations);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);
		check_all_fields(file, &interface->declarations);
		for (size_t j = 0; j < interface->methods.count; j++) {
			struct method *method = list_at(&interface->methods, j);
			check_parameter_types(file, interface, &method->in.fields);
			check_parameter_types(file, interface, &method->out.fields);
		}
	}
}
