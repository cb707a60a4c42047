/* Capabilities: copied with fewer rights and with badges, looked at, taken away; and what a wrong one is answered. */
#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "pool.h"
#include "suites.h"
#include "tap.h"

struct info {
	enum sk_object_type type;
	sk_rights_t rights;
	uint32_t badge;
	uint32_t object;
	uint32_t generation;
};

static struct info info_of(sk_cap_t space, sk_cap_t slot)
{
	struct info info = { 0 };

	(void)space_cap_info(space, slot, &info.type, &info.rights, &info.badge, &info.object, &info.generation);
	return info;
}

static void case_grant(void)
{
	pool_begin("capabilities: grant");

	sk_cap_t process = pool_process(4);
	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t weak = pool_copy(endpoint, SK_RIGHT_CALL | SK_RIGHT_GRANT, 7);
	sk_cap_t stuck = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_GRANT, 0);

	tap_status(space_cap_grant(process, endpoint, 5, SK_RIGHT_CALL | SK_RIGHT_READ, 9), SK_OK,
		   "a capability is granted to another process");
	tap_is(info_of(process, 5).type, SK_OBJECT_TYPE_ENDPOINT, "it names the endpoint");
	tap_is(info_of(process, 5).rights, SK_RIGHT_CALL | SK_RIGHT_READ, "with the rights asked for");
	tap_is(info_of(process, 5).badge, 9, "and the badge");
	tap_is(info_of(process, 5).object, info_of(pool.space, endpoint).object, "the same object");
	tap_is(info_of(process, 5).generation, info_of(pool.space, endpoint).generation, "of the same generation");

	tap_status(space_cap_grant(process, endpoint, 5, SK_RIGHTS_ALL, 0), SK_NO_SLOT,
		   "not into a slot that is taken");
	tap_status(space_cap_grant(process, endpoint, 0, SK_RIGHTS_ALL, 0), SK_BAD_ARG, "not into slot 0");
	tap_status(space_cap_grant(process, endpoint, SK_CAP_SLOTS + 1, SK_RIGHTS_ALL, 0), SK_BAD_ARG,
		   "not behind the table");
	tap_status(space_cap_grant(process, endpoint, UINT32_MAX, SK_RIGHTS_ALL, 0), SK_BAD_ARG, "nor far behind it");
	tap_status(space_cap_grant(process, endpoint, SK_CAP_SLOTS, SK_RIGHTS_ALL, 0), SK_OK, "the last slot is one");
	tap_status(space_cap_grant(process, SK_CAP_SLOTS + 1, 6, SK_RIGHTS_ALL, 0), SK_BAD_ARG, "not from behind it");
	tap_status(space_cap_grant(process, pool_slot(), 6, SK_RIGHTS_ALL, 0), SK_BAD_CAP, "not from an empty slot");
	tap_status(space_cap_grant(process, 0, 6, SK_RIGHTS_ALL, 0), SK_BAD_CAP, "nor from slot 0");
	tap_status(space_cap_grant(process, stuck, 6, SK_RIGHTS_ALL, 0), SK_NO_RIGHT, "not without the right to grant");
	tap_status(space_cap_grant(pool_vm(4), endpoint, 6, SK_RIGHTS_ALL, 0), SK_BAD_ARG, "a VM has no table");
	tap_status(space_cap_grant(pool_copy(process, SK_RIGHT_READ, 0), endpoint, 6, SK_RIGHTS_ALL, 0), SK_NO_RIGHT,
		   "not without control of the process");
	tap_status(space_cap_grant(process, weak, 6, SK_RIGHTS_ALL, 0), SK_OK, "fewer rights may be asked to be more");
	tap_is(info_of(process, 6).rights, SK_RIGHT_CALL | SK_RIGHT_GRANT, "but they are not");
	tap_is(info_of(process, 6).badge, 7, "the badge stays");
	tap_status(space_cap_grant(process, weak, 7, SK_RIGHTS_ALL, 8), SK_BAD_ARG, "a badge can't be set anew");
	tap_status(space_cap_grant(process, endpoint, 7, SK_RIGHTS_ALL, 1u << SK_BADGE_BITS), SK_BAD_ARG,
		   "a badge has 24 bits");
	tap_status(space_cap_grant(process, pool.core, 7, SK_RIGHTS_ALL, 1), SK_BAD_ARG, "a core has no badge");
	tap_is(info_of(process, 7).type, SK_OBJECT_TYPE_NONE, "what failed left nothing behind");
	pool_end();
}

static void case_delete(void)
{
	pool_begin("capabilities: delete and info");

	sk_cap_t process = pool_process(4);
	sk_cap_t notification = pool_notification();

	tap_status(space_cap_grant(process, notification, 3, SK_RIGHTS_ALL, 0), SK_OK, "granted");
	tap_status(space_cap_delete(process, 3), SK_OK, "deleted");
	tap_is(info_of(process, 3).type, SK_OBJECT_TYPE_NONE, "gone");
	tap_status(space_cap_delete(process, 3), SK_OK, "an empty slot is emptied without complaint");
	tap_status(space_cap_delete(process, SK_CAP_SLOTS + 1), SK_BAD_ARG, "one behind the table is not");
	tap_status(space_cap_delete(process, UINT32_MAX), SK_BAD_ARG, "nor far behind it");
	tap_is(info_of(pool.space, notification).type, SK_OBJECT_TYPE_NOTIFICATION, "the object is still there");

	struct info info;

	tap_status(space_cap_info(process, SK_CAP_SLOTS + 1, &info.type, &info.rights, &info.badge, &info.object,
				  &info.generation), SK_BAD_ARG, "nothing is told of slots behind the table");
	tap_status(space_cap_grant(process, notification, 4, SK_RIGHTS_ALL, 0), SK_OK, "granted");
	tap_status(notification_destroy(notification), SK_OK, "the object is destroyed");
	tap_is(info_of(process, 4).type, SK_OBJECT_TYPE_NONE, "a stale capability names nothing");
	tap_status(space_cap_grant(process, pool_copy(notification, SK_RIGHTS_ALL, 0), 4, SK_RIGHTS_ALL, 0), SK_OK,
		   "and its slot is as good as empty");
	pool_end();
}

static void case_wrong(void)
{
	pool_begin("capabilities: wrong ones");

	sk_cap_t notification = pool_notification();
	sk_cap_t copy = pool_copy(notification, SK_RIGHTS_ALL, 0);
	sk_cap_t empty = pool_slot();
	struct sk_msg msg = { .tag = NOTIFICATION_TAG_DESTROY };
	uint64_t bits;

	tap_status(sk_call(empty, &msg), SK_BAD_CAP, "an empty slot");
	tap_status(sk_call(0, &msg), SK_BAD_CAP, "slot 0");
	tap_status(sk_call(SK_CAP_SLOTS + 1, &msg), SK_BAD_CAP, "a slot behind the table");
	tap_status(sk_call(UINT32_MAX, &msg), SK_BAD_CAP, "slot 2^32 - 1");
	tap_status(sk_signal(empty, 1), SK_BAD_CAP, "signal to nothing");
	tap_status(sk_signal(UINT32_MAX, 1), SK_BAD_CAP, "signal to a slot that there isn't");
	tap_status(sk_signal(pool.core, 1), SK_BAD_TYPE, "signal to a core");
	tap_status(sk_poll(empty, &bits), SK_BAD_CAP, "poll of nothing");
	tap_status(sk_poll(pool.core, &bits), SK_BAD_TYPE, "poll of a core");
	tap_status(sk_signal(pool_copy(notification, SK_RIGHT_WAIT, 0), 1), SK_NO_RIGHT, "signal without the right");
	tap_status(sk_poll(pool_copy(notification, SK_RIGHT_CALL, 0), &bits), SK_NO_RIGHT, "poll without the right");
	msg = (struct sk_msg){ .tag = CORE_TAG_IS_ENABLED };
	tap_status(sk_call(notification, &msg), SK_BAD_TYPE, "a core's method of a notification");
	msg = (struct sk_msg){ .tag = SK_TAG_METHOD(NOTIFICATION_INTERFACE, 99) };
	tap_status(sk_call(notification, &msg), SK_UNKNOWN_OP, "a method that there isn't");
	msg = (struct sk_msg){ .tag = SK_TAG_METHOD(0xee, 1) };
	tap_status(sk_call(notification, &msg), SK_BAD_TYPE, "a method of an interface that there isn't");
	msg = (struct sk_msg){ .tag = UINT64_MAX };
	tap_status(sk_call(notification, &msg), SK_BAD_TYPE, "a tag with every bit set");
	tap_status(notification_destroy(notification), SK_OK, "destroyed");
	tap_status(notification_destroy(copy), SK_STALE, "a stale capability");
	tap_status(sk_signal(copy, 1), SK_STALE, "signal through it");
	tap_status(sk_poll(copy, &bits), SK_STALE, "poll through it");
	pool_end();
}

void suite_capability(void)
{
	case_grant();
	case_delete();
	case_wrong();
}
