/*
 * What generated code of all interfaces shares: spans of shared regions,
 * persistent copies, and the form of trace tables. idlc writes this file beside
 * its outputs, which include it where they need it.
 */
#ifndef SK_IDL_SUPPORT_H
#define SK_IDL_SUPPORT_H

#include <stddef.h>
#include <string.h>

#include <sk/abi.h>

/*
 * A piece of a region that client and server share, as a `buffer` parameter
 * names it: regions are numbered by whoever granted them.
 */
struct sk_span {
	uint32_t region;
	uint32_t bytes;
	uint64_t offset;
};

/* What a kernel method needs before its parameters are looked at; see LANGUAGE.md. */
struct kernel_call;

struct sk_call_rule {
	sk_status_t (*dispatch)(struct kernel_call *call);
	uint8_t rights; /* that the invoked capability must have, SK_RIGHT_* */
	uint8_t how;    /* SK_CALL_* */
};

#define SK_CALL_UNLOCKED 0x1u
#define SK_CALL_AT_HOME 0x2u
#define SK_CALL_DESTROYS 0x4u

/* A region as the server sees it. */
struct sk_region {
	void *base;
	uint64_t bytes;
	bool writable;
};

typedef bool (*sk_region_finder)(const struct sk_caller *caller, uint32_t index, struct sk_region *region);

static inline struct sk_span sk_span_unpack(uint64_t region_and_bytes, uint64_t offset)
{
	return (struct sk_span){(uint32_t)region_and_bytes, (uint32_t)(region_and_bytes >> 32), offset};
}

/* Address of the span, or NULL when it is longer than `limit`, leaves its region, or may not be written. */
static inline void *sk_span_resolve(const struct sk_caller *caller, sk_region_finder find, struct sk_span span,
				    uint64_t limit, bool writes)
{
	struct sk_region region = {0};
	if (span.bytes > limit || !find(caller, span.region, &region) || (writes && !region.writable)) {
		return NULL;
	}
	if (span.offset > region.bytes || span.bytes > region.bytes - span.offset) {
		return NULL;
	}
	return (uint8_t *)region.base + span.offset;
}

/*
 * Persistent structs. A region holds, one behind the other, the fields that a
 * server keeps by single-word stores (header: magic and schema), then two
 * committed copies. A copy counts when its sequence is not 0 and magic, schema
 * and checksum are right; of two, the higher sequence is the newer. Stores are
 * made in the order written here, whatever the compiler would like: a server
 * is killed between two of its instructions.
 *
 * One thread at a time commits. A test may put its own store under all of this.
 */
#define SK_PERSISTENT_MAGIC 0x3154534953524550ull
#ifndef SK_PERSISTENT_STORE
#define SK_PERSISTENT_STORE(word, value) __atomic_store_n((word), (value), __ATOMIC_RELEASE)
#endif

enum sk_persistence {
	SK_RESTORED = 0,     /* the last committed state */
	SK_COLD_EMPTY = 1,   /* nothing was ever committed here */
	SK_COLD_SCHEMA = 2,  /* committed by another version of the struct */
	SK_COLD_DAMAGED = 3, /* no copy has a right checksum */
	SK_COLD_VALUE = 4,   /* a right checksum over a value that is none: a closed enum, a bool, a flag */
	SK_COLD_SMALL = 5,   /* the region is too small or misaligned: nothing can be committed */
};

struct sk_persistent_copy {
	uint64_t magic;
	uint64_t schema;
	uint64_t sequence; /* stored first as 0 and last as what it becomes */
	uint64_t checksum;
	uint64_t body[];
};

struct sk_persistent_fields {
	uint64_t magic;
	uint64_t schema;
	uint64_t body[];
};

#define SK_PERSISTENT_WORDS(bytes) (((bytes) + 7u) / 8u)
#define SK_PERSISTENT_FIELDS_BYTES(bytes) (16u + SK_PERSISTENT_WORDS(bytes) * 8u)
#define SK_PERSISTENT_COPY_BYTES(bytes) (32u + SK_PERSISTENT_WORDS(bytes) * 8u)
#define SK_PERSISTENT_REGION_BYTES(bytes) (SK_PERSISTENT_FIELDS_BYTES(bytes) + 2u * SK_PERSISTENT_COPY_BYTES(bytes))

static inline bool sk_persistent_fits(const void *region, size_t region_bytes, uint32_t bytes)
{
	return region_bytes >= SK_PERSISTENT_REGION_BYTES(bytes) && (uintptr_t)region % 8u == 0;
}

static inline struct sk_persistent_copy *sk_persistent_copy(void *region, uint32_t bytes, uint32_t index)
{
	uint8_t *first = (uint8_t *)region + SK_PERSISTENT_FIELDS_BYTES(bytes);
	return (void *)(first + index * SK_PERSISTENT_COPY_BYTES(bytes));
}

/* Each step maps words one to one, so a change in a single word always changes the sum. */
static inline uint64_t sk_persistent_sum(const struct sk_persistent_copy *copy, uint32_t bytes, uint64_t sequence)
{
	uint64_t sum = copy->schema ^ sequence * 0x9e3779b97f4a7c15ull;
	for (uint32_t i = 0; i < SK_PERSISTENT_WORDS(bytes); i++) {
		sum = (sum << 29 | sum >> 35) ^ copy->body[i];
		sum *= 0x100000001b3ull;
	}
	return sum ^ sum >> 32;
}

static inline enum sk_persistence sk_persistent_check(const struct sk_persistent_copy *copy, uint32_t bytes,
						      uint64_t schema)
{
	if (copy->magic == 0 && copy->sequence == 0) {
		return SK_COLD_EMPTY;
	}
	if (copy->magic == SK_PERSISTENT_MAGIC && copy->schema != schema) {
		return SK_COLD_SCHEMA;
	}
	if (copy->magic != SK_PERSISTENT_MAGIC || copy->sequence == 0 ||
	    copy->checksum != sk_persistent_sum(copy, bytes, copy->sequence)) {
		return SK_COLD_DAMAGED;
	}
	return SK_RESTORED;
}

/*
 * Finds the newest good copy and puts it into *state; otherwise zeroes *state and
 * says why. Copies that are not good are marked so, which commit relies on.
 */
static inline enum sk_persistence sk_persistent_open(void *region, size_t region_bytes, void *state, uint32_t bytes,
						     uint64_t schema)
{
	memset(state, 0, bytes);
	if (!sk_persistent_fits(region, region_bytes, bytes)) {
		return SK_COLD_SMALL;
	}
	struct sk_persistent_copy *newest = NULL;
	enum sk_persistence why = SK_COLD_EMPTY;
	for (uint32_t i = 0; i < 2; i++) {
		struct sk_persistent_copy *copy = sk_persistent_copy(region, bytes, i);
		enum sk_persistence found = sk_persistent_check(copy, bytes, schema);
		if (found == SK_RESTORED) {
			newest = newest == NULL || copy->sequence > newest->sequence ? copy : newest;
		} else {
			why = found > why ? found : why;
			SK_PERSISTENT_STORE(&copy->sequence, 0);
		}
	}
	if (newest == NULL) {
		return why;
	}
	memcpy(state, newest->body, bytes);
	return SK_RESTORED;
}

/* Writes *state over the older copy. The region was opened before; false when it is too small. */
static inline bool sk_persistent_commit(void *region, size_t region_bytes, const void *state, uint32_t bytes,
					uint64_t schema)
{
	if (!sk_persistent_fits(region, region_bytes, bytes)) {
		return false;
	}
	struct sk_persistent_copy *first = sk_persistent_copy(region, bytes, 0);
	struct sk_persistent_copy *second = sk_persistent_copy(region, bytes, 1);
	bool first_older = first->sequence <= second->sequence;
	struct sk_persistent_copy *older = first_older ? first : second;
	uint64_t sequence = (first_older ? second->sequence : first->sequence) + 1;
	SK_PERSISTENT_STORE(&older->sequence, 0);
	for (uint32_t i = 0; i < SK_PERSISTENT_WORDS(bytes); i++) {
		uint64_t word = 0;
		uint32_t left = bytes - i * 8u;
		memcpy(&word, (const uint8_t *)state + i * 8u, left < 8u ? left : 8u);
		SK_PERSISTENT_STORE(&older->body[i], word);
	}
	SK_PERSISTENT_STORE(&older->schema, schema);
	SK_PERSISTENT_STORE(&older->magic, SK_PERSISTENT_MAGIC);
	SK_PERSISTENT_STORE(&older->checksum, sk_persistent_sum(older, bytes, sequence));
	SK_PERSISTENT_STORE(&older->sequence, sequence);
	return true;
}

/*
 * The fields that are kept by single-word stores; zeroed first when the region holds another schema's.
 * Needs SK_PERSISTENT_FIELDS_BYTES of an 8-byte-aligned region.
 */
static inline void *sk_persistent_fields(void *region, uint32_t bytes, uint64_t schema)
{
	struct sk_persistent_fields *fields = region;
	if (fields->magic == SK_PERSISTENT_MAGIC && fields->schema == schema) {
		return fields->body;
	}
	SK_PERSISTENT_STORE(&fields->magic, 0);
	for (uint32_t i = 0; i < SK_PERSISTENT_WORDS(bytes); i++) {
		SK_PERSISTENT_STORE(&fields->body[i], 0);
	}
	SK_PERSISTENT_STORE(&fields->schema, schema);
	SK_PERSISTENT_STORE(&fields->magic, SK_PERSISTENT_MAGIC);
	return fields->body;
}

/* Trace tables: what a decoder says about a tag and its words. */
struct sk_trace_field {
	const char *name;
	const char *type; /* as in the IDL */
	int word;         /* register word, or -1: in the message buffer */
};

struct sk_trace_method {
	uint32_t tag; /* interface number << 8 | method number */
	const char *interface;
	const char *method;
	bool oneway;
	bool idempotent;
	uint32_t parameter_count;
	const struct sk_trace_field *parameters;
	uint32_t result_count;
	const struct sk_trace_field *results;
};

#endif
