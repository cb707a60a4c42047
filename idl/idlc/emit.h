/*
 * Emitters turn a checked tree into text; main writes the texts. What several of
 * them need to say in C (types, parameter lists, packing and checking of
 * messages) is here, so that both ends of a message come from one place.
 */
#ifndef IDLC_EMIT_H
#define IDLC_EMIT_H

#include "ast.h"

#define LINE_COLUMNS 120

/* One output: `suffix` follows the file's name; `explain` is its line in --help. */
struct emitter {
	const char *suffix;
	const char *explain;
	void (*emit)(const struct file *file, struct text *out);
};

extern const struct emitter emitters[];
extern const size_t emitter_count;

void emit_types(const struct file *file, struct text *out);
void emit_client(const struct file *file, struct text *out);
void emit_server(const struct file *file, struct text *out);
void emit_kernel(const struct file *file, struct text *out);
void emit_exit(const struct file *file, struct text *out);
void emit_persistent(const struct file *file, struct text *out);
void emit_names(const struct file *file, struct text *out);
void emit_mock(const struct file *file, struct text *out);
void emit_trace_header(const struct file *file, struct text *out);
void emit_trace_table(const struct file *file, struct text *out);
void emit_fuzz(const struct file *file, struct text *out);
void emit_markdown(const struct file *file, struct text *out);
void emit_json(const struct file *file, struct text *out);

/* idl_support.h, which all outputs share: the text of support/idl_support.h. */
extern const char emit_support_text[];
/* idl_fuzz.h, which FILE_fuzz.c includes. */
extern const char emit_fuzz_text[];

/* Parts of emit_types. */
void emit_structs(const struct file *file, struct text *out);
void emit_rings(const struct file *file, struct text *out);
void emit_struct_checks(const struct declaration *declaration, struct text *out);

/* emit_c.c: C text. */

/* Head comment of a generated file: what it is, and from what. */
void emit_head(const struct file *file, struct text *out, const char *what);
const char *emit_guard(const struct file *file, const char *part);
void emit_doc(struct text *out, const char *indent, const char *doc);
/* `head` item, item `tail`, broken at LINE_COLUMNS with two more tabs than `tabs`. `joint` is ", " or " || ". */
void emit_wrapped(struct text *out, unsigned tabs, const char *head, const struct list *items, const char *joint,
		  const char *tail);
void emit_item(struct list *items, const char *item);
/* `if (a || b) { return SK_BAD_ARG; }`; nothing for an empty list. */
void emit_refusal(struct text *out, const struct list *refusals);

/* uint32_t for 32. */
const char *c_integer(uint32_t bits);
/* A scalar as parameter or variable, and as it is stored in structs and arrays (bool: uint8_t, enums: integers). */
const char *c_scalar(const struct type *type);
const char *c_stored(const struct type *type);
/* What a scalar variable starts as. */
const char *c_zero(const struct type *type);
/* Element type of what a struct, array or `bytes` pointer points to. */
const char *c_pointee(const struct type *type);
/* `<iface>_<T>_ring_<N>`: struct tag of a ring. */
const char *c_ring(const struct interface *interface, const struct type *type);
/* What a persistent struct's functions begin with: its name, the interface's in front if it is scoped. */
const char *c_persistent(const struct declaration *declaration);
/* `name`, or `name_` where a parameter or result of the method is called so. */
const char *c_local(const struct method *method, const char *name);

/* Whether a method takes a buffer or a ring: its server has to know what its clients share. */
bool interface_shares(const struct interface *interface);

/* Which end of a message a function is written for: it decides what shared memory looks like. */
enum side {
	SIDE_CLIENT,
	SIDE_SERVER,
};

/* C parameters appended to `items`: inputs by value or const pointer; results by pointer. */
void c_inputs(struct list *items, const struct interface *interface, const struct list *fields, enum side side);
void c_outputs(struct list *items, const struct list *fields);

/* emit_kernel.c: whether a method asks for the object's state; C parameters of a kernel method's handler. */
bool kernel_has_states(const struct interface *interface);
void kernel_parameters(struct list *items, const struct interface *interface, const struct method *method);

/* emit_pack.c: messages. */

/* Bytes of the message buffer that a message uses, as a C expression; lengths of `bytes` are named NAME + suffix. */
const char *pack_total(const struct message *message, const char *suffix);
/* Where a cell begins in the message buffer, as a C expression. */
const char *pack_position(const char *payload, const struct message *message, const struct cell *cell,
			  const char *suffix);
/* Least bytes of a message that varies. */
uint32_t pack_least(const struct message *message);
/* Where a capability's slot is, as a C expression. */
const char *pack_cap_position(const char *payload, const struct cell *cell);
/* Flags and lengths to or into a tag: " | SK_TAG_BYTES(…) | SK_TAG_CAPS(…)"; empty when in registers. */
const char *pack_tag(const struct message *message, const char *suffix);
/* Values of the register words, in order. */
void pack_words(struct list *items, const struct message *message);
/*
 * Statements that store a message's buffer part through the variable `payload`. `by_value`:
 * structs are variables (server's results), not pointers.
 */
void pack_payload(struct text *out, const struct message *message, const char *payload, bool by_value);
/* Whether a message has anything outside the registers. */
bool pack_is_long(const struct message *message);

/* emit_unpack.c */

/* All bits of flags. */
uint64_t unpack_mask(const struct declaration *declaration);
/* Conditions under which a received word is refused, appended to `items`; `source` is the word's expression. */
void unpack_refusals(struct list *items, const struct type *type, const char *source);
/* A received word as the scalar's C type. */
const char *unpack_scalar(const struct type *type, const char *source);
/* The expression of cell's word: `msg->w[i]`, or the local variable that a payload scalar was copied to. */
const char *unpack_source(const struct cell *cell, const char *msg);
/*
 * Refuses lengths beyond their bounds, defines NAME + suffix for each `bytes` and NAME_word for each scalar
 * that travels in the buffer: in order, since a place depends on the lengths before it. Reads stay inside the
 * page whatever the lengths say. `msg` is "msg->" or "msg.".
 */
void unpack_lengths(struct text *out, const struct message *message, const char *msg, const char *payload,
		    const char *suffix);
/* Loops and calls that refuse bad values in a struct or array; each failing one returns SK_BAD_ARG. */
void unpack_check_block(struct text *out, const struct type *type, const char *name, bool by_value, const char *index);

/*
 * emit_fuzz_values.c: what a harness says of values, by the numbers in the file. `tabs` are before each line;
 * `value` is an lvalue.
 */

/* Functions for all structs of the file: sk_fuzz_check_NAME(const struct *), sk_fuzz_make_NAME(struct *). */
void fuzz_structs(const struct file *file, struct text *out);
/* Is it a value of the type? Nothing where all are. */
void fuzz_check(struct text *out, unsigned tabs, const struct type *type, const char *value);
/* Some value of the type; `c_type` is the variable's. */
void fuzz_make(struct text *out, unsigned tabs, const struct type *type, const char *c_type, const char *value);

/* emit_fuzz_handlers.c: functions of a harness for the methods of an interface; each adds its name to `feeds`. */

/* What the dispatcher calls: looks at what it is given, and makes results up. */
void fuzz_handler(const struct interface *interface, const struct method *method, struct text *out);
/* Calls the stub, which gets any answer. */
void fuzz_asker(const struct interface *interface, const struct method *method, struct list *feeds, struct text *out);
/* Reads any reply as the kernel does (FILE_exit.h); nothing where that has no function. */
void fuzz_reader(const struct interface *interface, const struct method *method, struct list *feeds, struct text *out);

#endif
