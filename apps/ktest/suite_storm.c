/*
 * The storm: a thread of another process makes thousands of random system calls with capabilities to one object of
 * each type, its own process and itself among them. Most are wrong, some aren't. Whatever it does, the kernel answers
 * every call with one of its statuses and nobody outside notices. A seed repeats it.
 *
 * The thread takes a batch of calls from a page that it shares with this process, makes them, and signals. One that
 * has stopped itself, waits for nothing, or has lost its memory, is replaced along with all that it had. Beside it, on
 * its core, a guest counts: of what else that has in registers and in memory nothing may change.
 *
 * Who may make nothing of its own memory leaves nothing behind: with its process everything is back.
 */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/process.h>
#include <sk/syscall.h>

#include "agent.h"
#include "code.h"
#include "machine.h"
#include "methods.h"
#include "pool.h"
#include "suites.h"
#include "tap.h"
#include "world.h"

#define BATCH 40u
#define BATCH_PAGES 2u
#define CODE_AT 0x400000ull
#define BATCH_AT 0x500000ull
#define BUFFER_AT 0x600000ull
#define PATIENCE_LOOKS 300u       /* with a thread that doesn't work */
#define PATIENCE_NS 500000000ull  /* with one that does: the machine may be slow */
#define POLL_NS 20000u
#define BELL_SLOT 1u     /* in the storm's process */
#define FIRST_SLOT 2u

_Static_assert(BATCH * sizeof(struct storm_call) <= BATCH_PAGES * SK_PAGE_BYTES, "a batch fits its pages");

#define SLOTS 16u
#define BYSTANDER_COUNTS 5u /* the register that code_guest_count uses */
#define BYSTANDER_REGISTERS 29u
#define BYSTANDER_WORDS (SK_PAGE_BYTES / 8u)
#define NO_MAKING ((uint32_t)SK_RIGHTS_ALL & ~SK_RIGHT_CONTROL)

struct storm {
	uint64_t random;
	sk_cap_t process;
	sk_cap_t thread;
	sk_cap_t bell;
	struct storm_call *batch;
	uint8_t *buffer;      /* the thread's message buffer */
	struct agent *server; /* serves one of its endpoints */
	uint32_t rights;      /* in its capabilities */
	struct machine bystander;
	uint32_t looks;       /* at the bystander */
	uint32_t disturbed;   /* times that it was not as it should be */
	uint64_t counted;     /* by it */
	uint32_t slots;       /* capabilities that it was given */
	uint8_t types[SLOTS]; /* and what they name: enum sk_object_type */
	uint32_t made;        /* calls */
	uint32_t done;        /* that answered OK */
	uint32_t strange;     /* that answered what is no status */
	uint32_t replaced;    /* threads */
};

static uint64_t draw(struct storm *storm)
{
	uint64_t x = storm->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	storm->random = x;
	return x * 0x2545f4914f6cdd1dull >> 8;
}

static uint32_t below(struct storm *storm, uint32_t end)
{
	return (uint32_t)(draw(storm) % end);
}

static void give(struct storm *storm, sk_cap_t from, enum sk_object_type type, uint32_t rights)
{
	tap_need(space_cap_grant(storm->process, from, FIRST_SLOT + storm->slots, rights, 0), "the storm's capability");
	storm->types[storm->slots++] = (uint8_t)type;
}

static void make_thread(struct storm *storm)
{
	const uint32_t writable = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE;
	uint8_t *code;
	sk_cap_t code_memory = pool_seen(1, &code);
	sk_cap_t batch = pool_seen(BATCH_PAGES, &storm->batch);
	sk_cap_t buffer = pool_seen(1, &storm->buffer);

	memcpy(code, code_storm, (size_t)(code_storm_end - code_storm));
	tap_need(memory_sync(code_memory, 0, SK_PAGE_BYTES), "the storm's code");
	storm->process = pool_process(24);
	storm->thread = pool_ram(1);
	storm->bell = pool_notification();
	tap_need(space_map(storm->process, code_memory, CODE_AT, 0, SK_PAGE_BYTES,
			   SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE), "the storm's code");
	tap_need(space_map(storm->process, batch, BATCH_AT, 0, BATCH_PAGES * SK_PAGE_BYTES, writable), "the batch");
	tap_need(space_map(storm->process, buffer, BUFFER_AT, 0, SK_PAGE_BYTES, writable), "the storm's buffer");
	tap_need(memory_create_thread(storm->thread, storm->process, pool.core_number, buffer, storm->thread),
		 "the storm's thread");
	tap_need(space_cap_grant(storm->process, storm->bell, BELL_SLOT, SK_RIGHT_CALL | SK_RIGHT_WAIT, 0), "the bell");
}

/* What the guest has in a register or a word of memory. */
static uint64_t bystander_value(uint32_t index)
{
	return (index + 1u) * 0x9e3779b97f4a7c15ull;
}

static void make_bystander(struct storm *storm)
{
	struct machine *guest = &storm->bystander;

	machine_make(guest);
	machine_ready(guest, code_guest_count);
	for (uint32_t i = 0; i < BYSTANDER_REGISTERS; i++) {
		guest->state[0]->x[i] = i == BYSTANDER_COUNTS ? 0 : bystander_value(i);
	}
	for (uint32_t i = 0; i < BYSTANDER_WORDS; i++) {
		guest->data[i] = bystander_value(i);
	}
	tap_need(vcpu_run(guest->vcpu[0]), "the bystander");
}

/* Between two instructions of the guest's, with all of its registers in its state page. */
static void look_at_bystander(struct storm *storm)
{
	const struct machine *guest = &storm->bystander;
	bool same = vcpu_pause(guest->vcpu[0]) == SK_OK;

	for (uint32_t i = 0; i < BYSTANDER_REGISTERS; i++) {
		same = same && (i == BYSTANDER_COUNTS || guest->state[0]->x[i] == bystander_value(i));
	}
	for (uint32_t i = 0; i < BYSTANDER_WORDS; i++) {
		same = same && guest->data[i] == bystander_value(i);
	}
	same = same && guest->state[0]->pc - machine_address(code_guest_count) <= CODE_INSTRUCTION_BYTES;
	storm->counted += guest->state[0]->x[BYSTANDER_COUNTS];
	storm->looks++;
	storm->disturbed += same ? 0 : 1u;
}

/* A thread with everything that it may play with. */
static void make_storm(struct storm *storm)
{
	struct world world;
	sk_cap_t endpoint = pool_endpoint();

	storm->slots = 0;
	storm->server = agent_make(pool.core_number, agent_echo);
	tap_need(thread_bind_endpoint(storm->server->thread, endpoint), "the storm's server");
	make_thread(storm);
	world_make(&world);
	for (uint32_t i = 0; i < WORLD_OBJECTS; i++) {
		uint32_t type = SK_OBJECT_TYPE_MEMORY + i;

		if (type != SK_OBJECT_TYPE_CORE && type != SK_OBJECT_TYPE_MACHINE) {
			give(storm, world.objects[i], (enum sk_object_type)type, storm->rights);
		}
	}
	give(storm, pool.core, SK_OBJECT_TYPE_CORE, SK_RIGHT_READ);
	give(storm, pool.machine, SK_OBJECT_TYPE_MACHINE, SK_RIGHT_READ);
	give(storm, pool_ram(4), SK_OBJECT_TYPE_MEMORY, storm->rights);
	give(storm, pool_ram(1), SK_OBJECT_TYPE_MEMORY, storm->rights);
	give(storm, pool_ram(2), SK_OBJECT_TYPE_MEMORY, storm->rights);
	give(storm, endpoint, SK_OBJECT_TYPE_ENDPOINT, storm->rights);
	give(storm, storm->process, SK_OBJECT_TYPE_SPACE, storm->rights);
	give(storm, storm->thread, SK_OBJECT_TYPE_THREAD, storm->rights);
	tap_need(thread_configure(storm->thread, CODE_AT, BUFFER_AT, BATCH_AT, BUFFER_AT), "the storm's registers");
	agent_start(storm->server);
	make_bystander(storm);
}

static uint64_t draw_slot(struct storm *storm)
{
	switch (below(storm, 10)) {
	case 0:
		return nasty_numbers[below(storm, nasty_count)];
	case 1:
		return below(storm, SK_CAP_SLOTS + 2u);
	default:
		return FIRST_SLOT + below(storm, storm->slots + 6u);
	}
}

static uint64_t draw_word(struct storm *storm)
{
	switch (below(storm, 8)) {
	case 0:
		return nasty_numbers[below(storm, nasty_count)];
	case 1:
		return draw(storm) << 8 | below(storm, 256);
	case 2:
	case 3:
		return (uint64_t)below(storm, 9) * SK_PAGE_BYTES;
	case 4:
		return below(storm, 40);
	default:
		return draw_slot(storm);
	}
}

/* Mostly a method that the capability's object has, as far as is known. */
static uint64_t draw_tag(struct storm *storm, uint64_t slot)
{
	uint64_t known = slot - FIRST_SLOT;
	uint64_t tag = methods[below(storm, method_count)].tag;

	for (uint32_t i = 0; known < storm->slots && storm->types[known] != tag >> 8 && i < 100; i++) {
		tag = methods[below(storm, method_count)].tag;
	}

	switch (below(storm, 12)) {
	case 0:
		return draw(storm) << 16 | tag;
	case 1:
		return draw(storm);
	case 2:
		return tag | SK_TAG_BYTES(below(storm, 4096)) | SK_TAG_CAPS(below(storm, 4));
	default:
		return tag;
	}
}

/* Waits are rare: most would be for ever. */
static uint64_t draw_number(struct storm *storm)
{
	static const uint8_t others[] = { SK_SYS_SIGNAL, SK_SYS_SIGNAL, SK_SYS_POLL, SK_SYS_POLL, SK_SYS_REPLY,
					  SK_SYS_REPLY_WAIT };

	if (below(storm, 200) == 0) {
		return SK_SYS_WAIT;
	}
	return below(storm, 4) != 0 ? SK_SYS_CALL : others[below(storm, sizeof(others))];
}

static void draw_batch(struct storm *storm)
{
	for (uint32_t i = 0; i < BATCH; i++) {
		struct storm_call *call = &storm->batch[i];

		memset(call, 0, sizeof(*call));
		call->number = draw_number(storm);
		call->in[0] = draw_slot(storm);
		call->in[1] = draw_tag(storm, call->in[0]);
		for (uint32_t j = 2; j < 8; j++) {
			call->in[j] = draw_word(storm);
		}
	}
	for (uint32_t i = 0; i < SK_PAGE_BYTES; i += 8) {
		uint64_t word = draw_word(storm);

		memcpy(storm->buffer + i, &word, sizeof(word));
	}
}

static void judge(struct storm *storm)
{
	for (uint32_t i = 0; i < BATCH; i++) {
		const struct storm_call *call = &storm->batch[i];
		int64_t answer = (int64_t)call->out[0];

		if (__atomic_load_n(&call->made, __ATOMIC_ACQUIRE) == 0) {
			return; /* it didn't come further */
		}
		storm->made++;
		if (call->number != SK_SYS_CALL) {
			continue;
		}
		sk_status_t status = sk_reply_status(call->out[0]);
		storm->done += status == SK_OK ? 1u : 0u;
		storm->strange += answer < SK_UNSUPPORTED || (answer >= 0 && status < SK_UNSUPPORTED) ? 1u : 0u;
	}
}

/* It hasn't been stopped, has not faulted, and waits for nothing; nor has it all behind it, unable to say so. */
static bool at_work(const struct storm *storm)
{
	enum thread_state state = THREAD_STATE_STOPPED;
	uint32_t core;
	uint64_t words[4];

	return thread_info(storm->thread, &state, &core, &words[0], &words[1], &words[2], &words[3]) == SK_OK &&
	       state == THREAD_STATE_READY && storm->batch[BATCH - 1u].made == 0;
}

/* Starts the thread at its beginning; false: it is in no state for that, or didn't come to the end of the batch. */
static bool run_batch(struct storm *storm)
{
	uint64_t registers[34] = { 0 };
	uint64_t until;
	uint32_t idle = 0;
	uint64_t bits = 0;
	const sk_cap_t tasks[] = { storm->server->thread, storm->thread, storm->bystander.server->thread,
				   storm->bystander.vcpu[0] };

	registers[0] = BATCH_AT;
	registers[1] = BATCH;
	registers[2] = BELL_SLOT;
	registers[31] = BUFFER_AT;
	registers[32] = CODE_AT;
	if (thread_stop(storm->thread) != SK_OK || thread_write_registers(storm->thread, registers) != SK_OK) {
		return false;
	}
	(void)sk_poll(storm->bell, &bits);
	agent_plan_slots(4, tasks);
	if (thread_start(storm->thread) != SK_OK) {
		return false;
	}
	until = sk_now_ns() + PATIENCE_NS;
	do {
		if (sk_poll(storm->bell, &bits) == SK_OK && (bits & 1u) != 0 && storm->batch[BATCH - 1u].made != 0) {
			return true;
		}
		agent_rest(POLL_NS);
		idle = at_work(storm) ? 0 : idle + 1u;
	} while (idle < PATIENCE_LOOKS && sk_now_ns() < until);
	return false;
}

static void begin_storm(struct storm *storm, const char *name)
{
	pool_begin(name);
	agent_begin();
	make_storm(storm);
}

static void end_storm(struct storm *storm)
{
	look_at_bystander(storm);
	(void)thread_stop(storm->thread); /* what it waits for can't be destroyed */
	pool_end();
}

/* The manifest's argument "wrong=": 1: the guest is touched; 2: something is left. The suite must find it. */
static uint64_t wrong(void)
{
	return sk_argument_number("wrong", 0);
}

static void rage(struct storm *storm, const char *name, uint64_t batches)
{
	begin_storm(storm, name);
	for (uint64_t i = 0; i < batches; i++) {
		draw_batch(storm);
		bool whole = run_batch(storm);
		judge(storm);
		if (!whole) {
			end_storm(storm);
			begin_storm(storm, NULL);
			storm->replaced++;
		}
	}
	if (wrong() == 1) {
		storm->bystander.data[1] ^= 1u;
	}
	end_storm(storm);
	tap_is(storm->strange, 0, "all were answered with a status");
	tap_is(storm->disturbed, 0, "a guest on its core was the same at %u looks", storm->looks);
	tap_ok(storm->counted > 0, "and went on counting");
}

/* Entries of the kernel's table, and bytes of RAM, that are taken. */
static uint64_t taken(uint64_t *bytes)
{
	uint32_t used = 0;
	uint32_t total = 0;

	*bytes = pool_left();
	tap_need(machine_objects(pool.machine, &used, &total), "the number of objects");
	return used;
}

void suite_storm(uint64_t seed, uint64_t batches)
{
	struct storm storm = { .random = seed | 1u, .rights = SK_RIGHTS_ALL };
	struct storm modest = { .random = ~seed | 1u, .rights = NO_MAKING };
	uint64_t left_before;
	uint64_t left_after;
	uint64_t before;

	rage(&storm, "storm", batches);
	tap_ok(storm.made > batches * BATCH / 4u,
	       "%u random calls were made (seed %llu), %u threads worn out", storm.made,
	       (unsigned long long)seed, storm.replaced);
	tap_ok(storm.done > storm.made / 50u, "%u of them did something", storm.done);
	before = taken(&left_before);
	rage(&modest, "storm without control", batches / 4u + 1u);
	tap_ok(modest.made > batches * BATCH / 16u, "%u random calls, %u threads worn out", modest.made, modest.replaced);
	if (wrong() == 2) {
		pool_begin(NULL);
		(void)pool_ram(1);
	}
	tap_is(taken(&left_after), before, "with them all of their objects are gone");
	tap_is(left_after, left_before, "and their memory is back");
}
