/*
 * The line between the kernel and everything else: capability words, message
 * tags, system calls and status codes. The kernel, every server, idlc's output
 * and the host's tests include this one header, so there is nothing to keep in step.
 *
 * Calls and their registers (AArch64; `sk/syscall.h` has the inline wrappers).
 * A system call preserves x18..x30 and sp, SK_SYS_REPLY_WAIT x29 and sp alone: a server
 * that waits has nothing to keep. x8..x17 are clobbered; FP/SIMD state is always preserved.
 *
 *   svc #SK_SYS_CALL        in  x0 capability slot, x1 tag, x2..x7 words
 *                           out x0 reply tag or negative status, x1 new generation
 *                               (after SK_SERVER_DIED only), x2..x7 words
 *   svc #SK_SYS_REPLY_WAIT  in  x0 reply token (0: reply to nobody), x1 reply tag, x2..x7 words
 *                           out as SK_SYS_WAIT's
 *   svc #SK_SYS_WAIT        in  x0 notification slot, or SK_WAIT_ENDPOINT for the
 *                               thread's endpoint and its bound notification
 *                           out x0 badge, or SK_BADGE_SIGNAL, or negative status;
 *                               x1 tag; x2..x7 words (a signal: x2 = bits); x8 reply token
 *   svc #SK_SYS_SIGNAL      in  x0 slot of a notification or virq, x1 bits  out x0 status
 *   svc #SK_SYS_POLL        in  x0 notification slot                       out x0 status, x2 bits
 *   svc #SK_SYS_REPLY       in  x0 reply token, also of a call that another thread with the same endpoint took;
 *                               x1 reply tag, x2..x7 words              out x0 status
 *
 * A slot is an index into the calling process's capability table. The thread's
 * message buffer is one page that the thread and the kernel share; bytes 0 up to
 * the length in the tag are copied with the message, capabilities named in its
 * last SK_MSG_CAPS slots words are copied into the receiver's receive window.
 */
#ifndef SK_ABI_H
#define SK_ABI_H

#include <stdbool.h>
#include <stdint.h>

/* Sizes and limits of the kernel's interface. */
#define SK_PAGE_BYTES 4096u
#define SK_WORDS 6u               /* message words that travel in registers */
#define SK_MAX_CORES 8u
#define SK_PLAN_SLOTS 64u
#define SK_MSG_CAPS 3u            /* capabilities that one message can carry */
#define SK_MSG_BYTES 4032u        /* bytes that one message can carry; the page's last 64 hold capability slots */
#define SK_CAP_SLOTS 511u         /* capability slots of a process; slot 0 is never valid */
#define SK_WINDOW_SLOTS 8u        /* of those, at most so many take what comes with messages to a thread */
#define SK_SPACE_PAGES 3u         /* of a space: what the kernel knows of it, the capability table, the root table */

/* The immediate of `svc`: which system call it is. */
enum sk_syscall {
	SK_SYS_CALL = 0,
	SK_SYS_REPLY_WAIT = 1,
	SK_SYS_WAIT = 2,
	SK_SYS_SIGNAL = 3,
	SK_SYS_POLL = 4,
	SK_SYS_REPLY = 5,
};

/*
 * A capability slot number, as servers hold it. A typedef and not a struct so
 * that it costs one register; idlc's stubs name the object type they expect.
 */
typedef uint32_t sk_cap_t;
#define SK_CAP_NONE 0u

/*
 * Status: 0 is success, negative values are the system's own (below), positive
 * ones belong to the interface called (its `error` block).
 */
typedef int64_t sk_status_t;
#define SK_OK 0
#define SK_BAD_CAP (-1)      /* the slot is empty or out of range */
#define SK_STALE (-2)        /* the object behind the capability has been destroyed */
#define SK_BAD_TYPE (-3)     /* the capability names another type of object */
#define SK_NO_RIGHT (-4)     /* the capability lacks the right that this needs */
#define SK_BAD_ARG (-5)      /* an argument is out of its range or misaligned */
#define SK_BAD_STATE (-6)    /* the object's state does not allow this; nothing was changed */
#define SK_UNKNOWN_OP (-7)   /* no such interface or method behind this capability */
#define SK_NO_MEMORY (-8)    /* the memory handed over is too small, or tables ran out */
#define SK_NO_SLOT (-9)      /* the object table or the destination slot is taken */
#define SK_OVERLAP (-10)     /* the range is mapped, routed or used already */
#define SK_SERVER_DIED (-11) /* the server died with this call in service; see x1 */
#define SK_NO_RECEIVER (-12) /* nobody was ever bound to this endpoint */
#define SK_WOULD_BLOCK (-13) /* poll: nothing pending */
#define SK_CANCELLED (-14)   /* the thread was stopped in the call, or its deadline passed */
#define SK_TOO_DEEP (-15)    /* the chain of calls would exceed SK_CALL_DEPTH, or closes on itself */
#define SK_UNSUPPORTED (-16) /* this machine lacks the feature */
#define SK_DEFERRED (-62)    /* a server method's own return: the reply comes later, by token */

#define SK_CALL_DEPTH 8u     /* longest chain of calls in service */

/* Message tag: method, payload length in the buffer, capabilities, and flags. */
#define SK_TAG_METHOD_MASK 0xffffu               /* interface number << 8 | method number */
#define SK_TAG_METHOD(iface, method) ((uint64_t)(iface) << 8 | (uint64_t)(method))
#define SK_TAG_BYTES_SHIFT 16                    /* 12 bits: bytes of the message buffer that are sent */
#define SK_TAG_BYTES(n) ((uint64_t)(n) << SK_TAG_BYTES_SHIFT)
#define SK_TAG_BYTES_OF(tag) ((uint32_t)((tag) >> SK_TAG_BYTES_SHIFT) & 0xfffu)
#define SK_TAG_CAPS_SHIFT 28                     /* 2 bits: capabilities sent */
#define SK_TAG_CAPS(n) ((uint64_t)(n) << SK_TAG_CAPS_SHIFT)
#define SK_TAG_CAPS_OF(tag) ((uint32_t)((tag) >> SK_TAG_CAPS_SHIFT) & 3u)
#define SK_TAG_LONG_MASK (0x3fffull << SK_TAG_BYTES_SHIFT) /* anything beside registers: leaves the fast path */
#define SK_TAG_IDEMPOTENT (1ull << 32)           /* set by the client's stub: may be delivered again after a restart */
#define SK_TAG_REDELIVERED (1ull << 33)          /* set by the kernel: an earlier instance may have served this already */
#define SK_TAG_ONEWAY (1ull << 34)               /* the caller is not waiting for words: an empty reply ends it */

/*
 * Reply tag: the low 16 bits are the method's status (0, an interface error, or
 * 0x8000 | -status for a system status such as SK_BAD_ARG), the rest as above.
 */
#define SK_REPLY_SYSTEM 0x8000u

/* The tag of a reply with `status`, and without payload. */
static inline uint64_t sk_reply_tag(sk_status_t status)
{
	return status < 0 ? (SK_REPLY_SYSTEM | (uint64_t)-status) : (uint64_t)status;
}

/* What a client reads from the x0 that a call returned: kernel statuses are negative there already. */
static inline sk_status_t sk_reply_status(uint64_t x0)
{
	if ((int64_t)x0 < 0) {
		return (sk_status_t)x0;
	}
	uint64_t status = x0 & 0xffffu;
	return (status & SK_REPLY_SYSTEM) != 0 ? -(sk_status_t)(status & 0x7fffu) : (sk_status_t)status;
}

/*
 * Badge: 24 bits that whoever minted the capability chose; the receiver gets
 * them unforged. Servers use the top 8 for the interface the client may speak
 * (so that one endpoint serves several) and the low 16 for who the client is.
 */
#define SK_BADGE_BITS 24u
#define SK_BADGE(iface, client) ((uint32_t)(iface) << 16 | (uint32_t)(client))
#define SK_BADGE_IFACE(badge) ((uint32_t)(badge) >> 16 & 0xffu)
#define SK_BADGE_CLIENT(badge) ((uint32_t)(badge) & 0xffffu)
#define SK_BADGE_SIGNAL (1ull << 32) /* what wait returns for bits of the bound notification */

#define SK_WAIT_ENDPOINT 0u /* sk_wait on the thread's own endpoint and bound notification */

/* Rights in a capability. */
#define SK_RIGHT_READ (1u << 0)    /* memory: map readable;   thread, vcpu: read state */
#define SK_RIGHT_WRITE (1u << 1)   /* memory: map writable;   thread, vcpu: change it */
#define SK_RIGHT_EXECUTE (1u << 2) /* memory: map executable */
#define SK_RIGHT_CALL (1u << 3)    /* endpoint: call;         notification, virq: signal */
#define SK_RIGHT_WAIT (1u << 4)    /* endpoint: bind;         notification: wait, poll */
#define SK_RIGHT_CONTROL (1u << 5) /* create from, configure, start, stop, destroy */
#define SK_RIGHT_GRANT (1u << 6)   /* copy to another process */
#define SK_RIGHTS_ALL 0x7fu

/* A message in registers: what the inline wrappers and idlc's stubs pass about. */
struct sk_msg {
	uint64_t tag;
	uint64_t w[SK_WORDS];
};

/* What a server knows of a message besides its words. */
struct sk_caller {
	uint64_t badge; /* SK_BADGE(...) of the capability called, or SK_BADGE_SIGNAL */
	uint64_t token; /* names this caller to SK_SYS_REPLY; unique while the caller waits */
};

/* A named range of a process's address space, as the start page lists it. */
#define SK_NAME_BYTES 24u

#endif
