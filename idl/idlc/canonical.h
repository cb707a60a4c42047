/*
 * An interface as text that says exactly what two sides must agree on, and its
 * FNV-1a 64 hash. Documentation, budgets, parameters' names and the order of
 * declarations do not change it; every number, width and layout does.
 */
#ifndef IDLC_CANONICAL_H
#define IDLC_CANONICAL_H

#include "ast.h"

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

uint64_t fnv1a(const char *bytes, size_t count);

/* A declaration's own layout, naming the types of its fields. */
const char *canonical_declaration(const struct declaration *declaration);
/* `call(u64,point)->(u32)idempotent`. */
const char *canonical_method(const struct method *method);
/* The hash of a struct and all structs in it: the schema of a persistent one. */
uint64_t canonical_struct_hash(const struct declaration *declaration);
uint64_t canonical_interface_hash(const struct interface *interface);

#endif
