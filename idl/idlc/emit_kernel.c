/*
 * FILE_kernel.h: dispatch of the kernel's own interfaces. Scalars are checked
 * here; structs, arrays and `bytes` stay in the caller's message buffer, whose
 * page the caller shares: a handler reads each element once and checks what it
 * read. Nothing large touches the kernel's stack.
 */
#include "emit.h"

static void emit_prototype(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	emit_item(&parameters, text_format("struct kernel_call *%s", c_local(method, "call")));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_SERVER);
	c_outputs(&parameters, &method->out.fields);
	text_add(out, "\n");
	emit_doc(out, "", method->name.doc);
	emit_wrapped(out, 0, text_format("sk_status_t %s_do_%s(", interface->name.text, method->name.text), &parameters,
		     ", ", ");");
}

static void emit_lengths(const struct method *method, const char *call, const char *source, struct text *out)
{
	const struct message *message = &method->in;
	if (message->payload_bytes != 0 && message->fixed_bytes != 0) {
		text_add(out, "\tif (%s->buffer_bytes %s %uu) {\n\t\treturn SK_BAD_ARG;\n\t}\n", call,
			 message->varies ? "<" : "!=", message->varies ? pack_least(message) : message->payload_bytes);
	}
	unpack_lengths(out, message, source, text_format("(const uint8_t *)%s->buffer", call), "_bytes");
	if (message->varies) {
		text_add(out, "\tif (%s->buffer_bytes != %s) {\n\t\treturn SK_BAD_ARG;\n\t}\n", call,
			 pack_total(message, "_bytes"));
	}
}

static void emit_refusals(const struct method *method, const char *source, struct text *out)
{
	struct list refusals = {0};
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		if (cell->role == CELL_VALUE) {
			unpack_refusals(&refusals, cell->field->type, unpack_source(cell, source));
		}
	}
	emit_refusal(out, &refusals);
}

/* A pointer into the message buffer; `offset` is " + …" or empty. */
static const char *buffer_pointer(const char *call, const char *qualifier, const char *offset)
{
	return offset[0] == '\0'
		       ? text_format("%s->buffer", call)
		       : text_format("(%svoid *)((%suint8_t *)%s->buffer%s)", qualifier, qualifier, call, offset);
}

static void add_inputs(struct list *arguments, const struct method *method, const char *call, const char *source)
{
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		if (cell->role == CELL_VALUE) {
			emit_item(arguments, unpack_scalar(cell->field->type, unpack_source(cell, source)));
		} else if (cell->role == CELL_BLOCK) {
			emit_item(arguments,
				  buffer_pointer(call, "const ", pack_position("", &method->in, cell, "_bytes")));
			if (cell->field->type->kind == TYPE_BYTES) {
				emit_item(arguments, text_format("%s_bytes", cell->field->name.text));
			}
		}
	}
}

static void emit_outputs(struct list *arguments, const struct method *method, const char *call, struct text *out)
{
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		const char *name = cell->field->name.text;
		if (cell->role == CELL_VALUE) {
			text_add(out, "\t%s %s = %s;\n", c_scalar(cell->field->type), name, c_zero(cell->field->type));
			emit_item(arguments, text_format("&%s", name));
		} else if (cell->role == CELL_BLOCK) {
			emit_item(arguments, buffer_pointer(call, "", pack_position("", &method->out, cell, "_bytes")));
			if (cell->field->type->kind == TYPE_BYTES) {
				text_add(out, "\tuint32_t %s_bytes = %lluu;\n", name,
					 (unsigned long long)cell->field->type->count.value);
				emit_item(arguments, text_format("&%s_bytes", name));
			}
		}
	}
}

static void emit_results(const struct method *method, const char *call, struct text *out)
{
	struct list words = {0};
	if (method->out.payload_bytes != 0) {
		text_add(out, "\t%s->reply_bytes = %s;\n", call, pack_total(&method->out, "_bytes"));
	}
	pack_words(&words, &method->out);
	for (size_t i = 0; i < words.count; i++) {
		text_add(out, "\t%s->msg->w[%zu] = %s;\n", call, i, (const char *)list_at(&words, i));
	}
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		if (!cell->in_word && cell->role == CELL_VALUE) {
			const char *name = cell->field->name.text;
			text_add(out, "\tuint64_t %s_word = %s;\n", name, name);
			const char *buffer = text_format("(uint8_t *)%s->buffer", call);
			text_add(out, "\tmemcpy(%s, &%s_word, 8u);\n",
				 pack_position(buffer, &method->out, cell, "_bytes"), name);
		}
	}
}

static void emit_method(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *call = c_local(method, "call");
	const char *status = c_local(method, "status");
	const char *source = text_format("%s->msg->", call);
	struct list arguments = {0};
	emit_prototype(interface, method, out);
	text_add(out, "\nstatic inline sk_status_t %s_dispatch_%s(struct kernel_call *%s)\n{\n", interface->name.text,
		 method->name.text, call);
	emit_lengths(method, call, source, out);
	emit_refusals(method, source, out);
	emit_item(&arguments, call);
	add_inputs(&arguments, method, call, source);
	emit_outputs(&arguments, method, call, out);
	if (method->out.fields.count == 0) {
		emit_wrapped(out, 1, text_format("return %s_do_%s(", interface->name.text, method->name.text),
			     &arguments, ", ", ");");
		text_add(out, "}\n");
		return;
	}
	emit_wrapped(out, 1, text_format("sk_status_t %s = %s_do_%s(", status, interface->name.text, method->name.text),
		     &arguments, ", ", ");");
	text_add(out, "\tif (%s != SK_OK) {\n\t\treturn %s;\n\t}\n", status, status);
	emit_results(method, call, out);
	text_add(out, "\treturn SK_OK;\n}\n");
}

static void emit_dispatch(const struct interface *interface, struct text *out)
{
	text_add(out, "\nstatic inline sk_status_t %s_dispatch(struct kernel_call *call)\n{\n", interface->name.text);
	text_add(out, "\tcall->reply_bytes = 0;\n\tswitch (call->msg->tag & SK_TAG_METHOD_MASK) {\n");
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		text_add(out, "\tcase %s_TAG_%s:\n\t\treturn %s_dispatch_%s(call);\n", interface->c_constant,
			 text_upper(method->name.text), interface->name.text, method->name.text);
	}
	text_add(out, "\tdefault:\n\t\treturn SK_UNKNOWN_OP;\n\t}\n}\n");
}

void emit_kernel(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "KERNEL_");
	emit_head(file, out, "the kernel's dispatch");
	text_add(out, "/*\n * Include behind the definition of struct kernel_call, of which this uses\n");
	text_add(out, " *   struct sk_msg *msg     words in and out, and the caller's tag\n");
	text_add(out, " *   void *buffer           the caller's message buffer as the kernel sees it, never NULL\n");
	text_add(out, " *   uint32_t buffer_bytes  what the caller sent there\n");
	text_add(out, " *   uint32_t reply_bytes   what the reply has there: set by dispatch\n");
	text_add(out, " * and of memcpy. Pointers that handlers get lead into that buffer, which its owner can change "
		      "at any\n");
	text_add(out, " * time: read each element once, then check what was read. A handler that returns another "
		      "status than\n");
	text_add(out, " * SK_OK leaves the words as they were.\n */\n");
	text_add(out, "#ifndef %s\n#define %s\n\n#include \"%s.h\"\n", guard, guard, file->base);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		if (!interface->kernel || interface->methods.count == 0) {
			continue;
		}
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_method(interface, list_at(&interface->methods, j), out);
		}
		emit_dispatch(interface, out);
	}
	text_add(out, "\n#endif\n");
}
