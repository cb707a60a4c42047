/*
 * What a file says, as a tree. The parser fills in names, numbers and places;
 * the checker resolves names to declarations and lays structs and messages out;
 * emitters only read. Nothing points from one file's tree into another's.
 */
#ifndef IDLC_AST_H
#define IDLC_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnostic.h"
#include "text.h"

/* Limits of the message format; the same numbers as in sk/abi.h, which generated code asserts. */
#define MESSAGE_WORDS 6u
#define MESSAGE_BYTES 4032u
#define MESSAGE_CAPS 3u

struct name {
	const char *text;
	struct location at;
	const char *doc; /* lines of `///`, or NULL */
};

struct number {
	uint64_t value;
	struct location at;
};

enum type_kind {
	TYPE_NAMED,   /* as parsed; the checker makes it one of the others */
	TYPE_INTEGER, /* `bits` */
	TYPE_BOOL,
	TYPE_TIME,
	TYPE_NEWTYPE, /* `bits`; `declaration` is NULL for the built-in ones */
	TYPE_ENUM,    /* `bits`, `declaration` */
	TYPE_FLAGS,   /* `bits`, `declaration` */
	TYPE_STRUCT,  /* `declaration` */
	TYPE_ARRAY,   /* `element`, `count` */
	TYPE_BYTES,   /* `count` */
	TYPE_CAP,     /* `object`, `endpoint`, `rights`, `move` */
	TYPE_RING,    /* `element`, `count` */
	TYPE_BUFFER,  /* `count`, `direction` */
	TYPE_BAD,     /* reported already */
};

enum direction {
	DIRECTION_IN,
	DIRECTION_OUT,
	DIRECTION_INOUT,
};

struct type {
	enum type_kind kind;
	struct name name; /* as written; its place is the type's */
	uint32_t bits;
	struct declaration *declaration;
	struct type *element;
	struct number count;
	enum direction direction;
	const char *object;   /* cap, slot: kernel object type */
	const char *endpoint; /* cap<endpoint NAME>: the interface's name, or NULL */
	struct list rights;   /* cap, slot: of struct name */
	bool move;

	/* A slot of a kernel method's caller: what the words between '<' and '>' say of it. */
	bool described;
	struct list words; /* of struct name */
	bool fresh;        /* `new`: to be empty; with `self`, it may be the invoked one */
	bool self;
	bool optional;     /* slot 0 is none */
	bool badge;        /* the capability's badge counts */
};

struct member { /* of an enum or flags, or an interface's error */
	struct name name;
	struct number value;
};

struct field { /* of a struct, a parameter or a result */
	struct name name;
	struct type *type;
	uint32_t offset; /* in a struct, bytes */
};

enum declaration_kind {
	DECLARATION_NEWTYPE,
	DECLARATION_ENUM,
	DECLARATION_FLAGS,
	DECLARATION_STRUCT,
};

struct declaration {
	enum declaration_kind kind;
	struct name name;
	struct interface *scope; /* NULL: the file's */
	const char *c_name;      /* sk_colour, uart_mode */
	const char *c_constant;  /* SK_COLOUR, UART_MODE */
	struct name base;        /* newtype, enum, flags: the integer type */
	uint32_t bits;
	struct list members;
	struct list fields;
	bool persistent;
	struct number version;
	uint32_t size; /* struct: bytes; 0 until laid out */
	uint32_t align;
};

/* One step of a message: what is put where, in order. See layout.c. */
enum cell_role {
	CELL_VALUE,  /* a scalar */
	CELL_LENGTH, /* of a `bytes` */
	CELL_REGION, /* of a buffer: region index | bytes << 32; of a ring: region index */
	CELL_OFFSET, /* of a buffer: offset in the region */
	CELL_BLOCK,  /* a struct, array or the contents of a `bytes`, in the message buffer */
	CELL_CAP,    /* a capability slot, behind the message's bytes */
};

struct cell {
	const struct field *field;
	enum cell_role role;
	bool in_word;
	uint32_t index;  /* of the word or of the capability */
	uint32_t offset; /* in the message buffer, not counting the varying lengths before it */
	uint32_t bytes;  /* in the message buffer, at most */
};

struct message {
	struct list fields; /* of struct field */
	struct list cells;  /* of struct cell */
	uint32_t words;
	uint32_t caps;
	uint32_t fixed_bytes;   /* of the message buffer, without what varies */
	uint32_t payload_bytes; /* at most */
	bool varies;            /* contains a `bytes` */
};

enum restart_rule {
	RESTART_UNSAID,
	RESTART_IDEMPOTENT,
	RESTART_AT_MOST_ONCE,
	RESTART_BOTH,
};

/* What a kernel method says besides. */
#define RULE_NEEDS (1u << 0)
#define RULE_WHEN (1u << 1)
#define RULE_UNLOCKED (1u << 2)
#define RULE_AT_HOME (1u << 3)
#define RULE_DESTROYS (1u << 4)

struct method {
	struct name name;
	struct number number;
	bool oneway;
	struct message in;
	struct message out;
	enum restart_rule restart;
	struct location restart_at;
	bool has_budget;
	struct number budget; /* ns */
	uint32_t rules;       /* RULE_* */
	struct location rules_at; /* of the last of them */
	struct list needs;    /* of struct name; empty: `control` */
	struct list states;   /* of struct name; empty: any */
};

struct event {
	struct name name;
	struct number bit;
};

struct interface {
	struct name name;
	struct number number;
	bool kernel;
	const char *c_constant;
	struct list declarations;
	struct list errors; /* of struct member */
	bool has_errors;
	struct location errors_at;
	struct list methods;
	struct list events;
	uint64_t hash;
};

struct file {
	const char *path;
	const char *base; /* without folders and `.idl` */
	const char *doc;
	struct list declarations;
	struct list interfaces;
	bool uses_gpa; /* the built-in newtypes, where the file does not declare its own */
	bool uses_irq;
};

/* Whether a type travels as one word. */
bool type_is_scalar(const struct type *type);
/* Bytes that one value takes in a struct or array, and its alignment; 0 while a struct is not laid out. */
uint64_t type_size(const struct type *type);
uint32_t type_align(const struct type *type);
/* The type as IDL text, names resolved: for messages, documentation and the interface hash. */
const char *type_text(const struct type *type);

#endif
