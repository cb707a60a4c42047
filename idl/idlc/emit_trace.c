/* FILE_trace.h and FILE_trace.c: what a trace decoder needs to know about each tag, sorted by tag. */
#include "emit.h"

#include <stdlib.h>

void emit_trace_header(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "TRACE_");
	emit_head(file, out, "trace tables");
	text_add(out, "#ifndef %s\n#define %s\n\n#include \"idl_support.h\"\n\n", guard, guard);
	text_add(out, "/* Every method of %s.idl, sorted by tag. */\n", file->base);
	text_add(out, "extern const struct sk_trace_method %s_trace[];\n", file->base);
	text_add(out, "extern const size_t %s_trace_count;\n\n#endif\n", file->base);
}

static int first_word(const struct message *message, const struct field *field)
{
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->field == field) {
			return cell->in_word ? (int)cell->index : -1;
		}
	}
	return -1;
}

static void emit_fields(const char *name, const struct message *message, struct text *out)
{
	if (message->fields.count == 0) {
		return;
	}
	text_add(out, "\nstatic const struct sk_trace_field %s[] = {\n", name);
	for (size_t i = 0; i < message->fields.count; i++) {
		const struct field *field = list_at(&message->fields, i);
		text_add(out, "\t{\"%s\", \"%s\", %d},\n", field->name.text, type_text(field->type),
			 first_word(message, field));
	}
	text_add(out, "};\n");
}

struct entry {
	const struct interface *interface;
	const struct method *method;
};

static uint64_t entry_tag(const struct entry *entry)
{
	return entry->interface->number.value << 8 | entry->method->number.value;
}

static int compare_entries(const void *a, const void *b)
{
	uint64_t left = entry_tag(*(const struct entry *const *)a);
	uint64_t right = entry_tag(*(const struct entry *const *)b);
	return left < right ? -1 : left > right ? 1 : 0;
}

static struct list sorted_entries(const struct file *file)
{
	struct list entries = {0};
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->methods.count; j++) {
			struct entry *entry = memory_take(sizeof(*entry));
			*entry = (struct entry){interface, list_at(&interface->methods, j)};
			list_add(&entries, entry);
		}
	}
	if (entries.count != 0) {
		qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
	}
	return entries;
}

static void emit_entry(const struct entry *entry, struct text *out)
{
	const struct method *method = entry->method;
	const char *name = text_format("%s_%s", entry->interface->name.text, method->name.text);
	struct list items = {0};
	emit_item(&items, text_format("0x%04llxu", (unsigned long long)entry_tag(entry)));
	emit_item(&items, text_format("\"%s\"", entry->interface->name.text));
	emit_item(&items, text_format("\"%s\"", method->name.text));
	emit_item(&items, method->oneway ? "true" : "false");
	emit_item(&items, method->restart == RESTART_IDEMPOTENT ? "true" : "false");
	emit_item(&items, text_format("%zu", method->in.fields.count));
	emit_item(&items, method->in.fields.count == 0 ? "NULL" : text_format("%s_in", name));
	emit_item(&items, text_format("%zu", method->out.fields.count));
	emit_item(&items, method->out.fields.count == 0 ? "NULL" : text_format("%s_out", name));
	emit_wrapped(out, 1, "{", &items, ", ", "},");
}

void emit_trace_table(const struct file *file, struct text *out)
{
	struct list entries = sorted_entries(file);
	emit_head(file, out, "trace tables");
	text_add(out, "#include \"%s_trace.h\"\n", file->base);
	for (size_t i = 0; i < entries.count; i++) {
		const struct entry *entry = list_at(&entries, i);
		const char *name = text_format("%s_%s", entry->interface->name.text, entry->method->name.text);
		emit_fields(text_format("%s_in", name), &entry->method->in, out);
		emit_fields(text_format("%s_out", name), &entry->method->out, out);
	}
	text_add(out, "\nconst struct sk_trace_method %s_trace[] = {\n", file->base);
	for (size_t i = 0; i < entries.count; i++) {
		emit_entry(list_at(&entries, i), out);
	}
	if (entries.count == 0) {
		text_add(out, "\t{0}, /* no methods: the count says so */\n");
	}
	text_add(out, "};\n\nconst size_t %s_trace_count = %zu;\n", file->base, entries.count);
}
