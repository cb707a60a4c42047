/*
 * A device that lets the guest program bench see below it and cause faults at an exact instruction: the kernel's
 * counters, the machine's own time, servers that die. The guest's accesses are its only clock, so a run repeats
 * exactly.
 */
#include <string.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <sk/idl/console_client.h>
#include <sk/idl/device_server.h>
#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/server.h>

#include "probe.h"

#define NAMES 8u
#define COUNTERS 32u

static struct {
	sk_cap_t supervisor;
	sk_cap_t virq;
	bool redelivered; /* the access in service was with an earlier instance already */
} probe;

static uint64_t counter(uint32_t index)
{
	uint64_t counts[COUNTERS] = { 0 };

	(void)operator_core_counters(probe.supervisor, 0, counts);
	return counts[index];
}

static uint32_t find_server(const char *name)
{
	struct sk_server_info info;

	for (uint32_t i = 0; operator_server(probe.supervisor, i, &info) == SK_OK; i++) {
		if (strncmp((const char *)info.name, name, sizeof(info.name)) == 0) {
			return i;
		}
	}
	return UINT32_MAX;
}

/* What argument `number` names; looked up when it is first asked for, so that a new instance is quick to serve. */
static uint32_t named_server(uint64_t number)
{
	static uint32_t known[NAMES]; /* index + 1 */
	const char *name = sk_argument_next(NULL);

	for (uint64_t i = 0; i < number && name != NULL; i++) {
		name = sk_argument_next(name);
	}
	if (name == NULL || number >= NAMES) {
		return UINT32_MAX;
	}
	if (known[number] == 0) {
		known[number] = find_server(name) + 1u;
	}
	return known[number] - 1u;
}

static uint64_t monitor_printed(void)
{
	static uint32_t known; /* index + 1 */
	sk_cap_t console = sk_cap_named_of_type("console", SK_OBJECT_TYPE_ENDPOINT);
	struct sk_stream_info info = { 0 };
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; known == 0 && status == SK_OK; i++) {
		status = console_stream(console, i, &info);
		known = strcmp((const char *)info.name, "monitor") == 0 ? i + 1 : 0;
	}
	return known != 0 && console_stream(console, known - 1, &info) == SK_OK ? info.printed : 0;
}

static uint64_t all_exits(void)
{
	struct sk_vm_info vm;
	uint64_t exits = 0;

	for (uint32_t i = 0; operator_vm(probe.supervisor, i, &vm) == SK_OK; i++) {
		struct sk_vcpu_detail vcpu;

		for (uint32_t j = 0; j < vm.vcpus && operator_vcpu(probe.supervisor, i, j, &vcpu) == SK_OK; j++) {
			exits += vcpu.exits;
		}
	}
	return exits;
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	uint32_t offset = (uint32_t)address & (PROBE_BYTES - 1u);

	(void)caller;
	(void)info;
	if (offset < PROBE_COUNTERS + COUNTERS * 8u) {
		*value = counter((offset - PROBE_COUNTERS) / 8u);
	} else if (offset == PROBE_NOW) {
		*value = sk_now_ns();
	} else if (offset == PROBE_CRASH) {
		*value = sk_start()->instance;
	} else if (offset == PROBE_MONITOR_PRINTED) {
		*value = monitor_printed();
	} else if (offset == PROBE_EXITS) {
		*value = all_exits();
	} else if (offset == PROBE_FREE) {
		struct sk_memory_info memory = { 0 };

		(void)operator_memory(probe.supervisor, &memory);
		*value = memory.free_bytes;
	}
	return SK_OK;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	uint32_t offset = (uint32_t)address & (PROBE_BYTES - 1u);

	(void)caller;
	(void)info;
	if (offset == PROBE_KILL) {
		(void)operator_server_kill(probe.supervisor, named_server(value));
	} else if (offset == PROBE_TRACE) {
		(void)operator_trace(probe.supervisor, value != 0);
	} else if (offset == PROBE_RAISE) {
		(void)sk_signal(probe.virq, 1);
	} else if (offset == PROBE_CRASH && !probe.redelivered) {
		__builtin_trap();
	}
	return SK_OK;
}

sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		probe.redelivered = (msg->tag & SK_TAG_REDELIVERED) != 0;
		return vm_exit_dispatch(caller, msg);
	case DEVICE_INTERFACE:
		return device_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	probe.virq = sk_cap_named("virq");
	probe.supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	sk_server_run();
}
