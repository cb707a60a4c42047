#include "usage.h"

#include <sk/idl/supervisor_client.h>

#include "names.h"

uint32_t usage_servers(struct usage usage[USAGE_SERVERS])
{
	struct sk_server_info server;
	uint32_t count = 0;

	while (count < USAGE_SERVERS && operator_server(names_supervisor(), count, &server) == SK_OK) {
		usage[count++] = (struct usage){ server.time_ns, server.calls_served };
	}
	return count;
}

uint32_t usage_vcpus(struct usage usage[USAGE_VCPUS])
{
	struct sk_vcpu_detail vcpu;
	struct sk_vm_info vm;
	uint32_t count = 0;

	for (uint32_t i = 0; operator_vm(names_supervisor(), i, &vm) == SK_OK; i++) {
		for (uint32_t j = 0; j < vm.vcpus && count < USAGE_VCPUS; j++) {
			bool there = operator_vcpu(names_supervisor(), i, j, &vcpu) == SK_OK;

			usage[count++] = there ? (struct usage){ vcpu.time_ns, vcpu.exits } : (struct usage){ 0, 0 };
		}
	}
	return count;
}

uint64_t usage_since(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}
