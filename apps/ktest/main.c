/*
 * The kernel's suite on the machine. It is a server like any other, to which the manifest grants memory to make
 * objects of, its own process, a core that nobody else uses, and the machine. Every method of idl/kernel.idl is
 * called with good and bad arguments, and what it answers and does is looked at from outside: by reading memory,
 * by other threads (agents, agent.h) on this core and on the spare one, by a guest of a few instructions. Last comes a
 * storm of random calls, after which everything must still be there.
 *
 * With nothing failed it switches the machine off; else it ends with code 1, which the manifest makes the machine's
 * end.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>

#include "agent.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

/* Of the storm; the manifest's arguments "seed=" and "batches=" say otherwise, "storm-only" leaves out the rest. */
#define SEED 20240229u
#define BATCHES 150u

static void others_live(void)
{
	sk_cap_t supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	uint32_t servers;
	uint32_t vms;
	uint32_t cores;
	uint32_t crashes = 1;
	uint64_t now_ns;

	tap_suite("the others");
	tap_status(operator_system(supervisor, &servers, &vms, &cores, &crashes, &now_ns), SK_OK,
		   "the supervisor answers");
	tap_is(crashes, 0, "no server crashed");
	for (uint32_t i = 0; i < servers; i++) {
		struct sk_server_info info;

		(void)operator_server(supervisor, i, &info);
		tap_is(info.state, SK_SERVER_STATE_RUNNING, "server %.24s runs", (const char *)info.name);
	}
}

/* What the kernel promises of each of its methods. */
static void each_method(void)
{
	suite_memory();
	suite_capability();
	suite_space();
	suite_fault();
	suite_thread();
	suite_call();
	suite_long();
	suite_restart();
	suite_notification();
	suite_vcpu();
	suite_exits();
	suite_lines();
	suite_interrupt();
	suite_core();
	suite_machine();
	suite_arguments();
}

int main(void)
{
	pool_init();
	agent_init();
	pool_keep();
	if (sk_argument("storm-only") == NULL) {
		each_method();
	}
	suite_storm(sk_argument_number("seed", SEED), sk_argument_number("batches", BATCHES));
	others_live();
	if (tap_end() != 0) {
		return EXIT_FAILURE;
	}
	(void)operator_power_off(sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT));
	return EXIT_SUCCESS;
}
