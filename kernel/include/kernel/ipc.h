/*
 * System calls, and the fast path of exits, calls and replies. Each takes the
 * registers of core->current and returns the context to go on with.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <kernel/call.h>

/* Tags that only the general path handles: a payload, capabilities, a flag that is the kernel's own. */
#define IPC_SLOW_TAG (SK_TAG_LONG_MASK | SK_TAG_REDELIVERED)
/* Of a reply nothing but the status is left then: one contiguous mask. */
#define IPC_SLOW_REPLY_TAG 0x3ffff0000ull

/* The system calls of sk/abi.h, by their general path. */
struct context *ipc_call(struct core *core);
struct context *ipc_reply_wait(struct core *core);
struct context *ipc_wait(struct core *core);
struct context *ipc_signal(struct core *core);
struct context *ipc_poll(struct core *core);
struct context *ipc_reply(struct core *core);

/* The message in the registers of a system call: of a call, or of a reply. */
void message_load(struct sk_msg *msg, const struct arch_frame *frame);
/* That of the call which the context waits for: a fault, an exit, or what a system call named. Nobody's is all zero. */
void message_of(const struct context *caller, struct sk_msg *msg);
/* The receiver's wait ends with a message: it is READY. */
void message_deliver(struct context *receiver, uint64_t badge, const struct sk_msg *msg, uint64_t token);

/* Copies payload and capabilities of a message; returns the tag that tells what arrived. */
uint64_t message_transfer(struct context *from, struct context *to, uint64_t tag);

/* A vCPU's exit is answered: does what the reply says. On its core; whoever calls wakes it if it is READY then. */
void vcpu_settle(struct vcpu *vcpu, uint64_t tag, uint64_t w0, uint64_t w1);

/* The `inject` action of a reply: `line` is vm_exit.idl's. */
void vcpu_inject(struct vcpu *vcpu, uint64_t line);

/* A thread faulted: makes its fault call. On its core. */
void thread_raise(struct core *core, struct thread *thread, uint32_t reason, uint64_t syndrome, uint64_t address,
		  uint64_t pc);

#endif
