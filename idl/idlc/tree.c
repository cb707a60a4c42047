/* What can be said only once (restart rule, budget, error block) is refused here; all else is the checker's. */
#include "tree.h"

struct name *tree_name(struct name name)
{
	struct name *copy = memory_take(sizeof(*copy));
	*copy = name;
	return copy;
}

struct member *tree_member(struct name name, struct number value)
{
	struct member *member = memory_take(sizeof(*member));
	member->name = name;
	member->value = value;
	return member;
}

struct field *tree_field(struct name name, struct type *type)
{
	struct field *field = memory_take(sizeof(*field));
	field->name = name;
	field->type = type;
	return field;
}

struct type *tree_type(enum type_kind kind, struct name name)
{
	struct type *type = memory_take(sizeof(*type));
	type->kind = kind;
	type->name = name;
	return type;
}

struct type *tree_array(struct type *element, struct number count)
{
	struct type *type = tree_type(TYPE_ARRAY, element->name);
	type->element = element;
	type->count = count;
	return type;
}

struct type *tree_cap(struct name name, const char *object, const struct name *endpoint, struct list rights, bool move)
{
	struct type *type = tree_type(TYPE_CAP, name);
	type->object = object;
	type->endpoint = endpoint == NULL ? NULL : endpoint->text;
	type->rights = rights;
	type->move = move;
	return type;
}

struct type *tree_slot(struct name name, struct list words)
{
	struct type *type = tree_type(TYPE_NAMED, name);
	type->described = true;
	type->words = words;
	return type;
}

struct declaration *tree_declaration(enum declaration_kind kind, struct name name, const char *doc, struct name base)
{
	struct declaration *declaration = memory_take(sizeof(*declaration));
	declaration->kind = kind;
	declaration->name = name;
	declaration->name.doc = doc;
	declaration->base = base;
	return declaration;
}

void tree_errors(struct interface *interface, struct name keyword, struct list members)
{
	if (interface->has_errors) {
		diagnostic_error(keyword.at,
				 "second 'error' block, expected at most one in an interface (the first is at line %d)",
				 interface->errors_at.line);
		return;
	}
	interface->has_errors = true;
	interface->errors_at = keyword.at;
	interface->errors = members;
}

void tree_event(struct interface *interface, struct name name, const char *doc, struct number bit)
{
	struct event *event = memory_take(sizeof(*event));
	event->name = name;
	event->name.doc = doc;
	event->bit = bit;
	list_add(&interface->events, event);
}

void tree_method(struct method *method, struct name name, const char *doc, struct number number, struct list in,
		 struct list out)
{
	method->name = name;
	method->name.doc = doc;
	method->number = number;
	method->in.fields = in;
	method->out.fields = out;
}

void tree_restart(struct method *method, struct location at, enum restart_rule rule)
{
	if (method->restart == RESTART_UNSAID) {
		method->restart = rule;
	} else if (method->restart == rule) {
		diagnostic_error(at, "the restart rule is said twice, expected it once");
	} else {
		method->restart = RESTART_BOTH;
	}
	method->restart_at = at;
}

void tree_budget(struct method *method, struct location at, struct number time)
{
	if (method->has_budget) {
		diagnostic_error(at, "second 'budget', expected at most one");
	}
	method->has_budget = true;
	method->budget = time;
}

void tree_rule(struct method *method, struct name keyword, uint32_t rule)
{
	if ((method->rules & rule) != 0) {
		diagnostic_error(keyword.at, "second '%s', expected at most one", keyword.text);
	}
	method->rules |= rule;
	method->rules_at = keyword.at;
}

void tree_interface(struct parse *parse, struct interface *body, struct name name, const char *doc,
		    struct number number, bool kernel)
{
	body->name = name;
	body->name.doc = doc;
	body->number = number;
	body->kernel = kernel;
	body->c_constant = text_upper(name.text);
	list_add(&parse->file->interfaces, body);
	for (size_t i = 0; i < body->declarations.count; i++) {
		struct declaration *declaration = list_at(&body->declarations, i);
		declaration->scope = body;
	}
}
