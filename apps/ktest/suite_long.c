/* Long messages: bytes of the message buffers, and capabilities. */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define METHOD SK_TAG_METHOD(0x55, 5)
#define WINDOW 3u
#define CAP_AREA (SK_PAGE_BYTES - 64u)

static struct agent *server;
static sk_cap_t calls;

static void make_server(uint32_t core, void (*run)(struct agent *agent))
{
	sk_cap_t endpoint = pool_endpoint();

	server = agent_make(core, run);
	calls = pool_copy(endpoint, SK_RIGHT_CALL, 1);
	tap_need(thread_bind_endpoint(server->thread, endpoint), "a server");
	if (core == pool.core_number) {
		agent_plan_one(server);
	}
	agent_start(server);
}

static void fill(uint8_t *bytes, uint8_t first)
{
	for (uint32_t i = 0; i < SK_MSG_BYTES; i++) {
		bytes[i] = (uint8_t)(first + i * 7u);
	}
}

static bool filled(const uint8_t *bytes, uint8_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (bytes[i] != (uint8_t)(first + i * 7u)) {
			return false;
		}
	}
	return true;
}

static void check_bytes(const char *what, uint32_t sent, uint32_t expected)
{
	uint8_t *mine = sk_message_buffer();
	uint8_t *theirs = agent_buffer(server);
	struct sk_msg msg = { .tag = METHOD | SK_TAG_BYTES(sent), .w = { 42 } };

	server->seen_count = 0;
	memset(theirs, 0xee, SK_MSG_BYTES);
	fill(mine, (uint8_t)sent);
	tap_status(sk_call(calls, &msg), SK_OK, "%s: %u bytes are sent", what, sent);
	tap_is(SK_TAG_BYTES_OF(server->seen[0].msg.tag), expected, "%s: %u are told", what, expected);
	tap_ok(filled(theirs, (uint8_t)sent, expected), "%s: they are the right ones", what);
	tap_ok(expected == SK_MSG_BYTES || theirs[expected] == 0xee, "%s: no more of them", what);
	tap_is(server->seen[0].msg.w[0], 42, "%s: the words come too", what);
}

static void case_bytes(void)
{
	pool_begin("long: to a server on this core");
	agent_begin();
	make_server(pool.core_here, agent_answer);
	check_bytes("here", 1, 1);
	check_bytes("here", 8, 8);
	check_bytes("here", 1001, 1001);
	check_bytes("here", SK_MSG_BYTES, SK_MSG_BYTES);
	check_bytes("here", 4095, SK_MSG_BYTES);

	uint8_t *mine = sk_message_buffer();
	struct sk_msg msg = { .tag = METHOD };

	fill(agent_buffer(server), 9);
	memset(mine, 0xee, SK_MSG_BYTES);
	server->answer.tag = SK_OK | SK_TAG_BYTES(500);
	tap_status(sk_call(calls, &msg), SK_OK, "an answer of 500 bytes");
	tap_is(SK_TAG_BYTES_OF(msg.tag), 500, "which its tag tells");
	tap_ok(filled(mine, 9, 500) && mine[500] == 0xee, "they arrive");
	server->answer.tag = sk_reply_tag(SK_BAD_STATE) | SK_TAG_BYTES(4095);
	msg = (struct sk_msg){ .tag = METHOD };
	tap_status(sk_call(calls, &msg), SK_BAD_STATE, "an error may be long too");
	pool_end();

	pool_begin("long: to a server on another core");
	agent_begin();
	make_server(pool.core_number, agent_answer);
	check_bytes("there", 8, 8);
	check_bytes("there", 4095, SK_MSG_BYTES);
	pool_end();
}

static enum sk_object_type type_in(sk_cap_t slot, sk_rights_t *rights)
{
	enum sk_object_type type = SK_OBJECT_TYPE_NONE;
	uint32_t badge;
	uint32_t object;
	uint32_t generation;

	(void)space_cap_info(pool.space, slot, &type, rights, &badge, &object, &generation);
	return type;
}

/* Empty slots in a row; the first one's number. */
static sk_cap_t make_window(uint32_t count)
{
	sk_cap_t first = pool_slot();

	for (uint32_t i = 1; i < count; i++) {
		(void)pool_slot();
	}
	return first;
}

static uint32_t send(uint32_t count, const uint64_t *slots)
{
	struct sk_msg msg = { .tag = METHOD | SK_TAG_CAPS(count) };

	server->seen_count = 0;
	memset((uint8_t *)agent_buffer(server) + CAP_AREA, 0, 64);
	memcpy((uint8_t *)sk_message_buffer() + CAP_AREA, slots, count * sizeof(slots[0]));
	tap_status(sk_call(calls, &msg), SK_OK, "%u capabilities are sent", count);
	return SK_TAG_CAPS_OF(server->seen[0].msg.tag);
}

static uint64_t received(uint32_t index)
{
	uint64_t slot;

	memcpy(&slot, (uint8_t *)agent_buffer(server) + CAP_AREA + index * sizeof(slot), sizeof(slot));
	return slot;
}

static void case_capabilities(void)
{
	pool_begin("long: capabilities");
	agent_begin();
	make_server(pool.core_here, agent_answer);

	sk_cap_t notification = pool_notification();
	sk_cap_t weak = pool_copy(notification, SK_RIGHT_CALL | SK_RIGHT_GRANT, 0);
	sk_cap_t stuck = pool_copy(notification, SK_RIGHT_CALL, 0);
	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t window = make_window(WINDOW);
	uint64_t slots[3] = { notification, weak, endpoint };
	sk_rights_t rights = 0;

	tap_is(send(1, slots), 0, "without a window none arrives");
	tap_status(thread_set_receive_window(server->thread, window, WINDOW), SK_OK, "a window of three");
	tap_is(send(3, slots), 3, "three arrive");
	tap_is(received(0), window, "the first in its first slot");
	tap_is(received(2), window + 2, "the third in its third");
	tap_is(type_in(window, &rights), SK_OBJECT_TYPE_NOTIFICATION, "the first is what was sent");
	tap_is(rights, SK_RIGHTS_ALL, "with its rights");
	tap_is(type_in(window + 1, &rights), SK_OBJECT_TYPE_NOTIFICATION, "the second too");
	tap_is(rights, SK_RIGHT_CALL | SK_RIGHT_GRANT, "with no more rights than it had");
	tap_is(type_in(window + 2, &rights), SK_OBJECT_TYPE_ENDPOINT, "and the third");
	tap_is(send(1, slots), 0, "a full window takes nothing");
	tap_status(space_cap_delete(pool.space, window + 1), SK_OK, "a slot is emptied");
	tap_is(send(3, slots), 1, "one arrives there");
	tap_is(received(0), window + 1, "in that slot");
	for (uint32_t i = 0; i < WINDOW; i++) {
		(void)space_cap_delete(pool.space, window + i);
	}
	slots[0] = stuck;
	slots[1] = weak;
	tap_is(send(2, slots), 1, "what may not be granted stays behind");
	tap_is(type_in((sk_cap_t)received(0), &rights), SK_OBJECT_TYPE_NOTIFICATION, "what may comes first then");
	for (uint32_t i = 0; i < WINDOW; i++) {
		(void)space_cap_delete(pool.space, window + i);
	}
	slots[0] = UINT64_MAX;
	slots[1] = SK_CAP_SLOTS + 1;
	slots[2] = 0;
	tap_is(send(3, slots), 0, "slots that there aren't send nothing");
	slots[0] = pool_slot();
	slots[1] = (1ull << 32) + notification;
	tap_is(send(2, slots), 0, "nor does an empty one, or one that looks like another in 32 bits");
	tap_is(type_in(window, &rights), SK_OBJECT_TYPE_NONE, "the window is empty");
	pool_end();
}

static void case_answered_capabilities(void)
{
	pool_begin("long: capabilities in an answer");
	agent_begin();
	make_server(pool.core_here, agent_answer);

	sk_cap_t notification = pool_notification();
	sk_cap_t window = make_window(1);
	const uint64_t slots[2] = { notification, notification };
	struct sk_msg msg = { .tag = METHOD };
	sk_rights_t rights;

	tap_status(thread_set_receive_window(pool.self, window, 1), SK_OK, "the caller has a window of one");
	memcpy((uint8_t *)agent_buffer(server) + CAP_AREA, slots, sizeof(slots));
	server->answer.tag = SK_OK | SK_TAG_CAPS(2);
	tap_status(sk_call(calls, &msg), SK_OK, "the server answers with two");
	tap_is(SK_TAG_CAPS_OF(msg.tag), 1, "one arrives");
	tap_is(type_in(window, &rights), SK_OBJECT_TYPE_NOTIFICATION, "and is the notification");
	tap_status(thread_set_receive_window(pool.self, 1, 0), SK_OK, "the window is closed");
	pool_end();
}

void suite_long(void)
{
	case_bytes();
	case_capabilities();
	case_answered_capabilities();
}
