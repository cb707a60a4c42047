/*
 * FILE_persistent.h: for each persistent struct its schema hash, the size of the
 * region it needs, and typed names for what idl_support.h does to bytes.
 */
#include "emit.h"

#include "canonical.h"

static void emit_one(const struct declaration *declaration, struct text *out)
{
	const char *name = c_persistent(declaration);
	const char *upper = text_upper(name);
	const char *tag = declaration->c_name;
	text_add(out, "\n#define %s_SCHEMA 0x%016llxull /* version %llu */\n", upper,
		 (unsigned long long)canonical_struct_hash(declaration),
		 (unsigned long long)declaration->version.value);
	text_add(out, "#define %s_FIELDS_BYTES SK_PERSISTENT_FIELDS_BYTES(%uu)\n", upper, declaration->size);
	text_add(out, "#define %s_REGION_BYTES SK_PERSISTENT_REGION_BYTES(%uu)\n", upper, declaration->size);

	text_add(out, "\n/* SK_RESTORED with the last committed state, or why the server starts cold with a zeroed "
		      "one. */\n");
	text_add(out, "static inline enum sk_persistence %s_open(void *region, size_t bytes, struct %s *state)\n{\n",
		 name, tag);
	text_add(out, "\tenum sk_persistence found = sk_persistent_open(region, bytes, state, %uu, %s_SCHEMA);\n",
		 declaration->size, upper);
	text_add(out, "\tif (found == SK_RESTORED && !%s_valid(state)) {\n", tag);
	text_add(out, "\t\tmemset(state, 0, %uu);\n\t\tfound = SK_COLD_VALUE;\n\t}\n\treturn found;\n}\n",
		 declaration->size);

	text_add(out, "\n/* Replaces the older of the two copies; whatever kills the server meanwhile, one of them is "
		      "good. */\n");
	text_add(out, "static inline bool %s_commit(void *region, size_t bytes, const struct %s *state)\n{\n", name,
		 tag);
	text_add(out, "\treturn sk_persistent_commit(region, bytes, state, %uu, %s_SCHEMA);\n}\n", declaration->size,
		 upper);

	text_add(out, "\n/* Fields kept in the region itself, by single-word stores; all zero when the schema was "
		      "another. */\n");
	text_add(out, "static inline struct %s *%s_fields(void *region)\n{\n", tag, name);
	text_add(out, "\tstruct %s *fields = sk_persistent_fields(region, %uu, %s_SCHEMA);\n", tag, declaration->size,
		 upper);
	text_add(out, "\tif (!%s_valid(fields)) {\n\t\tmemset(fields, 0, %uu);\n\t}\n\treturn fields;\n}\n", tag,
		 declaration->size);
}

static void emit_scope(const struct list *declarations, struct text *out)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		if (declaration->persistent) {
			emit_one(declaration, out);
		}
	}
}

void emit_persistent(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "PERSISTENT_");
	emit_head(file, out, "persistent structs");
	text_add(out, "#ifndef %s\n#define %s\n\n#include \"idl_support.h\"\n#include \"%s.h\"\n", guard, guard,
		 file->base);
	emit_scope(&file->declarations, out);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		emit_scope(&interface->declarations, out);
	}
	text_add(out, "\n#endif\n");
}
