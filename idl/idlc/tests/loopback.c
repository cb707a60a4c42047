#include "loopback.h"

#define STALE_BYTE 0xee

struct loopback loopback;

static _Alignas(8) uint8_t buffers[2][SK_PAGE_BYTES];
static unsigned side;

void *sk_message_buffer(void)
{
	return buffers[side];
}

void loopback_reset(bool (*dispatch)(const struct sk_caller *caller, struct sk_msg *msg))
{
	loopback = (struct loopback){.dispatch = dispatch};
	side = 0;
	memset(buffers, STALE_BYTE, sizeof(buffers));
}

static void carry(const struct sk_msg *msg, const uint8_t *from, uint8_t *to)
{
	memset(to, STALE_BYTE, SK_PAGE_BYTES);
	memcpy(to, from, SK_TAG_BYTES_OF(msg->tag));
	for (uint32_t i = 0; i < SK_TAG_CAPS_OF(msg->tag); i++) {
		uint64_t slot;
		memcpy(&slot, from + SK_MSG_BYTES + i * 8, 8);
		slot += LOOPBACK_CAP_SHIFT;
		memcpy(to + SK_MSG_BYTES + i * 8, &slot, 8);
	}
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	struct sk_caller caller = {SK_BADGE(0x70, to), LOOPBACK_TOKEN};
	loopback.calls++;
	loopback.request = *msg;
	carry(msg, buffers[0], buffers[1]);
	if (loopback.tamper_request != NULL) {
		loopback.tamper_request(msg, buffers[1]);
	}
	side = 1;
	loopback.answered = loopback.dispatch(&caller, msg);
	side = 0;
	if (!loopback.answered) {
		*msg = loopback.deferred;
	}
	carry(msg, buffers[1], buffers[0]);
	if (loopback.tamper_reply != NULL) {
		loopback.tamper_reply(msg, buffers[0]);
	}
	return sk_reply_status(msg->tag);
}

sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	assert_int_equal(token, LOOPBACK_TOKEN);
	loopback.deferred = *msg;
	return SK_OK;
}
