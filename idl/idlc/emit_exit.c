/*
 * FILE_exit.h: messages that are built without a call of one's own: by the
 * kernel, for what it sends on behalf of a vCPU, thread or core; and what it
 * makes of the reply. Only methods that stay in registers: there is no buffer then.
 */
#include "emit.h"

static void emit_message(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *msg = c_local(method, "msg");
	struct list parameters = {0};
	struct list words = {0};
	emit_item(&parameters, text_format("struct sk_msg *%s", msg));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_CLIENT);
	text_add(out, "\n");
	emit_doc(out, "", method->name.doc);
	emit_wrapped(out, 0, text_format("static inline void %s_%s_message(", interface->name.text, method->name.text),
		     &parameters, ", ", ")");
	/* Stores, not an aggregate: compilers without vector registers make a call to memset of that. */
	text_add(out, "{\n\t%s->tag = %s_TAG_%s%s%s;\n", msg, interface->c_constant, text_upper(method->name.text),
		 method->restart == RESTART_IDEMPOTENT ? " | SK_TAG_IDEMPOTENT" : "",
		 method->oneway ? " | SK_TAG_ONEWAY" : "");
	pack_words(&words, &method->in);
	for (size_t i = 0; i < MESSAGE_WORDS; i++) {
		text_add(out, "\t%s->w[%zu] = %s;\n", msg, i, i < words.count ? (const char *)list_at(&words, i) : "0");
	}
	text_add(out, "}\n");
}

/* Whether the words of a reply are what the method may return, and its results. */
static void emit_reading(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *msg = c_local(method, "msg");
	struct list parameters = {0};
	struct list refusals = {0};
	emit_item(&parameters, text_format("const struct sk_msg *%s", msg));
	c_outputs(&parameters, &method->out.fields);
	text_add(out, "\n/* Takes a reply with status SK_OK apart; false when a value in it is none. */\n");
	emit_wrapped(out, 0, text_format("static inline bool %s_%s_results(", interface->name.text, method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n");
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		unpack_refusals(&refusals, cell->field->type, unpack_source(cell, text_format("%s->", msg)));
	}
	if (refusals.count != 0) {
		emit_wrapped(out, 1, "if (", &refusals, " || ", ") {");
		text_add(out, "\t\treturn false;\n\t}\n");
	}
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		text_add(out, "\t*%s = %s;\n", cell->field->name.text,
			 unpack_scalar(cell->field->type, unpack_source(cell, text_format("%s->", msg))));
	}
	text_add(out, "\treturn true;\n}\n");
}

static bool uses_shared(const struct message *message)
{
	for (size_t i = 0; i < message->fields.count; i++) {
		const struct field *field = list_at(&message->fields, i);
		if (field->type->kind == TYPE_BUFFER || field->type->kind == TYPE_RING) {
			return true;
		}
	}
	return false;
}

void emit_exit(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "EXIT_");
	emit_head(file, out, "messages without a call of one's own");
	text_add(out, "#ifndef %s\n#define %s\n\n#include \"%s.h\"\n", guard, guard, file->base);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->methods.count && !interface->kernel; j++) {
			const struct method *method = list_at(&interface->methods, j);
			if (!pack_is_long(&method->in) && !uses_shared(&method->in)) {
				emit_message(interface, method, out);
			}
			if (!pack_is_long(&method->out) && method->out.fields.count != 0) {
				emit_reading(interface, method, out);
			}
		}
	}
	text_add(out, "\n#endif\n");
}
