/*
 * FILE_server.h: what a server includes once. `<iface>_dispatch` takes a message
 * apart, checks it, calls the server's own function and packs the results. The
 * message buffer is copied to the stack before it is checked: the server's own
 * calls would overwrite it.
 */
#include "emit.h"

static void emit_prototype(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	emit_item(&parameters, text_format("const struct sk_caller *%s", c_local(method, "caller")));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_SERVER);
	c_outputs(&parameters, &method->out.fields);
	emit_doc(out, "", method->name.doc);
	emit_wrapped(out, 0, text_format("sk_status_t %s_serve_%s(", interface->name.text, method->name.text),
		     &parameters, ", ", ");");
}

static void emit_in_lengths(const struct method *method, const char *msg, struct text *out)
{
	const struct message *message = &method->in;
	struct list lengths = {0};
	if (message->payload_bytes != 0 && message->fixed_bytes != 0) {
		emit_item(&lengths, text_format("SK_TAG_BYTES_OF(%s->tag) %s %uu", msg, message->varies ? "<" : "!=",
						message->varies ? pack_least(message) : message->payload_bytes));
	}
	if (message->caps != 0) {
		emit_item(&lengths, text_format("SK_TAG_CAPS_OF(%s->tag) != %uu", msg, message->caps));
	}
	emit_refusal(out, &lengths);
}

static void emit_in_bytes_lengths(const struct method *method, const char *msg, const char *payload, struct text *out)
{
	unpack_lengths(out, &method->in, text_format("%s->", msg), payload, "_bytes");
	if (method->in.varies) {
		text_add(out, "\tif (SK_TAG_BYTES_OF(%s->tag) != %s) {\n\t\treturn SK_BAD_ARG;\n\t}\n", msg,
			 pack_total(&method->in, "_bytes"));
	}
}

/* A struct, array or `bytes` as a variable of the dispatching function. */
static void emit_variable(const struct field *field, bool zeroed, struct text *out)
{
	const char *name = field->name.text;
	const char *zero = zeroed ? " = {0}" : "";
	if (field->type->kind == TYPE_STRUCT) {
		text_add(out, "\t%s %s%s;\n", c_pointee(field->type), name, zero);
	} else {
		text_add(out, "\t%s %s[%llu]%s;\n", c_pointee(field->type), name,
			 (unsigned long long)field->type->count.value, zero);
	}
}

static void emit_in_blocks(const struct method *method, const char *payload, struct text *out)
{
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		const struct field *field = cell->field;
		const char *name = field->name.text;
		const char *position = pack_position(payload, &method->in, cell, "_bytes");
		if (cell->role == CELL_CAP) {
			text_add(out, "\tuint64_t %s_slot;\n", name);
			text_add(out, "\tmemcpy(&%s_slot, %s, 8u);\n", name, pack_cap_position(payload, cell));
			text_add(out, "\tif (%s_slot == SK_CAP_NONE || %s_slot > SK_CAP_SLOTS) {\n", name, name);
			text_add(out, "\t\treturn SK_BAD_CAP;\n\t}\n");
		} else if (cell->role == CELL_BLOCK && field->type->kind == TYPE_BYTES) {
			emit_variable(field, false, out);
			text_add(out, "\tmemcpy(%s, %s, %s_bytes);\n", name, position, name);
		} else if (cell->role == CELL_BLOCK) {
			emit_variable(field, false, out);
			text_add(out, "\tmemcpy(%s%s, %s, %uu);\n", field->type->kind == TYPE_STRUCT ? "&" : "", name,
				 position, cell->bytes);
			unpack_check_block(out, field->type, name, true, c_local(method, "i"));
		}
	}
}

static void emit_in_refusals(const struct method *method, const char *msg, struct text *out)
{
	struct list refusals = {0};
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		if (cell->role == CELL_VALUE) {
			unpack_refusals(&refusals, cell->field->type, unpack_source(cell, text_format("%s->", msg)));
		}
	}
	emit_refusal(out, &refusals);
}

/* Shared regions: found through the server, bounds checked by sk_span_resolve / the ring's own function. */
static void emit_in_shared(const struct interface *interface, const struct method *method, const char *msg,
			   struct text *out)
{
	const char *caller = c_local(method, "caller");
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		if (cell->role != CELL_REGION) {
			continue;
		}
		const struct type *type = cell->field->type;
		const char *name = cell->field->name.text;
		const char *source = unpack_source(cell, text_format("%s->", msg));
		const char *pointee =
			type->kind == TYPE_RING ? text_format("struct %s", c_ring(interface, type)) : "uint8_t";
		if (type->kind == TYPE_RING) {
			text_add(out, "\tif (%s > UINT32_MAX) {\n\t\treturn SK_BAD_ARG;\n\t}\n", source);
			text_add(out, "\tstruct sk_span %s_span = {(uint32_t)%s, sizeof(%s), 0};\n", name, source,
				 pointee);
		} else {
			const struct cell *offset = list_at(&method->in.cells, i + 1);
			text_add(out, "\tstruct sk_span %s_span = sk_span_unpack(%s, %s);\n", name, source,
				 unpack_source(offset, text_format("%s->", msg)));
		}
		bool writes = type->kind == TYPE_RING || type->direction != DIRECTION_IN;
		struct list arguments = {0};
		emit_item(&arguments, caller);
		emit_item(&arguments, text_format("%s_region", interface->name.text));
		emit_item(&arguments, text_format("%s_span", name));
		emit_item(&arguments, type->kind == TYPE_RING
					      ? text_format("sizeof(%s)", pointee)
					      : text_format("%lluu", (unsigned long long)type->count.value));
		emit_item(&arguments, writes ? "true" : "false");
		emit_wrapped(out, 1, text_format("%s *%s = sk_span_resolve(", pointee, name), &arguments, ", ", ");");
		text_add(out, "\tif (%s == NULL) {\n\t\treturn SK_BAD_ARG;\n\t}\n", name);
	}
}

static void add_argument(struct list *arguments, const struct cell *cell, const char *msg)
{
	const struct field *field = cell->field;
	const char *name = field->name.text;
	switch (cell->role) {
	case CELL_VALUE:
		emit_item(arguments, unpack_scalar(field->type, unpack_source(cell, msg)));
		break;
	case CELL_REGION:
		emit_item(arguments, name);
		if (field->type->kind == TYPE_BUFFER) {
			emit_item(arguments, text_format("%s_span.bytes", name));
		}
		break;
	case CELL_BLOCK:
		emit_item(arguments, field->type->kind == TYPE_STRUCT ? text_format("&%s", name) : name);
		if (field->type->kind == TYPE_BYTES) {
			emit_item(arguments, text_format("%s_bytes", name));
		}
		break;
	case CELL_CAP:
		emit_item(arguments, text_format("(sk_cap_t)%s_slot", name));
		break;
	default:
		break;
	}
}

static void emit_out_variables(struct list *arguments, const struct method *method, struct text *out)
{
	for (size_t i = 0; i < method->out.fields.count; i++) {
		const struct field *field = list_at(&method->out.fields, i);
		const char *name = field->name.text;
		const char *address = text_format("&%s", name);
		switch (field->type->kind) {
		case TYPE_STRUCT:
			emit_variable(field, true, out);
			break;
		case TYPE_ARRAY:
			emit_variable(field, true, out);
			address = name;
			break;
		case TYPE_BYTES:
			emit_variable(field, true, out);
			text_add(out, "\tuint32_t %s_bytes = %lluu;\n", name,
				 (unsigned long long)field->type->count.value);
			emit_item(arguments, name);
			address = text_format("&%s_bytes", name);
			break;
		case TYPE_CAP:
			text_add(out, "\tsk_cap_t %s = SK_CAP_NONE;\n", name);
			break;
		default:
			text_add(out, "\t%s %s = %s;\n", c_scalar(field->type), name, c_zero(field->type));
			break;
		}
		emit_item(arguments, address);
	}
}

/* The bounds of `bytes` results: `verdict` is what a longer one gets. */
static void emit_out_limits(const struct method *method, const char *verdict, struct text *out)
{
	struct list refusals = {0};
	for (size_t i = 0; i < method->out.fields.count; i++) {
		const struct field *field = list_at(&method->out.fields, i);
		if (field->type->kind == TYPE_BYTES) {
			emit_item(&refusals, text_format("%s_bytes > %lluu", field->name.text,
							 (unsigned long long)field->type->count.value));
		}
	}
	if (refusals.count != 0) {
		emit_wrapped(out, 1, "if (", &refusals, " || ", ") {");
		text_add(out, "\t\treturn %s\n\t}\n", verdict);
	}
}

static void emit_out(const struct method *method, const char *msg, const char *payload, struct text *out)
{
	emit_out_limits(method, "SK_BAD_STATE; /* the server's own mistake */", out);
	pack_payload(out, &method->out, payload, true);
	const char *length = pack_tag(&method->out, "_bytes");
	text_add(out, "\t%s->tag = SK_OK%s;\n", msg, length);
	struct list words = {0};
	pack_words(&words, &method->out);
	for (size_t i = 0; i < words.count; i++) {
		text_add(out, "\t%s->w[%zu] = %s;\n", msg, i, (const char *)list_at(&words, i));
	}
}

static void emit_dispatch_method(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *caller = c_local(method, "caller");
	const char *msg = c_local(method, "msg");
	const char *payload = c_local(method, "payload");
	const char *status = c_local(method, "status");
	struct list arguments = {0};
	text_add(out, "\nstatic inline sk_status_t %s_dispatch_%s(const struct sk_caller *%s, struct sk_msg *%s)\n{\n",
		 interface->name.text, method->name.text, caller, msg);
	if (method->in.fields.count == 0) {
		text_add(out, method->out.fields.count == 0 ? "\t(void)%s;\n" : "", msg);
	}
	if (pack_is_long(&method->in) || pack_is_long(&method->out)) {
		text_add(out, "\tuint8_t *%s = sk_message_buffer();\n", payload);
	}
	emit_in_lengths(method, msg, out);
	emit_in_bytes_lengths(method, msg, payload, out);
	emit_in_refusals(method, msg, out);
	emit_in_blocks(method, payload, out);
	emit_in_shared(interface, method, msg, out);
	emit_item(&arguments, caller);
	for (size_t i = 0; i < method->in.cells.count; i++) {
		add_argument(&arguments, list_at(&method->in.cells, i), text_format("%s->", msg));
	}
	emit_out_variables(&arguments, method, out);
	emit_wrapped(out, 1,
		     text_format("sk_status_t %s = %s_serve_%s(", status, interface->name.text, method->name.text),
		     &arguments, ", ", ");");
	text_add(out, "\tif (%s != SK_OK) {\n\t\treturn %s;\n\t}\n", status, status);
	emit_out(method, msg, payload, out);
	text_add(out, "\treturn SK_OK;\n}\n");
}

static void emit_deferred_reply(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *token = c_local(method, "token");
	const char *status = c_local(method, "status");
	const char *msg = c_local(method, "msg");
	const char *payload = c_local(method, "payload");
	struct list parameters = {0};
	emit_item(&parameters, text_format("uint64_t %s", token));
	emit_item(&parameters, text_format("sk_status_t %s", status));
	c_inputs(&parameters, interface, &method->out.fields, SIDE_CLIENT);
	text_add(out, "\n/* The reply to a %s that returned SK_DEFERRED; results count only with SK_OK. */\n",
		 method->name.text);
	emit_wrapped(out, 0,
		     text_format("static inline sk_status_t %s_%s_reply(", interface->name.text, method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n\tstruct sk_msg %s = {.tag = sk_reply_tag(%s)};\n", msg, status);
	if (method->out.fields.count != 0) {
		text_add(out, "\tif (%s != SK_OK) {\n\t\treturn sk_reply(%s, &%s);\n\t}\n", status, token, msg);
		emit_out_limits(method, "SK_BAD_ARG;", out);
		if (pack_is_long(&method->out)) {
			text_add(out, "\tuint8_t *%s = sk_message_buffer();\n", payload);
			pack_payload(out, &method->out, payload, false);
			text_add(out, "\t%s.tag = SK_OK%s;\n", msg, pack_tag(&method->out, "_bytes"));
		}
		struct list words = {0};
		pack_words(&words, &method->out);
		for (size_t i = 0; i < words.count; i++) {
			text_add(out, "\t%s.w[%zu] = %s;\n", msg, i, (const char *)list_at(&words, i));
		}
	}
	text_add(out, "\treturn sk_reply(%s, &%s);\n}\n", token, msg);
}

static void emit_condition(const struct interface *interface, const struct method *method, struct text *out)
{
	text_add(out, "\n#if !defined(%s_SERVE_SOME) || defined(%s_SERVES_%s)\n", interface->c_constant,
		 interface->c_constant, text_upper(method->name.text));
}

/* Words that no method answers with: the compiler need not keep the question's in them, and nobody sees them again. */
static void emit_unused_words(const struct interface *interface, struct text *out)
{
	size_t used = 0;
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		struct list words = {0};
		pack_words(&words, &method->out);
		used = words.count > used ? words.count : used;
	}
	for (; used < MESSAGE_WORDS; used++) {
		text_add(out, "\tmsg->w[%zu] = 0;\n", used);
	}
}

static void emit_dispatch(const struct interface *interface, struct text *out)
{
	const char *name = interface->name.text;
	text_add(out,
		 "\n/* Serves one message of interface %s: true when *msg is the reply, false when it comes later. "
		 "*/\n",
		 name);
	text_add(out, "static inline bool %s_dispatch(const struct sk_caller *caller, struct sk_msg *msg)\n{\n", name);
	text_add(out, "\tsk_status_t status;\n\tswitch (msg->tag & SK_TAG_METHOD_MASK) {\n");
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		const char *upper = text_upper(method->name.text);
		text_add(out, "#if !defined(%s_SERVE_SOME) || defined(%s_SERVES_%s)\n", interface->c_constant,
			 interface->c_constant, upper);
		text_add(out, "\tcase %s_TAG_%s:\n\t\tstatus = %s_dispatch_%s(caller, msg);\n\t\tbreak;\n#endif\n",
			 interface->c_constant, upper, name, method->name.text);
	}
	text_add(out, "\tdefault:\n\t\tstatus = SK_UNKNOWN_OP;\n\t\tbreak;\n\t}\n");
	text_add(out, "\tif (status == SK_DEFERRED) {\n\t\treturn false;\n\t}\n");
	text_add(out, "\tif (status != SK_OK) {\n\t\tmsg->tag = sk_reply_tag(status);\n\t}\n");
	emit_unused_words(interface, out);
	text_add(out, "\treturn true;\n}\n");
}

static void emit_interface(const struct interface *interface, struct text *out)
{
	text_add(out,
		 "\n/*\n * Interface %s. The server defines its %s_serve_ functions. One that serves only some "
		 "methods\n",
		 interface->name.text, interface->name.text);
	text_add(out, " * defines %s_SERVE_SOME and %s_SERVES_<METHOD> for each of those before it includes this;\n",
		 interface->c_constant, interface->c_constant);
	text_add(out, " * the others answer SK_UNKNOWN_OP.\n */\n");
	if (interface_shares(interface)) {
		text_add(out, "\n/* Region `index` of what `caller` shares with this server; the server defines it. "
			      "False: none. */\n");
		text_add(out,
			 "bool %s_region(const struct sk_caller *caller, uint32_t index, struct sk_region *region);\n",
			 interface->name.text);
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		emit_condition(interface, method, out);
		emit_prototype(interface, method, out);
		emit_dispatch_method(interface, method, out);
		if (!method->oneway) {
			emit_deferred_reply(interface, method, out);
		}
		text_add(out, "#endif\n");
	}
	emit_dispatch(interface, out);
}

void emit_server(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "SERVER_");
	emit_head(file, out, "server dispatch");
	text_add(out, "#ifndef %s\n#define %s\n\n#include <string.h>\n\n#include <sk/syscall.h>\n\n#include \"%s.h\"\n",
		 guard, guard, file->base);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		if (!interface->kernel && interface->methods.count != 0) {
			emit_interface(interface, out);
		}
	}
	text_add(out, "\n#endif\n");
}
