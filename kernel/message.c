/*
 * What a message carries besides its words: bytes of the sender's message buffer
 * and capabilities. Buffers are kernel-known pages, so copying can't fault; a
 * capability arrives in the receiver's window or, where that has no room, not at
 * all, and the tag that the receiver gets says how many did.
 */
#include <kernel/ipc.h>
#include <string.h>

#define CAP_AREA (SK_PAGE_BYTES - 64u) /* slot numbers, at the end of the buffer page */

void message_load(struct sk_msg *msg, const struct arch_frame *frame)
{
	msg->tag = arch_argument(frame, 1);
	for (unsigned i = 0; i < SK_WORDS; i++) {
		msg->w[i] = arch_argument(frame, 2 + i);
	}
}

void message_of(const struct context *caller, struct sk_msg *msg)
{
	if (caller == NULL) {
		*msg = (struct sk_msg){ 0 };
		return;
	}
	if (caller->faulting) {
		*msg = ((const struct thread *)caller)->fault_message;
	} else if (caller->kind == CONTEXT_VCPU) {
		*msg = ((const struct vcpu *)caller)->exit;
	} else {
		message_load(msg, caller->frame);
		msg->tag &= ~SK_TAG_REDELIVERED;
	}
	if (caller->redelivered) {
		msg->tag |= SK_TAG_REDELIVERED;
	}
}

void message_deliver(struct context *receiver, uint64_t badge, const struct sk_msg *msg, uint64_t token)
{
	arch_set_result(receiver->frame, 0, badge);
	arch_set_result(receiver->frame, 1, msg->tag);
	arch_put_words(receiver->frame, msg->w);
	arch_set_result(receiver->frame, 8, token);
	receiver->state = CONTEXT_READY;
}

static uint8_t *buffer_of(struct context *context)
{
	return context->kind == CONTEXT_THREAD ? thread_of(context)->buffer : NULL;
}

/*
 * Copies the capability in the sender's slot to the first empty one of the receiver's window, where threads of other
 * cores may put some, too. Returns that slot; 0 when it can't be given.
 */
static uint64_t capability_give(const struct thread *from, const struct thread *to, uint64_t slot)
{
	sk_status_t status;
	capability cap = slot_load(from->context.space, slot);
	if (object_resolve(cap, &status) == NULL || (capability_rights(cap) & SK_RIGHT_GRANT) == 0) {
		return 0;
	}
	for (uint32_t at = to->window_first; at < to->window_first + to->window_count; at++) {
		capability empty = CAPABILITY_NONE;
		if (__atomic_compare_exchange_n(&to->context.space->slots[at], &empty, cap, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
			return at;
		}
	}
	return 0;
}

uint64_t message_transfer(struct context *from, struct context *to, uint64_t tag)
{
	if ((tag & SK_TAG_LONG_MASK) == 0) {
		return tag;
	}
	uint8_t *source = buffer_of(from);
	uint8_t *target = buffer_of(to);
	if (source == NULL || target == NULL || from->faulting) {
		return tag & ~SK_TAG_LONG_MASK;
	}
	uint32_t bytes = SK_TAG_BYTES_OF(tag);
	if (bytes > SK_MSG_BYTES) {
		bytes = SK_MSG_BYTES;
		tag = (tag & ~(0xfffull << SK_TAG_BYTES_SHIFT)) | SK_TAG_BYTES(bytes);
	}
	memcpy(target, source, bytes);
	uint32_t given = 0;
	for (uint32_t i = 0; i < SK_TAG_CAPS_OF(tag); i++) {
		uint64_t slot = *(const uint64_t *)(const void *)(source + CAP_AREA + 8u * i);
		uint64_t received = capability_give(thread_of(from), thread_of(to), slot);
		*(uint64_t *)(void *)(target + CAP_AREA + 8u * given) = received;
		given += received != 0 ? 1u : 0u;
	}
	return (tag & ~(3ull << SK_TAG_CAPS_SHIFT)) | SK_TAG_CAPS(given);
}
