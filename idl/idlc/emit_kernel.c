/*
 * FILE_kernel.h: dispatch of the kernel's own interfaces. What an interface says
 * of a method is checked here: rights and locking by table, before anything else;
 * then scalars, the state of the object, and the slots of the caller that the
 * method takes. Structs, arrays and `bytes` stay in the caller's message buffer,
 * whose page the caller shares: a handler reads each element once and checks what
 * it read. Nothing large touches the kernel's stack.
 */
#include "emit.h"

#include <string.h>

#include "objects.h"

static enum object_form form_of(const char *name)
{
	const struct object_type *type = object_type_find(name);
	return type == NULL ? FORM_ENTRY : type->form;
}

/* C type of the pointer by which a handler gets an object of the type. */
static const char *object_struct(const char *name)
{
	return form_of(name) == FORM_BODY ? name : "object";
}

static bool is_slot(const struct type *type)
{
	return type->kind == TYPE_NEWTYPE && strcmp(type->name.text, "slot") == 0;
}

static bool has_slot(const struct type *type)
{
	if (type->kind == TYPE_ARRAY) {
		type = type->element;
	}
	if (type->kind != TYPE_STRUCT) {
		return is_slot(type) && type->object == NULL;
	}
	for (size_t i = 0; i < type->declaration->fields.count; i++) {
		const struct field *field = list_at(&type->declaration->fields, i);
		if (is_slot(field->type)) {
			return true;
		}
	}
	return false;
}

/* Whether a handler has business in its caller's own capability table: it is told of the call then. */
static bool uses_call(const struct method *method)
{
	for (size_t i = 0; i < method->in.fields.count; i++) {
		const struct field *field = list_at(&method->in.fields, i);
		if (has_slot(field->type)) {
			return true;
		}
	}
	return false;
}

static void add_parameter(struct list *parameters, const struct interface *interface, const struct field *field)
{
	const struct type *type = field->type;
	if (type->object == NULL) {
		struct list one = {0};
		list_add(&one, (void *)(uintptr_t)field);
		c_inputs(parameters, interface, &one, SIDE_SERVER);
		return;
	}
	emit_item(parameters, text_format("struct %s *%s", object_struct(type->object), field->name.text));
	if (type->badge) {
		emit_item(parameters, text_format("uint32_t %s_badge", field->name.text));
	}
}

void kernel_parameters(struct list *parameters, const struct interface *interface, const struct method *method)
{
	const char *self = interface->name.text;
	if (uses_call(method)) {
		emit_item(parameters, text_format("struct kernel_call *%s", c_local(method, "call")));
	}
	if (form_of(self) != FORM_ONLY) {
		emit_item(parameters, text_format("struct %s *%s", object_struct(self), c_local(method, self)));
	}
	for (size_t i = 0; i < method->in.fields.count; i++) {
		add_parameter(parameters, interface, list_at(&method->in.fields, i));
	}
	c_outputs(parameters, &method->out.fields);
	if (parameters->count == 0) {
		emit_item(parameters, "void");
	}
}

static void emit_prototype(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	kernel_parameters(&parameters, interface, method);
	text_add(out, "\n");
	emit_doc(out, "", method->name.doc);
	emit_wrapped(out, 0, text_format("sk_status_t %s_do_%s(", interface->name.text, method->name.text), &parameters,
		     ", ", ");");
}

/* The object that is invoked, as a handler gets it. */
static const char *self_expression(const struct interface *interface, const char *call)
{
	return text_format(form_of(interface->name.text) == FORM_BODY ? "%s->object->body" : "%s->object", call);
}

static void emit_state(const struct interface *interface, const struct method *method, const char *call, unsigned tabs,
		       struct text *out)
{
	struct list states = {0};
	for (size_t i = 0; i < method->states.count; i++) {
		const struct name *state = list_at(&method->states, i);
		emit_item(&states, text_format("1u << %s_STATE_%s", interface->c_constant, text_upper(state->text)));
	}
	if (states.count == 0) {
		return;
	}
	const char *indent = tabs == 2 ? "\t\t" : "\t";
	emit_wrapped(out, tabs,
		     text_format("if ((1u << %s_state(%s) & (", interface->name.text, self_expression(interface, call)),
		     &states, " | ", ")) == 0) {");
	text_add(out, "%s\treturn SK_BAD_STATE;\n%s}\n", indent, indent);
}

/*
 * The state is looked at once, where the caller is: what becomes of it on the way to the object's core is the
 * handler's business.
 */
static void emit_home(const struct interface *interface, const struct method *method, const char *call,
		      struct text *out)
{
	if ((method->rules & RULE_AT_HOME) == 0) {
		emit_state(interface, method, call, 1, out);
		return;
	}
	text_add(out, "\tif (!%s->home) {\n", call);
	emit_state(interface, method, call, 2, out);
	text_add(out, "\t\tif (!call_is_home(%s)) {\n\t\t\treturn %s->status;\n\t\t}\n\t}\n", call, call);
}

static const char *rights_expression(const struct list *rights)
{
	struct text text = {0};
	for (size_t i = 0; i < rights->count; i++) {
		const struct name *right = list_at(rights, i);
		text_add(&text, "%sSK_RIGHT_%s", i == 0 ? "" : " | ", text_upper(right->text));
	}
	const char *copy = text.length == 0 ? "0" : text_copy(text.bytes, text.length);
	text_free(&text);
	return copy;
}

static void emit_object(const struct field *field, const char *call, const char *status, const char *slot,
			struct text *out)
{
	const struct type *type = field->type;
	const char *name = field->name.text;
	const char *tabs = type->optional ? "\t\t" : "\t";
	struct list arguments = {0};
	emit_item(&arguments, call);
	emit_item(&arguments, slot);
	emit_item(&arguments, text_format("OBJECT_%s", text_upper(type->object)));
	emit_item(&arguments, rights_expression(&type->rights));
	emit_item(&arguments, text_format("&%s", status));
	if (type->optional) {
		text_add(out, "\tstruct object *%s_object = NULL;\n\tif (%s != 0) {\n", name, slot);
	}
	const char *start = text_format("%s%s_object = call_object(", type->optional ? "" : "struct object *", name);
	emit_wrapped(out, type->optional ? 2 : 1, start, &arguments, ", ", ");");
	text_add(out, "%sif (%s_object == NULL) {\n%s\treturn %s;\n%s}\n", tabs, name, tabs, status, tabs);
	text_add(out, type->optional ? "\t}\n" : "");
	if (type->badge) {
		text_add(out, "\tuint32_t %s_badge = %s->badge;\n", name, call);
	}
}

/* The slots of the caller: what is in them, or that nothing is. */
static void emit_slots(const struct method *method, const char *call, const char *source, struct text *out)
{
	const char *status = c_local(method, "status");
	bool any = false;
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		const struct type *type = cell->field->type;
		if (type->object == NULL && !type->fresh) {
			continue;
		}
		if (!any) {
			text_add(out, "\tsk_status_t %s = SK_OK;\n", status);
			any = true;
		}
		const char *slot = unpack_scalar(type, unpack_source(cell, source));
		if (type->fresh) {
			text_add(out, "\t%s = call_destination(%s, %s, %s);\n", status, call, slot,
				 type->self ? "true" : "false");
			text_add(out, "\tif (%s != SK_OK) {\n\t\treturn %s;\n\t}\n", status, status);
		} else {
			emit_object(cell->field, call, status, slot, out);
		}
	}
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

static void add_object(struct list *arguments, const struct field *field)
{
	const struct type *type = field->type;
	const char *object = text_format("%s_object", field->name.text);
	if (form_of(type->object) != FORM_BODY) {
		emit_item(arguments, object);
	} else {
		emit_item(arguments, text_format(type->optional ? "%s == NULL ? NULL : %s->body" : "%.0s%s->body",
						 object, object));
	}
	if (type->badge) {
		emit_item(arguments, text_format("%s_badge", field->name.text));
	}
}

static void add_inputs(struct list *arguments, const struct method *method, const char *call, const char *source)
{
	for (size_t i = 0; i < method->in.cells.count; i++) {
		const struct cell *cell = list_at(&method->in.cells, i);
		if (cell->field->type->object != NULL) {
			add_object(arguments, cell->field);
		} else if (cell->role == CELL_VALUE) {
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

static bool takes_slots(const struct method *method)
{
	for (size_t i = 0; i < method->in.fields.count; i++) {
		const struct field *field = list_at(&method->in.fields, i);
		if (field->type->described) {
			return true;
		}
	}
	return false;
}

static void emit_method(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *call = c_local(method, "call");
	const char *status = c_local(method, "status");
	const char *source = text_format("%s->msg->", call);
	const char *handler = text_format("%s_do_%s(", interface->name.text, method->name.text);
	struct list arguments = {0};
	emit_prototype(interface, method, out);
	text_add(out, "\nstatic inline sk_status_t %s_dispatch_%s(struct kernel_call *%s)\n{\n", interface->name.text,
		 method->name.text, call);
	emit_lengths(method, call, source, out);
	emit_refusals(method, source, out);
	emit_home(interface, method, call, out);
	emit_slots(method, call, source, out);
	if (uses_call(method)) {
		emit_item(&arguments, call);
	}
	if (form_of(interface->name.text) != FORM_ONLY) {
		emit_item(&arguments, self_expression(interface, call));
	}
	add_inputs(&arguments, method, call, source);
	emit_outputs(&arguments, method, call, out);
	if (arguments.count == 0) {
		text_add(out, "\t(void)%s;\n", call);
	}
	if (method->out.fields.count == 0) {
		emit_wrapped(out, 1, text_format("return %s", handler), &arguments, ", ", ");");
		text_add(out, "}\n");
		return;
	}
	emit_wrapped(out, 1, text_format("%s%s = %s", takes_slots(method) ? "" : "sk_status_t ", status, handler),
		     &arguments, ", ", ");");
	text_add(out, "\tif (%s != SK_OK) {\n\t\treturn %s;\n\t}\n", status, status);
	emit_results(method, call, out);
	text_add(out, "\treturn SK_OK;\n}\n");
}

bool kernel_has_states(const struct interface *interface)
{
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		if (method->states.count != 0) {
			return true;
		}
	}
	return false;
}

static const char *how_expression(const struct method *method)
{
	static const struct {
		uint32_t rule;
		const char *constant;
	} flags[] = {
		{RULE_UNLOCKED, "SK_CALL_UNLOCKED"},
		{RULE_AT_HOME, "SK_CALL_AT_HOME"},
		{RULE_DESTROYS, "SK_CALL_DESTROYS"},
	};
	const char *expression = "0";
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if ((method->rules & flags[i].rule) != 0) {
			expression = strcmp(expression, "0") == 0
					     ? flags[i].constant
					     : text_format("%s | %s", expression, flags[i].constant);
		}
	}
	return expression;
}

static void emit_rule(const struct interface *interface, const struct method *method, uint64_t first, struct text *out)
{
	struct list members = {0};
	emit_item(&members, text_format("%s_dispatch_%s", interface->name.text, method->name.text));
	emit_item(&members, method->needs.count == 0 ? "SK_RIGHT_CONTROL" : rights_expression(&method->needs));
	emit_item(&members, how_expression(method));
	emit_wrapped(out, 2,
		     text_format("[%s_INTERFACE - %lluu][%s_METHOD_%s] = {", interface->c_constant,
				 (unsigned long long)first, interface->c_constant, text_upper(method->name.text)),
		     &members, ", ", "},");
}

static const char lookup[] =
	"\tstatic const struct sk_call_rule none = {%s_call_unknown, SK_RIGHT_CONTROL, 0};\n"
	"\tuint64_t interface = (tag >> 8 & 0xffu) - %lluu;\n"
	"\tuint64_t method = tag & 0xffu;\n"
	"\tif (interface >= %lluu || method >= %lluu || rules[interface][method].dispatch == NULL) {\n"
	"\t\treturn &none;\n\t}\n\treturn &rules[interface][method];\n}\n";

/* Over all interfaces of the file: who serves a tag, and what that needs. */
static void emit_rules(const struct file *file, const struct list *interfaces, struct text *out)
{
	uint64_t first = UINT64_MAX;
	uint64_t last = 0;
	uint64_t methods = 0;
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = list_at(interfaces, i);
		first = interface->number.value < first ? interface->number.value : first;
		last = interface->number.value > last ? interface->number.value : last;
		for (size_t j = 0; j < interface->methods.count; j++) {
			const struct method *method = list_at(&interface->methods, j);
			methods = method->number.value >= methods ? method->number.value + 1 : methods;
		}
	}
	text_add(out, "\nstatic inline sk_status_t %s_call_unknown(struct kernel_call *call)\n{\n", file->base);
	text_add(out, "\t(void)call;\n\treturn SK_UNKNOWN_OP;\n}\n");
	text_add(out, "\n/* Who dispatches a tag, and what that needs: control, where there is no such method. */\n");
	text_add(out, "static inline const struct sk_call_rule *%s_call_rule(uint64_t tag)\n{\n", file->base);
	text_add(out, "\tstatic const struct sk_call_rule rules[%llu][%llu] = {\n",
		 (unsigned long long)(last - first + 1), (unsigned long long)methods);
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = list_at(interfaces, i);
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_rule(interface, list_at(&interface->methods, j), first, out);
		}
	}
	text_add(out, "\t};\n");
	text_add(out, lookup, file->base, (unsigned long long)first, (unsigned long long)(last - first + 1),
		 (unsigned long long)methods);
	text_add(out, "\n/* A call whose rule is seen to, as far as it concerns its sender. */\n");
	text_add(out, "static inline sk_status_t %s_call_dispatch(struct kernel_call *call)\n{\n", file->base);
	text_add(out, "\tcall->reply_bytes = 0;\n\treturn %s_call_rule(call->msg->tag)->dispatch(call);\n}\n",
		 file->base);
}

static const char head[] =
	"/*\n"
	" * Include behind the definition of struct kernel_call, of which this uses\n"
	" *   struct sk_msg *msg     words in and out, and the caller's tag\n"
	" *   void *buffer           the caller's message buffer as the kernel sees it, never NULL\n"
	" *   uint32_t buffer_bytes  what the caller sent there\n"
	" *   uint32_t reply_bytes   what the reply has there: 0 before, set by dispatch\n"
	" *   struct object *object  what is invoked; of some types, `body` of it\n"
	" *   uint32_t badge         of the capability that call_object() found last\n"
	" *   bool home              the method is done on the object's core now\n"
	" *   sk_status_t status     what it came to there\n"
	" * and of memcpy, the OBJECT_* types and\n"
	" *   struct object *call_object(struct kernel_call *, uint32_t slot, enum object_type, uint32_t rights,\n"
	" *                              sk_status_t *status)          what the caller has there; NULL: see status\n"
	" *   sk_status_t call_destination(const struct kernel_call *, uint32_t slot, bool self)  is the slot empty?\n"
	" *   bool call_is_home(struct kernel_call *)  true: this is the object's core; false: it was done there\n"
	" *\n"
	" * Pointers that handlers get lead into that buffer, which its owner can change at any time: read each\n"
	" * element once, then check what was read. A handler that returns another status than SK_OK leaves the\n"
	" * words as they were.\n"
	" */\n";

void emit_kernel(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "KERNEL_");
	struct list interfaces = {0};
	emit_head(file, out, "the kernel's dispatch");
	text_add(out, "%s#ifndef %s\n#define %s\n\n", head, guard, guard);
	text_add(out, "#include \"%s.h\"\n#include \"idl_support.h\"\n\n", file->base);
	text_add(out, "struct kernel_call;\nstruct object;\n");
	for (size_t i = 0; i < object_type_count; i++) {
		if (object_types[i].form == FORM_BODY) {
			text_add(out, "struct %s;\n", object_types[i].name);
		}
	}
	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);
		const char *name = interface->name.text;
		if (!interface->kernel || interface->methods.count == 0) {
			continue;
		}
		list_add(&interfaces, interface);
		if (kernel_has_states(interface)) {
			text_add(out, "\n/* The state that it is in, as `when` has it. */\n");
			text_add(out, "enum %s_state %s_state(const struct %s *%s);\n", name, name, object_struct(name),
				 name);
		}
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_method(interface, list_at(&interface->methods, j), out);
		}
	}
	if (interfaces.count != 0) {
		emit_rules(file, &interfaces, out);
	}
	text_add(out, "\n#endif\n");
}
