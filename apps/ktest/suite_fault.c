/*
 * Faults: what a mapping allows is what a thread can do, everything else becomes a call to its fault endpoint, and the
 * answer decides whether it goes on. The thread that faults is an agent on the spare core, and so is who catches it.
 */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>

#include "agent.h"
#include "code.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"

#define READ SK_MAP_FLAGS_READ
#define WRITE SK_MAP_FLAGS_WRITE
#define EXECUTE SK_MAP_FLAGS_EXECUTE
#define BADGE 0x1234u
#define PC_REGISTER 32u

static struct agent *victim;
static struct agent *catcher;
static sk_cap_t bell; /* bound to the catcher: it then answers the first call that it keeps */

/* Makes the pair; the catcher keeps what it catches until the bell rings. */
static void make_pair(void (*run)(struct agent *agent))
{
	sk_cap_t endpoint = pool_endpoint();

	bell = pool_notification();
	catcher = agent_make(pool.core_number, agent_keep);
	victim = agent_make(pool.core_number, run);
	tap_need(thread_bind_endpoint(catcher->thread, endpoint), "the catcher's endpoint");
	tap_need(thread_bind_notification(catcher->thread, bell), "the catcher's notification");
	tap_need(thread_set_fault_endpoint(victim->thread, pool_copy(endpoint, SK_RIGHT_CALL, BADGE)),
		 "the victim's fault endpoint");
	agent_plan_two(catcher, victim);
	agent_start(catcher);
}

static bool expect(const char *what, uint64_t reason, uint64_t address)
{
	const struct agent_message *seen = &catcher->seen[0];

	if (!tap_ok(agent_saw(catcher, 1), "%s: it is caught", what)) {
		return false;
	}
	tap_is(seen->badge, BADGE, "%s: with the endpoint's badge", what);
	tap_is(seen->msg.tag & SK_TAG_METHOD_MASK, THREAD_FAULT_TAG_FAULT, "%s: as a fault", what);
	tap_is(seen->msg.w[0], reason, "%s: for its reason", what);
	if (address != 0) {
		tap_is(seen->msg.w[2], address, "%s: at its address", what);
	}
	tap_is(agent_state(victim), THREAD_STATE_FAULTED, "%s: the thread has faulted", what);
	return true;
}

static void run_load(struct agent *agent)
{
	agent->out[0] = *(volatile uint64_t *)(uintptr_t)agent->in[0];
}

static void run_store(struct agent *agent)
{
	*(volatile uint64_t *)(uintptr_t)agent->in[0] = 1;
}

static void run_jump(struct agent *agent)
{
	code_jump(agent->in[0]);
}

static void run_undefined(struct agent *agent)
{
	(void)agent;
	code_undefined();
}

static void run_privileged(struct agent *agent)
{
	(void)agent;
	code_privileged();
}

static void run_unaligned(struct agent *agent)
{
	code_unaligned((void *)(uintptr_t)agent->in[0]);
}

static void run_unknown_call(struct agent *agent)
{
	(void)agent;
	code_unknown_call();
}

static void one(const char *what, void (*run)(struct agent *agent), uint64_t address, uint64_t reason, bool told)
{
	pool_begin(what);
	agent_begin();
	make_pair(run);
	victim->in[0] = address;
	agent_start(victim);
	(void)expect(what, reason, told ? address : 0);
	pool_end();
}

static void case_access(void)
{
	uint64_t *data;
	sk_cap_t memory;

	one("fault: a load from nothing", run_load, 0x7000000008, THREAD_FAULT_REASON_MEMORY, true);
	one("fault: a load from address 0", run_load, 0x10, THREAD_FAULT_REASON_MEMORY, true);
	one("fault: a store to nothing", run_store, 0x7000000008, THREAD_FAULT_REASON_MEMORY, true);
	one("fault: a jump to nothing", run_jump, 0x7000000008, THREAD_FAULT_REASON_MEMORY, true);
	one("fault: a load far beyond", run_load, 0x123456789abcdef8, THREAD_FAULT_REASON_MEMORY, false);
	one("fault: a jump far beyond", run_jump, 0xfffffffffffffff0, THREAD_FAULT_REASON_MEMORY, false);
	one("fault: a jump to an odd address", run_jump, 0x400002, THREAD_FAULT_REASON_ALIGNMENT, false);
	one("fault: an undefined instruction", run_undefined, 0, THREAD_FAULT_REASON_INSTRUCTION, false);
	one("fault: a privileged instruction", run_privileged, 0, THREAD_FAULT_REASON_INSTRUCTION, false);
	one("fault: an unknown system call", run_unknown_call, 0, THREAD_FAULT_REASON_SYSTEM_CALL, false);

	pool_begin("fault: what is mapped, but not so");
	agent_begin();
	make_pair(run_store);
	memory = pool_seen(1, &data);
	data[0] = 42;
	victim->in[0] = (uint64_t)(uintptr_t)pool_view(memory, 0, 4096, READ);
	agent_start(victim);
	(void)expect("a store to what is read-only", THREAD_FAULT_REASON_MEMORY, victim->in[0]);
	tap_is(data[0], 42, "the store did nothing");
	pool_end();

	pool_begin("fault: data executed");
	agent_begin();
	make_pair(run_jump);
	memory = pool_seen(1, &data);
	victim->in[0] = (uint64_t)(uintptr_t)data;
	agent_start(victim);
	(void)expect("a jump to data", THREAD_FAULT_REASON_MEMORY, victim->in[0]);
	pool_end();

	pool_begin("fault: an exclusive access that is not aligned");
	agent_begin();
	make_pair(run_unaligned);
	memory = pool_seen(1, &data);
	victim->in[0] = (uint64_t)(uintptr_t)data;
	agent_start(victim);
	(void)expect("not aligned", THREAD_FAULT_REASON_ALIGNMENT, 0);
	pool_end();
}

static void ring_bell(sk_status_t status, uint64_t resume)
{
	catcher->in[1] = catcher->seen[0].token;
	catcher->answer = (struct sk_msg){ .tag = sk_reply_tag(status), .w = { resume } };
	(void)sk_signal(bell, 1);
	(void)agent_saw(catcher, 2);
}

static void case_resume(void)
{
	uint64_t registers[34];

	pool_begin("fault: repaired");
	agent_begin();
	make_pair(run_undefined);
	agent_start(victim);
	if (expect("an undefined instruction", THREAD_FAULT_REASON_INSTRUCTION, 0)) {
		tap_status(thread_read_registers(victim->thread, registers), SK_OK, "its registers are read");
		tap_is(registers[PC_REGISTER], (uint64_t)(uintptr_t)code_undefined, "it stands where it faulted");
		tap_is(catcher->seen[0].msg.w[3], registers[PC_REGISTER], "as the fault said");
		registers[PC_REGISTER] += CODE_INSTRUCTION_BYTES;
		tap_status(thread_write_registers(victim->thread, registers), SK_OK, "it is put behind that");
		ring_bell(SK_OK, 1);
		tap_status(catcher->status, SK_OK, "the fault is answered: go on");
		tap_ok(agent_finished(victim), "and it goes on");
	}
	pool_end();

	pool_begin("fault: mapped on demand");
	agent_begin();
	make_pair(run_load);

	uint64_t *data;
	sk_cap_t memory = pool_seen(1, &data);
	uint64_t address = pool_address(4096);

	data[1] = 0xfeed;
	victim->in[0] = address + 8;
	agent_start(victim);
	if (expect("a load from nothing", THREAD_FAULT_REASON_MEMORY, address + 8)) {
		tap_status(space_map(pool.space, memory, address, 0, 4096, READ), SK_OK, "something is mapped there");
		ring_bell(SK_OK, 1);
		tap_ok(agent_finished(victim), "it goes on");
		tap_is(victim->out[0], 0xfeed, "and loads what is there now");
		tap_status(space_unmap(pool.space, address), SK_OK, "it is unmapped");
		catcher->seen_count = 0;
		agent_start(victim);
		(void)expect("a load from nothing again", THREAD_FAULT_REASON_MEMORY, address + 8);
	}
	pool_end();
}

static void case_not_resumed(void)
{
	pool_begin("fault: not repaired");
	agent_begin();
	make_pair(run_undefined);
	agent_start(victim);
	if (expect("an undefined instruction", THREAD_FAULT_REASON_INSTRUCTION, 0)) {
		ring_bell(SK_OK, 0);
		tap_ok(agent_state(victim) == THREAD_STATE_FAULTED || agent_state(victim) == THREAD_STATE_STOPPED,
		       "it does not run on");
		tap_ok(catcher->seen_count == 2, "nor fault again");
	}
	pool_end();

	pool_begin("fault: nobody to catch it");
	agent_begin();
	make_pair(run_undefined);
	victim = agent_make(pool.core_number, run_undefined);
	agent_plan_two(catcher, victim);
	agent_start(victim);
	tap_ok(agent_becomes(victim, THREAD_STATE_STOPPED), "without a fault endpoint it just stops");
	tap_ok(victim->done == 0, "it has not come further");
	tap_is(catcher->seen_count, 0, "nobody else hears of it");
	pool_end();

	pool_begin("fault: who would catch it is gone");
	agent_begin();
	sk_cap_t endpoint = pool_endpoint();
	sk_cap_t control = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	victim = agent_make(pool.core_number, run_undefined);
	tap_status(thread_set_fault_endpoint(victim->thread, pool.core), SK_BAD_TYPE, "a core catches nothing");
	tap_status(thread_set_fault_endpoint(victim->thread, control), SK_NO_RIGHT, "nor what can't be called");
	tap_status(thread_set_fault_endpoint(victim->thread, endpoint), SK_OK, "an endpoint does");
	tap_status(endpoint_destroy(control), SK_OK, "but it is destroyed");
	agent_plan_one(victim);
	agent_start(victim);
	tap_ok(agent_becomes(victim, THREAD_STATE_STOPPED), "the thread stops");
	pool_end();
}

/* A server that keeps a call longer than it may. */
static void case_budget(void)
{
	pool_begin("fault: a call that takes too long");
	agent_begin();
	make_pair(agent_busy);

	sk_cap_t service = pool_endpoint();
	struct agent *caller = agent_make(pool.core_number, agent_call);
	struct agent *const planned[] = { catcher, victim, caller };

	tap_status(thread_bind_endpoint(victim->thread, service), SK_OK, "a server");
	tap_status(thread_set_call_budget(victim->thread, 2000000), SK_OK, "may take 2 ms for a call");
	agent_plan(3, planned);
	agent_start(victim);
	caller->in[0] = pool_copy(service, SK_RIGHT_CALL, 77);
	caller->answer = (struct sk_msg){ .tag = SK_TAG_METHOD(0x55, 5) };
	agent_start(caller);
	if (expect("too long", THREAD_FAULT_REASON_BUDGET, 0)) {
		tap_is(catcher->seen[0].msg.w[4] & SK_TAG_METHOD_MASK, SK_TAG_METHOD(0x55, 5),
		       "what it was at is told");
		tap_is(catcher->seen[0].msg.w[5], 77, "and for whom");
		tap_ok(caller->done == 0, "its caller still waits");
	}
	pool_end();
}

void suite_fault(void)
{
	case_access();
	case_resume();
	case_not_resumed();
	case_budget();
}
