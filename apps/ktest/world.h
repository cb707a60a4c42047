/* One object of each type, to be treated badly: nobody misses them. */
#ifndef WORLD_H
#define WORLD_H

#include <sk/abi.h>

/* In the order of object types (enum sk_object_type), from memory to machine. */
#define WORLD_OBJECTS 10u

struct world {
	sk_cap_t objects[WORLD_OBJECTS];
};

/* Makes them all, in new slots. The machine's capability can only be read through. */
void world_make(struct world *world);
/* The object that interface `interface` acts on. */
sk_cap_t world_object(const struct world *world, uint32_t interface);
/* Is everything still what it was made as? */
bool world_whole(const struct world *world);

#endif
