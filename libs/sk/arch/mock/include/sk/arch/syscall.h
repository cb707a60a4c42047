/*
 * The mock's system calls: functions that the test (or a recording mock that
 * idlc generates) defines, with the promises of <sk/syscall.h>. A program that
 * uses none of them need not define any.
 */
#ifndef SK_ARCH_SYSCALL_H
#define SK_ARCH_SYSCALL_H

#include <sk/abi.h>

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg);
uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller);
uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg, struct sk_caller *caller);
sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg);
sk_status_t sk_signal(sk_cap_t slot, uint64_t bits);
sk_status_t sk_poll(sk_cap_t slot, uint64_t *bits);
unsigned sk_thread_index(void);
void *sk_message_buffer(void);
uint64_t sk_counter(void);

#endif
