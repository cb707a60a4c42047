/* A flattened devicetree that is good but for what the input does to it. */
#ifndef FUZZ_TREE_H
#define FUZZ_TREE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that a tree can grow to. */
#define FUZZ_TREE_ROOM 65536u

/*
 * The blob in file `name` (read once), changed as the input says: nodes and properties that go, come, or have other
 * values, at last bytes that are no longer a tree. In memory that ends where the blob does.
 */
uint8_t *fuzz_tree(const char *name, size_t *bytes);

#endif
