#include "tasks.h"

#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>

#include "../sched/contract.h"
#include "grant.h"
#include "object.h"

#define NS_PER_US 1000ull

/* To be put into a plan, and looked at; a vCPU also to be kicked when its timer is due. */
static sk_rights_t task_rights(uint32_t kind)
{
	return kind == SK_TASK_KIND_VCPU ? SK_RIGHT_READ | SK_RIGHT_WRITE : SK_RIGHT_READ;
}

static struct sk_task_table *table; /* NULL: there is no scheduler */
static const struct sk_timer_table *timers;

static struct server *scheduler(void)
{
	return &system_state.servers[system_state.sched];
}

static sk_status_t share(const char *name, uint64_t bytes, sk_map_flags_t access, void **view)
{
	struct ram_range range;
	sk_status_t status = ram_take(bytes, SK_PAGE_BYTES, &range);

	if (status != SK_OK) {
		return status;
	}

	struct grant_memory memory = {
		.memory = range.memory,
		.bytes = range.bytes,
		.access = access,
		.flags = SK_REGION_SHARED | SK_REGION_PERSISTENT,
	};

	status = memory_clear(range.memory, 0, range.bytes);
	if (status == SK_OK) {
		status = grant_region(scheduler(), name, &memory);
	}
	if (status == SK_OK) {
		*view = object_view(range.memory, range.bytes);
		status = *view == NULL ? SK_NO_MEMORY : SK_OK;
	}
	return status;
}

static void set_policies(void)
{
	static const enum sk_core_policy policies[] = {
		[MANIFEST_FIXED_PRIORITY] = SK_CORE_POLICY_FIXED_PRIORITY,
		[MANIFEST_ROUND_ROBIN] = SK_CORE_POLICY_ROUND_ROBIN,
		[MANIFEST_EDF] = SK_CORE_POLICY_EDF,
		[MANIFEST_TIME_PARTITION] = SK_CORE_POLICY_TIME_PARTITION,
	};

	for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
		const struct manifest_scheduling *from = &system_state.manifest.scheduling[core];

		table->cores[core].policy = policies[from->policy];
		table->cores[core].slice_ns = from->slice_us * NS_PER_US;
		table->cores[core].frame_ns = (uint32_t)(from->frame_us * NS_PER_US);
		for (uint32_t i = 0; i < from->window_count; i++) {
			table->cores[core].windows[i].start_ns = (uint32_t)(from->windows[i].start_us * NS_PER_US);
			table->cores[core].windows[i].length_ns = (uint32_t)(from->windows[i].length_us * NS_PER_US);
		}
	}
}

uint16_t tasks_windows_of_server(uint32_t core, uint32_t server)
{
	const struct manifest_scheduling *from = &system_state.manifest.scheduling[core];
	uint32_t windows = 0;

	for (uint32_t i = 0; i < from->window_count; i++) {
		windows |= (uint32_t)(from->windows[i].servers >> server & 1u) << i;
	}
	return (uint16_t)windows;
}

uint16_t tasks_windows_of_vm(uint32_t core, uint32_t vm)
{
	const struct manifest_scheduling *from = &system_state.manifest.scheduling[core];
	uint32_t windows = 0;

	for (uint32_t i = 0; i < from->window_count; i++) {
		windows |= (from->windows[i].vms >> vm & 1u) << i;
	}
	return (uint16_t)windows;
}

sk_status_t tasks_init(void)
{
	void *view = NULL;
	void *times = NULL;
	sk_status_t status = share("tasks", sizeof(struct sk_task_table), SK_MAP_FLAGS_READ, &view);

	if (status == SK_OK) {
		status = share("timers", sizeof(struct sk_timer_table), SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE, &times);
	}
	for (uint32_t core = 0; status == SK_OK && core < system_state.core_count; core++) {
		status = grant_cap_at(scheduler(), SCHED_CORE_SLOT + core, system_state.cores[core],
				      SK_RIGHT_READ | SK_RIGHT_WRITE, 0);
	}
	for (uint32_t i = 0; status == SK_OK && i < system_state.manifest.server_count; i++) {
		if (system_state.servers[i].unusable == NULL) {
			status = grant_cap_at(scheduler(), SCHED_CLIENT_SLOT + i,
					      system_state.servers[i].notifications[0], SK_RIGHT_CALL, SK_SIGNAL_TIMER);
		}
	}
	if (status == SK_OK) {
		status = grant_cap_at(scheduler(), SCHED_CLIENT_SLOT + SCHED_CLIENT_SUPERVISOR,
				      SK_BOOT_SLOT_NOTIFICATION, SK_RIGHT_CALL, SK_SIGNAL_TIMER | SCHED_SIGNAL_REFUSED);
	}
	if (status == SK_OK) {
		table = view;
		timers = times;
		set_policies();
	}
	return status;
}

uint32_t tasks_add(sk_cap_t object, const struct sk_task *task, const char *name)
{
	uint32_t id = 0;

	if (table == NULL) {
		return SCHED_TASKS;
	}
	while (id < SCHED_TASKS && table->tasks[id].kind != SK_TASK_KIND_NONE) {
		id++;
	}
	if (id == SCHED_TASKS ||
	    grant_cap_at(scheduler(), SCHED_TASK_SLOT + id, object, task_rights(task->kind), 0) != SK_OK) {
		return SCHED_TASKS;
	}

	struct sk_task *added = &table->tasks[id];

	added->core = task->core;
	added->priority = task->priority;
	added->windows = task->windows;
	added->client = task->client;
	added->flags = task->flags;
	added->budget_ns = task->budget_ns;
	added->period_ns = task->period_ns;
	memset(added->name, 0, sizeof(added->name));
	strncpy((char *)added->name, name, sizeof(added->name) - 1);
	__atomic_store_n(&added->kind, task->kind, __ATOMIC_RELEASE);
	if (table->task_end <= id) {
		__atomic_store_n(&table->task_end, id + 1, __ATOMIC_RELEASE);
	}
	return id;
}

void tasks_remove(uint32_t id)
{
	if (table != NULL && id < SCHED_TASKS) {
		uint32_t core = table->tasks[id].core;

		__atomic_store_n(&table->tasks[id].kind, SK_TASK_KIND_NONE, __ATOMIC_RELEASE);
		grant_take(scheduler(), SCHED_TASK_SLOT + id);
		tasks_changed(core);
	}
}

/* The scheduler's worker on this core. Without one the core's plan stays as it is. */
static void signal_worker(uint32_t core, uint64_t bits)
{
	for (uint32_t i = 0; i < scheduler()->config->core_count; i++) {
		if (scheduler()->workers[i].core == core) {
			(void)sk_signal(scheduler()->notifications[i], bits);
		}
	}
}

void tasks_changed(uint32_t core)
{
	if (table != NULL) {
		signal_worker(core, SCHED_CONTROL_EVENT_TASKS_CHANGED);
	}
}

void tasks_set_deadline(uint64_t at_ns)
{
	if (table != NULL && table->deadline_ns != at_ns) {
		__atomic_store_n(&table->deadline_ns, at_ns, __ATOMIC_RELEASE);
		signal_worker(0, SCHED_CONTROL_EVENT_DEADLINE_CHANGED);
	}
}

void tasks_deadline_over(void)
{
	if (table != NULL) {
		__atomic_store_n(&table->deadline_ns, 0, __ATOMIC_RELEASE);
	}
}

const struct sk_task_table *tasks_table(void)
{
	return table;
}

const struct sk_timer_table *tasks_timers(void)
{
	return timers;
}
