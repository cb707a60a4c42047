/*
 * The outside world for the library's tests: records what the library asks for
 * and plays the kernel's part of the line table. Reset before each test.
 */
#ifndef GUEST_TESTS_FAKE_PORT_H
#define GUEST_TESTS_FAKE_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <guest/guest.h>
#include <guest/port.h>
#include <sk/idl/kernel.h>

#define FAKE_UPDATES 2048u

struct fake_update {
	uint32_t line;
	uint32_t vcpu;
	uint32_t change;
};

struct fake {
	struct fake_update updates[FAKE_UPDATES];
	uint32_t update_count;
	uint64_t counter;
	uint64_t deadline[SK_VM_VCPUS_MAX]; /* UINT64_MAX: none */
	uint32_t started;                   /* how many vCPUs were started, and the last one's */
	uint32_t start_vcpu;
	uint64_t start_entry;
	uint64_t start_context;
	bool start_fails;
	struct guest *starts_and_ends;      /* vCPUs of this VM call CPU_OFF as soon as they are started */
	uint32_t resting;                   /* a bit for each vCPU that has not come to rest */
	bool no_entropy;
	uint32_t logged;
	char text[64];                      /* what port_log_character was given */
	uint32_t text_length;
	struct sk_line lines[VGIC_LINES];   /* the line table; updates change its states as the kernel does */
};

extern struct fake fake;

/* A VM over the fake's line table, its counter's offset 0; and nothing recorded. */
void fake_guest(struct guest *guest, uint32_t vcpus, uint32_t shared);

/* Forgets the updates so far. */
void fake_forget(void);

/* How many updates of this line and change there were. */
uint32_t fake_count(uint32_t vcpu, uint32_t line, uint32_t change);

#endif
