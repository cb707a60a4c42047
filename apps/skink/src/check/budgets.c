/* Time: budgets that fit their periods, and cores that have room for them all. */
#include "check.h"

#include <stdlib.h>

#define PER_MILLE 1000u

struct load {
	uint32_t per_mille[SK_MAX_CORES]; /* of each core, in budgets */
	uint32_t slots[SK_MAX_CORES];	  /* of its plan */
};

/* One thread's or vCPU's budget on a core. */
static void load_add(struct load *load, uint32_t core, uint32_t budget_us, uint32_t period_us)
{
	load->slots[core]++;
	if (budget_us != 0 && period_us != 0) {
		load->per_mille[core] += (uint32_t)(((uint64_t)budget_us * PER_MILLE + period_us - 1) / period_us);
	}
}

static void check_pair(struct system *system, int node, const char *budget, uint32_t budget_us, const char *period,
		       uint32_t period_us)
{
	if (budget_us != 0 && period_us == 0) {
		CHECK_ERROR(system, node, budget, "has no period; expected `%s` too", period);
	} else if (budget_us == 0 && period_us != 0) {
		CHECK_ERROR(system, node, period, "has no budget; expected `%s` too", budget);
	} else if (budget_us > period_us) {
		CHECK_ERROR(system, node, budget, "is %u; expected at most the period, %u", budget_us, period_us);
	}
}

static void check_load(struct system *system, const struct load *load)
{
	const struct manifest_platform *platform = &system->manifest.platform;
	for (uint32_t core = 0; core < platform->cores; core++) {
		if (load->per_mille[core] > PER_MILLE) {
			CHECK_ERROR(system, platform->node, "cores",
				    "includes core %u, whose budgets add up to %u.%u %%; expected at most 100 %%", core,
				    load->per_mille[core] / 10, load->per_mille[core] % 10);
		}
		if (load->slots[core] > SK_PLAN_SLOTS) {
			CHECK_ERROR(system, platform->node, "cores",
				    "includes core %u with %u threads and vCPUs; expected at most %u", core,
				    load->slots[core], SK_PLAN_SLOTS);
		}
	}
}

void check_budgets(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	struct load load = { 0 };
	load_add(&load, 0, 0, 0); /* the supervisor */
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		check_pair(system, server->node, "budget-us", server->budget_us, "period-us", server->period_us);
		for (uint32_t j = 0; j < server->core_count; j++) {
			load_add(&load, server->cores[j], server->budget_us, server->period_us);
			if (server->restart.standby) {
				load_add(&load, server->cores[j], 0, 0);
			}
		}
		if (server->budget_us != 0 && server->call_budget_us > server->budget_us &&
		    server->call_budget_us != MANIFEST_CALL_BUDGET_US) {
			CHECK_ERROR(system, server->node, "call-budget-us", "is %u; expected at most `budget-us`, %u",
				    server->call_budget_us, server->budget_us);
		}
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		const struct manifest_vm *vm = &manifest->vms[i];
		check_pair(system, vm->node, "vcpu-budget-us", vm->vcpu_budget_us, "vcpu-period-us",
			   vm->vcpu_period_us);
		for (uint32_t j = 0; j < vm->vcpus; j++) {
			load_add(&load, vm->vcpu_cores[j], vm->vcpu_budget_us, vm->vcpu_period_us);
		}
	}
	check_load(system, &load);
}
