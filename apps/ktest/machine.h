/*
 * A VM of one page of code (code_guest), one page of data, and a vCPU or two, with a server for its exits: an agent on
 * the spare core, where the vCPUs run too.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <sk/vcpu.h>

#include "agent.h"
#include "code.h"

#define MACHINE_CODE 0x40000000ull
#define MACHINE_DATA 0x40001000ull
#define MACHINE_NOTHING 0x09000000ull
#define MACHINE_BADGE 0x100abcu

struct machine {
	sk_cap_t vm;
	sk_cap_t memory;
	uint64_t *data;               /* the data page, as this process sees it */
	sk_cap_t vcpu[2];
	struct sk_vcpu_state *state[2];
	struct agent *server;         /* answers each exit with server->answer: at first with the action `stop` */
	sk_cap_t endpoint;            /* to route exits to, with MACHINE_BADGE */
};

/* Memory is mapped, vCPU 0 is CREATED and has no route; the server runs. */
void machine_make(struct machine *machine);
/* Adds vCPU 1. */
void machine_second(struct machine *machine);
/* CREATED to READY, entered at this place of code_guest; every exit goes to the server. */
void machine_ready(struct machine *machine, const uint8_t *entry);
/* Runs vCPU 0 until the server has seen one more exit and the vCPU is READY again. */
bool machine_step(struct machine *machine);
/* The server's last exit. */
const struct agent_message *machine_exit(const struct machine *machine);

/* enum vcpu_state as the kernel tells it; UINT32_MAX: it doesn't. */
uint32_t machine_state(const struct machine *machine, uint32_t index);
bool machine_becomes(const struct machine *machine, uint32_t state);

/* The guest-physical address of a place of code_guest. */
static inline uint64_t machine_address(const uint8_t *place)
{
	return MACHINE_CODE + (uint64_t)(place - code_guest);
}

#endif
