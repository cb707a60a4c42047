/* Drawing places in a server: words of its parts, instructions that it is likely to come to. */
#ifndef INJECT_PLACE_H
#define INJECT_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/idl/supervisor.h>

#include <inject/draw.h>

void place_open(sk_cap_t injection_cap);

/* A word of this part. Of a stack: of what is in use, or just below. False: the server has no such part. */
bool place_word(uint32_t server, enum sk_server_part part, struct draw *draw, uint64_t *address);

/* A word of `part` that is not 0, if a few draws find one; otherwise any. */
bool place_word_in_use(uint32_t server, enum sk_server_part part, struct draw *draw, uint64_t *address);

/* What its first thread does next; false: that is no instruction of its. */
bool place_next(uint32_t server, uint64_t *address);

/*
 * An instruction: mostly one that its first thread may come to soon, found by a walk at random along the program's ways
 * from where it stands (in the loop that serves, or in what it was doing when the time came); now and then any.
 */
bool place_instruction(uint32_t server, struct draw *draw, uint64_t *address);

/* The instruction there; 0: none. */
uint32_t place_read(uint32_t server, uint64_t address);

/* The first instruction at or behind `address`, and not far, for which `is` is true; false: there is none. */
bool place_find(uint32_t server, uint64_t *address, bool (*is)(uint32_t word));

#endif
