/*
 * What generated fuzz harnesses share (FILE_fuzz.c; idlc writes this file beside its outputs). An input is
 *
 *	byte 0      what is fed: a dispatcher, a stub, a reader of replies, a persistent struct; bit 6: the tag's
 *	            number of a method counts those that there are; bit 5: the tag's lengths are the method's
 *	8 bytes     from where what the harness makes up comes: results and statuses of handlers, values, damage
 *	56 bytes    the message: tag and words
 *	the rest    the message buffer
 *
 * What is asked of generated code is said here a second time, and not with its own functions:
 *
 *	a handler is called once at most, the tag's, with what the message says, and with no value that the
 *	interface doesn't have; what is not in the message decides nothing, so each message is fed twice,
 *	with other bytes around it;
 *	an answer is what the handler said, or one of the generator's own refusals; it has no stale byte in it;
 *	pointers lead to what is shared, and all of it may be used;
 *	no persistent state is restored that was not committed.
 */
#ifndef SK_IDL_FUZZ_H
#define SK_IDL_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/syscall.h>

#include "idl_support.h"

#define SK_FUZZ_EXPECT(condition)                                                                      \
	do {                                                                                           \
		if (!(condition)) {                                                                    \
			(void)fprintf(stderr, "%s:%d: expected: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                       \
		}                                                                                      \
	} while (0)

#define SK_FUZZ_SHARED_BYTES 32768u
#define SK_FUZZ_SMALL_BYTES 200u
#define SK_FUZZ_NO_TAG UINT64_MAX

/* Each by itself: the sanitizer sees what leaves one. */
static _Alignas(64) uint8_t sk_fuzz_buffer[SK_PAGE_BYTES];
static _Alignas(64) uint8_t sk_fuzz_shared[SK_FUZZ_SHARED_BYTES];
static _Alignas(64) uint8_t sk_fuzz_read_only[SK_FUZZ_SHARED_BYTES];
static _Alignas(64) uint8_t sk_fuzz_small[SK_FUZZ_SMALL_BYTES];

static struct {
	bool counted; /* the message's method is the nth that there is */
	bool fits;    /* the message has as many bytes and capabilities as the method asks for */
	uint64_t first_seed;
	uint64_t seed;
	struct sk_msg sent;
	uint8_t page[SK_PAGE_BYTES]; /* the message buffer as it was sent */
	uint64_t digest;             /* of all that was seen */
	unsigned calls;              /* of handlers */
	uint64_t tag;                /* of the method whose handler was called */
	sk_status_t status;          /* that it returned */
	bool overlong;               /* it gave a longer result than there may be */
	uint64_t results[SK_WORDS];
	uint32_t reply_bytes;
	uint32_t reply_caps;
} sk_fuzz;

static inline uint64_t sk_fuzz_next(void)
{
	sk_fuzz.seed ^= sk_fuzz.seed << 13;
	sk_fuzz.seed ^= sk_fuzz.seed >> 7;
	sk_fuzz.seed ^= sk_fuzz.seed << 17;
	return sk_fuzz.seed >> 8;
}

/* A number that is small, or near the end of a type, or anything. */
static inline uint64_t sk_fuzz_number(void)
{
	uint64_t kind = sk_fuzz_next();
	return kind % 2 == 0 ? sk_fuzz_next() >> kind % 64 : UINT64_MAX >> kind % 64;
}

/* One of the numbers behind it: members of an enum. */
#define SK_FUZZ_ONE_OF(...)                \
	(((const uint64_t[]){__VA_ARGS__}) \
		 [sk_fuzz_next() % (sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))])

static inline void sk_fuzz_see(const void *bytes, size_t count)
{
	uint64_t digest = sk_fuzz.digest;
	for (size_t i = 0; i < count; i++) {
		digest = (digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ull;
	}
	sk_fuzz.digest = digest;
}

static inline void sk_fuzz_fill(void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		((uint8_t *)bytes)[i] = (uint8_t)sk_fuzz_next();
	}
}

/* What a handler says of itself. */
static inline void sk_fuzz_called(uint64_t tag)
{
	sk_fuzz.calls++;
	sk_fuzz.tag = tag;
	SK_FUZZ_EXPECT(sk_fuzz.calls == 1 && (sk_fuzz.sent.tag & SK_TAG_METHOD_MASK) == tag);
	sk_fuzz_see(&tag, sizeof(tag));
}

/* A parameter that came in a word of the message; in eight bytes of the message buffer; in as many as it takes. */
static inline void sk_fuzz_word(uint32_t index, uint64_t value)
{
	SK_FUZZ_EXPECT(sk_fuzz.sent.w[index] == value);
}

static inline void sk_fuzz_payload(const uint8_t *at, uint64_t value)
{
	SK_FUZZ_EXPECT(at + 8 <= sk_fuzz.page + SK_TAG_BYTES_OF(sk_fuzz.sent.tag) && memcmp(at, &value, 8) == 0);
}

static inline void sk_fuzz_block(const uint8_t *at, const void *value, size_t bytes)
{
	SK_FUZZ_EXPECT(at + bytes <= sk_fuzz.page + SK_TAG_BYTES_OF(sk_fuzz.sent.tag));
	SK_FUZZ_EXPECT(bytes == 0 || memcmp(at, value, bytes) == 0);
	sk_fuzz_see(value, bytes);
}

static inline void sk_fuzz_cap(uint32_t index, sk_cap_t cap)
{
	uint64_t slot;
	memcpy(&slot, sk_fuzz.page + SK_MSG_BYTES + 8u * index, sizeof(slot));
	SK_FUZZ_EXPECT(index < SK_TAG_CAPS_OF(sk_fuzz.sent.tag) && slot == cap);
	SK_FUZZ_EXPECT(cap != SK_CAP_NONE && cap <= SK_CAP_SLOTS);
}

static inline bool sk_fuzz_inside(const uint8_t *at, size_t bytes, const uint8_t *region, size_t region_bytes)
{
	return (uintptr_t)at >= (uintptr_t)region && (uintptr_t)at - (uintptr_t)region <= region_bytes &&
	       bytes <= region_bytes - ((uintptr_t)at - (uintptr_t)region);
}

/* A piece of shared memory: all of it is there, and may be written if it was asked for. */
static inline void sk_fuzz_span(const uint8_t *at, size_t bytes, size_t limit, bool writes)
{
	SK_FUZZ_EXPECT(bytes <= limit);
	SK_FUZZ_EXPECT(sk_fuzz_inside(at, bytes, sk_fuzz_shared, sizeof(sk_fuzz_shared)) ||
		       sk_fuzz_inside(at, bytes, sk_fuzz_small, sizeof(sk_fuzz_small)) ||
		       (!writes && sk_fuzz_inside(at, bytes, sk_fuzz_read_only, sizeof(sk_fuzz_read_only))));
	sk_fuzz_see(at, bytes);
}

/* Regions 0 to 2 of whoever calls. */
static inline bool sk_fuzz_region(uint32_t index, struct sk_region *region)
{
	switch (index) {
	case 0:
		*region = (struct sk_region){sk_fuzz_shared, sizeof(sk_fuzz_shared), true};
		return true;
	case 1:
		*region = (struct sk_region){sk_fuzz_read_only, sizeof(sk_fuzz_read_only), false};
		return true;
	case 2:
		*region = (struct sk_region){sk_fuzz_small, sizeof(sk_fuzz_small), true};
		return true;
	default:
		return false;
	}
}

/* A result in a word of the answer. */
static inline uint64_t sk_fuzz_result(uint32_t index, uint64_t value)
{
	sk_fuzz.results[index] = value;
	return value;
}

/* The length of a result with room for `most`; of an answer, up to `beyond` longer than there may be. */
static inline uint32_t sk_fuzz_length(uint32_t room, uint32_t most, uint32_t beyond)
{
	uint32_t length = (uint32_t)(sk_fuzz_next() % (most + 1 + beyond));
	SK_FUZZ_EXPECT(room == most);
	sk_fuzz.overlong = sk_fuzz.overlong || length > most;
	return length;
}

/* What a handler returns. */
static inline sk_status_t sk_fuzz_status(void)
{
	static const sk_status_t statuses[] = {SK_OK, SK_OK, SK_OK, SK_OK, SK_OK, SK_BAD_STATE, SK_DEFERRED};
	uint64_t which = sk_fuzz_next() % 8;
	sk_fuzz.status = which == 7 ? (sk_status_t)(1 + sk_fuzz_next() % 0x7fff) : statuses[which];
	return sk_fuzz.status;
}

/* The message once more, with `around` in the buffer where it has nothing. */
static inline void sk_fuzz_begin(struct sk_msg *msg, uint8_t around)
{
	uint32_t bytes = SK_TAG_BYTES_OF(sk_fuzz.sent.tag);
	uint32_t caps = SK_TAG_CAPS_OF(sk_fuzz.sent.tag) * 8u;
	bytes = bytes < SK_MSG_BYTES ? bytes : SK_MSG_BYTES;
	memset(sk_fuzz_buffer, around, sizeof(sk_fuzz_buffer));
	memcpy(sk_fuzz_buffer, sk_fuzz.page, bytes);
	memcpy(sk_fuzz_buffer + SK_MSG_BYTES, sk_fuzz.page + SK_MSG_BYTES, caps);
	sk_fuzz.seed = sk_fuzz.first_seed;
	memset(sk_fuzz_shared, 0, sizeof(sk_fuzz_shared));
	memset(sk_fuzz_read_only, 0, sizeof(sk_fuzz_read_only));
	for (uint32_t i = 0; i < SK_FUZZ_SMALL_BYTES / 8u; i++) {
		uint64_t value = i % 8 == 0 ? sk_fuzz_next() % 4u : sk_fuzz_number();
		memcpy(sk_fuzz_small + i * 8u, &value, 8);
	}
	memcpy(sk_fuzz_shared, sk_fuzz_small, sizeof(sk_fuzz_small));
	memcpy(sk_fuzz_read_only, sk_fuzz_small, sizeof(sk_fuzz_small));
	sk_fuzz.digest = 0xcbf29ce484222325ull;
	sk_fuzz.calls = 0;
	sk_fuzz.tag = SK_FUZZ_NO_TAG;
	sk_fuzz.status = SK_OK;
	sk_fuzz.overlong = false;
	memset(sk_fuzz.results, 0, sizeof(sk_fuzz.results));
	sk_fuzz.reply_bytes = 0;
	sk_fuzz.reply_caps = 0;
	*msg = sk_fuzz.sent;
}

struct sk_fuzz_method {
	uint64_t tag;
	uint32_t bytes; /* of a message, at least */
	uint32_t caps;
};

/* The message is for the interface; where the input says so, for a method of it, and as long as that asks for. */
static inline void sk_fuzz_address(const struct sk_fuzz_method *methods, size_t count)
{
	const struct sk_fuzz_method *method = &methods[(sk_fuzz.sent.tag & 0xffu) % count];
	uint64_t tag = (methods[0].tag & 0xff00u) | (sk_fuzz.sent.tag & 0xffu);
	sk_fuzz.sent.tag &= ~(uint64_t)SK_TAG_METHOD_MASK;
	sk_fuzz.sent.tag |= sk_fuzz.counted ? method->tag : tag;
	if (sk_fuzz.counted && sk_fuzz.fits) {
		sk_fuzz.sent.tag &= ~(uint64_t)SK_TAG_LONG_MASK;
		sk_fuzz.sent.tag |= SK_TAG_BYTES(method->bytes) | SK_TAG_CAPS(method->caps);
	}
}

/* Is it the tag of one of the methods? */
static inline bool sk_fuzz_known(uint64_t tag, const struct sk_fuzz_method *methods, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (methods[i].tag == (tag & SK_TAG_METHOD_MASK)) {
			return true;
		}
	}
	return false;
}

/* An answer with status SK_OK is what the handler gave. */
static inline void sk_fuzz_expect_results(const struct sk_msg *msg, uint32_t bytes)
{
	SK_FUZZ_EXPECT(bytes == sk_fuzz.reply_bytes && bytes <= SK_MSG_BYTES);
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		SK_FUZZ_EXPECT(sk_fuzz.results[i] == 0 || msg->w[i] == sk_fuzz.results[i]);
	}
	sk_fuzz_see(sk_fuzz_buffer, bytes);
	sk_fuzz_see(sk_fuzz_buffer + SK_MSG_BYTES, 8u * sk_fuzz.reply_caps);
}

static inline void sk_fuzz_expect_answer(const struct sk_msg *msg, bool answered, bool known)
{
	sk_status_t status = sk_reply_status(msg->tag);
	if (sk_fuzz.calls == 0) {
#ifndef SK_FUZZ_OWN_HANDLERS
		SK_FUZZ_EXPECT(answered && msg->tag == sk_reply_tag(status));
		SK_FUZZ_EXPECT(known ? status == SK_BAD_ARG || status == SK_BAD_CAP : status == SK_UNKNOWN_OP);
#endif
	} else if (sk_fuzz.status == SK_DEFERRED) {
		SK_FUZZ_EXPECT(!answered);
	} else if (sk_fuzz.status != SK_OK || sk_fuzz.overlong) {
		SK_FUZZ_EXPECT(answered && msg->tag == sk_reply_tag(sk_fuzz.overlong && sk_fuzz.status == SK_OK
								       ? SK_BAD_STATE : sk_fuzz.status));
	} else {
		SK_FUZZ_EXPECT(answered && msg->tag == (SK_TAG_BYTES(sk_fuzz.reply_bytes) |
							SK_TAG_CAPS(sk_fuzz.reply_caps)));
		sk_fuzz_expect_results(msg, SK_TAG_BYTES_OF(msg->tag));
	}
	sk_fuzz_see(msg, answered ? sizeof(*msg) : 0);
}

static inline void sk_fuzz_server(bool (*dispatch)(const struct sk_caller *caller, struct sk_msg *msg),
				  const struct sk_fuzz_method *methods, size_t count)
{
	static const uint8_t around[2] = {0, 0xa5};
	uint64_t digests[2];
	sk_fuzz_address(methods, count);
	for (uint32_t i = 0; i < 2; i++) {
		struct sk_caller caller = {0};
		struct sk_msg msg;
		sk_fuzz_begin(&msg, around[i]);
		bool answered = dispatch(&caller, &msg);
		sk_fuzz_expect_answer(&msg, answered, sk_fuzz_known(sk_fuzz.sent.tag, methods, count));
		digests[i] = sk_fuzz.digest;
	}
	SK_FUZZ_EXPECT(digests[0] == digests[1]);
}

/* A stub's call comes back with the message as its answer: its status is 0 mostly. */
static inline void sk_fuzz_client(void (*ask)(void))
{
	struct sk_msg msg;
	sk_fuzz_begin(&msg, 0xa5);
	ask();
	SK_FUZZ_EXPECT(sk_fuzz.calls <= 1);
}

__attribute__((weak)) sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	(void)to;
	sk_fuzz.calls++;
	SK_FUZZ_EXPECT(SK_TAG_BYTES_OF(msg->tag) <= SK_MSG_BYTES);
	sk_fuzz_see(sk_fuzz_buffer, SK_TAG_BYTES_OF(msg->tag));
	memcpy(sk_fuzz_buffer, sk_fuzz.page, sizeof(sk_fuzz_buffer));
	*msg = sk_fuzz.sent;
	if (sk_fuzz_next() % 8 != 0) {
		msg->tag &= ~(uint64_t)SK_TAG_METHOD_MASK;
	}
	return sk_reply_status(msg->tag);
}

__attribute__((weak)) sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	(void)token;
	(void)msg;
	return SK_OK;
}

__attribute__((weak)) void *sk_message_buffer(void)
{
	return sk_fuzz_buffer;
}

#ifdef SK_IDL_FUZZ_KERNEL /* FILE_fuzz.c's, of a file with kernel interfaces */
/* What the dispatch takes from the kernel: any slot may have what is asked for, and any object be in any state. */
enum object_type {
	OBJECT_NONE,
	OBJECT_MEMORY,
	OBJECT_SPACE,
	OBJECT_THREAD,
	OBJECT_VCPU,
	OBJECT_ENDPOINT,
	OBJECT_NOTIFICATION,
	OBJECT_INTERRUPT,
	OBJECT_VIRQ,
	OBJECT_CORE,
	OBJECT_MACHINE,
	OBJECT_TYPES,
};

struct object {
	void *body;
};

struct kernel_call {
	struct sk_msg *msg;
	void *buffer;
	uint32_t buffer_bytes;
	uint32_t reply_bytes;
	struct object *object;
	uint32_t badge;
	bool home;
	sk_status_t status;
};

static struct object sk_fuzz_objects[OBJECT_TYPES];
static uint32_t sk_fuzz_state;
static bool sk_fuzz_home;

/* The badge of what is in a slot. */
static inline uint32_t sk_fuzz_badge(uint64_t slot)
{
	return (uint32_t)slot * 0x9e3779b1u;
}

static inline bool call_is_home(struct kernel_call *call)
{
	call->home = sk_fuzz_next() % 4 != 0;
	call->status = SK_CANCELLED;
	sk_fuzz_home = call->home;
	return call->home;
}

static inline struct object *call_object(struct kernel_call *call, uint32_t slot, enum object_type type,
					 uint32_t rights, sk_status_t *status)
{
	*status = SK_STALE;
	SK_FUZZ_EXPECT((rights & ~SK_RIGHTS_ALL) == 0);
	call->badge = sk_fuzz_badge(slot);
	return slot == 0 || sk_fuzz_next() % 4 == 0 ? NULL : &sk_fuzz_objects[type];
}

static inline sk_status_t call_destination(const struct kernel_call *call, uint32_t slot, bool self)
{
	(void)call;
	(void)self;
	return slot == 0 || sk_fuzz_next() % 4 == 0 ? SK_NO_SLOT : SK_OK;
}

/* What a handler got for a slot of its caller: the object if there is one. */
static inline void sk_fuzz_object(const void *got, const void *object, uint32_t word, bool optional)
{
	SK_FUZZ_EXPECT(got == (optional && sk_fuzz.sent.w[word] == 0 ? NULL : object));
}

static inline void sk_fuzz_kernel(sk_status_t (*dispatch)(struct kernel_call *call), enum object_type type,
				  const struct sk_fuzz_method *methods, size_t count)
{
	static const uint8_t around[2] = {0, 0xa5};
	static uint8_t bodies[OBJECT_TYPES];
	uint64_t digests[2];
	sk_fuzz_address(methods, count);
	uint32_t bytes = SK_TAG_BYTES_OF(sk_fuzz.sent.tag);
	for (uint32_t i = 0; i < OBJECT_TYPES; i++) {
		sk_fuzz_objects[i].body = &bodies[i];
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct sk_msg msg;
		struct kernel_call call = {
			.msg = &msg, .buffer = sk_fuzz_buffer, .object = &sk_fuzz_objects[type],
			.buffer_bytes = bytes < SK_MSG_BYTES ? bytes : SK_MSG_BYTES,
		};
		sk_fuzz_begin(&msg, around[i]);
		sk_fuzz_state = (uint32_t)(sk_fuzz_next() % 8);
		sk_fuzz_home = false;
		sk_status_t status = dispatch(&call);
		if (sk_fuzz.calls == 0) {
			SK_FUZZ_EXPECT((status == SK_UNKNOWN_OP) == !sk_fuzz_known(msg.tag, methods, count));
			SK_FUZZ_EXPECT(status < 0);
		} else {
			SK_FUZZ_EXPECT(status == sk_fuzz.status);
		}
		if (status == SK_OK) {
			sk_fuzz_expect_results(&msg, call.reply_bytes);
		} else {
			SK_FUZZ_EXPECT(call.reply_bytes == 0 && memcmp(&msg, &sk_fuzz.sent, sizeof(msg)) == 0);
		}
		sk_fuzz_see(&status, sizeof(status));
		digests[i] = sk_fuzz.digest;
	}
	SK_FUZZ_EXPECT(digests[0] == digests[1]);
}
#endif

/* One of the words of a region is another one now: true if so. */
static inline bool sk_fuzz_damage(uint64_t *region, size_t bytes)
{
	uint64_t change = sk_fuzz_next() % 4 == 0 ? 0 : 1ull << sk_fuzz_next() % 64;
	region[sk_fuzz_next() % (bytes / 8u)] ^= change;
	return change != 0;
}

static inline bool sk_fuzz_zero(const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (((const uint8_t *)bytes)[i] != 0) {
			return false;
		}
	}
	return true;
}

/* Takes an input apart; its first byte, or -1 when it is too short. */
static inline int sk_fuzz_take(const uint8_t *data, size_t size)
{
	const size_t head = 1 + sizeof(uint64_t) + sizeof(struct sk_msg);
	if (size < head) {
		return -1;
	}
	size_t rest = size - head;
	memcpy(&sk_fuzz.first_seed, data + 1, sizeof(uint64_t));
	sk_fuzz.first_seed = (sk_fuzz.first_seed + 1u) * 0x9e3779b97f4a7c15ull | 1u;
	memcpy(&sk_fuzz.sent, data + 1 + sizeof(uint64_t), sizeof(sk_fuzz.sent));
	sk_fuzz.counted = (data[0] & 0x40u) != 0;
	sk_fuzz.fits = (data[0] & 0x20u) != 0;
	memset(sk_fuzz.page, 0, sizeof(sk_fuzz.page));
	memcpy(sk_fuzz.page, data + head, rest < SK_MSG_BYTES ? rest : SK_MSG_BYTES);
	sk_fuzz.seed = sk_fuzz.first_seed;
	for (uint32_t i = 0; i < SK_MSG_CAPS; i++) {
		uint64_t slot = sk_fuzz_next() % 4 == 0 ? sk_fuzz_number() : 1 + sk_fuzz_next() % SK_CAP_SLOTS;
		memcpy(sk_fuzz.page + SK_MSG_BYTES + 8u * i, &slot, sizeof(slot));
	}
	return data[0];
}

#endif
