/* Threads of the fake kernel: what the supervisor may do to one, with the kernel's refusals. */
#include <string.h>

#include "fake_kernel.h"

static uint32_t index_of(const struct fake_object *object)
{
	return (uint32_t)(object - fake.objects);
}

sk_status_t fake_thread_call(struct fake_object *object, struct sk_msg *msg, uint8_t *buffer)
{
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case THREAD_TAG_CONFIGURE:
		if (object->started) {
			return SK_BAD_STATE;
		}
		object->entry = msg->w[0];
		object->stack = msg->w[1];
		object->argument = msg->w[2];
		return SK_OK;
	case THREAD_TAG_BIND_ENDPOINT:
		object->endpoint = index_of(fake_at((uint32_t)msg->w[0]));
		fake.objects[object->endpoint].abandoned = 0;
		return SK_OK;
	case THREAD_TAG_BIND_NOTIFICATION:
		object->notification = index_of(fake_at((uint32_t)msg->w[0]));
		return SK_OK;
	case THREAD_TAG_TAKE_OVER: {
		struct fake_object *from = fake_at((uint32_t)msg->w[0]);

		if (object->started || from->started || object->core != from->core || object->endpoint != 0 ||
		    from->endpoint == 0) {
			return SK_BAD_STATE;
		}
		object->endpoint = from->endpoint;
		object->notification = from->notification;
		from->endpoint = 0;
		from->notification = 0;
		return SK_OK;
	}
	case THREAD_TAG_SET_FAULT_ENDPOINT:
		object->fault_badge = fake_badge((uint32_t)msg->w[0]);
		return SK_OK;
	case THREAD_TAG_SET_CALL_BUDGET:
		return SK_OK;
	case THREAD_TAG_START:
		if (object->started) {
			return SK_BAD_STATE;
		}
		object->started = true;
		return SK_OK;
	case THREAD_TAG_STOP:
		object->started = false;
		object->stops++;
		return SK_OK;
	case THREAD_TAG_READ_REGISTERS:
		memcpy(buffer, object->registers, sizeof(object->registers));
		msg->tag = SK_TAG_BYTES(sizeof(object->registers));
		return SK_OK;
	case THREAD_TAG_WRITE_REGISTERS:
		memcpy(object->registers, buffer, sizeof(object->registers));
		return SK_OK;
	case THREAD_TAG_INFO:
		memset(msg->w, 0, sizeof(msg->w));
		msg->w[0] = object->thread_state;
		msg->w[5] = object->time_ns;
		return SK_OK;
	default:
		return SK_UNKNOWN_OP;
	}
}
