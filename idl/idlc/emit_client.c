/*
 * FILE_client.h: a function for each method that sends the message and takes the
 * reply apart. Nothing that a reply says is believed before it is checked: a
 * server may be wrong or hostile. Results are written on SK_OK only, except that
 * a refused reply may leave structs and arrays half checked in the caller's room.
 */
#include "emit.h"

static bool interface_is_long(const struct interface *interface)
{
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		if (pack_is_long(&method->in) || pack_is_long(&method->out)) {
			return true;
		}
	}
	return false;
}

static void emit_limits(const struct message *in, struct text *out)
{
	struct list refusals = {0};
	for (size_t i = 0; i < in->fields.count; i++) {
		const struct field *field = list_at(&in->fields, i);
		const char *name = field->name.text;
		unsigned long long limit = field->type->count.value;
		if (field->type->kind == TYPE_BYTES) {
			emit_item(&refusals, text_format("%s_bytes > %lluu", name, limit));
		} else if (field->type->kind == TYPE_BUFFER) {
			emit_item(&refusals, text_format("%s.bytes > %lluu", name, limit));
		}
	}
	emit_refusal(out, &refusals);
}

static void emit_request(const struct interface *interface, const struct method *method, const char *msg,
			 struct text *out)
{
	struct list words = {0};
	struct list tag = {0};
	emit_item(&tag, text_format("%s_TAG_%s", interface->c_constant, text_upper(method->name.text)));
	if (method->restart == RESTART_IDEMPOTENT) {
		emit_item(&tag, "SK_TAG_IDEMPOTENT");
	}
	if (method->oneway) {
		emit_item(&tag, "SK_TAG_ONEWAY");
	}
	const char *length = pack_tag(&method->in, "_bytes");
	if (length[0] != '\0') {
		emit_item(&tag, length + 3);
	}
	text_add(out, "\tstruct sk_msg %s = {\n", msg);
	emit_wrapped(out, 2, ".tag = ", &tag, " | ", ",");
	pack_words(&words, &method->in);
	if (words.count != 0) {
		emit_wrapped(out, 2, ".w = {", &words, ", ", "},");
	}
	text_add(out, "\t};\n");
}

/* Lengths that a reply claims, each against its bound, then against the reply's own length. */
static void emit_result_lengths(const struct method *method, const char *msg, const char *payload, struct text *out)
{
	unpack_lengths(out, &method->out, text_format("%s.", msg), payload, "_sent");
	if (method->out.varies) {
		text_add(out, "\tif (SK_TAG_BYTES_OF(%s.tag) != %s) {\n\t\treturn SK_BAD_ARG;\n\t}\n", msg,
			 pack_total(&method->out, "_sent"));
	}
}

static void emit_result_refusals(const struct method *method, const char *msg, struct text *out)
{
	struct list refusals = {0};
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		if (cell->role == CELL_VALUE) {
			unpack_refusals(&refusals, cell->field->type, unpack_source(cell, text_format("%s.", msg)));
		}
	}
	emit_refusal(out, &refusals);
}

static void emit_result_bytes(const struct cell *cell, const char *position, struct text *out)
{
	const char *name = cell->field->name.text;
	text_add(out, "\tif (%s_sent > *%s_bytes) {\n", name, name);
	text_add(out, "\t\t*%s_bytes = %s_sent; /* the room it takes */\n\t\treturn SK_NO_MEMORY;\n\t}\n", name, name);
	text_add(out, "\tif (%s_sent != 0) {\n\t\tmemcpy(%s, %s, %s_sent);\n\t}\n", name, name, position, name);
	text_add(out, "\t*%s_bytes = %s_sent;\n", name, name);
}

static void emit_result_blocks(const struct method *method, const char *payload, struct text *out)
{
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		const char *name = cell->field->name.text;
		const char *position = pack_position(payload, &method->out, cell, "_sent");
		if (cell->role == CELL_CAP) {
			text_add(out, "\tuint64_t %s_slot;\n", name);
			text_add(out, "\tmemcpy(&%s_slot, %s, 8u);\n", name, pack_cap_position(payload, cell));
			text_add(out, "\tif (%s_slot == SK_CAP_NONE || %s_slot > SK_CAP_SLOTS) {\n", name, name);
			text_add(out, "\t\treturn SK_BAD_CAP;\n\t}\n");
		} else if (cell->role == CELL_BLOCK && cell->field->type->kind == TYPE_BYTES) {
			emit_result_bytes(cell, position, out);
		} else if (cell->role == CELL_BLOCK) {
			text_add(out, "\tmemcpy(%s, %s, %uu);\n", name, position, cell->bytes);
			unpack_check_block(out, cell->field->type, name, false, c_local(method, "i"));
		}
	}
}

static void emit_results(const struct method *method, const char *msg, const char *payload, struct text *out)
{
	const struct message *message = &method->out;
	struct list lengths = {0};
	if (message->payload_bytes != 0 && message->fixed_bytes != 0) {
		emit_item(&lengths, text_format("SK_TAG_BYTES_OF(%s.tag) %s %uu", msg, message->varies ? "<" : "!=",
						message->varies ? pack_least(message) : message->payload_bytes));
	}
	if (message->caps != 0) {
		emit_item(&lengths, text_format("SK_TAG_CAPS_OF(%s.tag) != %uu", msg, message->caps));
	}
	emit_refusal(out, &lengths);
	emit_result_lengths(method, msg, payload, out);
	emit_result_refusals(method, msg, out);
	emit_result_blocks(method, payload, out);
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		const char *name = cell->field->name.text;
		if (cell->role == CELL_VALUE) {
			const char *source = unpack_source(cell, text_format("%s.", msg));
			text_add(out, "\t*%s = %s;\n", name, unpack_scalar(cell->field->type, source));
		} else if (cell->role == CELL_CAP) {
			text_add(out, "\t*%s = (sk_cap_t)%s_slot;\n", name, name);
		}
	}
}

static void emit_stub(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *to = c_local(method, "to");
	const char *msg = c_local(method, "msg");
	const char *payload = c_local(method, "payload");
	const char *status = c_local(method, "status");
	struct list parameters = {0};
	emit_item(&parameters, text_format("sk_cap_t %s", to));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_CLIENT);
	c_outputs(&parameters, &method->out.fields);
	text_add(out, "\n");
	emit_doc(out, "", method->name.doc);
	emit_wrapped(out, 0, text_format("static inline sk_status_t %s_%s(", interface->name.text, method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n");
	emit_limits(&method->in, out);
	emit_request(interface, method, msg, out);
	if (pack_is_long(&method->in) || pack_is_long(&method->out)) {
		text_add(out, "\tuint8_t *%s = sk_message_buffer();\n", payload);
		pack_payload(out, &method->in, payload, false);
	}
	const char *sending = text_format("sk_call(%s, &%s)", to, msg);
	if (!interface->kernel) {
		sending = text_format("%s_status(%s)", interface->name.text, sending);
	}
	if (method->out.fields.count == 0) {
		text_add(out, "\treturn %s;\n}\n", sending);
		return;
	}
	text_add(out, "\tsk_status_t %s = %s;\n", status, sending);
	text_add(out, "\tif (%s != SK_OK) {\n\t\treturn %s;\n\t}\n", status, status);
	emit_results(method, msg, payload, out);
	text_add(out, "\treturn SK_OK;\n}\n");
}

void emit_client(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "CLIENT_");
	bool is_long = false;
	for (size_t i = 0; i < file->interfaces.count; i++) {
		is_long = is_long || interface_is_long(list_at(&file->interfaces, i));
	}
	emit_head(file, out, "client stubs");
	text_add(out, "#ifndef %s\n#define %s\n", guard, guard);
	text_add(out, is_long ? "\n#include <string.h>\n" : "");
	text_add(out, "\n#include <sk/syscall.h>\n\n#include \"%s.h\"\n", file->base);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_stub(interface, list_at(&interface->methods, j), out);
		}
	}
	text_add(out, "\n#endif\n");
}
