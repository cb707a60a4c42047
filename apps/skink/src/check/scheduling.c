/*
 * What a core's policy asks of the rest of the manifest: budgets for deadlines, windows that fit their frame, and a
 * window for whoever is to run.
 */
#include "check.h"

#include <stdlib.h>

#define EDF_LEAST_BUDGET_US 2u /* a task that wakes is noticed after 1 us */

static bool on_core(const uint32_t *cores, uint32_t count, uint32_t core)
{
	for (uint32_t i = 0; i < count; i++) {
		if (cores[i] == core) {
			return true;
		}
	}
	return false;
}

static bool server_on(const struct manifest_server *server, uint32_t core)
{
	return on_core(server->cores, server->core_count, core);
}

static bool vm_on(const struct manifest_vm *vm, uint32_t core)
{
	return on_core(vm->vcpu_cores, vm->vcpus, core);
}

/* Returns whether it is a budget. */
static bool check_edf_budget(struct system *system, int node, const char *property, uint32_t budget_us)
{
	if (budget_us != 0 && budget_us < EDF_LEAST_BUDGET_US) {
		CHECK_ERROR(system, node, property, "is %u on a core with the policy \"edf\"; expected at least %u",
			    budget_us, EDF_LEAST_BUDGET_US);
	}
	return budget_us != 0;
}

static void check_edf(struct system *system, uint32_t core)
{
	const struct manifest *manifest = &system->manifest;
	bool any = false;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		any |= server_on(server, core) &&
		       check_edf_budget(system, server->node, "budget-us", server->budget_us);
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		const struct manifest_vm *vm = &manifest->vms[i];
		any |= vm_on(vm, core) && check_edf_budget(system, vm->node, "vcpu-budget-us", vm->vcpu_budget_us);
	}
	if (!any) {
		CHECK_WARNING(system, manifest->scheduling[core].node, "policy",
			      "is \"edf\", but nobody on core %u has a budget and so a deadline", core);
	}
}

static bool windows_overlap(const struct manifest_window *a, const struct manifest_window *b)
{
	return a->start_us < b->start_us + b->length_us && b->start_us < a->start_us + a->length_us;
}

static void check_members(struct system *system, uint32_t core, const struct manifest_window *window)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if ((window->servers >> i & 1u) != 0 && !server_on(&manifest->servers[i], core)) {
			CHECK_ERROR(system, window->node, "runs", "names `%s`, which has no worker on core %u",
				    manifest->servers[i].name, core);
		}
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		if ((window->vms >> i & 1u) != 0 && !vm_on(&manifest->vms[i], core)) {
			CHECK_ERROR(system, window->node, "runs", "names `%s`, which has no vCPU on core %u",
				    manifest->vms[i].name, core);
		}
	}
}

static void check_windows(struct system *system, uint32_t core)
{
	const struct manifest_scheduling *scheduling = &system->manifest.scheduling[core];
	for (uint32_t i = 0; i < scheduling->window_count; i++) {
		const struct manifest_window *window = &scheduling->windows[i];
		if (window->start_us + window->length_us > scheduling->frame_us) {
			CHECK_ERROR(system, window->node, "length-us",
				    "makes the window end at %u us; expected at most the frame, %u us",
				    window->start_us + window->length_us, scheduling->frame_us);
		}
		for (uint32_t j = 0; j < i; j++) {
			if (windows_overlap(window, &scheduling->windows[j])) {
				CHECK_ERROR(system, window->node, "start-us",
					    "makes the window overlap `%s`; expected windows of their own",
					    scheduling->windows[j].name);
			}
		}
		check_members(system, core, window);
	}
}

/* The windows, a bit each, in which the VM runs. */
static uint32_t windows_of_vm(const struct manifest_scheduling *scheduling, uint32_t vm)
{
	uint32_t windows = 0;
	for (uint32_t i = 0; i < scheduling->window_count; i++) {
		windows |= (scheduling->windows[i].vms >> vm & 1u) << i;
	}
	return windows;
}

static void check_everybody_runs(struct system *system, uint32_t core)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_scheduling *scheduling = &manifest->scheduling[core];
	uint64_t servers = 0;
	for (uint32_t i = 0; i < scheduling->window_count; i++) {
		servers |= scheduling->windows[i].servers;
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		if (server_on(server, core) && (servers >> i & 1u) == 0 && i != manifest_find_server(manifest, "sched")) {
			CHECK_ERROR(system, server->node, NULL,
				    "has a worker on core %u, but no window of it `runs` the server; expected one", core);
		}
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		if (vm_on(&manifest->vms[i], core) && windows_of_vm(scheduling, i) == 0) {
			CHECK_ERROR(system, manifest->vms[i].node, NULL,
				    "has a vCPU on core %u, but no window of it `runs` the VM; expected one", core);
		}
	}
}

/* The servers that are called, one by the other, because of the VM's exits. */
static uint64_t called_for(const struct manifest *manifest, const struct manifest_vm *vm)
{
	uint64_t called = vm->vmm == MANIFEST_NONE ? 0 : 1ull << vm->vmm;
	for (uint32_t i = 0; i < vm->device_count; i++) {
		called |= vm->devices[i].server == MANIFEST_NONE ? 0 : 1ull << vm->devices[i].server;
	}
	for (uint64_t before = 0; before != called;) {
		before = called;
		for (uint32_t i = 0; i < manifest->server_count; i++) {
			for (uint32_t j = 0; (called >> i & 1u) != 0 && j < manifest->servers[i].use_count; j++) {
				uint32_t used = manifest->servers[i].uses[j].server;
				called |= used == MANIFEST_NONE ? 0 : 1ull << used;
			}
		}
	}
	return called;
}

/* A server in the middle of one window's call is not there for the next window's until that one's time has ended it. */
static void check_shared(struct system *system, uint32_t core)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_scheduling *scheduling = &manifest->scheduling[core];
	uint32_t sched = manifest_find_server(manifest, "sched");
	uint64_t told = sched == MANIFEST_NONE ? 0 : 1ull << sched;
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			uint32_t windows = windows_of_vm(scheduling, i);
			uint32_t others = windows_of_vm(scheduling, j);
			if (windows == 0 || others == 0 || windows == others) {
				continue;
			}
			uint64_t shared = called_for(manifest, &manifest->vms[i]) &
					  called_for(manifest, &manifest->vms[j]) & ~told;
			told |= shared;
			for (uint32_t k = 0; k < manifest->server_count; k++) {
				const struct manifest_server *server = &manifest->servers[k];
				if ((shared >> k & 1u) != 0 && server_on(server, core)) {
					CHECK_WARNING(system, server->node, NULL,
						      "is called for `%s` and for `%s`, which have windows of their "
						      "own on core %u: each may have to end the other's call",
						      manifest->vms[j].name, manifest->vms[i].name, core);
				}
			}
		}
	}
}

static void check_partition(struct system *system, uint32_t core)
{
	const struct manifest_scheduling *scheduling = &system->manifest.scheduling[core];
	if (scheduling->frame_us == 0 || scheduling->window_count == 0) {
		CHECK_ERROR(system, scheduling->node, "policy",
			    "is \"time-partition\" on core %u; expected `frame-us` and windows in a node core@%u", core,
			    core);
		return;
	}
	check_windows(system, core);
	check_everybody_runs(system, core);
	check_shared(system, core);
}

void check_scheduling(struct system *system)
{
	const struct manifest *manifest = &system->manifest;
	for (uint32_t core = 0; core < manifest->platform.cores; core++) {
		const struct manifest_scheduling *scheduling = &manifest->scheduling[core];
		if (scheduling->policy == MANIFEST_TIME_PARTITION) {
			check_partition(system, core);
		} else if (scheduling->frame_us != 0 || scheduling->window_count != 0) {
			CHECK_ERROR(system, scheduling->node, NULL,
				    "has a frame or windows; expected the policy \"time-partition\" too");
		}
		if (scheduling->policy == MANIFEST_EDF) {
			check_edf(system, core);
		}
	}
}
