/*
 * A guest with one vCPU on core 1, and the server that takes its exits there.
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include "world.h"

struct guest {
	struct actor vmm;     /* serves every exit, on core 1 */
	uint32_t vm, vcpu;
	struct vcpu *v;
};

/* Where a vCPU can be in its life, and its exit meanwhile. */
enum place { CREATED, FREE, READY, RUNNING, PREEMPTED, SERVED, SERVED_PAUSED, BLOCKED, INVALID, PLACES };
extern const char *const guest_place_names[PLACES];

void guest_make(struct guest *guest);
/* Lets it run, with the server waiting. */
void guest_run(struct guest *guest);
/* A fresh world, and the vCPU in that place. */
void guest_bring_to(struct guest *guest, enum place place);
/* It traps; the server answers. */
void guest_exit(uint32_t reason, uint64_t w0);
void guest_reply(const struct guest *guest, uint64_t action, uint64_t line);

#endif
