/*
 * A kernel for the VMM's server to run on: it keeps the vCPUs' states as the real one does, records what is asked of
 * it, and feeds the server's own loop one message at a time.
 */
#ifndef VMM_TESTS_FAKE_KERNEL_H
#define VMM_TESTS_FAKE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sk/idl/kernel.h>

#include "../vcpu.h"

#define RAM_BASE 0x40000000ull
#define RAM_BYTES (16ull << 20)
#define VCPUS 2u
#define ENTRY (RAM_BASE + 0x80000)
#define FAKE_TOKEN 77u

struct fake_kernel {
	enum vcpu_state vcpu[VCPUS];
	uint32_t runs[VCPUS];
	uint32_t pauses[VCPUS];
	uint32_t resets[VCPUS];
	uint64_t entry[VCPUS];
	uint64_t timer_deadline; /* what vcpu.info says */
	uint64_t timer_set;      /* the last timers.set */
	uint32_t device_resets;
	uint32_t events_off;
	uint32_t events_reset;
	uint32_t events_failed;
	bool supervisor_gone;
	uint64_t signals;
	uint64_t counter;
	uint32_t line_updates;
	uint64_t offset[VCPUS];  /* the counter's, as vcpu_arch_set_offset was told */
	uint32_t steps;          /* system calls so far, counted before and after each */
	uint32_t kill_at;        /* at which of them the server dies; 0: never */
	struct sk_msg reply;     /* to the last message, and the token that it went to */
	uint64_t reply_token;
};

extern struct fake_kernel fake;
extern struct vmm_saved saved;
extern struct sk_vcpu_state states[SK_VM_VCPUS_MAX];
extern uint8_t message_page[4096];

/* A VM that nothing has been done to yet, and nothing recorded. */
void fake_set_up(void);

/*
 * Has the server handle one message, and gives the status that it answered. Where it dies over it, a new instance takes
 * over, and is delivered the message again if it was a call.
 */
uint64_t fake_send(uint64_t badge, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2);

#endif
