/*
 * A device that lets the guest program bench see below it and cause faults at an exact instruction: the kernel's
 * counters, the machine's own time, servers that die. The guest's accesses are its only clock, so a run repeats
 * exactly.
 */
#include <string.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

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
	uint32_t servers[NAMES]; /* what the arguments name */
	uint32_t server_count;
	bool redelivered; /* the access in service was with an earlier instance already */
} probe;

static uint64_t counter(uint32_t index)
{
	uint64_t counts[COUNTERS] = { 0 };

	(void)operator_core_counters(probe.supervisor, 0, counts);
	return counts[index];
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
	}
	return SK_OK;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	uint32_t offset = (uint32_t)address & (PROBE_BYTES - 1u);

	(void)caller;
	(void)info;
	if (offset == PROBE_KILL && value < probe.server_count) {
		(void)operator_server_kill(probe.supervisor, probe.servers[value]);
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
		return sk_server_refuse(msg);
	}
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

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

int main(void)
{
	probe.supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	for (const char *name = sk_argument_next(NULL); name != NULL && probe.server_count < NAMES;
	     name = sk_argument_next(name)) {
		probe.servers[probe.server_count++] = find_server(name);
	}
	sk_server_run();
}
