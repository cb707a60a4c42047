#include "machine.h"

#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>

#include "pool.h"
#include "tap.h"

#define ALL (SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE | SK_MAP_FLAGS_EXECUTE)

static void make_vcpu(struct machine *machine, uint32_t index)
{
	sk_cap_t page = pool_seen(1, &machine->state[index]);

	machine->vcpu[index] = pool_ram(1);
	tap_need(memory_create_vcpu(machine->vcpu[index], machine->vm, pool.core_number, page, index,
				    machine->vcpu[index]),
		 "a vCPU");
}

void machine_make(struct machine *machine)
{
	uint8_t *code;
	sk_cap_t endpoint = pool_endpoint();

	memset(machine, 0, sizeof(*machine));
	machine->vm = pool_vm(12);
	machine->memory = pool_seen(2, &code);
	machine->data = (uint64_t *)(void *)(code + 4096);
	memcpy(code, code_guest, (size_t)(code_guest_end - code_guest));
	tap_need(memory_sync(machine->memory, 0, 8192), "the guest's code");
	tap_need(space_map(machine->vm, machine->memory, MACHINE_CODE, 0, 8192, ALL), "the guest's memory");
	make_vcpu(machine, 0);
	machine->server = agent_make(pool.core_number, agent_answer);
	machine->server->answer = (struct sk_msg){ .tag = SK_OK, .w = { SK_EXIT_ACTION_STOP } };
	tap_need(thread_bind_endpoint(machine->server->thread, endpoint), "who answers exits");
	machine->endpoint = pool_copy(endpoint, SK_RIGHT_CALL | SK_RIGHT_CONTROL | SK_RIGHT_WAIT | SK_RIGHT_GRANT,
				     MACHINE_BADGE);
	agent_start(machine->server);
}

void machine_second(struct machine *machine)
{
	make_vcpu(machine, 1);
}

void machine_ready(struct machine *machine, const uint8_t *entry)
{
	const sk_cap_t tasks[] = { machine->server->thread, machine->vcpu[0] };

	tap_need(vcpu_set_entry(machine->vcpu[0], machine_address(entry)), "the guest's entry");
	tap_need(vcpu_route(machine->vcpu[0], 0, machine->endpoint), "the guest's exits");
	tap_need(vcpu_setup(machine->vcpu[0], 0), "the vCPU's set-up");
	tap_need(vcpu_bind(machine->vcpu[0], pool.core_number), "the vCPU's core");
	agent_plan_slots(2, tasks);
}

uint32_t machine_state(const struct machine *machine, uint32_t index)
{
	enum vcpu_state state;
	uint32_t core;
	uint64_t words[3];
	sk_status_t status = vcpu_info(machine->vcpu[index], &state, &core, &words[0], &words[1], &words[2]);

	return status == SK_OK ? (uint32_t)state : UINT32_MAX;
}

struct wanted {
	const struct machine *machine;
	uint32_t state;
};

static bool has_state(const void *context)
{
	const struct wanted *wanted = context;

	return machine_state(wanted->machine, 0) == wanted->state;
}

bool machine_becomes(const struct machine *machine, uint32_t state)
{
	const struct wanted wanted = { machine, state };

	return agent_until(has_state, &wanted);
}

bool machine_step(struct machine *machine)
{
	uint32_t seen = __atomic_load_n(&machine->server->seen_count, __ATOMIC_ACQUIRE);

	return vcpu_run(machine->vcpu[0]) == SK_OK && agent_saw(machine->server, seen + 1) &&
	       machine_becomes(machine, VCPU_STATE_READY);
}

const struct agent_message *machine_exit(const struct machine *machine)
{
	uint32_t count = machine->server->seen_count;

	return &machine->server->seen[count == 0 ? 0 : count > AGENT_SEEN ? AGENT_SEEN - 1u : count - 1u];
}
