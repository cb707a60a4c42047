/*
 * Random programs. See scenario.h.
 */
#include "scenario.h"
#include <stdlib.h>
#include <string.h>

#define SERVERS 6u
#define AGENTS 14u
#define NOTIFICATIONS 3u
#define VCPUS 3u

/* Slots of every agent: endpoints from 1, then notifications, lines, memory; from WINDOW what others give it. */
#define SLOT_NOTIFICATIONS (SERVERS + 1u)
#define SLOT_LINES (SLOT_NOTIFICATIONS + NOTIFICATIONS)
#define SLOT_MEMORY (SLOT_LINES + 2u)
#define SLOTS (SLOT_MEMORY + 1u)
#define WINDOW 400u

static _Thread_local uint64_t seed;
static uint64_t (*source)(void);
static _Thread_local bool in_between;  /* in the middle of a call of the supervisor's */

static struct actor agents[AGENTS];
static uint32_t owner_of[AGENTS];      /* server whose endpoint it serves; SERVERS: none */
static bool exists[AGENTS];
static uint32_t endpoints[SERVERS], controls[SERVERS], notifications[NOTIFICATIONS], virqs[2], interrupt;
static uint32_t vm, vcpus[VCPUS], spare_space, spare_memory;
static bool vcpu_exists[VCPUS];

void scenario_seed(uint64_t value)
{
	seed = value != 0 ? value : 1;
}

uint64_t scenario_seed_given(uint64_t otherwise)
{
	const char *given = getenv("SKINK_SEED");
	return given != NULL ? strtoull(given, NULL, 0) : otherwise;
}

uint32_t scenario_steps_given(uint32_t otherwise)
{
	const char *given = getenv("SKINK_STEPS");
	return given != NULL ? (uint32_t)strtoul(given, NULL, 0) : otherwise;
}

void scenario_source(uint64_t (*next)(void))
{
	source = next;
}

static uint64_t next_random(void)
{
	if (source != NULL) {
		return source();
	}
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static uint32_t below(uint32_t limit)
{
	return (uint32_t)(next_random() >> 32) % limit;
}

uint32_t scenario_below(uint32_t limit)
{
	return below(limit);
}

static bool chance(uint32_t percent)
{
	return below(100) < percent;
}

static void equip(uint32_t index)
{
	struct actor *agent = &agents[index];
	for (uint32_t i = 0; i < SERVERS; i++) {
		K_OK(agent->space, SPACE_TAG_CAP_GRANT, endpoints[i], 1 + i, SK_RIGHT_CALL | SK_RIGHT_GRANT, i + 1u);
	}
	for (uint32_t i = 0; i < NOTIFICATIONS; i++) {
		K_OK(agent->space, SPACE_TAG_CAP_GRANT, notifications[i], SLOT_NOTIFICATIONS + i, SK_RIGHTS_ALL, 0);
	}
	for (uint32_t i = 0; i < 2; i++) {
		K_OK(agent->space, SPACE_TAG_CAP_GRANT, virqs[i], SLOT_LINES + i, SK_RIGHT_CALL, 0);
	}
	K_OK(agent->space, SPACE_TAG_CAP_GRANT, spare_memory, SLOT_MEMORY, SK_RIGHTS_ALL, 0);
}

static void bind(uint32_t index)
{
	if (owner_of[index] < SERVERS) {
		(void)K(agents[index].thread, THREAD_TAG_BIND_ENDPOINT, endpoints[owner_of[index]]);
	}
	(void)K(agents[index].thread, THREAD_TAG_BIND_NOTIFICATION, notifications[below(NOTIFICATIONS)]);
	(void)K(agents[index].thread, THREAD_TAG_SET_RECEIVE_WINDOW, WINDOW, 8);
	if (index != 0 && chance(70)) {
		(void)K(agents[index].thread, THREAD_TAG_SET_FAULT_ENDPOINT, endpoints[0]);
	}
}

void scenario_populate(void)
{
	world_boot(SCENARIO_CORES);
	for (uint32_t i = 0; i < SERVERS; i++) {
		endpoints[i] = world_endpoint();
		controls[i] = world_copy(endpoints[i], SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	}
	for (uint32_t i = 0; i < NOTIFICATIONS; i++) {
		notifications[i] = world_notification();
	}
	vm = world_vm(16);
	spare_space = world_space(SK_SPACE_KIND_PROCESS, 3);
	spare_memory = world_memory(40);
	interrupt = world_slot();
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 40, 0, interrupt);
	for (uint32_t i = 0; i < 2; i++) {
		virqs[i] = world_slot();
		K_OK(vm, SPACE_TAG_CREATE_VIRQ, 33 + i, virqs[i]);
		world_lines(vm)[sk_line_index(0, 33 + i)].config = SK_LINE_ENABLED | (i != 0 ? SK_LINE_LEVEL : 0) |
								   i << SK_LINE_VCPU_SHIFT;
	}
	for (uint32_t i = 0; i < AGENTS; i++) {
		/* Servers 0 and 1 have workers on every core, in one process. */
		owner_of[i] = i < SERVERS ? i : i < SERVERS + 4u ? (i - SERVERS) / 2u : SERVERS;
		uint32_t core = i < SERVERS ? 1 + i % 3u : i < SERVERS + 4u ? 1 + (owner_of[i] + 1u + i % 2u) % 3u : 1 + i % 3u;
		if (i >= SERVERS && owner_of[i] < SERVERS) {
			actor_sibling(&agents[i], &agents[owner_of[i]], core);
		} else {
			actor_make(&agents[i], core);
			equip(i);
		}
		exists[i] = true;
		bind(i);
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		vcpus[i] = world_vcpu(vm, 1 + i);
		vcpu_exists[i] = true;
		for (uint32_t reason = 0; reason < 24; reason += 1u + below(6)) {
			K_OK(vcpus[i], VCPU_TAG_ROUTE, reason, endpoints[below(SERVERS)]);
		}
		world_vcpu_prepare(vcpus[i]);
	}
	for (uint64_t i = 0; i < SERVERS; i++) {
		K_OK(vm, SPACE_TAG_ROUTE_RANGE, 0x1000 * i, 0x1000, endpoints[i]);
	}
}

/* What a program on a core does. */

static uint64_t random_tag(void)
{
	uint64_t tag = SK_TAG_METHOD(0x42, below(8));
	tag |= chance(50) ? SK_TAG_IDEMPOTENT : 0;
	tag |= chance(10) ? SK_TAG_REDELIVERED : 0;
	tag |= chance(15) ? SK_TAG_BYTES(below(4096)) : 0;
	tag |= chance(15) ? SK_TAG_CAPS(below(4)) : 0;
	return tag;
}

static uint64_t random_token(const struct thread *thread)
{
	const struct context *context = &thread->context;
	if (context->caller != NULL && chance(80)) {
		return context->caller->token;
	}
	if (context->deferred != NULL && chance(60)) {
		return context->deferred->token;
	}
	static const uint64_t forged[] = { 0, 0, 1, UINT64_MAX, PLAN_TOKEN, 0x10001 };
	if (chance(50)) {
		return thread->registers.x[8];
	}
	return chance(20) ? agents[below(AGENTS)].c->token : forged[below(6)];
}

static void thread_step(uint32_t core, struct thread *thread)
{
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t slot = below(SLOTS + 2u);
		memcpy(thread->buffer + SK_PAGE_BYTES - 64u + 8u * i, &slot, sizeof slot);
	}
	/* A call of the kernel itself would wait for the lock, which the supervisor has while it waits for others. */
	uint64_t x[8] = { below(in_between ? SERVERS + 1u : SLOTS), random_tag(), below(64), next_random(), 4, 5, 6, 7 };
	uint32_t what = below(100);
	bool server = thread->context.endpoint != NULL;
	if (what < 3) {
		mock_fault(core, THREAD_FAULT_REASON_MEMORY, x[3]);
		return;
	}
	if (what < 6) {
		(void)mock_use_fp(core, below(MOCK_FP_WORDS), x[3]);
		return;
	}
	uint64_t number = SK_SYS_CALL;
	if (server && what < 50) {
		/* Likewise a reply to what another core's worker may have taken. */
		number = what < 42 || in_between ? SK_SYS_REPLY_WAIT : SK_SYS_REPLY;
		x[0] = random_token(thread);
		x[1] = chance(80) ? 0 : random_tag();
		x[2] = chance(70) ? 0 : below(64);
	} else if (what < 60) {
		number = SK_SYS_SIGNAL;
		x[0] = SLOT_NOTIFICATIONS + below(NOTIFICATIONS + 2u);
		x[1] = 1ull << below(64);
	} else if (what < 66) {
		number = SK_SYS_WAIT;
		x[0] = chance(50) ? 0 : SLOT_NOTIFICATIONS + below(NOTIFICATIONS);
	} else if (what < 70) {
		number = SK_SYS_POLL;
		x[0] = SLOT_NOTIFICATIONS + below(NOTIFICATIONS);
	} else if (what < 71) {
		number = below(20);
	}
	mock_syscall(core, number, x);
}

static void vcpu_step(uint32_t core, struct vcpu *vcpu)
{
	uint32_t what = below(100);
	if (what < 30) {
		mock_mmio(core, below(SERVERS * 0x1000u + 0x1000u), chance(50), 1u << below(4), below(32));
	} else if (what < 60) {
		mock_exit(core, 3u + below(21), (const uint64_t[6]){ below(64), below(31), next_random() });
	} else if (what < 70) {
		mock_exit(core, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	} else if (what < 90) {
		int32_t line = mock_guest_take(core);
		if (line >= 0 && chance(80)) {
			mock_guest_end(core, (uint32_t)line);
		}
	} else if (what < 95) {
		(void)mock_use_fp(core, below(MOCK_FP_WORDS), what);
	} else if (what < 97) {
		mock_guest_timer(core);
	} else {
		vcpu->context.frame->pstate ^= chance(20) ? MOCK_PSTATE_ILLEGAL : 1u;
	}
}

void scenario_program(uint32_t core)
{
	struct core *c = core_at(core);
	if (c->arch.idle || c->current == NULL) {
		(void)mock_interrupt(core);
	} else if (c->current->kind == CONTEXT_THREAD) {
		thread_step(core, thread_of(c->current));
	} else {
		vcpu_step(core, vcpu_of(c->current));
	}
}

/* Other cores run on while the supervisor's call waits for them. */
static void meanwhile(void)
{
	if (chance(30)) {
		mock.meanwhile = NULL;
		in_between = true;
		scenario_program(1 + below(SCENARIO_CORES - 1u));
		in_between = false;
		mock.meanwhile = meanwhile;
	}
}

/* What the supervisor does. */

static void call(uint32_t slot, uint64_t tag, uint64_t w0, uint64_t w1)
{
	mock.meanwhile = !mock.threaded && chance(50) ? meanwhile : NULL;
	mock.polls_to_interrupt = chance(20) ? 1 : 0;
	(void)K(slot, tag, w0, w1);
	mock.meanwhile = NULL;
	mock.polls_to_interrupt = 0;
}

static void destroy_agent(uint32_t index)
{
	struct thread *thread = agents[index].t;
	call(agents[index].thread, THREAD_TAG_DESTROY, 0, 0);
	if (world_object(agents[index].thread)->type == OBJECT_MEMORY) {
		exists[index] = false;
		memset(thread, 0xa5, SK_PAGE_BYTES);
	}
}

static void agent_step(void)
{
	uint32_t i = below(AGENTS);
	struct actor *agent = &agents[i];
	uint32_t what = below(100);
	if (!exists[i]) {
		K_OK(agent->thread, MEMORY_TAG_CREATE_THREAD, agent->space, agent->core, agent->buffer, agent->thread);
		exists[i] = true;
		bind(i);
	}
	if (what < 45) {
		(void)K(agent->thread, THREAD_TAG_CONFIGURE, 0x400000, 0, 0, 0);
		call(agent->thread, THREAD_TAG_START, 0, 0);
	} else if (what < 60) {
		call(agent->thread, THREAD_TAG_STOP, 0, 0);
	} else if (what < 70) {
		destroy_agent(i);
	} else if (what < 75) {
		call(agent->thread, THREAD_TAG_READ_REGISTERS, 0, 0);
	} else if (what < 80) {
		call(agent->thread, THREAD_TAG_WRITE_REGISTERS | SK_TAG_BYTES(34u * 8u), 0, 0);
	} else if (what < 85) {
		call(agent->thread, THREAD_TAG_SET_CALL_BUDGET, chance(50) ? 0 : 6000000u, 0);
	} else {
		for (uint32_t slot = WINDOW; slot < WINDOW + 8u; slot++) {
			(void)K(agent->space, SPACE_TAG_CAP_DELETE, slot);
		}
	}
}

static void endpoint_step(void)
{
	uint32_t i = below(SERVERS);
	uint32_t what = below(100);
	if (what < 50) {
		call(controls[i], ENDPOINT_TAG_RETIRE, 0, 0);
	} else if (what < 80) {
		call(controls[i], ENDPOINT_TAG_ABANDON, 0, 0);
	} else if (i != 0) {
		/* Its servers first, then itself; and a new one in its place. */
		for (uint32_t j = 0; j < AGENTS; j++) {
			if (exists[j] && owner_of[j] == i) {
				destroy_agent(j);
			}
		}
		void *body = world_body(controls[i]);
		call(controls[i], ENDPOINT_TAG_DESTROY, 0, 0);
		if (world_object(controls[i])->type != OBJECT_MEMORY) {
			return;
		}
		memset(body, 0xa5, SK_PAGE_BYTES);
		K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_DELETE, endpoints[i]);
		K_OK(controls[i], MEMORY_TAG_CREATE_ENDPOINT, endpoints[i]);
		K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_CAP_GRANT, endpoints[i], controls[i], SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
		for (uint32_t j = 0; j < AGENTS; j++) {
			(void)K(agents[j].space, SPACE_TAG_CAP_GRANT, endpoints[i], 1 + i, SK_RIGHT_CALL | SK_RIGHT_GRANT, i + 1u);
		}
	}
}

static void vcpu_manage(void)
{
	uint32_t i = below(VCPUS);
	if (!vcpu_exists[i]) {
		if (i != 0 && !vcpu_exists[i - 1u]) {
			return; /* in order */
		}
		uint32_t state = world_slot();
		uint32_t taken = world.ram;
		if (state > 480) {
			return;
		}
		world.ram = state;
		K_OK(taken, MEMORY_TAG_SPLIT, SK_PAGE_BYTES, state);
		K_OK(vcpus[i], MEMORY_TAG_CREATE_VCPU, vm, 1 + below(3), taken, 0, vcpus[i]);
		K_OK(vcpus[i], VCPU_TAG_ROUTE, 0, endpoints[below(SERVERS)]);
		vcpu_exists[i] = true;
	}
	static const uint64_t tags[] = {
		VCPU_TAG_SETUP, VCPU_TAG_BIND, VCPU_TAG_UNBIND, VCPU_TAG_RUN, VCPU_TAG_RUN, VCPU_TAG_RUN, VCPU_TAG_PAUSE,
		VCPU_TAG_KICK, VCPU_TAG_INJECT, VCPU_TAG_READ_STATE, VCPU_TAG_SET_GPR, VCPU_TAG_ROUTE, VCPU_TAG_DESTROY,
	};
	uint64_t tag = tags[below(sizeof tags / sizeof tags[0])];
	struct vcpu *vcpu = world_vcpu_at(vcpus[i]);
	if (tag == VCPU_TAG_ROUTE) {
		call(vcpus[i], tag, below(32), endpoints[below(SERVERS)]);
	} else {
		call(vcpus[i], tag, tag == VCPU_TAG_SETUP ? 0 : 1 + below(3), 1);
	}
	if (tag == VCPU_TAG_DESTROY && world_object(vcpus[i])->type == OBJECT_MEMORY) {
		vcpu_exists[i] = false;
		memset(vcpu, 0xa5, SK_PAGE_BYTES);
	}
}

void scenario_plan(void)
{
	uint32_t core = 1 + below(SCENARIO_CORES - 1u);
	struct core_plan_slot slots[SK_PLAN_SLOTS] = { 0 };
	uint32_t count = 0;
	uint32_t first = below(AGENTS);
	uint32_t kinds = below(4);
	for (uint32_t i = 0; i < AGENTS + VCPUS; i++) {
		uint32_t at = (first + i) % (AGENTS + VCPUS);
		bool thread = at < AGENTS;
		uint32_t home = thread ? agents[at].core : vcpu_exists[at - AGENTS] ? world_vcpu_at(vcpus[at - AGENTS])->context.core
										    : SCENARIO_CORES;
		if (home == core && (!thread || exists[at]) && chance(85)) {
			slots[count].task = thread ? agents[at].thread : vcpus[at - AGENTS];
			slots[count].budget_ns = kinds == 0 ? 0 : (1u + below(5)) * 1000000ull;
			slots[count++].flags = chance(10) ? CORE_SLOT_FLAGS_HALTS_ALONE : 0;
		}
	}
	mock.meanwhile = !mock.threaded && chance(50) ? meanwhile : NULL;
	(void)world_commit(core, chance(50) ? 0 : arch_ticks_to_ns(mock.now) + below(20000000), count, slots);
	mock.meanwhile = NULL;
	if (chance(20)) {
		call(world.core[core], CORE_TAG_SET_SCHEDULER, endpoints[below(SERVERS)], 0);
	}
	if (chance(20)) {
		call(world.core[core], CORE_TAG_SET_WAKE_TIME, arch_ticks_to_ns(mock.now) + below(20000000), 0);
	}
}

static void memory_step(void)
{
	static const uint64_t places[] = { 0x30000000, 0x301f0000, 0x40000000, 0x7fc0000000 };
	uint64_t address = places[below(4)];
	uint32_t what = below(100);
	uint64_t pages = 1u + below(40);
	if (what < 60) {
		mock.polls_to_interrupt = chance(60) ? 1 : 0;
		(void)K(spare_space, SPACE_TAG_MAP, spare_memory, address, below(4) * 4096u, pages * 4096u, SK_MAP_FLAGS_READ);
		mock.polls_to_interrupt = 0;
	} else if (what < 85) {
		call(spare_space, SPACE_TAG_UNMAP, address, 0);
	} else {
		call(spare_memory, MEMORY_TAG_UNMAP_ALL, 0, 0);
	}
}

void scenario_supervisor(void)
{
	uint32_t what = below(100);
	if (what < 40) {
		agent_step();
	} else if (what < 50) {
		endpoint_step();
	} else if (what < 70) {
		vcpu_manage();
	} else if (what < 85) {
		scenario_plan();
	} else if (what < 92) {
		memory_step();
	} else if (what < 96) {
		struct sk_line *line = &world_lines(vm)[sk_line_index(0, 33 + below(2))];
		line->config = (uint32_t)next_random() & 0x000fff07u;
		call(vm, SPACE_TAG_LINE_UPDATE, 33 + below(2), 0);
		call(virqs[1], VIRQ_TAG_SET_LEVEL, below(2), 0);
	} else {
		(void)K(interrupt, INTERRUPT_TAG_BIND, notifications[below(NOTIFICATIONS)], 1ull << below(64), below(SCENARIO_CORES));
		mock_line_raise(40);
		call(interrupt, INTERRUPT_TAG_ACKNOWLEDGE, 0, 0);
	}
}

void scenario_step(uint32_t units, uint64_t unit_ns)
{
	uint32_t what = below(100);
	if (what < 65) {
		scenario_program(1 + below(SCENARIO_CORES - 1u));
	} else if (what < 85) {
		scenario_supervisor();
	} else if (what < 93) {
		mock_settle();
	} else {
		mock_advance(arch_ns_to_ticks(below(units) * unit_ns));
	}
}
