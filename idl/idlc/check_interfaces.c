/* Interfaces: numbers, restart rules and their contradictions, capabilities, and what fits into a message. */
#include "check.h"

#include <string.h>

#include "objects.h"

#define STATUS_MAX 0x7fffu
#define EVENT_BITS 64u

static const struct interface *find_interface(const struct list *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		for (size_t j = 0; j < file->interfaces.count; j++) {
			const struct interface *interface = list_at(&file->interfaces, j);
			if (strcmp(interface->name.text, name) == 0) {
				return interface;
			}
		}
	}
	return NULL;
}

static void check_cap(const struct list *files, const struct type *type)
{
	struct location at = type->name.at;
	if (object_type_find(type->object) == NULL) {
		diagnostic_error(at, "no object type '%s', expected %s", type->object, object_type_names);
	}
	check_rights(&type->rights);
	/* One file alone can't know the others' interfaces; a build gives all at once. */
	if (type->endpoint != NULL && files->count > 1 && find_interface(files, type->endpoint) == NULL) {
		diagnostic_error(at, "no interface '%s' in the files given, expected one of theirs", type->endpoint);
	}
}

static void check_shared(const struct method *method, const struct field *field, bool result)
{
	if (result) {
		diagnostic_error(field->name.at, "'%s' as a result of '%s', expected it as a parameter",
				 type_text(field->type), method->name.text);
	} else if (field->type->kind == TYPE_BUFFER && field->type->direction == DIRECTION_INOUT &&
		   method->restart == RESTART_IDEMPOTENT) {
		diagnostic_error(field->name.at,
				 "idempotent '%s' changes buffer '%s' in place, expected at_most_once, or in or out",
				 method->name.text, field->name.text);
	}
}

static void check_parameter(const struct list *files, const struct interface *interface, const struct method *method,
			    const struct field *field, bool result)
{
	const struct type *type = field->type;
	bool shared = type->kind == TYPE_BUFFER || type->kind == TYPE_RING;
	if (interface->kernel && (type->kind == TYPE_CAP || shared)) {
		diagnostic_error(field->name.at,
				 "'%s' in a kernel interface, expected slots and scalars, structs, arrays or bytes",
				 type_text(type));
		return;
	}
	if (type->described && (!interface->kernel || result)) {
		refuse_slot(type);
	}
	if (shared) {
		check_shared(method, field, result);
	}
	if (type->kind == TYPE_CAP) {
		check_cap(files, type);
		if (type->move && !result && method->restart == RESTART_IDEMPOTENT) {
			diagnostic_error(field->name.at,
					 "idempotent '%s' moves capability '%s' away, expected at_most_once, or no "
					 "move",
					 method->name.text, field->name.text);
		}
	}
}

/* Generated code names what belongs to a parameter after it. */
static void check_companion(const struct field *field, const struct field *other)
{
	static const char *const suffixes[] = {"bytes", "word", "slot",        "object",      "badge",
					       "span",  "sent", "length_word", "offset_word"};
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(text_format("%s_%s", other->name.text, suffixes[i]), field->name.text) == 0) {
			diagnostic_error(field->name.at, "'%s' is a name generated for '%s', expected another name",
					 field->name.text, other->name.text);
		}
	}
}

static void check_field_pair(const struct field *field, const struct field *other)
{
	if (strcmp(field->name.text, other->name.text) == 0) {
		diagnostic_error(field->name.at, "'%s' names two parameters or results, expected a name of its own",
				 field->name.text);
		return;
	}
	check_companion(field, other);
	check_companion(other, field);
}

static void check_parameter_names(const struct method *method)
{
	struct list all = {0};
	for (size_t i = 0; i < method->in.fields.count; i++) {
		list_add(&all, list_at(&method->in.fields, i));
	}
	for (size_t i = 0; i < method->out.fields.count; i++) {
		list_add(&all, list_at(&method->out.fields, i));
	}
	for (size_t i = 0; i < all.count; i++) {
		for (size_t j = 0; j < i; j++) {
			check_field_pair(list_at(&all, i), list_at(&all, j));
		}
	}
}

static void check_size(const struct method *method, const struct message *message, const char *what)
{
	if (message->payload_bytes > MESSAGE_BYTES) {
		diagnostic_error(method->name.at, "the %s of '%s' exceed the message buffer, expected at most %u bytes",
				 what, method->name.text, MESSAGE_BYTES);
	}
	if (message->caps > MESSAGE_CAPS) {
		diagnostic_error(method->name.at, "%u capabilities in the %s of '%s', expected at most %u",
				 message->caps, what, method->name.text, MESSAGE_CAPS);
	}
}

static void check_restart(const struct interface *interface, const struct method *method)
{
	const char *name = method->name.text;
	if (method->restart == RESTART_BOTH) {
		diagnostic_error(method->restart_at, "'%s' is both idempotent and at_most_once, expected one of them",
				 name);
	} else if (!method->oneway && method->restart == RESTART_UNSAID) {
		diagnostic_error(method->name.at,
				 "call '%s' has no restart rule, expected 'idempotent' or 'at_most_once'", name);
	} else if (method->oneway && method->restart == RESTART_AT_MOST_ONCE) {
		diagnostic_error(method->restart_at, "'at_most_once' on oneway '%s', expected 'idempotent' or nothing",
				 name);
	}
	if (method->restart != RESTART_IDEMPOTENT) {
		return;
	}
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		if (strcmp(error->name.text, "server_died") == 0) {
			diagnostic_error(error->name.at,
					 "error 'server_died' beside idempotent '%s', expected none (its clients "
					 "never see that)",
					 name);
			return;
		}
	}
}

static void check_method(const struct list *files, const struct interface *interface, struct method *method)
{
	if (method->number.value == 0 || method->number.value > 0xff) {
		diagnostic_error(method->number.at, "method number %llu, expected 1 to 0xff",
				 (unsigned long long)method->number.value);
	}
	if (method->has_budget && method->budget.value == 0) {
		diagnostic_error(method->budget.at, "a budget of 0, expected a time or no budget");
	}
	check_restart(interface, method);
	for (size_t i = 0; i < method->in.fields.count; i++) {
		check_parameter(files, interface, method, list_at(&method->in.fields, i), false);
	}
	for (size_t i = 0; i < method->out.fields.count; i++) {
		check_parameter(files, interface, method, list_at(&method->out.fields, i), true);
	}
	check_parameter_names(method);
	message_layout(&method->in);
	message_layout(&method->out);
	check_size(method, &method->in, "parameters");
	check_size(method, &method->out, "results");
	check_kernel_method(interface, method);
}

static void check_methods(const struct list *files, const struct interface *interface)
{
	for (size_t i = 0; i < interface->methods.count; i++) {
		struct method *method = list_at(&interface->methods, i);
		check_method(files, interface, method);
		for (size_t j = 0; j < i; j++) {
			const struct method *other = list_at(&interface->methods, j);
			if (other->number.value == method->number.value) {
				diagnostic_error(method->number.at,
						 "'%s' has the number of '%s', expected one of its own",
						 method->name.text, other->name.text);
			}
			if (strcmp(other->name.text, method->name.text) == 0) {
				diagnostic_error(method->name.at,
						 "method '%s' is declared twice, expected once (first at line %d)",
						 method->name.text, other->name.at.line);
			}
		}
	}
}

static void check_errors(const struct interface *interface)
{
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		if (error->value.value == 0 || error->value.value > STATUS_MAX) {
			diagnostic_error(error->value.at, "error '%s' is %llu, expected 1 to 0x7fff", error->name.text,
					 (unsigned long long)error->value.value);
		}
		for (size_t j = 0; j < i; j++) {
			const struct member *other = list_at(&interface->errors, j);
			if (strcmp(other->name.text, error->name.text) == 0 ||
			    other->value.value == error->value.value) {
				diagnostic_error(error->name.at,
						 "error '%s' has the name or number of '%s', expected its own",
						 error->name.text, other->name.text);
			}
		}
	}
	if (interface->has_errors && interface->errors.count == 0) {
		diagnostic_error(interface->errors_at, "an empty 'error' block, expected at least one error");
	}
}

static void check_events(const struct interface *interface)
{
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		if (event->bit.value >= EVENT_BITS) {
			diagnostic_error(event->bit.at, "event bit %llu, expected 0 to 63",
					 (unsigned long long)event->bit.value);
		}
		for (size_t j = 0; j < i; j++) {
			const struct event *other = list_at(&interface->events, j);
			if (strcmp(other->name.text, event->name.text) == 0 || other->bit.value == event->bit.value) {
				diagnostic_error(event->name.at,
						 "event '%s' has the name or bit of '%s', expected its own",
						 event->name.text, other->name.text);
			}
		}
	}
}

void check_interface(const struct list *files, const struct interface *interface)
{
	if (interface->number.value == 0 || interface->number.value > 0xff) {
		diagnostic_error(interface->number.at, "interface number %llu, expected 0x01 to 0xff",
				 (unsigned long long)interface->number.value);
	}
	if (interface->methods.count == 0 && interface->events.count == 0) {
		diagnostic_error(interface->name.at,
				 "interface '%s' has nothing to call or to signal, expected a method or an event",
				 interface->name.text);
	}
	check_methods(files, interface);
	check_errors(interface);
	check_events(interface);
}

static void check_number_pair(const struct interface *interface, const struct interface *other)
{
	if (interface->number.value == other->number.value) {
		diagnostic_error(interface->number.at,
				 "interface '%s' has number 0x%02llx of '%s' (%s:%d), expected one of its own",
				 interface->name.text, (unsigned long long)interface->number.value, other->name.text,
				 other->name.at.file, other->name.at.line);
	}
	if (strcmp(interface->name.text, other->name.text) == 0) {
		diagnostic_error(interface->name.at, "interface '%s' is declared twice, expected once (first at %s:%d)",
				 interface->name.text, other->name.at.file, other->name.at.line);
	}
}

void check_numbers(const struct list *files)
{
	struct list seen = {0};
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		for (size_t j = 0; j < file->interfaces.count; j++) {
			struct interface *interface = list_at(&file->interfaces, j);
			for (size_t k = 0; k < seen.count; k++) {
				check_number_pair(interface, list_at(&seen, k));
			}
			list_add(&seen, interface);
		}
	}
}
