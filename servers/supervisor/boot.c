#include "boot.h"

#include <inttypes.h>
#include <stdio.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>

#include "../sched/contract.h"
#include "control.h"
#include "errand.h"
#include "lifecycle.h"
#include "object.h"
#include "process.h"
#include "slots.h"
#include "tasks.h"
#include "vm.h"
#include "wiring.h"

#define NS_PER_US 1000ull
#define OWN_PRIORITY 0u /* of the supervisor's threads, ahead of equals: their tasks are the first */

struct system system_state;

static sk_cap_t caller_thread; /* the one that runs errands */

/* Nothing works without what was just tried. */
_Noreturn static void stop(const char *what, sk_status_t status)
{
	printf("supervisor: %s (%d)\n", what, (int)status);
	(void)machine_power_off(SK_BOOT_SLOT_MACHINE);
	sk_exit(1, what);
}

static void need(sk_status_t status, const char *what)
{
	if (status != SK_OK) {
		stop(what, status);
	}
}

static void read_manifest(void)
{
	struct sk_archive_file file;
	struct manifest_error error;
	uint64_t base;
	uint64_t bytes;
	enum memory_memory_kind kind;
	uint32_t mappings;

	need(memory_info(SK_BOOT_SLOT_ARCHIVE, &base, &bytes, &kind, &mappings), "no boot archive");
	system_state.archive = (struct sk_archive){
		.base = (const uint8_t *)(uintptr_t)SK_VA_ARCHIVE,
		.bytes = bytes,
	};
	if (sk_archive_find(&system_state.archive, "manifest.dtb", &file) != SK_ARCHIVE_FILE) {
		stop("no manifest.dtb in the boot archive", SK_BAD_ARG);
	}
	system_state.manifest_bytes = file.bytes;
	if (!manifest_read(file.data, file.bytes, &system_state.manifest, &error)) {
		printf("%s %s: %s\n", error.path, error.property != NULL ? error.property : "", error.text);
		stop("the manifest can't be used", SK_BAD_ARG);
	}
	system_state.sched = manifest_find_server(&system_state.manifest, "sched");
	system_state.console = manifest_find_server(&system_state.manifest, "console");
	system_state.fallback = manifest_find_server(&system_state.manifest, "fallback");
}

static void claim_cores(void)
{
	uint32_t wanted = system_state.manifest.platform.cores;

	for (uint32_t i = 0; i < wanted && i < SK_MAX_CORES; i++) {
		sk_cap_t slot = slots_take();

		need(machine_claim_core(SK_BOOT_SLOT_MACHINE, i, slot), "a core could not be claimed");
		if (i != 0) {
			sk_status_t status = core_online(slot);

			if (status != SK_OK) {
				printf("core %" PRIu32 " did not come online (%d)\n", i, (int)status);
				return;
			}
		}
		system_state.cores[i] = slot;
		system_state.core_count = i + 1;
	}
}

static bool cores_are_online(const struct manifest_server *config)
{
	for (uint32_t i = 0; i < config->core_count; i++) {
		if (config->cores[i] >= system_state.core_count) {
			return false;
		}
	}
	return true;
}

static void build_servers(void)
{
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		struct server *server = &system_state.servers[i];

		server->index = i;
		server->config = &system_state.manifest.servers[i];
		if (!cores_are_online(server->config)) {
			server->unusable = "one of its cores is not online";
		} else {
			(void)process_build(server);
		}
		if (server->unusable != NULL) {
			server->state = SK_SERVER_STATE_FAILED;
			control_say("server %s failed %s", server->config->name, server->unusable);
		}
	}
	if (system_state.sched != MANIFEST_NONE && system_state.servers[system_state.sched].unusable != NULL) {
		system_state.sched = MANIFEST_NONE;
	}
	if (system_state.console != MANIFEST_NONE && system_state.servers[system_state.console].unusable != NULL) {
		system_state.console = MANIFEST_NONE;
	}
}

/* A server's and its standby's: either may run at any time, and nobody waits for a plan that has it. */
static void add_worker(const struct server *server, uint32_t index, struct worker *worker, const char *mark)
{
	const struct sk_task task = {
		.kind = SK_TASK_KIND_THREAD,
		.core = worker->core,
		.priority = server->config->priority,
		.windows = tasks_windows_of_server(worker->core, server->index),
		.client = (uint8_t)server->index,
		.flags = server->index == system_state.sched ? SK_TASK_FLAGS_SYSTEM : 0,
		.budget_ns = server->config->budget_us * NS_PER_US,
		.period_ns = server->config->period_us * NS_PER_US,
	};
	char name[SK_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%.20s%s%" PRIu32, server->config->name, mark, index);
	worker->task = tasks_add(worker->thread, &task, name);
}

static void add_tasks(void)
{
	const struct sk_task own = {
		.kind = SK_TASK_KIND_THREAD,
		.priority = OWN_PRIORITY,
		.client = SCHED_NO_CLIENT,
		.flags = SK_TASK_FLAGS_SYSTEM,
	};

	(void)tasks_add(SK_BOOT_SLOT_THREAD, &own, "supervisor");
	(void)tasks_add(caller_thread, &own, "supervisor/errands");
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		struct server *server = &system_state.servers[i];

		for (uint32_t j = 0; server->unusable == NULL && j < server->config->core_count; j++) {
			add_worker(server, j, &server->workers[j], "/");
			if (server->standby.state != SK_STANDBY_STATE_NONE) {
				add_worker(server, j, &server->standby.workers[j], "+");
			}
		}
	}
}

/*
 * The first plan of a core: the supervisor, and whoever makes the next plan. Without a
 * scheduler: everybody whose threads are on this core, as urgent as the manifest lists them.
 */
static void commit_first_plan(uint32_t core)
{
	struct core_plan_slot slots[SK_PLAN_SLOTS] = { 0 };
	uint32_t count = 0;
	uint32_t only = system_state.sched;

	if (core == 0) {
		slots[count++].task = SK_BOOT_SLOT_THREAD;
		slots[count++].task = caller_thread;
	}
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		const struct server *server = &system_state.servers[i];

		if (server->unusable != NULL || (only != MANIFEST_NONE && only != i)) {
			continue;
		}
		for (uint32_t j = 0; j < server->config->core_count && count < SK_PLAN_SLOTS; j++) {
			if (server->workers[j].core == core) {
				slots[count++].task = server->workers[j].thread;
			}
		}
	}

	sk_status_t status = core_commit_plan(system_state.cores[core], count, 0, slots);

	if (status != SK_OK) {
		printf("core %" PRIu32 " has no plan (%d)\n", core, (int)status);
	}
}

static void set_scheduler(uint32_t core)
{
	sk_cap_t endpoint;
	sk_status_t status = object_badge(system_state.servers[system_state.sched].endpoint, SK_RIGHT_CALL,
					  SK_BADGE(PLAN_INTERFACE, core), &endpoint);

	if (status == SK_OK) {
		status = core_set_scheduler(system_state.cores[core], endpoint);
		object_drop(endpoint);
	}
	if (status != SK_OK) {
		printf("core %" PRIu32 " has no scheduler (%d)\n", core, (int)status);
	}
}

static void build_vms(void)
{
	for (uint32_t i = 0; i < system_state.manifest.vm_count; i++) {
		struct vm *vm = &system_state.vms[i];

		vm->index = i;
		vm->config = &system_state.manifest.vms[i];
		vm->state = SK_VM_STATE_STOPPED;

		const char *error = vm_build(vm);

		if (error != NULL) {
			vm_is_failed(vm, error);
			vm->control = SK_CAP_NONE;
		}
	}
}

static void start_vms(void)
{
	for (uint32_t i = 0; i < system_state.manifest.vm_count; i++) {
		struct vm *vm = &system_state.vms[i];

		if (vm->config->autostart && vm->control != SK_CAP_NONE && vm_order(vm, VM_START, 0) != SK_OK) {
			vm_is_failed(vm, "it could not be started");
		}
	}
}

static void make_everything(void)
{
	slots_init(SK_BOOT_SLOT_DEVICES + SK_BOOT_DEVICES);
	ram_init();
	object_init();
	need(ram_adopt(SK_BOOT_SLOT_RAM), "no memory");
	read_manifest();
	claim_cores();
	need(errand_init(&caller_thread), "the caller thread could not be made");
	build_servers();
	need(control_attach(), "the console's streams could not be made");
	wiring_connect();
	if (system_state.sched != MANIFEST_NONE && tasks_init() != SK_OK) {
		printf("the scheduler could not be given its tables\n");
		system_state.sched = MANIFEST_NONE;
	}
	add_tasks();
	build_vms();
}

void boot_system(void)
{
	control_begin();
	make_everything();
	for (uint32_t core = 0; core < system_state.core_count; core++) {
		commit_first_plan(core);
	}
	if (system_state.sched != MANIFEST_NONE) {
		lifecycle_start(&system_state.servers[system_state.sched]);
		for (uint32_t core = 0; core < system_state.core_count; core++) {
			set_scheduler(core);
		}
	}
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		if (i != system_state.sched) {
			lifecycle_start(&system_state.servers[i]);
		}
	}
	start_vms();
	control_say("boot");
}
