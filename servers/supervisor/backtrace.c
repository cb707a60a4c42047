#include "backtrace.h"

#include <string.h>

#include <arch/registers.h>

#include "process.h"

static bool is_code(const struct server *server, uint64_t address)
{
	for (uint32_t i = 0; i < server->image.segment_count; i++) {
		const struct image_segment *segment = &server->image.segments[i];

		if ((segment->rights & SK_RIGHT_EXECUTE) != 0 && address >= segment->address &&
		    address - segment->address < segment->memory_bytes) {
			return true;
		}
	}
	return false;
}

uint32_t backtrace_walk(const struct server *server, const uint64_t *registers, uint64_t *addresses, uint32_t room)
{
	uint64_t frame = registers[REGISTER_FRAME];
	uint32_t count = 0;

	addresses[count++] = registers[REGISTER_PC];
	/* A function that calls none keeps its return address in the register only. */
	if (count < room && is_code(server, registers[REGISTER_RETURN])) {
		addresses[count++] = registers[REGISTER_RETURN];
	}
	while (count < room && frame != 0 && frame % sizeof(uint64_t) == 0) {
		uint64_t record[2];
		const void *found = process_peek(server, frame, sizeof(record));

		if (found == NULL) {
			break;
		}
		memcpy(record, found, sizeof(record));
		if (!is_code(server, record[FRAME_RETURN])) {
			break;
		}
		if (record[FRAME_RETURN] != addresses[count - 1]) {
			addresses[count++] = record[FRAME_RETURN];
		}
		if (record[FRAME_CALLER] <= frame) {
			break;
		}
		frame = record[FRAME_CALLER];
	}
	return count;
}
