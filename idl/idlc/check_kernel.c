/* Kernel interfaces: what their methods say that the kernel is to check, and the slots that they take. */
#include "check.h"

#include <string.h>

#include "objects.h"

#define STATE_MAX 31u

void check_rights(const struct list *rights)
{
	for (size_t i = 0; i < rights->count; i++) {
		const struct name *right = list_at(rights, i);
		if (!right_exists(right->text)) {
			diagnostic_error(right->at, "no right '%s', expected %s", right->text, right_names);
		}
	}
}

/* Takes the words between '<' and '>' apart: `new [self]`, or `[optional] OBJECT RIGHT… [badge]`. */
static void check_slot_words(struct type *type)
{
	const struct list *words = &type->words;
	struct name *word = words->count == 0 ? NULL : list_at(words, 0);
	size_t next = 1;
	if (word != NULL && strcmp(word->text, "new") == 0) {
		type->fresh = true;
		type->self = words->count == 2 && strcmp(((struct name *)list_at(words, 1))->text, "self") == 0;
		if (words->count > 1 && !type->self) {
			word = list_at(words, 1);
			diagnostic_error(word->at, "unexpected '%s' in a new slot, expected 'self' or nothing",
					 word->text);
		}
		return;
	}
	if (word != NULL && strcmp(word->text, "optional") == 0) {
		type->optional = true;
		word = words->count == 1 ? NULL : list_at(words, next++);
	}
	if (word == NULL || object_type_find(word->text) == NULL) {
		diagnostic_error(word == NULL ? type->name.at : word->at,
				 "no object type '%s' for a slot, expected %s%s", word == NULL ? "" : word->text,
				 type->optional ? "" : "'new', 'optional', ", object_type_names);
		return;
	}
	type->object = word->text;
	for (; next < words->count; next++) {
		word = list_at(words, next);
		if (next + 1 == words->count && strcmp(word->text, "badge") == 0) {
			type->badge = true;
		} else {
			list_add(&type->rights, word);
		}
	}
	check_rights(&type->rights);
}

void check_slot(struct type *type)
{
	if (type->kind != TYPE_NEWTYPE || strcmp(type->name.text, "slot") != 0 || type->bits != 32) {
		diagnostic_error(type->name.at, "'%s' says what is in it, expected the newtype 'slot' of u32 for that",
				 type_text(type));
	} else {
		check_slot_words(type);
	}
}

void refuse_slot(const struct type *type)
{
	diagnostic_error(type->name.at, "'%s' out of place, expected it as a parameter of a kernel method",
			 type_text(type));
}

static const struct declaration *find_states(const struct interface *interface)
{
	for (size_t i = 0; i < interface->declarations.count; i++) {
		const struct declaration *declaration = list_at(&interface->declarations, i);
		if (declaration->kind == DECLARATION_ENUM && strcmp(declaration->name.text, "state") == 0) {
			return declaration;
		}
	}
	return NULL;
}

static void check_state(const struct declaration *states, const struct name *state)
{
	for (size_t i = 0; i < states->members.count; i++) {
		const struct member *member = list_at(&states->members, i);
		if (strcmp(member->name.text, state->text) != 0) {
			continue;
		}
		if (member->value.value > STATE_MAX) {
			diagnostic_error(state->at, "state '%s' is %llu, expected at most %u after 'when'", state->text,
					 (unsigned long long)member->value.value, STATE_MAX);
		}
		return;
	}
	diagnostic_error(state->at, "no state '%s', expected a member of the enum 'state' (line %d)", state->text,
			 states->name.at.line);
}

static void check_states(const struct interface *interface, const struct method *method)
{
	const struct declaration *states = find_states(interface);
	if (states == NULL && method->states.count != 0) {
		diagnostic_error(method->rules_at,
				 "'when' in an interface without states, expected an enum 'state' in it");
		return;
	}
	for (size_t i = 0; i < method->states.count; i++) {
		check_state(states, list_at(&method->states, i));
	}
}

static void check_repeats(const struct list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct name *name = list_at(names, i);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(((const struct name *)list_at(names, j))->text, name->text) == 0) {
				diagnostic_error(name->at, "'%s' stands there twice, expected it once", name->text);
			}
		}
	}
}

/* A handler gets pointers into the buffer before it says how long its `bytes` are. */
static void check_results(const struct method *method)
{
	const struct field *varying = NULL;
	for (size_t i = 0; i < method->out.cells.count; i++) {
		const struct cell *cell = list_at(&method->out.cells, i);
		if (varying != NULL && !cell->in_word) {
			diagnostic_error(cell->field->name.at,
					 "result '%s' lies behind bytes '%s', expected bytes as the last result of a "
					 "kernel method in the message buffer",
					 cell->field->name.text, varying->name.text);
			return;
		}
		if (cell->role == CELL_BLOCK && cell->field->type->kind == TYPE_BYTES) {
			varying = cell->field;
		}
	}
}

void check_kernel_method(const struct interface *interface, const struct method *method)
{
	const char *name = method->name.text;
	if (!interface->kernel) {
		if (method->rules != 0) {
			diagnostic_error(method->rules_at,
					 "'%s' says what the kernel checks, expected that in a kernel interface", name);
		}
		return;
	}
	check_results(method);
	if (method->in.payload_bytes != 0 && method->out.payload_bytes != 0) {
		diagnostic_error(method->name.at,
				 "kernel method '%s' uses the message buffer both ways, expected one direction "
				 "(results would overwrite parameters in use)",
				 name);
	}
	check_rights(&method->needs);
	check_repeats(&method->needs);
	check_states(interface, method);
	check_repeats(&method->states);
	if ((method->rules & RULE_DESTROYS) != 0 && method->restart == RESTART_IDEMPOTENT) {
		diagnostic_error(method->rules_at, "idempotent '%s' destroys its object, expected at_most_once", name);
	}
	if ((method->rules & RULE_DESTROYS) != 0 && (method->rules & (RULE_UNLOCKED | RULE_AT_HOME)) != 0) {
		diagnostic_error(method->rules_at,
				 "'%s' destroys its object unlocked or at home, expected neither (every core must be "
				 "through with it)",
				 name);
	}
}
