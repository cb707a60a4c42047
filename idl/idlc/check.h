/*
 * Meaning: what the grammar lets through but the language does not. The order of
 * declarations plays no part: everything is known before anything is resolved.
 * After a run without errors every type is resolved, every struct and message is
 * laid out, and no two C names that come out of it are the same.
 */
#ifndef IDLC_CHECK_H
#define IDLC_CHECK_H

#include "ast.h"

/* All of the below, over all files given. */
void check_files(const struct list *files);

/* Declarations: names, values, widths; then every type of every field, parameter and result. */
void check_declarations(struct file *file);
void check_type(struct file *file, const struct interface *scope, struct type *type);

/* Struct offsets and sizes; containment without end is an error. */
void check_layout(struct file *file);

/* Methods, annotations, events, errors, capabilities, message sizes. */
void check_interface(const struct list *files, const struct interface *interface);
void check_numbers(const struct list *files);

/* Kernel interfaces: rights by name; what a slot says of itself; what a method says that the kernel checks. */
void check_rights(const struct list *rights);
void check_slot(struct type *type);
void refuse_slot(const struct type *type);
void check_kernel_method(const struct interface *interface, const struct method *method);

/* Names that generated C would use twice. */
void check_symbols(const struct list *files);

/* Puts a method's parameters or results into words and message buffer. */
void message_layout(struct message *message);

#endif
