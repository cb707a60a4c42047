/*
 * What a message carries: bytes stay within the two buffers, only capabilities that may be given are, and only into
 * empty slots of the receiver's window.
 */
#include <stddef.h>
#include "proof.h"

/* memcpy() as far as one byte, any, is concerned; words are copied whole. What is shown of any byte is shown of each. */
static uint32_t watched;

static void *memcpy(void *to, const void *from, size_t bytes)
{
	proof_that(__CPROVER_r_ok(from, bytes), "what is copied is the sender's");
	proof_that(__CPROVER_w_ok(to, bytes), "it has room at the receiver's");
	if (bytes == sizeof(uint64_t)) {
		*(uint64_t *)to = *(const uint64_t *)from;
	} else if (watched < bytes) {
		((uint8_t *)to)[watched] = ((const uint8_t *)from)[watched];
	}
	return to;
}

#include <kernel/ipc.h>
static uint64_t proof_given(const struct thread *from, const struct thread *to, uint64_t slot);
#include <kernel/object.c>
#include <kernel/message.c>
/* Capabilities to two objects, and those that are stale. */
#define ENTRIES 3u
#include "table.h"

#define SLOTS (SK_CAP_SLOTS + 1u)

/* A message buffer of the lens's size, with nothing behind it. */
struct page {
	uint8_t bytes[CAP_AREA];
	uint64_t slots[SK_MSG_CAPS];
};

static capability slots_0[SLOTS], slots_1[SLOTS];
static struct space spaces[2] = { { .slots = slots_0 }, { .slots = slots_1 } };
static struct page pages[2];
static struct thread sender, receiver;
static struct vcpu vcpu;

static void world_make(void)
{
	table_make_full();
	watched = any_below(CAP_AREA);
	for (uint32_t i = 0; i < SLOTS; i++) {
		slots_0[i] = any_capability();
		slots_1[i] = any_capability();
	}
	for (uint32_t i = 0; i < SK_MSG_CAPS; i++) {
		pages[0].slots[i] = nondet_u64();
	}
	pages[0].bytes[watched] = nondet_u8();
	pages[1].bytes[watched] = nondet_u8();
	sender.context.space = nondet_bool() ? &spaces[0] : &spaces[1];
	sender.context.faulting = nondet_bool();
	sender.buffer = (uint8_t *)&pages[0];
	receiver.context.space = &spaces[1];
	receiver.buffer = (uint8_t *)&pages[1];
	__CPROVER_havoc_object(&vcpu);
	vcpu.context.kind = CONTEXT_VCPU;
	/* thread.set_receive_window's own checks: capability_proof.c; no window: 0, 0. */
	receiver.window_first = nondet_u32();
	receiver.window_count = nondet_u32();
	proof_assume(receiver.window_count <= SK_CAP_SLOTS && receiver.window_first <= SLOTS - receiver.window_count);
	proof_assume(receiver.window_first != 0 || receiver.window_count == 0);
}

static bool may_be_given(capability cap)
{
	sk_status_t ignored;
	return object_resolve(cap, &ignored) != NULL && (capability_rights(cap) & SK_RIGHT_GRANT) != 0;
}

/* One capability: at most what the sender has and may give, into at most one slot, empty, of the window. */
void proof_give(void)
{
	world_make();
	uint64_t slot = nondet_u64();
	capability named = slot_load(sender.context.space, slot);
	uint32_t at = any_below(SLOTS);
	capability mine = slots_0[at], before = slots_1[at];
	uint64_t result = capability_give(&sender, &receiver, slot);
	proof_that(slots_0[at] == mine, "the sender's slots are as they were");
	proof_that(result == 0 || (result < SLOTS && slots_1[result] == named && may_be_given(named)),
		   "what arrives is what was named, which may be given");
	proof_that(at == result || slots_1[at] == before, "no other slot changes");
	proof_that(at != result || result == 0 || before == CAPABILITY_NONE, "nor one that is taken");
	proof_that(result == 0 || (result >= receiver.window_first && result - receiver.window_first < receiver.window_count),
		   "nor one outside of the window");
	proof_witness(result > 2, "one arrives, and not in the first slot");
	proof_witness(result == 0 && may_be_given(named) && receiver.window_count == 2, "there is no room");
}

/* What was asked to be given, and what became of it. */
static uint64_t asked[SK_MSG_CAPS], received[SK_MSG_CAPS];
static uint32_t asked_count;

static uint64_t proof_given(const struct thread *from, const struct thread *to, uint64_t slot)
{
	proof_that(from == &sender && to == &receiver, "from the sender to the receiver");
	proof_that(asked_count < SK_MSG_CAPS, "three at most");
	asked[asked_count] = slot;
	received[asked_count] = nondet_u64();
	return received[asked_count++];
}

void proof_transfer(void)
{
	world_make();
	uint64_t tag = nondet_u64();
	uint8_t sent = pages[0].bytes[watched], was = pages[1].bytes[watched];
	uint32_t word = any_below(SK_MSG_CAPS);
	uint64_t named = pages[0].slots[word];
	asked_count = 0;
	uint64_t result = message_transfer(&sender.context, &receiver.context, tag);
	uint32_t bytes = SK_TAG_BYTES_OF(result), caps = SK_TAG_CAPS_OF(result);
	proof_that(((result ^ tag) & ~SK_TAG_LONG_MASK) == 0, "method and flags are the sender's");
	proof_that(bytes <= SK_TAG_BYTES_OF(tag) && bytes <= SK_MSG_BYTES, "no more bytes than sent, and than fit");
	proof_that(caps <= asked_count && asked_count <= SK_TAG_CAPS_OF(tag), "no more capabilities than sent");
	proof_that(pages[1].bytes[watched] == (watched < bytes ? sent : was), "just those bytes arrive");
	proof_that(pages[0].bytes[watched] == sent && pages[0].slots[word] == named, "the sender's buffer is as it was");
	proof_that(!sender.context.faulting || (bytes == 0 && asked_count == 0), "a fault carries nothing");
	proof_that(word >= asked_count || asked[word] == named, "those are given that the sender names");
	uint32_t arrived = 0;
	for (uint32_t i = 0; i < asked_count; i++) {
		if (received[i] != 0) {
			proof_that(pages[1].slots[arrived] == received[i], "the receiver is told where each is");
			arrived++;
		}
	}
	proof_that(caps == arrived, "and how many");
	proof_witness(caps == 3, "three arrive");
	proof_witness(caps == 1 && SK_TAG_CAPS_OF(tag) == 3, "one of three arrives");
	proof_witness(bytes == SK_MSG_BYTES && SK_TAG_BYTES_OF(tag) > SK_MSG_BYTES, "too many bytes");
}

/* Whoever has no buffer neither sends nor gets more than words. */
void proof_words_only(void)
{
	world_make();
	uint64_t tag = nondet_u64();
	bool to = nondet_bool();
	uint32_t at = any_below(SLOTS);
	capability before = slots_1[at];
	uint8_t was = pages[1].bytes[watched];
	uint64_t result = message_transfer(to ? &sender.context : &vcpu.context, to ? &vcpu.context : &receiver.context, tag);
	proof_that(result == (tag & ~SK_TAG_LONG_MASK), "words, method and flags remain");
	proof_that(slots_1[at] == before && pages[1].bytes[watched] == was, "nothing is written");
	proof_witness(result != tag, "something was asked for");
}

/* What a waiting caller's message is, wherever it is kept, and how it reaches the receiver. */
void proof_deliver(void)
{
	static struct arch_frame frame;
	uint64_t badge = nondet_u64(), token = nondet_u64();
	bool vcpu_calls = nondet_bool();
	struct context *caller = vcpu_calls ? &vcpu.context : &sender.context;
	caller->frame = &frame;
	vcpu.context.kind = CONTEXT_VCPU;
	caller->faulting = !vcpu_calls && nondet_bool();
	caller->redelivered = nondet_bool();
	receiver.context.frame = &receiver.registers;
	for (uint32_t i = 0; i < 9; i++) {
		frame.x[i] = nondet_u64();
	}
	for (uint32_t i = 0; i < SK_WORDS; i++) {
		vcpu.exit.w[i] = nondet_u64();
		sender.fault_message.w[i] = nondet_u64();
	}
	vcpu.exit.tag = nondet_u64() & 0xffffu;
	sender.fault_message.tag = nondet_u64() & 0xffffu;
	struct sk_msg msg;
	message_of(caller, &msg);
	const struct sk_msg *own = vcpu_calls ? &vcpu.exit : caller->faulting ? &sender.fault_message : NULL;
	uint64_t tag = own != NULL ? own->tag : frame.x[1];
	proof_that((msg.tag & ~SK_TAG_REDELIVERED) == (tag & ~SK_TAG_REDELIVERED), "the tag is the caller's");
	proof_that(((msg.tag & SK_TAG_REDELIVERED) != 0) == (caller->redelivered != 0), "but for what only the kernel says");
	uint32_t word = any_below(SK_WORDS);
	proof_that(msg.w[word] == (own != NULL ? own->w[word] : frame.x[2 + word]), "so are the words");
	message_deliver(&receiver.context, badge, &msg, token);
	proof_that(receiver.registers.x[0] == badge && receiver.registers.x[1] == msg.tag &&
		   receiver.registers.x[2 + word] == msg.w[word] && receiver.registers.x[8] == token,
		   "badge, tag, words and token are in its registers");
	proof_that(receiver.context.state == CONTEXT_READY, "it runs");
	message_of(NULL, &msg);
	proof_that(msg.tag == 0 && msg.w[word] == 0, "nobody's message is nothing");
	proof_witness(vcpu_calls && caller->redelivered, "an exit again");
	proof_witness(caller->faulting, "a fault");
}
