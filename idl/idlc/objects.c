/* The lists by which names are checked, and the same lists for people. */
#include "objects.h"

#include <string.h>

const struct object_type object_types[] = {
	{"memory", FORM_ENTRY},      {"space", FORM_BODY},      {"thread", FORM_BODY}, {"vcpu", FORM_BODY},
	{"endpoint", FORM_BODY},     {"notification", FORM_BODY}, {"interrupt", FORM_ENTRY}, {"virq", FORM_ENTRY},
	{"core", FORM_BODY},         {"machine", FORM_ONLY},
};

const size_t object_type_count = sizeof(object_types) / sizeof(object_types[0]);

static const char *const rights[] = {"read", "write", "execute", "call", "wait", "control", "grant"};

const char object_type_names[] =
	"memory, space, thread, vcpu, endpoint, notification, interrupt, virq, core or machine";
const char right_names[] = "read, write, execute, call, wait, control or grant";

const struct object_type *object_type_find(const char *name)
{
	for (size_t i = 0; i < object_type_count; i++) {
		if (strcmp(object_types[i].name, name) == 0) {
			return &object_types[i];
		}
	}
	return NULL;
}

bool right_exists(const char *name)
{
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		if (strcmp(rights[i], name) == 0) {
			return true;
		}
	}
	return false;
}
