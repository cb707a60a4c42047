/*
 * The six system calls as functions, and the few facts that a thread can learn
 * about itself without one. Each architecture's <sk/arch/syscall.h> defines them
 * inline over register variables, so that a generated stub compiles to moves and
 * one trap; the mock's declares them for a test to define. What all of them promise:
 *
 * sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
 *     Sends *msg (all words; the message buffer's bytes and the capabilities that the tag
 *     announces) to the endpoint or kernel object in slot `to` and blocks until the reply.
 *     On return msg->tag is the reply's tag and msg->w its words. Returns 0, a positive error of
 *     the interface called, or a negative system status; after SK_SERVER_DIED msg->w[0] is the
 *     endpoint's new generation, after other negative kernel statuses the words mean nothing.
 *
 * uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
 *     Blocks for the next message (slot SK_WAIT_ENDPOINT: the thread's endpoint and its bound
 *     notification) or the next bits of the notification in `slot`. Returns the badge, also in
 *     caller->badge. A message: *msg and caller->token. Bits: SK_BADGE_SIGNAL with the bits in
 *     msg->w[0]; caller->token means nothing. A refusal: the negative status, as uint64_t.
 *
 * uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg, struct sk_caller *caller)
 *     Answers `token` (0: nobody) with *msg, whose tag is sk_reply_tag(status) and, for a long
 *     reply, SK_TAG_BYTES and SK_TAG_CAPS; then waits as sk_wait(SK_WAIT_ENDPOINT) does.
 *
 * sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
 *     Answers a caller that was kept waiting (SK_DEFERRED), and goes on.
 *
 * sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
 *     Sets bits of a notification, or raises an edge on a virq. Never blocks.
 *
 * sk_status_t sk_poll(sk_cap_t slot, uint64_t *bits)
 *     Takes a notification's pending bits: SK_OK, or SK_WOULD_BLOCK with *bits 0.
 *
 * unsigned sk_thread_index(void)   0 for the process's first thread, i for its worker i.
 * void *sk_message_buffer(void)    the calling thread's message buffer: one page.
 * uint64_t sk_counter(void)        the machine's counter in ticks of sk_start()->counter_hz. Not ordered
 *                                  against surrounding memory accesses.
 */
#ifndef SK_SYSCALL_H
#define SK_SYSCALL_H

#include <sk/abi.h>
#include <sk/arch/syscall.h>

/* True for what sk_wait and sk_reply_wait return when they were refused. */
static inline bool sk_wait_failed(uint64_t badge)
{
	return (int64_t)badge < 0;
}

#endif
