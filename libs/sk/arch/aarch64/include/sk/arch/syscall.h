/*
 * AArch64 system calls; what they promise is in <sk/syscall.h>, their registers
 * in <sk/abi.h>. `svc` is taken to EL2 (HCR_EL2.TGE = 1), its immediate is the call's number.
 *
 * Every register that the ABI does not promise to keep is named as an output or a
 * clobber, and the words are copied one by one: after inlining GCC breaks *msg
 * into registers (it never has an address), and a stub is moves and the trap.
 */
#ifndef SK_ARCH_SYSCALL_H
#define SK_ARCH_SYSCALL_H

#include <sk/abi.h>
#include <sk/boot.h>

#define SK_STACK_SHIFT 16 /* stacks are 64 KiB apart: SK_VA_STACKS */

/* Registers that every system call may change, and those that SK_SYS_REPLY_WAIT may change besides. */
#define SK_CLOBBERS_X9_X17 "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc", "memory"
#define SK_CLOBBERS_X18_X30 "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30"

/* SK_SYS_CALL. */
__attribute__((always_inline)) static inline sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	register uint64_t x0 __asm__("x0") = to;
	register uint64_t x1 __asm__("x1") = msg->tag;
	register uint64_t x2 __asm__("x2") = msg->w[0];
	register uint64_t x3 __asm__("x3") = msg->w[1];
	register uint64_t x4 __asm__("x4") = msg->w[2];
	register uint64_t x5 __asm__("x5") = msg->w[3];
	register uint64_t x6 __asm__("x6") = msg->w[4];
	register uint64_t x7 __asm__("x7") = msg->w[5];

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : [number] "i"(SK_SYS_CALL)
			 : "x8", SK_CLOBBERS_X9_X17);
	msg->tag = x0;
	msg->w[0] = (int64_t)x0 == SK_SERVER_DIED ? x1 : x2;
	msg->w[1] = x3;
	msg->w[2] = x4;
	msg->w[3] = x5;
	msg->w[4] = x6;
	msg->w[5] = x7;
	return sk_reply_status(x0);
}

/* SK_SYS_WAIT. */
__attribute__((always_inline)) static inline uint64_t sk_wait(uint32_t slot, struct sk_msg *msg,
							      struct sk_caller *caller)
{
	register uint64_t x0 __asm__("x0") = slot;
	register uint64_t x1 __asm__("x1");
	register uint64_t x2 __asm__("x2");
	register uint64_t x3 __asm__("x3");
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8");

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "=r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "=r"(x6), "=r"(x7), "=r"(x8)
			 : [number] "i"(SK_SYS_WAIT)
			 : SK_CLOBBERS_X9_X17);
	msg->tag = x1;
	msg->w[0] = x2;
	msg->w[1] = x3;
	msg->w[2] = x4;
	msg->w[3] = x5;
	msg->w[4] = x6;
	msg->w[5] = x7;
	caller->badge = x0;
	caller->token = x8;
	return x0;
}

/* SK_SYS_REPLY_WAIT. */
__attribute__((always_inline)) static inline uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg,
								    struct sk_caller *caller)
{
	register uint64_t x0 __asm__("x0") = token;
	register uint64_t x1 __asm__("x1") = msg->tag;
	register uint64_t x2 __asm__("x2") = msg->w[0];
	register uint64_t x3 __asm__("x3") = msg->w[1];
	register uint64_t x4 __asm__("x4") = msg->w[2];
	register uint64_t x5 __asm__("x5") = msg->w[3];
	register uint64_t x6 __asm__("x6") = msg->w[4];
	register uint64_t x7 __asm__("x7") = msg->w[5];
	register uint64_t x8 __asm__("x8");

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "=r"(x8)
			 : [number] "i"(SK_SYS_REPLY_WAIT)
			 : SK_CLOBBERS_X9_X17, SK_CLOBBERS_X18_X30);
	msg->tag = x1;
	msg->w[0] = x2;
	msg->w[1] = x3;
	msg->w[2] = x4;
	msg->w[3] = x5;
	msg->w[4] = x6;
	msg->w[5] = x7;
	caller->badge = x0;
	caller->token = x8;
	return x0;
}

/* SK_SYS_REPLY. */
__attribute__((always_inline)) static inline sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	register uint64_t x0 __asm__("x0") = token;
	register uint64_t x1 __asm__("x1") = msg->tag;
	register uint64_t x2 __asm__("x2") = msg->w[0];
	register uint64_t x3 __asm__("x3") = msg->w[1];
	register uint64_t x4 __asm__("x4") = msg->w[2];
	register uint64_t x5 __asm__("x5") = msg->w[3];
	register uint64_t x6 __asm__("x6") = msg->w[4];
	register uint64_t x7 __asm__("x7") = msg->w[5];

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : [number] "i"(SK_SYS_REPLY)
			 : "x8", SK_CLOBBERS_X9_X17);
	return (sk_status_t)x0;
}

/* SK_SYS_SIGNAL. */
__attribute__((always_inline)) static inline sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	register uint64_t x0 __asm__("x0") = slot;
	register uint64_t x1 __asm__("x1") = bits;

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1)
			 : [number] "i"(SK_SYS_SIGNAL)
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", SK_CLOBBERS_X9_X17);
	return (sk_status_t)x0;
}

/* SK_SYS_POLL. */
__attribute__((always_inline)) static inline sk_status_t sk_poll(sk_cap_t slot, uint64_t *bits)
{
	register uint64_t x0 __asm__("x0") = slot;
	register uint64_t x2 __asm__("x2");

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "=r"(x2)
			 : [number] "i"(SK_SYS_POLL)
			 : "x1", "x3", "x4", "x5", "x6", "x7", "x8", SK_CLOBBERS_X9_X17);
	*bits = x0 == SK_OK ? x2 : 0;
	return (sk_status_t)x0;
}

/* By the stack it stands on, which takes no register and no memory; sp is never at its very top (start.S). */
static inline unsigned sk_thread_index(void)
{
	uint64_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	return (unsigned)((sp - SK_VA_STACKS) >> SK_STACK_SHIFT);
}

/* By the thread's index: buffers lie one behind the other. */
static inline void *sk_message_buffer(void)
{
	return (void *)(uintptr_t)(SK_VA_MESSAGE_BUFFERS + (uint64_t)sk_thread_index() * SK_PAGE_BYTES);
}

/* CNTPCT_EL0; where a guest's CNTKCTL_EL1 denies it to EL0, the kernel answers in its place. */
static inline uint64_t sk_counter(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
	return ticks;
}

#endif
