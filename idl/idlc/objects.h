/* What the language knows of the kernel: its object types and its rights. The numbers are the kernel's business. */
#ifndef IDLC_OBJECTS_H
#define IDLC_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

/* What the kernel has for an object of the type. */
enum object_form {
	FORM_ENTRY, /* its entry in the table of objects, `struct object`, and nothing else */
	FORM_BODY,  /* a struct of the type's name, to which the entry points */
	FORM_ONLY,  /* nothing: there is one */
};

struct object_type {
	const char *name;
	enum object_form form;
};

/* For messages: "memory, space, … or machine". */
extern const char object_type_names[];
extern const char right_names[];

extern const struct object_type object_types[];
extern const size_t object_type_count;

/* NULL: no such type. */
const struct object_type *object_type_find(const char *name);
bool right_exists(const char *name);

#endif
