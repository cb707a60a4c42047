/*
 * The supervisor: parent of all servers, owner of all memory and capabilities. It makes the
 * system that the manifest describes and then waits: for faults, for what VMMs tell, for the
 * operator, for its alarms. It never waits for a server, so no server can stop it.
 */
#include <sk/boot.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>
#include <sk/server.h>

#include "../sched/contract.h"
#include "alarm.h"
#include "boot.h"
#include "errand.h"
#include "heartbeat.h"
#include "lifecycle.h"
#include "power.h"
#include "tasks.h"
#include "trap.h"
#include "watch.h"

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case THREAD_FAULT_INTERFACE:
		return thread_fault_dispatch(caller, msg);
	case VM_EVENTS_INTERFACE:
		return vm_events_dispatch(caller, msg);
	case OPERATOR_INTERFACE:
		return operator_dispatch(caller, msg);
	case INJECTION_INTERFACE:
		return injection_dispatch(caller, msg);
	default:
		return sk_server_refuse(msg);
	}
}

static void ring(uint32_t alarm)
{
	if (alarm < ALARM_HEARTBEAT) {
		lifecycle_backoff_over(&system_state.servers[alarm - ALARM_RESTART]);
	} else if (alarm < ALARM_HALT) {
		struct server *server = &system_state.servers[alarm - ALARM_HEARTBEAT];
		enum sk_crash_reason reason;

		if (!heartbeat_due(server, &reason)) {
			(void)lifecycle_kill(server, reason);
		}
	} else if (alarm == ALARM_AFTER) {
		lifecycle_after();
	} else if (alarm == ALARM_TRAP) {
		trap_over();
	} else {
		power_now();
	}
}

static void signalled(uint64_t bits)
{
	if ((bits & ERRAND_SIGNAL) != 0) {
		errand_finish();
	}
	if ((bits & SCHED_SIGNAL_REFUSED) != 0) {
		watch_refused();
	}
	if ((bits & SK_SIGNAL_TIMER) != 0) {
		if (!watch_rung()) {
			(void)lifecycle_kill(&system_state.servers[system_state.sched], SK_CRASH_REASON_STARVED);
		}
		tasks_deadline_over();
		for (uint32_t alarm = alarm_take(sk_now_ns()); alarm != ALARM_NONE; alarm = alarm_take(sk_now_ns())) {
			ring(alarm);
		}
	}
}

/* The scheduler hears of the next alarm after each event that may have changed it. */
static bool serve_call(const struct sk_caller *caller, struct sk_msg *msg)
{
	bool answered = dispatch(caller, msg);

	tasks_set_deadline(alarm_next());
	return answered;
}

static void serve_signal(uint64_t bits)
{
	signalled(bits);
	tasks_set_deadline(alarm_next());
}

SK_SERVER(serve_call, serve_signal)

int main(void)
{
	boot_system();
	tasks_set_deadline(alarm_next());
	sk_server_serve();
}
