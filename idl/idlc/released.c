/* The dump is read with jansson; everything in it is looked up by name, so its order does not matter. */
#include "released.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"

static const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text == NULL ? "" : text;
}

/* Numbers above 2^53 are strings in the dump. */
static uint64_t json_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	return text != NULL ? strtoull(text, NULL, 10) : (uint64_t)json_integer_value(value);
}

static const struct member *find_member(const struct list *members, const char *name)
{
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = list_at(members, i);
		if (strcmp(member->name.text, name) == 0) {
			return member;
		}
	}
	return NULL;
}

static void check_members(const json_t *released, const struct list *members, struct location at, const char *what)
{
	size_t index;
	json_t *item;
	json_array_foreach(released, index, item)
	{
		const char *name = json_text(item, "name");
		unsigned long long value = json_number(item, "value");
		const struct member *member = find_member(members, name);
		if (member == NULL) {
			diagnostic_error(at, "%s '%s' was released and is gone, expected '%s = %llu'", what, name, name,
					 value);
		} else if (member->value.value != value) {
			diagnostic_error(member->value.at,
					 "%s '%s' was released as %llu, expected it to keep that number", what, name,
					 value);
		}
	}
}

static void check_events(const json_t *released, const struct interface *interface)
{
	struct list members = {0};
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		struct member *member = memory_take(sizeof(*member));
		*member = (struct member){event->name, event->bit};
		list_add(&members, member);
	}
	check_members(released, &members, interface->name.at, "event");
}

static const struct method *find_method(const struct interface *interface, const char *name)
{
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		if (strcmp(method->name.text, name) == 0) {
			return method;
		}
	}
	return NULL;
}

static bool json_names(const json_t *names, const char *name)
{
	size_t index;
	json_t *item;
	json_array_foreach(names, index, item)
	{
		const char *text = json_string_value(item);
		if (text != NULL && strcmp(text, name) == 0) {
			return true;
		}
	}
	return false;
}

/* A kernel method may ask for less than it did, never for more. */
static void check_rules(const json_t *released, const struct method *method)
{
	static const struct name control = {.text = "control"};
	const char *name = method->name.text;
	const json_t *needs = json_object_get(released, "needs");
	struct list now = method->needs;
	if (now.count == 0) {
		list_add(&now, (void *)(uintptr_t)&control);
	}
	for (size_t i = 0; needs != NULL && i < now.count; i++) {
		const struct name *right = list_at(&now, i);
		if (!json_names(needs, right->text)) {
			diagnostic_error(method->name.at,
					 "method '%s' was released without a need for '%s', expected no further one",
					 name, right->text);
		}
	}
	const json_t *when = json_object_get(released, "when");
	if (when != NULL && json_array_size(when) == 0 && method->states.count != 0) {
		diagnostic_error(method->name.at, "method '%s' was released for every state, expected no 'when'", name);
	}
	size_t index;
	json_t *item;
	json_array_foreach(when, index, item)
	{
		const char *state = json_string_value(item);
		bool allowed = method->states.count == 0;
		for (size_t i = 0; i < method->states.count; i++) {
			const struct name *other = list_at(&method->states, i);
			allowed = allowed || (state != NULL && strcmp(other->text, state) == 0);
		}
		if (!allowed) {
			diagnostic_error(method->name.at,
					 "method '%s' was released for state '%s', expected that to stay", name,
					 state == NULL ? "" : state);
		}
	}
	const json_t *destroys = json_object_get(released, "destroys");
	if (destroys != NULL && json_is_true(destroys) != ((method->rules & RULE_DESTROYS) != 0)) {
		diagnostic_error(method->name.at, "method '%s' was released %s its object, expected that to stay", name,
				 json_is_true(destroys) ? "as destroying" : "as keeping");
	}
}

static void check_method(const json_t *released, const struct interface *interface)
{
	const char *name = json_text(released, "name");
	const char *signature = json_text(released, "signature");
	unsigned long long number = json_number(released, "number");
	const struct method *method = find_method(interface, name);
	if (method == NULL) {
		diagnostic_error(interface->name.at, "method '%s' was released and is gone, expected '%s = %llu'", name,
				 name, number);
		return;
	}
	if (method->number.value != number) {
		diagnostic_error(method->number.at, "method '%s' was released as %llu, expected it to keep that number",
				 name, number);
	}
	const char *now = canonical_method(method);
	if (strcmp(now, signature) != 0) {
		diagnostic_error(method->name.at,
				 "method '%s' was released as %s and is %s, expected a new method for that", name,
				 signature, now);
	}
	check_rules(released, method);
}

static const struct interface *find_interface(const struct file *file, const char *name)
{
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		if (strcmp(interface->name.text, name) == 0) {
			return interface;
		}
	}
	return NULL;
}

static void check_interface(const json_t *released, const struct file *file)
{
	const char *name = json_text(released, "name");
	unsigned long long number = json_number(released, "number");
	const struct interface *interface = find_interface(file, name);
	if (interface == NULL) {
		diagnostic_error((struct location){file->path, 1, 1},
				 "interface '%s' was released and is gone, expected '%s = 0x%02llx'",
				 name, name, number);
		return;
	}
	if (interface->number.value != number) {
		diagnostic_error(interface->number.at,
				 "interface '%s' was released as 0x%02llx, expected it to keep that number", name,
				 number);
	}
	if (interface->kernel != json_is_true(json_object_get(released, "kernel"))) {
		diagnostic_error(interface->name.at,
				 "interface '%s' was released %s the kernel's, expected that to stay", name,
				 interface->kernel ? "as not" : "as");
	}
	size_t index;
	json_t *item;
	json_array_foreach(json_object_get(released, "methods"), index, item)
	{
		check_method(item, interface);
	}
	check_members(json_object_get(released, "errors"), &interface->errors, interface->name.at, "error");
	check_events(json_object_get(released, "events"), interface);
}

static const struct declaration *find_type(const struct file *file, const char *scope, const char *name)
{
	const struct list *declarations = &file->declarations;
	if (scope[0] != '\0') {
		const struct interface *interface = find_interface(file, scope);
		if (interface == NULL) {
			return NULL; /* reported as an interface */
		}
		declarations = &interface->declarations;
	}
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		if (strcmp(declaration->name.text, name) == 0) {
			return declaration;
		}
	}
	return NULL;
}

static void check_type_form(const json_t *released, const struct declaration *declaration)
{
	static const char *const kinds[] = {"newtype", "enum", "flags", "struct"};
	const char *name = declaration->name.text;
	struct location at = declaration->name.at;
	const char *kind = json_text(released, "kind");
	if (strcmp(kinds[declaration->kind], kind) != 0) {
		diagnostic_error(at, "type '%s' was released as %s, expected it to stay one", name, kind);
	} else if (declaration->kind == DECLARATION_STRUCT) {
		const char *now = canonical_declaration(declaration);
		bool renewed = declaration->persistent && declaration->version.value != json_number(released, "versio"
													      "n");
		if (!renewed && strcmp(now, json_text(released, "canonical")) != 0) {
			diagnostic_error(at, "struct '%s' was released as %s, expected %s", name,
					 json_text(released, "canonical"),
					 declaration->persistent ? "another version for another layout"
								 : "a new struct for that");
		}
	} else if (strcmp(declaration->base.text, json_text(released, "base")) != 0) {
		diagnostic_error(declaration->base.at, "type '%s' was released as %s, expected that width", name,
				 json_text(released, "base"));
	}
	if (declaration->kind == DECLARATION_ENUM || declaration->kind == DECLARATION_FLAGS) {
		check_members(json_object_get(released, "members"), &declaration->members, at, "member");
	}
}

static void check_type_of(const json_t *released, const struct file *file)
{
	const char *name = json_text(released, "name");
	const char *scope = json_text(released, "scope");
	const struct declaration *declaration = find_type(file, scope, name);
	if (declaration != NULL) {
		check_type_form(released, declaration);
	} else if (scope[0] == '\0' || find_interface(file, scope) != NULL) {
		diagnostic_error((struct location){file->path, 1, 1},
				 "type '%s' was released and is gone, expected it unchanged", name);
	}
}

static const struct file *find_file(const struct list *files, const char *base)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		if (strcmp(file->base, base) == 0) {
			return file;
		}
	}
	return NULL;
}

static void check_dump(const char *path, const json_t *dump, const struct list *files)
{
	const char *base = json_text(dump, "file");
	const struct file *file = find_file(files, base);
	if (file == NULL) {
		diagnostic_error((struct location){path, 1, 1},
				 "this is the release of '%s.idl', expected a dump of a file given", base);
		return;
	}
	size_t index;
	json_t *item;
	json_array_foreach(json_object_get(dump, "types"), index, item)
	{
		check_type_of(item, file);
	}
	json_array_foreach(json_object_get(dump, "interfaces"), index, item)
	{
		check_interface(item, file);
	}
}

void released_check(const char *path, const struct list *files)
{
	json_error_t error;
	json_t *dump = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (dump == NULL) {
		struct location at = {path, error.line < 1 ? 1 : error.line, error.column < 1 ? 1 : error.column};
		diagnostic_error(at, "%s, expected a FILE.json that idlc wrote", error.text);
		return;
	}
	check_dump(path, dump, files);
	json_decref(dump);
}
