/*
 * A kernel of a few lines: sk_call() hands the message to the dispatcher under
 * test and brings the reply back. Client and server have a message buffer each;
 * only what the tag announces travels, and capabilities get the receiver's slot
 * numbers (+ LOOPBACK_CAP_SHIFT). Tests may tamper with a message on its way,
 * as a hostile peer would.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/syscall.h>

#define LOOPBACK_CAP_SHIFT 100u
#define LOOPBACK_TOKEN 0x1234u

struct loopback {
	bool (*dispatch)(const struct sk_caller *caller, struct sk_msg *msg);
	/* Called with the message and the receiver's buffer; NULL: nobody tampers. */
	void (*tamper_request)(struct sk_msg *msg, uint8_t *buffer);
	void (*tamper_reply)(struct sk_msg *msg, uint8_t *buffer);
	struct sk_msg request;  /* as the client sent it */
	struct sk_msg deferred; /* what sk_reply() was given */
	bool answered;          /* dispatch returned true */
	unsigned calls;
};

extern struct loopback loopback;

/* Starts over with a dispatcher and buffers full of somebody else's bytes. */
void loopback_reset(bool (*dispatch)(const struct sk_caller *caller, struct sk_msg *msg));

#endif
