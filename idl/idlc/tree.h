/* Building the tree: one function for each thing the grammar recognises. */
#ifndef IDLC_TREE_H
#define IDLC_TREE_H

#include "parse.h"

struct name *tree_name(struct name name);
struct member *tree_member(struct name name, struct number value);
struct field *tree_field(struct name name, struct type *type);
struct type *tree_type(enum type_kind kind, struct name name);
struct type *tree_array(struct type *element, struct number count);
struct type *tree_cap(struct name name, const char *object, const struct name *endpoint, struct list rights, bool move);
struct type *tree_slot(struct name name, struct list words);
struct declaration *tree_declaration(enum declaration_kind kind, struct name name, const char *doc, struct name base);
void tree_errors(struct interface *interface, struct name keyword, struct list members);
void tree_event(struct interface *interface, struct name name, const char *doc, struct number bit);
void tree_method(struct method *method, struct name name, const char *doc, struct number number, struct list in,
		 struct list out);
void tree_restart(struct method *method, struct location at, enum restart_rule rule);
void tree_budget(struct method *method, struct location at, struct number time);
void tree_rule(struct method *method, struct name keyword, uint32_t rule);
void tree_interface(struct parse *parse, struct interface *body, struct name name, const char *doc,
		    struct number number, bool kernel);

#endif
