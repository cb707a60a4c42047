#include "fault.h"

#include <sk/arch/exit.h>
#include <sk/idl/vm_exit_server.h>

#include "lifecycle.h"
#include "standby.h"
#include "tasks.h"
#include "trap.h"
#include "watch.h"

/*
 * A deliberate end is a breakpoint with a number of its own, whichever of the kernel's reasons that is. What the kernel's
 * guard finds is a budget that is over.
 */
static enum sk_crash_reason reason_of(const struct server *server, uint32_t kernel_reason, uint64_t syndrome)
{
	if (sk_fault_is_exit(syndrome)) {
		return SK_CRASH_REASON_EXIT;
	}
	if (kernel_reason == SK_CRASH_REASON_BUDGET && server->index == system_state.sched && watch_over()) {
		return SK_CRASH_REASON_STARVED;
	}
	return kernel_reason >= SK_CRASH_REASON_MEMORY && kernel_reason <= SK_CRASH_REASON_OTHER
		       ? (enum sk_crash_reason)kernel_reason
		       : SK_CRASH_REASON_OTHER;
}

/* While a worker of the scheduler stood, the kernel went by the last plan: of what was due then it was not told. */
static void tell_missed(const struct server *server, uint32_t thread)
{
	if (server->index == system_state.sched) {
		tasks_changed(server->workers[thread].core);
	}
}

/*
 * Never answered: stopping the thread withdraws the call. No thread goes on after a fault but one that fault injection
 * made.
 */
sk_status_t thread_fault_serve_fault(const struct sk_caller *caller, uint32_t reason, uint64_t syndrome,
				     uint64_t address, uint64_t pc, uint64_t caller_tag, uint64_t caller_badge,
				     bool *resume)
{
	uint32_t client = SK_BADGE_CLIENT(caller->badge);
	uint32_t index = fault_client_server(client);

	*resume = false;
	if (index >= system_state.manifest.server_count) {
		return SK_BAD_ARG;
	}

	struct server *server = &system_state.servers[index];
	struct crash_cause cause = {
		.thread = fault_client_thread(client),
		.reason = reason_of(server, reason, syndrome),
		.syndrome = syndrome,
		.address = address,
		.caller_tag = caller_tag,
		.caller_badge = caller_badge,
	};

	if (cause.thread < server->config->core_count && standby_is(server, fault_client_body(client))) {
		standby_stopped(server, cause.thread, syndrome, pc);
		return SK_DEFERRED;
	}
	if (cause.thread >= server->config->core_count || !lifecycle_runs(server)) {
		return SK_BAD_STATE;
	}
	switch (trap_taken(server, &cause, pc, caller->token)) {
	case TRAP_RESUME:
		*resume = true;
		tell_missed(server, cause.thread);
		return SK_OK;
	case TRAP_LATER:
		return SK_DEFERRED;
	default:
		lifecycle_crashed(server, &cause);
		return SK_DEFERRED;
	}
}
