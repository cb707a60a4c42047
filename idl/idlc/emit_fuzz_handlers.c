/*
 * The functions of a fuzz harness that stand on the other side of generated code: the handlers behind a dispatcher,
 * the caller before a stub, and the kernel before a reply. What they expect is in support/idl_fuzz.h.
 */
#include "emit.h"

#include <string.h>

#include "objects.h"

/* The name in a C parameter: its last word. */
static const char *parameter_name(const char *parameter)
{
	const char *name = parameter;
	for (const char *c = parameter; *c != '\0'; c++) {
		if (*c == ' ' || *c == '*') {
			name = c + 1;
		}
	}
	return name;
}

static const char *place(const struct message *message, const struct cell *cell)
{
	return pack_position("sk_fuzz.page", message, cell, "_bytes");
}

static void expect_scalar(const struct message *message, const struct cell *cell, const char *value, struct text *out)
{
	if (cell->in_word) {
		text_add(out, "\tsk_fuzz_word(%u, (uint64_t)%s);\n", cell->index, value);
	} else {
		text_add(out, "\tsk_fuzz_payload(%s, (uint64_t)%s);\n", place(message, cell), value);
	}
}

static void expect_block(const struct interface *interface, const struct message *message, const struct cell *cell,
			 struct text *out)
{
	const struct type *type = cell->field->type;
	const char *name = cell->field->name.text;
	if (type->kind == TYPE_BYTES) {
		text_add(out, "\tSK_FUZZ_EXPECT(%s_bytes <= %lluu);\n", name, (unsigned long long)type->count.value);
		text_add(out, "\tsk_fuzz_block(%s, %s, %s_bytes);\n", place(message, cell), name, name);
		return;
	}
	text_add(out, "\tsk_fuzz_block(%s, %s, %uu);\n", place(message, cell), name, cell->bytes);
	/* What is in the kernel's structs and arrays its handlers look at themselves. */
	if (!interface->kernel) {
		fuzz_check(out, 1, type, type->kind == TYPE_STRUCT ? text_format("(*%s)", name) : name);
	}
}

/* What can be taken out goes in again. */
static void use_ring(const struct interface *interface, const struct field *field, struct text *out)
{
	const char *name = field->name.text;
	const char *ring = c_ring(interface, field->type);
	text_add(out, "\tsk_fuzz_span((const uint8_t *)%s, sizeof(*%s), sizeof(*%s), true);\n", name, name, name);
	text_add(out, "\tfor (uint32_t sk_i = 0; sk_i < %lluu; sk_i++) {\n",
		 (unsigned long long)field->type->count.value + 1);
	text_add(out, "\t\t%s sk_entry;\n\t\tsk_status_t sk_popped = %s_pop(%s, &sk_entry);\n",
		 c_pointee(field->type), ring, name);
	text_add(out, "\t\tif (sk_popped != SK_OK) {\n");
	text_add(out, "\t\t\tSK_FUZZ_EXPECT(sk_popped == SK_WOULD_BLOCK || sk_popped == SK_BAD_ARG);\n");
	text_add(out, "\t\t\tbreak;\n\t\t}\n");
	fuzz_check(out, 2, field->type->element, "sk_entry");
	text_add(out, "\t\tSK_FUZZ_EXPECT(%s_push(%s, &sk_entry) == SK_OK);\n\t}\n", ring, name);
}

static void use_shared(const struct interface *interface, const struct field *field, struct text *out)
{
	const char *name = field->name.text;
	if (field->type->kind == TYPE_RING) {
		use_ring(interface, field, out);
		return;
	}
	bool writes = field->type->direction != DIRECTION_IN;
	text_add(out, "\tsk_fuzz_span(%s, %s_bytes, %lluu, %s);\n", name, name,
		 (unsigned long long)field->type->count.value, writes ? "true" : "false");
	if (writes) {
		text_add(out, "\tmemset(%s, 0x5a, %s_bytes);\n", name, name);
	}
}

static const char *object_expression(const char *type)
{
	bool body = object_type_find(type)->form == FORM_BODY;
	return text_format("%ssk_fuzz_objects[OBJECT_%s]%s", body ? "" : "&", text_upper(type), body ? ".body" : "");
}

/* A slot of a kernel method's caller, which has an object of the kernel's. */
static void expect_object(const struct cell *cell, struct text *out)
{
	const char *name = cell->field->name.text;
	const struct type *type = cell->field->type;
	text_add(out, "\tsk_fuzz_object(%s, %s, %u, %s);\n", name, object_expression(type->object), cell->index,
		 type->optional ? "true" : "false");
	if (type->badge) {
		text_add(out, "\tSK_FUZZ_EXPECT(%s == NULL || %s_badge == sk_fuzz_badge(sk_fuzz.sent.w[%u]));\n", name,
			 name, cell->index);
	}
}

static void expect_inputs(const struct interface *interface, const struct method *method, struct text *out)
{
	const struct message *message = &method->in;
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		const char *name = cell->field->name.text;
		switch (cell->role) {
		case CELL_VALUE:
			if (cell->field->type->object != NULL && cell->in_word) {
				expect_object(cell, out);
			} else if (cell->field->type->object == NULL) {
				expect_scalar(message, cell, name, out);
				fuzz_check(out, 1, cell->field->type, name);
			}
			break;
		case CELL_LENGTH:
			expect_scalar(message, cell, text_format("%s_bytes", name), out);
			break;
		case CELL_REGION:
			use_shared(interface, cell->field, out);
			break;
		case CELL_BLOCK:
			expect_block(interface, message, cell, out);
			break;
		case CELL_CAP:
			text_add(out, "\tsk_fuzz_cap(%u, %s);\n", cell->index, name);
			break;
		default:
			break;
		}
	}
}

static void make_scalar(const struct cell *cell, const char *c_type, const char *value, struct text *out)
{
	fuzz_make(out, 1, cell->field->type, c_type, value);
	if (cell->in_word) {
		text_add(out, "\tsk_fuzz_result(%u, (uint64_t)%s);\n", cell->index, value);
	}
}

/* Results. Of a server's `bytes` the dispatcher minds when they are too long; the kernel's handlers mind themselves. */
static void make_outputs(const struct interface *interface, const struct method *method, struct text *out)
{
	const struct message *message = &method->out;
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		const struct type *type = cell->field->type;
		const char *name = cell->field->name.text;
		unsigned long long most = type->count.value;
		if (cell->role == CELL_CAP) {
			text_add(out, "\t*%s = 1;\n", name);
		} else if (cell->role == CELL_VALUE) {
			make_scalar(cell, c_scalar(type), text_format("*%s", name), out);
		} else if (cell->role == CELL_LENGTH) {
			text_add(out, "\tuint32_t %s_room_ = sk_fuzz_length(*%s_bytes, %lluu, %u);\n", name, name, most,
				 interface->kernel ? 0 : 1);
			text_add(out, "\t*%s_bytes = %s_room_;\n", name, name);
			if (cell->in_word) {
				text_add(out, "\tsk_fuzz_result(%u, %s_room_);\n", cell->index, name);
			}
		} else if (type->kind == TYPE_BYTES) {
			text_add(out, "\tsk_fuzz_fill(%s, %lluu);\n", name, most);
		} else {
			fuzz_make(out, 1, type, "", type->kind == TYPE_STRUCT ? text_format("(*%s)", name) : name);
		}
	}
	if (message->payload_bytes != 0) {
		text_add(out, "\tsk_fuzz.reply_bytes = %s;\n", pack_total(message, "_room_"));
	}
	if (message->caps != 0) {
		text_add(out, "\tsk_fuzz.reply_caps = %u;\n", message->caps);
	}
}

/* The number of a state: the checker has found it among the members of the interface's enum `state`. */
static uint64_t state_value(const struct interface *interface, const char *state)
{
	for (size_t i = 0; i < interface->declarations.count; i++) {
		const struct declaration *declaration = list_at(&interface->declarations, i);
		bool states = strcmp(declaration->name.text, "state") == 0;
		for (size_t j = 0; j < declaration->members.count && states; j++) {
			const struct member *member = list_at(&declaration->members, j);
			if (strcmp(member->name.text, state) == 0) {
				return member->value.value;
			}
		}
	}
	return 0;
}

/* Where a kernel method is done, and on what. */
static void expect_kernel(const struct interface *interface, const struct method *method, struct text *out)
{
	const struct object_type *type = object_type_find(interface->name.text);
	uint64_t states = 0;
	if (type != NULL && type->form != FORM_ONLY) {
		text_add(out, "\tSK_FUZZ_EXPECT((const void *)%s == %s);\n", c_local(method, interface->name.text),
			 object_expression(interface->name.text));
	}
	if ((method->rules & RULE_AT_HOME) != 0) {
		text_add(out, "\tSK_FUZZ_EXPECT(sk_fuzz_home);\n");
	}
	for (size_t i = 0; i < method->states.count; i++) {
		const struct name *state = list_at(&method->states, i);
		states |= 1ull << state_value(interface, state->text);
	}
	if (states != 0) {
		text_add(out, "\tSK_FUZZ_EXPECT((0x%llxull >> sk_fuzz_state & 1) != 0);\n", (unsigned long long)states);
	}
}

void fuzz_handler(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	if (interface->kernel) {
		kernel_parameters(&parameters, interface, method);
	} else {
		emit_item(&parameters, text_format("const struct sk_caller *%s", c_local(method, "caller")));
		c_inputs(&parameters, interface, &method->in.fields, SIDE_SERVER);
		c_outputs(&parameters, &method->out.fields);
	}
	text_add(out, "\n");
	emit_wrapped(out, 0,
		     text_format("__attribute__((weak)) sk_status_t %s_%s_%s(", interface->name.text,
				 interface->kernel ? "do" : "serve", method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n");
	for (size_t i = 0; i < parameters.count; i++) {
		const char *name = parameter_name(list_at(&parameters, i));
		if (strcmp(name, "void") != 0) {
			text_add(out, "\t(void)%s;\n", name);
		}
	}
	text_add(out, "\tsk_fuzz_called(%s_TAG_%s);\n", interface->c_constant, text_upper(method->name.text));
	if (interface->kernel) {
		expect_kernel(interface, method, out);
	}
	expect_inputs(interface, method, out);
	make_outputs(interface, method, out);
	text_add(out, "\treturn sk_fuzz_status();\n}\n");
}

/* An argument for a stub, as its parameter list has it. */
static void make_argument(const struct field *field, struct list *arguments, struct text *out)
{
	const struct type *type = field->type;
	const char *name = field->name.text;
	unsigned long long count = type->count.value;
	switch (type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\t%s %s;\n", c_pointee(type), name);
		fuzz_make(out, 1, type, "", name);
		emit_item(arguments, text_format("&%s", name));
		break;
	case TYPE_ARRAY:
		text_add(out, "\t%s %s[%llu];\n", c_pointee(type), name, count);
		fuzz_make(out, 1, type, "", name);
		emit_item(arguments, name);
		break;
	case TYPE_BYTES:
		text_add(out, "\tuint8_t %s[%llu];\n\tsk_fuzz_fill(%s, sizeof(%s));\n", name, count, name, name);
		emit_item(arguments, name);
		emit_item(arguments, text_format("(uint32_t)(sk_fuzz_next() %% %lluu)", count + 2));
		break;
	case TYPE_BUFFER:
		emit_item(arguments, "(struct sk_span){(uint32_t)(sk_fuzz_next() % 4), (uint32_t)sk_fuzz_number(), "
				     "sk_fuzz_number()}");
		break;
	case TYPE_CAP:
	case TYPE_RING:
		emit_item(arguments, "(uint32_t)(sk_fuzz_next() % SK_CAP_SLOTS)");
		break;
	default:
		text_add(out, "\t%s %s;\n", c_scalar(type), name);
		fuzz_make(out, 1, type, c_scalar(type), name);
		emit_item(arguments, name);
		break;
	}
}

/* Room for a stub's result, and what must be true of it. */
static void take_result(const struct field *field, struct list *arguments, struct text *out, struct text *checks)
{
	const struct type *type = field->type;
	const char *name = field->name.text;
	unsigned long long count = type->count.value;
	switch (type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\t%s %s = {0};\n", c_pointee(type), name);
		emit_item(arguments, text_format("&%s", name));
		break;
	case TYPE_ARRAY:
		text_add(out, "\t%s %s[%llu] = {0};\n", c_pointee(type), name, count);
		emit_item(arguments, name);
		break;
	case TYPE_BYTES:
		text_add(out, "\tuint8_t %s[%llu];\n", name, count);
		text_add(out, "\tuint32_t %s_room_ = (uint32_t)(sk_fuzz_next() %% %lluu);\n", name, count + 1);
		text_add(out, "\tuint32_t %s_bytes = %s_room_;\n", name, name);
		text_add(checks, "\t\tSK_FUZZ_EXPECT(%s_bytes <= %s_room_);\n", name, name);
		text_add(checks, "\t\tsk_fuzz_see(%s, %s_bytes);\n", name, name);
		emit_item(arguments, name);
		emit_item(arguments, text_format("&%s_bytes", name));
		return;
	case TYPE_CAP:
		text_add(out, "\tsk_cap_t %s = SK_CAP_NONE;\n", name);
		text_add(checks, "\t\tSK_FUZZ_EXPECT(%s != SK_CAP_NONE && %s <= SK_CAP_SLOTS);\n", name, name);
		emit_item(arguments, text_format("&%s", name));
		return;
	default:
		text_add(out, "\t%s %s = %s;\n", c_scalar(type), name, c_zero(type));
		emit_item(arguments, text_format("&%s", name));
		break;
	}
	fuzz_check(checks, 2, type, name);
}

void fuzz_asker(const struct interface *interface, const struct method *method, struct list *feeds, struct text *out)
{
	const char *stub = text_format("%s_%s", interface->name.text, method->name.text);
	const char *name = text_format("sk_fuzz_ask_%s", stub);
	struct list arguments = {0};
	struct text checks = {0};
	emit_item(&arguments, "1");
	text_add(out, "\nstatic void %s(void)\n{\n", name);
	for (size_t i = 0; i < method->in.fields.count; i++) {
		make_argument(list_at(&method->in.fields, i), &arguments, out);
	}
	for (size_t i = 0; i < method->out.fields.count; i++) {
		take_result(list_at(&method->out.fields, i), &arguments, out, &checks);
	}
	if (checks.length == 0) {
		emit_wrapped(out, 1, text_format("(void)%s(", stub), &arguments, ", ", ");");
	} else {
		emit_wrapped(out, 1, text_format("if (%s(", stub), &arguments, ", ", ") == SK_OK) {");
		text_add(out, "\t\tSK_FUZZ_EXPECT(sk_fuzz.calls == 1);\n%s\t}\n", checks.bytes);
	}
	text_add(out, "}\n");
	text_free(&checks);
	emit_item(feeds, name);
}

void fuzz_reader(const struct interface *interface, const struct method *method, struct list *feeds, struct text *out)
{
	const char *reader = text_format("%s_%s_results", interface->name.text, method->name.text);
	const char *name = text_format("sk_fuzz_read_%s", reader);
	struct list arguments = {0};
	struct text checks = {0};
	if (interface->kernel || pack_is_long(&method->out) || method->out.fields.count == 0) {
		return;
	}
	emit_item(&arguments, "&sk_fuzz.sent");
	text_add(out, "\nstatic void %s(void)\n{\n", name);
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		take_result(cell->field, &arguments, out, &checks);
		text_add(&checks, "\t\tsk_fuzz_word(%u, (uint64_t)%s);\n", cell->index, cell->field->name.text);
	}
	emit_wrapped(out, 1, text_format("if (%s(", reader), &arguments, ", ", ")) {");
	text_add(out, "%s\t}\n}\n", checks.bytes);
	text_free(&checks);
	emit_item(feeds, name);
}
