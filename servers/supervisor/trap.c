#include "trap.h"

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>

#include <arch/trap.h>

#include "alarm.h"
#include "place.h"

static struct {
	const struct server *server; /* NULL: there is none */
	uint32_t instance;
	uint64_t address;
	struct trap_change change;
	uint32_t instruction; /* that was there */
	bool reached;
	uint64_t token; /* of the fault to be answered at ALARM_TRAP; 0: none */
} trap;

/* The instruction at `address`; NULL: that is no text of the server. */
static uint32_t *instruction_at(const struct server *server, uint64_t address, struct place *place)
{
	if (!place_find(server, address, TRAP_BYTES, place) || place->text == PLACE_NO_TEXT) {
		return NULL;
	}
	return (uint32_t *)(void *)place->view;
}

static void put_back(void)
{
	struct place place;
	uint32_t *instruction = instruction_at(trap.server, trap.address, &place);

	/* A new instance has the program as it should be, and somebody else may have changed this one since. */
	if (trap.server->instance == trap.instance && instruction != NULL && *instruction == TRAP_INSTRUCTION) {
		__atomic_store_n(instruction, trap.instruction, __ATOMIC_RELEASE);
		place_written(trap.server, &place);
	}
}

sk_status_t trap_arm(const struct server *server, uint64_t address, const struct trap_change *change)
{
	struct place place;
	uint32_t *instruction = instruction_at(server, address, &place);

	if (instruction == NULL || change->number >= TRAP_REGISTERS || change->delay_ns > TRAP_DELAY_MAX_NS) {
		return SK_BAD_ARG;
	}
	/* The end of the delay is an alarm, which is the scheduler's to ring. */
	if (change->delay_ns != 0 && server->index == system_state.sched) {
		return SK_BAD_ARG;
	}
	if (trap.server != NULL) {
		return SK_BAD_STATE;
	}
	trap.server = server;
	trap.instance = server->instance;
	trap.address = address;
	trap.change = *change;
	trap.instruction = *instruction;
	trap.reached = false;
	__atomic_store_n(instruction, TRAP_INSTRUCTION, __ATOMIC_RELEASE);
	place_written(server, &place);
	return SK_OK;
}

bool trap_disarm(void)
{
	bool reached = trap.reached;

	if (trap.server != NULL && !reached) {
		put_back();
	}
	trap_over();
	trap.server = NULL;
	trap.reached = false;
	return reached;
}

static void change_register(sk_cap_t thread)
{
	uint64_t registers[34];

	if (thread_read_registers(thread, registers) == SK_OK) {
		uint64_t *changed = &registers[trap.change.number];

		*changed = (*changed & ~trap.change.clear) ^ trap.change.flip;
		(void)thread_write_registers(thread, registers);
	}
}

enum trap_answer trap_taken(const struct server *server, const struct crash_cause *cause, uint64_t pc, uint64_t token)
{
	struct place place;

	if (!trap_is(cause->syndrome)) {
		return TRAP_NONE;
	}
	/* The second of two threads that came by at once, or one that came when the trap was taken away. */
	if (trap.server != server || trap.reached || trap.address != pc || trap.instance != server->instance) {
		const uint32_t *instruction = instruction_at(server, pc, &place);

		return instruction != NULL && *instruction != TRAP_INSTRUCTION ? TRAP_RESUME : TRAP_NONE;
	}
	put_back();
	trap.reached = true;
	change_register(server->workers[cause->thread].thread);
	if (trap.change.delay_ns == 0) {
		return TRAP_RESUME;
	}
	trap.token = token;
	alarm_set(ALARM_TRAP, sk_now_ns() + trap.change.delay_ns);
	return TRAP_LATER;
}

void trap_over(void)
{
	uint64_t token = trap.token;

	alarm_set(ALARM_TRAP, 0);
	trap.token = 0;
	if (token != 0) {
		/* If the thread was stopped meanwhile, there is nobody to hear it. */
		(void)thread_fault_fault_reply(token, SK_OK, true);
	}
}
