#include "table.h"

#include <stddef.h>

static uint32_t bucket_of(const struct table *table, uint64_t mac)
{
	uint64_t hash = (mac ^ table->salt) * 0x9e3779b97f4a7c15ull;

	hash ^= hash >> 29;
	return (uint32_t)(hash * 0xbf58476d1ce4e5b9ull >> 56);
}

_Static_assert(TABLE_BUCKETS == 1u << 8, "eight bits of the hash");

void table_init(struct table *table, uint32_t ports, uint64_t salt)
{
	*table = (struct table){ .share = TABLE_ENTRIES / ports, .salt = salt };
	for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
		table->entries[i / TABLE_WAYS][i % TABLE_WAYS].port = TABLE_NONE;
	}
}

static bool is_fresh(const struct table_entry *entry, uint64_t now_ns)
{
	return entry->port != TABLE_NONE && now_ns - entry->seen_ns < TABLE_AGE_NS;
}

uint32_t table_find(const struct table *table, uint64_t mac, uint64_t now_ns)
{
	const struct table_entry *bucket = table->entries[bucket_of(table, mac)];

	for (uint32_t i = 0; i < TABLE_WAYS; i++) {
		if (bucket[i].mac == mac && is_fresh(&bucket[i], now_ns)) {
			return bucket[i].port;
		}
	}
	return TABLE_NONE;
}

static void set(struct table *table, struct table_entry *entry, uint64_t mac, uint32_t port, uint64_t now_ns)
{
	if (entry->port != TABLE_NONE) {
		table->used[entry->port]--;
	}
	table->used[port]++;
	*entry = (struct table_entry){ .mac = mac, .seen_ns = now_ns, .port = port };
}

/*
 * Where a new station may be put: where nothing is or what is has aged, as long as the port has not all of its share;
 * or else in place of the port's own station that has been silent for the longest time.
 */
static struct table_entry *place_for(const struct table *table, struct table_entry *bucket, uint32_t port,
				     uint64_t now_ns)
{
	struct table_entry *place = NULL;
	struct table_entry *own = NULL;

	for (uint32_t i = 0; i < TABLE_WAYS; i++) {
		if (!is_fresh(&bucket[i], now_ns)) {
			place = &bucket[i];
		} else if (bucket[i].port == port && (own == NULL || bucket[i].seen_ns < own->seen_ns)) {
			own = &bucket[i];
		}
	}
	/* Its own aged one costs it nothing. */
	if (place != NULL && (table->used[port] < table->share || place->port == port)) {
		return place;
	}
	return own;
}

void table_learn(struct table *table, uint64_t mac, uint32_t port, uint64_t now_ns)
{
	struct table_entry *bucket = table->entries[bucket_of(table, mac)];
	struct table_entry *entry = NULL;

	for (uint32_t i = 0; i < TABLE_WAYS; i++) {
		if (bucket[i].mac == mac && bucket[i].port != TABLE_NONE) {
			entry = &bucket[i];
		}
	}
	if (entry == NULL) {
		entry = place_for(table, bucket, port, now_ns);
	}
	if (entry != NULL) {
		set(table, entry, mac, port, now_ns);
	}
}
