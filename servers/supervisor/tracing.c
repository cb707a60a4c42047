#include "tracing.h"

#include <stdio.h>
#include <string.h>

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor_server.h>
#include <sk/trace.h>

#include "grant.h"
#include "object.h"

static sk_cap_t rings[SK_MAX_CORES]; /* memory; SK_CAP_NONE: the core has none */
static const struct sk_trace_record *views[SK_MAX_CORES]; /* where this process sees them */
static bool tracing;

static sk_status_t grant(uint32_t core)
{
	const struct manifest *manifest = &system_state.manifest;
	const struct grant_memory memory = {
		.memory = rings[core],
		.bytes = SK_TRACE_BYTES,
		.access = SK_MAP_FLAGS_READ,
		.flags = SK_REGION_SHARED,
	};
	char name[SK_NAME_BYTES];
	sk_status_t status = SK_OK;

	(void)snprintf(name, sizeof(name), "trace%u", (unsigned)core);
	for (uint32_t i = 0; status == SK_OK && i < manifest->server_count; i++) {
		if (manifest->servers[i].operator && system_state.servers[i].unusable == NULL) {
			status = grant_region(&system_state.servers[i], name, &memory);
		}
	}
	return status;
}

sk_status_t tracing_connect(void)
{
	sk_status_t status = SK_OK;

	memset(rings, 0, sizeof(rings));
	tracing = false;
	for (uint32_t core = 0; system_state.manifest.trace && status == SK_OK && core < system_state.core_count; core++) {
		struct ram_range range;

		status = ram_take(SK_TRACE_BYTES, SK_TRACE_BYTES, &range);
		if (status == SK_OK) {
			rings[core] = range.memory;
			views[core] = object_view(range.memory, SK_TRACE_BYTES);
			status = views[core] != NULL ? grant(core) : SK_NO_MEMORY;
		}
	}
	return status;
}

static sk_status_t set(uint32_t core, bool on)
{
	sk_status_t status = core_trace(system_state.cores[core], SK_CAP_NONE);

	if (status == SK_OK && on) {
		status = memory_clear(rings[core], 0, SK_TRACE_BYTES);
	}
	return status == SK_OK && on ? core_trace(system_state.cores[core], rings[core]) : status;
}

sk_status_t operator_serve_trace(const struct sk_caller *caller, bool on)
{
	sk_status_t status = SK_OK;

	(void)caller;
	if (rings[0] == SK_CAP_NONE) {
		return OPERATOR_ERROR_REFUSED;
	}
	for (uint32_t core = 0; status == SK_OK && core < SK_MAX_CORES && rings[core] != SK_CAP_NONE; core++) {
		status = set(core, on);
	}
	tracing = on && status == SK_OK;
	return status == SK_OK ? SK_OK : OPERATOR_ERROR_FAILED;
}

uint32_t tracing_last(uint32_t core, struct sk_trace_record *to, uint32_t max)
{
	uint32_t newest = tracing ? sk_trace_newest(views[core]) : SK_TRACE_RECORDS;
	uint32_t count = 0;

	for (; newest != SK_TRACE_RECORDS && count < max && count < SK_TRACE_RECORDS; count++) {
		if (views[core][(newest - count) % SK_TRACE_RECORDS].time == 0) {
			break;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		to[i] = views[core][(newest - (count - 1 - i)) % SK_TRACE_RECORDS];
	}
	return count;
}

static bool is(sk_cap_t slot, uint32_t object)
{
	enum sk_object_type type;
	sk_rights_t rights;
	uint32_t badge;
	uint32_t number = 0;
	uint32_t generation;

	return slot != SK_CAP_NONE &&
	       space_cap_info(SK_BOOT_SLOT_SPACE, slot, &type, &rights, &badge, &number, &generation) == SK_OK &&
	       number == object;
}

static sk_status_t say(struct sk_traced *who, const char *name, enum sk_traced_kind kind, uint32_t index)
{
	memset(who, 0, sizeof(*who));
	(void)strncpy((char *)who->name, name, sizeof(who->name) - 1);
	who->kind = (uint32_t)kind;
	who->index = index;
	return SK_OK;
}

sk_status_t operator_serve_traced(const struct sk_caller *caller, uint32_t object, struct sk_traced *who)
{
	const struct manifest *manifest = &system_state.manifest;

	(void)caller;
	if (is(SK_BOOT_SLOT_THREAD, object)) {
		return say(who, "supervisor", SK_TRACED_KIND_SERVER, 0);
	}
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		for (uint32_t j = 0; j < manifest->servers[i].core_count; j++) {
			if (is(system_state.servers[i].workers[j].thread, object)) {
				return say(who, manifest->servers[i].name, SK_TRACED_KIND_SERVER, j);
			}
		}
	}
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].vcpus; j++) {
			if (is(system_state.vms[i].vcpus[j].vcpu, object)) {
				return say(who, manifest->vms[i].name, SK_TRACED_KIND_VCPU, j);
			}
		}
	}
	return OPERATOR_ERROR_NO_MORE;
}
