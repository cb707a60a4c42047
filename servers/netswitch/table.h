/*
 * Which station is behind which port: MAC addresses that were seen as senders, each for 300 s since it was last seen.
 *
 * Bounded: so many entries, in buckets. Each port may have its share of them and no more, so a guest that makes up
 * addresses pushes out its own; a station that finds no place is not learned, and what is for it goes to every port.
 *
 * Not thread-safe.
 */
#ifndef NETSWITCH_TABLE_H
#define NETSWITCH_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define TABLE_BUCKETS 256u
#define TABLE_WAYS 4u
#define TABLE_ENTRIES (TABLE_BUCKETS * TABLE_WAYS)
#define TABLE_PORTS 16u
#define TABLE_AGE_NS 300000000000ull
#define TABLE_NONE UINT32_MAX

struct table_entry {
	uint64_t mac;     /* first byte lowest */
	uint64_t seen_ns;
	uint32_t port;    /* TABLE_NONE: the entry is free */
};

struct table {
	struct table_entry entries[TABLE_BUCKETS][TABLE_WAYS];
	uint32_t used[TABLE_PORTS]; /* entries of each port */
	uint32_t share;             /* that a port may have */
	uint64_t salt;              /* of the hash: nobody outside knows which addresses meet */
};

/* For `ports` ports, 1 to TABLE_PORTS. */
void table_init(struct table *table, uint32_t ports, uint64_t salt);

/* `mac`, of a single station, sent something from `port`. */
void table_learn(struct table *table, uint64_t mac, uint32_t port, uint64_t now_ns);

/* The port behind which `mac` is, or TABLE_NONE. */
uint32_t table_find(const struct table *table, uint64_t mac, uint64_t now_ns);

#endif
