#include <inject/faults.h>

#include <string.h>

#include <sk/idl/supervisor_client.h>
#include <sk/start.h>
#include <sk/syscall.h>

#include <arch/instruction.h>

#include "place.h"

#define LATE_MIN_NS 100000ull
#define LATE_MAX_NS 8000000ull
#define MESSAGE_REGISTERS 7u /* of a reply: tag and words, from register 1 */
#define GENERAL_REGISTERS 31u
#define SIGNALLED_REGISTER 2u /* what wait returns of a notification's bits */
#define RING_HEAD_WORDS 16u
#define SLOTS_DRAWN 64u /* capability slots that are tried in place of the right one */

static sk_cap_t operator;
static sk_cap_t injection;
static sk_cap_t orders;	  /* a line into the guest, or none */
static uint32_t wronged; /* the server of the device that the guest is hostile to when that line is asserted */

void faults_open(sk_cap_t operator_cap, sk_cap_t injection_cap)
{
	operator= operator_cap;
	injection = injection_cap;
	place_open(injection_cap);
}

void faults_order(sk_cap_t virq, uint32_t server)
{
	orders = virq;
	wronged = server;
}

struct target {
	bool running;
	uint32_t threads;
	uint32_t interrupts;
	uint32_t instance;
	uint32_t stale;
};

static struct target target_of(uint32_t server)
{
	struct target target = { 0 };

	(void)injection_target(injection, server, &target.running, &target.threads, &target.interrupts,
			       &target.instance, &target.stale);
	return target;
}

static uint32_t instance_of(uint32_t server)
{
	return target_of(server).instance;
}

/* A word that is changed. */

static bool draw_bit(struct fault *fault, struct draw *draw)
{
	fault->clear = 0;
	fault->flip = 1ull << draw_below(draw, 64);
	return true;
}

/* A bit of one word, or all of it. */
static bool draw_value(struct fault *fault, struct draw *draw)
{
	if (draw_once_in(draw, 2)) {
		return draw_bit(fault, draw);
	}
	fault->clear = UINT64_MAX;
	fault->flip = draw_next(draw);
	return true;
}

static sk_status_t make_change(struct fault *fault)
{
	fault->instance = instance_of(fault->target);
	return injection_change_word(injection, fault->target, fault->place, fault->clear, fault->flip, &fault->before);
}

/*
 * A word that still is as the fault left it has, as far as anybody can tell, not been used; it is put right. A
 * restart makes all anew but for what is meant to outlive it.
 */
static const char *end_change(struct fault *fault)
{
	uint64_t value = 0;
	uint64_t wrong = (fault->before & ~fault->clear) ^ fault->flip;

	if (injection_word(injection, fault->target, fault->place, &value) != SK_OK) {
		return "unknown";
	}
	if (value != wrong) {
		return instance_of(fault->target) != fault->instance ? "restarted" : "overwritten";
	}
	(void)injection_change_word(injection, fault->target, fault->place, UINT64_MAX, fault->before, &value);
	return "kept";
}

static bool draw_data(struct fault *fault, struct draw *draw)
{
	return place_word_in_use(fault->target, SK_SERVER_PART_DATA, draw, &fault->place) && draw_bit(fault, draw);
}

static bool draw_heap(struct fault *fault, struct draw *draw)
{
	return place_word_in_use(fault->target, SK_SERVER_PART_HEAP, draw, &fault->place) && draw_bit(fault, draw);
}

static bool draw_stack(struct fault *fault, struct draw *draw)
{
	return place_word(fault->target, SK_SERVER_PART_STACK, draw, &fault->place) && draw_bit(fault, draw);
}

static bool draw_persistent(struct fault *fault, struct draw *draw)
{
	return place_word_in_use(fault->target, SK_SERVER_PART_PERSISTENT, draw, &fault->place) &&
	       draw_value(fault, draw);
}

/* Instructions: half a word each. */

static bool put_instruction(struct fault *fault, uint32_t old, uint32_t new)
{
	uint32_t shift = (uint32_t)(fault->place & 4u) * 8;

	fault->place &= ~7ull;
	fault->clear = 0;
	fault->flip = (uint64_t)(old ^ new) << shift;
	return old != new;
}

static bool draw_text(struct fault *fault, struct draw *draw)
{
	if (!place_instruction(fault->target, draw, &fault->place)) {
		return false;
	}

	uint32_t old = place_read(fault->target, fault->place);

	return put_instruction(fault, old, old ^ 1u << draw_below(draw, 32));
}

static bool draw_nop(struct fault *fault, struct draw *draw)
{
	return place_instruction(fault->target, draw, &fault->place) &&
	       put_instruction(fault, place_read(fault->target, fault->place), INSTRUCTION_NOP);
}

static bool draw_branch(struct fault *fault, struct draw *draw)
{
	int32_t words = (int32_t)draw_below(draw, 32) + 1;

	if (draw_once_in(draw, 2)) {
		words = -words;
	}
	return place_instruction(fault->target, draw, &fault->place) &&
	       put_instruction(fault, place_read(fault->target, fault->place), instruction_branch(words));
}

static bool draw_source(struct fault *fault, struct draw *draw)
{
	uint32_t change = (uint32_t)draw_below(draw, 31) + 1;

	if (!place_instruction(fault->target, draw, &fault->place)) {
		return false;
	}

	uint32_t old = place_read(fault->target, fault->place);

	return put_instruction(fault, old, instruction_other_source(old, change));
}

static bool draw_destination(struct fault *fault, struct draw *draw)
{
	uint32_t change = (uint32_t)draw_below(draw, 31) + 1;

	if (!place_instruction(fault->target, draw, &fault->place)) {
		return false;
	}

	uint32_t old = place_read(fault->target, fault->place);

	return put_instruction(fault, old, instruction_other_destination(old, change));
}

/* What it does next, it does for ever. */
static bool draw_hang(struct fault *fault, struct draw *draw)
{
	(void)draw;
	return place_next(fault->target, &fault->place) &&
	       put_instruction(fault, place_read(fault->target, fault->place), INSTRUCTION_LOOP);
}

/* A register, changed where the program comes by. */

static sk_status_t make_trap(struct fault *fault)
{
	fault->instance = instance_of(fault->target);
	return injection_arm(injection, fault->target, fault->place, fault->register_number, fault->clear, fault->flip,
			     fault->delay_ns);
}

static const char *end_trap(struct fault *fault)
{
	bool reached = false;

	(void)fault;
	return injection_disarm(injection, &reached) != SK_OK ? "unknown" : reached ? "reached" : "unreached";
}

static bool draw_register(struct fault *fault, struct draw *draw)
{
	fault->register_number = (uint32_t)draw_below(draw, GENERAL_REGISTERS + 1);
	return place_instruction(fault->target, draw, &fault->place) && draw_bit(fault, draw);
}

/* Near 0, far out, and everywhere in between; aligned or not. */
static uint64_t wild_address(struct draw *draw)
{
	uint64_t bits = draw_below(draw, 64);

	return draw_next(draw) >> bits;
}

static bool is_access(uint32_t word)
{
	return instruction_is_access(word) && instruction_base(word) != REGISTER_SP_NUMBER;
}

static bool draw_wild_pointer(struct fault *fault, struct draw *draw)
{
	if (!place_instruction(fault->target, draw, &fault->place) ||
	    !place_find(fault->target, &fault->place, is_access)) {
		return false;
	}
	fault->register_number = instruction_base(place_read(fault->target, fault->place));
	fault->clear = UINT64_MAX;
	fault->flip = wild_address(draw);
	return true;
}

static bool is_reply(uint32_t word)
{
	return instruction_is_system_call(word, SK_SYS_REPLY_WAIT);
}

/* The reply is made in the loop that serves: the thread stands just behind it, unless it is at work. */
static bool place_reply(struct fault *fault)
{
	if (!place_next(fault->target, &fault->place)) {
		return false;
	}
	if (is_reply(place_read(fault->target, fault->place - INSTRUCTION_BYTES))) {
		fault->place -= INSTRUCTION_BYTES;
		return true;
	}
	return place_find(fault->target, &fault->place, is_reply);
}

static bool draw_reply(struct fault *fault, struct draw *draw)
{
	fault->register_number = 1 + (uint32_t)draw_below(draw, MESSAGE_REGISTERS);
	return place_reply(fault) && draw_value(fault, draw);
}

/* The scheduler can't be late: it is the one who tells when a delay is over. */
static bool is_scheduler(uint32_t server)
{
	struct sk_server_info info;

	return operator_server(operator, server, &info) == SK_OK && strcmp((const char *)info.image, "sched") == 0;
}

static bool draw_late_reply(struct fault *fault, struct draw *draw)
{
	if (is_scheduler(fault->target)) {
		return false;
	}
	fault->register_number = 0;
	fault->delay_ns = LATE_MIN_NS + draw_below(draw, LATE_MAX_NS - LATE_MIN_NS);
	return place_reply(fault);
}

static bool is_call(uint32_t word)
{
	return instruction_is_system_call(word, SK_SYS_CALL) || instruction_is_system_call(word, SK_SYS_SIGNAL);
}

/* A slot that is stale, that is empty, or that names something else. */
static bool draw_capability(struct fault *fault, struct draw *draw)
{
	fault->register_number = 0;
	fault->clear = UINT64_MAX;
	fault->flip = draw_once_in(draw, 2) ? target_of(fault->target).stale : draw_below(draw, SLOTS_DRAWN);
	return place_instruction(fault->target, draw, &fault->place) &&
	       place_find(fault->target, &fault->place, is_call);
}

/* The server as a whole. */

static bool draw_nothing(struct fault *fault, struct draw *draw)
{
	(void)fault;
	(void)draw;
	return true;
}

static const char *end_nothing(struct fault *fault)
{
	(void)fault;
	return "done";
}

static sk_status_t make_kill(struct fault *fault)
{
	return operator_server_kill(operator, fault->target);
}

/*
 * What it shares with others: the ring of its log, those of its stream, a channel. Indices and the like are at the
 * beginning, so half of the faults go there.
 */
static bool draw_ring(struct fault *fault, struct draw *draw)
{
	static const enum sk_server_part parts[] = { SK_SERVER_PART_LOG, SK_SERVER_PART_STREAM,
						     SK_SERVER_PART_CHANNEL };
	enum sk_server_part part = parts[draw_below(draw, sizeof(parts) / sizeof(parts[0]))];
	uint64_t bytes = 0;

	if (draw_once_in(draw, 2)) {
		return place_word_in_use(fault->target, part, draw, &fault->place) && draw_value(fault, draw);
	}
	if (injection_part(injection, fault->target, part, 0, &fault->place, &bytes) != SK_OK) {
		return false;
	}
	fault->place += 8 * draw_below(draw, RING_HEAD_WORDS);
	return draw_value(fault, draw);
}

/* Its interrupts. */

static bool draw_interrupt(struct fault *fault, struct draw *draw)
{
	uint32_t interrupts = target_of(fault->target).interrupts;

	if (interrupts == 0) {
		return false;
	}
	fault->place = draw_below(draw, interrupts);
	return true;
}

/* When it wakes next, it does not hear that its device had interrupted. */
static bool draw_dropped(struct fault *fault, struct draw *draw)
{
	if (!draw_interrupt(fault, draw)) {
		return false;
	}
	fault->register_number = SIGNALLED_REGISTER;
	fault->clear = SK_SIGNAL_INTERRUPT;
	return place_next(fault->target, &fault->place);
}

static sk_status_t make_spurious(struct fault *fault)
{
	return injection_signal(injection, fault->target, 0, SK_SIGNAL_INTERRUPT);
}

static sk_status_t make_stuck(struct fault *fault)
{
	fault->instance = instance_of(fault->target);
	return injection_interrupt(injection, fault->target, (uint32_t)fault->place, false);
}

/* A new instance has it as it should be. */
static const char *end_stuck(struct fault *fault)
{
	if (instance_of(fault->target) != fault->instance) {
		return "restarted";
	}
	(void)injection_interrupt(injection, fault->target, (uint32_t)fault->place, true);
	return "done";
}

/* The guest does it: what exactly, it draws itself. */
static bool draw_descriptors(struct fault *fault, struct draw *draw)
{
	(void)draw;
	fault->target = wronged;
	return orders != SK_CAP_NONE;
}

static sk_status_t make_descriptors(struct fault *fault)
{
	(void)fault;
	return sk_signal(orders, 1);
}

/* It has to start again when there is no memory. */
static sk_status_t make_memory(struct fault *fault)
{
	uint64_t held = 0;
	sk_status_t status = injection_hold_memory(injection, true, &held);

	return status == SK_OK ? operator_server_kill(operator, fault->target) : status;
}

static const char *end_memory(struct fault *fault)
{
	uint64_t held = 0;

	(void)fault;
	return injection_hold_memory(injection, false, &held) == SK_OK ? "done" : "unknown";
}

/* A bit of the instance that waits, where the one that serves has it too; then that one is killed. */
static bool draw_standby(struct fault *fault, struct draw *draw)
{
	static const enum sk_server_part parts[] = { SK_SERVER_PART_DATA, SK_SERVER_PART_HEAP, SK_SERVER_PART_STACK };
	struct sk_server_info info;

	if (operator_server(operator, fault->target, &info) != SK_OK || info.standby != SK_STANDBY_STATE_READY) {
		return false;
	}
	if (draw_once_in(draw, 2)) {
		return draw_text(fault, draw);
	}
	return place_word_in_use(fault->target, parts[draw_below(draw, sizeof(parts) / sizeof(parts[0]))], draw,
				 &fault->place) &&
	       draw_bit(fault, draw);
}

static sk_status_t make_standby(struct fault *fault)
{
	sk_status_t status;

	fault->instance = instance_of(fault->target);
	status = injection_change_standby(injection, fault->target, fault->place, fault->clear, fault->flip,
					  &fault->before);
	return status == SK_OK ? operator_server_kill(operator, fault->target) : status;
}

const struct fault_type fault_types[] = {
	{ "kill", draw_nothing, make_kill, end_nothing },
	{ "hang", draw_hang, make_change, end_change },
	{ "flip-text", draw_text, make_change, end_change },
	{ "flip-data", draw_data, make_change, end_change },
	{ "flip-heap", draw_heap, make_change, end_change },
	{ "flip-stack", draw_stack, make_change, end_change },
	{ "flip-register", draw_register, make_trap, end_trap },
	{ "wild-pointer", draw_wild_pointer, make_trap, end_trap },
	{ "nop", draw_nop, make_change, end_change },
	{ "branch", draw_branch, make_change, end_change },
	{ "source", draw_source, make_change, end_change },
	{ "destination", draw_destination, make_change, end_change },
	{ "reply", draw_reply, make_trap, end_trap },
	{ "late-reply", draw_late_reply, make_trap, end_trap },
	{ "capability", draw_capability, make_trap, end_trap },
	{ "persistent", draw_persistent, make_change, end_change },
	{ "ring", draw_ring, make_change, end_change },
	{ "interrupt-dropped", draw_dropped, make_trap, end_trap },
	{ "interrupt-spurious", draw_interrupt, make_spurious, end_nothing },
	{ "interrupt-stuck", draw_interrupt, make_stuck, end_stuck },
	{ "descriptors", draw_descriptors, make_descriptors, end_nothing },
	{ "memory", draw_nothing, make_memory, end_memory },
	{ "standby", draw_standby, make_standby, end_change },
	{ .name = NULL },
};
