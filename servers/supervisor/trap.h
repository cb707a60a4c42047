/*
 * A trap of fault injection: an instruction of a server is replaced by one that faults, so that a register can be
 * changed at just that place of the program, and in whatever it is doing there. The thread's fault comes to the
 * supervisor like any other; then the instruction is put back, the register changed, and the fault answered: the thread
 * goes on as if nothing had been, with the call that it has in service.
 */
#ifndef SUPERVISOR_TRAP_H
#define SUPERVISOR_TRAP_H

#include "crash.h"
#include "system.h"

#define TRAP_REGISTERS 33u /* those that can be changed: not the processor's state */
#define TRAP_DELAY_MAX_NS 1000000000ull

struct trap_change {
	uint32_t number;   /* of the register, as in thread.read_registers */
	uint64_t clear;	   /* bits cleared first */
	uint64_t flip;	   /* bits flipped then */
	uint64_t delay_ns; /* after which the thread goes on */
};

/* SK_BAD_ARG: no instruction of the server there, or no such change; the scheduler can't be made to wait. SK_BAD_STATE:
 * there is a trap already. */
sk_status_t trap_arm(const struct server *server, uint64_t address, const struct trap_change *change);

/* Takes it away. True: the server came by. */
bool trap_disarm(void);

enum trap_answer { TRAP_NONE, TRAP_RESUME, TRAP_LATER };

/* A thread of `server` faulted at `pc`. TRAP_LATER: `token` is kept, and answered at ALARM_TRAP. */
enum trap_answer trap_taken(const struct server *server, const struct crash_cause *cause, uint64_t pc, uint64_t token);

/* ALARM_TRAP rang. */
void trap_over(void);

#endif
