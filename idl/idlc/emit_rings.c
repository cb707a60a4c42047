/*
 * Rings of FILE.h: entries of one type in shared memory, one writer, one reader.
 * Indices count entries since the ring was zeroed and never wrap. The other side
 * may write anything there at any time: a pair of indices that makes no sense
 * answers SK_BAD_ARG, and an entry is copied before its values are checked.
 */
#include "emit.h"

#include <string.h>

static void emit_prototype(const char *ring, const char *verb, const char *entry, struct text *out)
{
	struct list parameters = {0};
	emit_item(&parameters, text_format("struct %s *ring", ring));
	emit_item(&parameters, entry);
	emit_wrapped(out, 0, text_format("static inline sk_status_t %s_%s(", ring, verb), &parameters, ", ", ")");
	text_add(out, "{\n");
}

static void emit_ring(const struct interface *interface, const struct type *type, struct text *out)
{
	const char *name = c_ring(interface, type);
	const char *entry = c_pointee(type);
	unsigned long long count = type->count.value;
	struct list refusals = {0};
	text_add(out, "\nstruct %s {\n\tuint64_t written; /* entries ever; only the writer stores it */\n", name);
	text_add(out, "\tuint64_t pad_8[7];\n\tuint64_t read; /* entries ever; only the reader stores it */\n");
	text_add(out, "\tuint64_t pad_72[7];\n\t%s entries[%llu];\n};\n", entry, count);

	text_add(out, "\n/* SK_OK; SK_WOULD_BLOCK: full; SK_BAD_ARG: the reader's index makes no sense. */\n");
	emit_prototype(name, "push", text_format("const %s *entry", entry), out);
	text_add(out, "\tuint64_t written = __atomic_load_n(&ring->written, __ATOMIC_RELAXED);\n");
	text_add(out, "\tuint64_t used = written - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);\n");
	text_add(out, "\tif (used >= %lluu) {\n\t\treturn used == %lluu ? SK_WOULD_BLOCK : SK_BAD_ARG;\n\t}\n", count,
		 count);
	text_add(out, "\tring->entries[written %% %lluu] = *entry;\n", count);
	text_add(out, "\t__atomic_store_n(&ring->written, written + 1, __ATOMIC_RELEASE);\n\treturn SK_OK;\n}\n");

	text_add(out, "\n/* SK_OK; SK_WOULD_BLOCK: empty; SK_BAD_ARG: an index or the entry (then taken out) makes no "
		      "sense. */\n");
	emit_prototype(name, "pop", text_format("%s *entry", entry), out);
	text_add(out, "\tuint64_t read = __atomic_load_n(&ring->read, __ATOMIC_RELAXED);\n");
	text_add(out, "\tuint64_t used = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - read;\n");
	text_add(out, "\tif (used == 0 || used > %lluu) {\n", count);
	text_add(out, "\t\treturn used == 0 ? SK_WOULD_BLOCK : SK_BAD_ARG;\n\t}\n");
	text_add(out, "\tmemcpy(entry, &ring->entries[read %% %lluu], sizeof(*entry));\n", count);
	text_add(out, "\t__atomic_store_n(&ring->read, read + 1, __ATOMIC_RELEASE);\n");
	if (type->element->kind == TYPE_STRUCT) {
		emit_item(&refusals, text_format("!%s_valid(entry)", type->element->declaration->c_name));
	} else if (strcmp(c_stored(type->element), c_scalar(type->element)) != 0 || type->element->kind == TYPE_FLAGS) {
		unpack_refusals(&refusals, type->element, "*entry");
	}
	emit_refusal(out, &refusals);
	text_add(out, "\treturn SK_OK;\n}\n");
}

static bool seen_before(struct list *seen, const char *name)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (strcmp(list_at(seen, i), name) == 0) {
			return true;
		}
	}
	emit_item(seen, name);
	return false;
}

void emit_rings(const struct file *file, struct text *out)
{
	struct list seen = {0};
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->methods.count; j++) {
			const struct method *method = list_at(&interface->methods, j);
			for (size_t k = 0; k < method->in.fields.count; k++) {
				const struct field *field = list_at(&method->in.fields, k);
				if (field->type->kind == TYPE_RING &&
				    !seen_before(&seen, c_ring(interface, field->type))) {
					emit_ring(interface, field->type, out);
				}
			}
		}
	}
}
