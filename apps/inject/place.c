#include "place.h"

#include <sk/idl/supervisor_client.h>

#include <arch/instruction.h>

#define WALK_MAX 160u	/* steps */
#define WALK_DEPTH 8u	/* calls in calls */
#define FAR_AWAY 4u	/* an instruction from anywhere: once in so many */
#define TRIES 32u	/* draws of a word that is not 0 */
#define LOOK_MAX 512u	/* instructions looked at */
#define BELOW_STACK 64u /* bytes */

/* A way through a program. */
struct walk {
	uint64_t address;
	uint64_t returns[WALK_DEPTH];
	uint32_t depth;
};

static sk_cap_t injection;

void place_open(sk_cap_t injection_cap)
{
	injection = injection_cap;
}

/* From the stack pointer, less what the next calls will use, to the stack's end. */
static void stack_in_use(uint32_t server, uint64_t *address, uint64_t *bytes)
{
	uint64_t registers[34];

	if (injection_registers(injection, server, 0, registers) != SK_OK) {
		return;
	}

	uint64_t from = (registers[REGISTER_SP] - BELOW_STACK) & ~7ull;

	if (from >= *address && from - *address < *bytes) {
		*bytes -= from - *address;
		*address = from;
	}
}

bool place_word(uint32_t server, enum sk_server_part part, struct draw *draw, uint64_t *address)
{
	uint64_t base = 0;
	uint64_t bytes = 0;

	if (injection_part(injection, server, part, 0, &base, &bytes) != SK_OK) {
		return false;
	}
	if (part == SK_SERVER_PART_STACK) {
		stack_in_use(server, &base, &bytes);
	}

	uint64_t first = (base + 7) & ~7ull;
	uint64_t words = (base + bytes - first) / 8;

	if (base + bytes < first + 8) {
		return false;
	}
	*address = first + 8 * draw_below(draw, words);
	return true;
}

bool place_word_in_use(uint32_t server, enum sk_server_part part, struct draw *draw, uint64_t *address)
{
	for (uint32_t i = 0; i < TRIES; i++) {
		uint64_t value = 0;

		if (!place_word(server, part, draw, address)) {
			return false;
		}
		if (injection_word(injection, server, *address, &value) == SK_OK && value != 0) {
			return true;
		}
	}
	return true;
}

uint32_t place_read(uint32_t server, uint64_t address)
{
	uint64_t word = 0;

	if (address % INSTRUCTION_BYTES != 0 || injection_word(injection, server, address & ~7ull, &word) != SK_OK) {
		return 0;
	}
	return (uint32_t)(word >> (address & 4u) * 8);
}

static bool text_of(uint32_t server, uint64_t *base, uint64_t *bytes)
{
	return injection_part(injection, server, SK_SERVER_PART_TEXT, 0, base, bytes) == SK_OK &&
	       *bytes >= INSTRUCTION_BYTES;
}

bool place_next(uint32_t server, uint64_t *address)
{
	uint64_t registers[34];
	uint64_t base = 0;
	uint64_t bytes = 0;

	if (injection_registers(injection, server, 0, registers) != SK_OK || !text_of(server, &base, &bytes)) {
		return false;
	}
	*address = registers[REGISTER_PC];
	return *address >= base && *address - base <= bytes - INSTRUCTION_BYTES;
}

/* One step; false: nobody knows where it leads. */
static bool step(uint32_t server, struct draw *draw, struct walk *walk)
{
	int64_t offset = 0;
	uint64_t next = walk->address + INSTRUCTION_BYTES;
	uint64_t target = walk->address;
	enum instruction_flow flow = instruction_flow(place_read(server, walk->address), &offset);

	target += (uint64_t)offset;
	walk->address = next;
	switch (flow) {
	case FLOW_JUMP:
		walk->address = target;
		return true;
	case FLOW_CHOICE:
		walk->address = draw_once_in(draw, 2) ? target : next;
		return true;
	case FLOW_CALL:
		if (walk->depth < WALK_DEPTH) {
			walk->returns[walk->depth++] = next;
			walk->address = target;
		}
		return true;
	case FLOW_RETURN:
		if (walk->depth == 0) {
			return false;
		}
		walk->address = walk->returns[--walk->depth];
		return true;
	case FLOW_UNKNOWN:
		return false;
	default:
		return true;
	}
}

bool place_instruction(uint32_t server, struct draw *draw, uint64_t *address)
{
	struct walk walk = { 0 };
	uint64_t base = 0;
	uint64_t bytes = 0;

	if (!text_of(server, &base, &bytes)) {
		return false;
	}
	*address = base + INSTRUCTION_BYTES * draw_below(draw, bytes / INSTRUCTION_BYTES);
	if (draw_once_in(draw, FAR_AWAY) || !place_next(server, &walk.address)) {
		return true;
	}

	uint64_t steps = draw_below(draw, WALK_MAX);

	*address = walk.address;
	for (uint64_t i = 0; i < steps && step(server, draw, &walk) && place_read(server, walk.address) != 0; i++) {
		*address = walk.address;
	}
	return true;
}

bool place_find(uint32_t server, uint64_t *address, bool (*is)(uint32_t word))
{
	for (uint32_t i = 0; i < LOOK_MAX; i++) {
		uint64_t at = *address + (uint64_t)i * INSTRUCTION_BYTES;

		if (is(place_read(server, at))) {
			*address = at;
			return true;
		}
	}
	return false;
}
