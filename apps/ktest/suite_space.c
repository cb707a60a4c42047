/* Spaces: what can be mapped where, and what can't. That accesses then do what the mapping says is suite_fault's. */
#include <sk/idl/kernel_client.h>

#include "pool.h"
#include "suites.h"
#include "tap.h"

#define READ SK_MAP_FLAGS_READ
#define WRITE SK_MAP_FLAGS_WRITE
#define EXECUTE SK_MAP_FLAGS_EXECUTE
#define AT 0x400000ull
#define KIB 1024ull
#define MIB (1024 * KIB)

static void case_arguments(void)
{
	pool_begin("space: map's arguments");

	sk_cap_t process = pool_process(8);
	sk_cap_t memory = pool_ram(4);
	sk_cap_t read_only = pool_copy(memory, SK_RIGHT_READ, 0);

	tap_status(space_map(process, memory, AT + 1, 0, 4096, READ), SK_BAD_ARG, "a misaligned address");
	tap_status(space_map(process, memory, AT, 1, 4096, READ), SK_BAD_ARG, "a misaligned offset");
	tap_status(space_map(process, memory, AT, 0, 4095, READ), SK_BAD_ARG, "a misaligned size");
	tap_status(space_map(process, memory, AT, 0, 0, READ), SK_BAD_ARG, "nothing");
	tap_status(space_map(process, memory, AT, 0, 5 * 4096, READ), SK_BAD_ARG, "more than there is");
	tap_status(space_map(process, memory, AT, 4096, 4 * 4096, READ), SK_BAD_ARG, "more than there is from there");
	tap_status(space_map(process, memory, AT, 4 * 4096, 4096, READ), SK_BAD_ARG, "what is behind it");
	tap_status(space_map(process, memory, AT, UINT64_MAX - 4095, 8192, READ), SK_BAD_ARG, "an offset near 2^64");
	tap_status(space_map(process, memory, AT, 4096, UINT64_MAX - 4095, READ), SK_BAD_ARG, "a size near 2^64");
	tap_status(space_map(process, memory, UINT64_MAX - 4095, 0, 4096, READ), SK_BAD_ARG, "an address near 2^64");
	tap_status(space_map(process, memory, 1ull << 63, 0, 4096, READ), SK_BAD_ARG, "an address in the upper half");
	tap_status(space_map(process, memory, AT, 0, 4096, 0), SK_BAD_ARG, "no access at all");
	tap_status(space_map(process, memory, AT, 0, 4096, 0x10), SK_BAD_ARG, "a flag that there isn't");
	tap_status(space_map(process, memory, AT, 0, 4096, READ | WRITE | EXECUTE), SK_BAD_ARG,
		   "writable code in a process");
	tap_status(space_map(process, read_only, AT, 0, 4096, READ | WRITE), SK_NO_RIGHT,
		   "more than the right to read");
	tap_status(space_map(process, read_only, AT, 0, 4096, READ | EXECUTE), SK_NO_RIGHT, "nor to execute");
	tap_status(space_map(process, pool.core, AT, 0, 4096, READ), SK_BAD_TYPE, "a core");
	tap_status(space_map(process, pool_slot(), AT, 0, 4096, READ), SK_BAD_CAP, "nothing at all");
	tap_status(space_map(process, UINT32_MAX, AT, 0, 4096, READ), SK_BAD_CAP, "a slot that there isn't");
	tap_status(space_map(pool_copy(process, SK_RIGHT_READ, 0), memory, AT, 0, 4096, READ), SK_NO_RIGHT,
		   "into a process that one may only read");
	tap_status(space_map(process, read_only, AT, 0, 4096, READ), SK_OK, "reading is enough for a readable one");
	pool_end();
}

static void case_overlap(void)
{
	pool_begin("space: what is mapped is in the way");

	sk_cap_t process = pool_process(8);
	sk_cap_t memory = pool_ram(8);
	sk_map_flags_t flags;
	uint64_t offset;

	tap_status(space_map(process, memory, AT, 4096, 2 * 4096, READ | WRITE), SK_OK, "two pages are mapped");
	tap_status(space_map(process, memory, AT, 4096, 2 * 4096, READ | WRITE), SK_OVERLAP, "the same again");
	tap_status(space_map(process, memory, AT + 4096, 0, 4096, READ), SK_OVERLAP, "over the second");
	tap_status(space_map(process, memory, AT - 4096, 0, 2 * 4096, READ), SK_OVERLAP, "over the first");
	tap_status(space_map(process, memory, AT - 4096, 0, 4 * 4096, READ), SK_OVERLAP, "around both");
	tap_status(space_map(process, memory, AT - 4096, 0, 4096, READ), SK_OK, "just below");
	tap_status(space_map(process, memory, AT + 2 * 4096, 0, 4096, READ | EXECUTE), SK_OK, "just above");
	tap_status(space_query(process, AT + 4096 + 8, &offset, &flags), SK_OK, "an address is looked up");
	tap_is(offset, 2 * 4096 + 8, "it shows what was mapped there");
	tap_is(flags, READ | WRITE, "as it was mapped");
	tap_status(space_unmap(process, AT + 4096), SK_BAD_ARG, "nothing is unmapped from its middle");
	tap_status(space_unmap(process, AT + 1), SK_BAD_ARG, "nor from within a page");
	tap_status(space_unmap(process, 0), SK_BAD_ARG, "nor where nothing is");
	tap_status(space_unmap(process, UINT64_MAX), SK_BAD_ARG, "nor at the end of the world");
	tap_status(space_unmap(process, AT), SK_OK, "it is unmapped from its beginning");
	tap_status(space_query(process, AT, &offset, &flags), SK_BAD_ARG, "the first page is gone");
	tap_status(space_query(process, AT + 4096, &offset, &flags), SK_BAD_ARG, "the second too");
	tap_status(space_query(process, AT - 4096, &offset, &flags), SK_OK, "the neighbour below is not");
	tap_status(space_query(process, AT + 2 * 4096, &offset, &flags), SK_OK, "nor the one above");
	tap_status(space_query(process, UINT64_MAX, &offset, &flags), SK_BAD_ARG, "nothing is at the end of the world");
	tap_status(space_unmap(process, AT), SK_BAD_ARG, "it is unmapped once");
	pool_end();
}

static void case_tables(void)
{
	pool_begin("space: table pages");

	sk_cap_t process = pool_process(0);
	sk_cap_t memory = pool_ram(8);
	sk_cap_t more = pool_ram(3);
	sk_cap_t more_copy = pool_copy(more, SK_RIGHTS_ALL, 0);
	sk_cap_t dest = pool_slot();

	tap_status(space_map(process, memory, AT, 0, 4096, READ), SK_NO_MEMORY, "there is none to map with");
	tap_status(space_donate(process, pool.core), SK_BAD_TYPE, "a core is none");
	tap_status(space_donate(process, pool_slot()), SK_BAD_CAP, "nor is nothing");
	tap_status(space_donate(process, pool_copy(more, SK_RIGHT_READ, 0)), SK_NO_RIGHT, "nor what one may only read");
	uint64_t view = (uint64_t)(uintptr_t)pool_view(more, 0, 4096, READ | WRITE);
	tap_status(space_donate(process, more), SK_BAD_STATE, "nor what is mapped");
	tap_status(space_unmap(pool.space, view), SK_OK, "it is unmapped");
	tap_status(space_donate(process, more), SK_OK, "then it is given");
	tap_status(space_map(process, memory, AT, 0, 4096, READ), SK_OK, "and there is something to map with");
	/* What tables are made of is no memory any more, whatever capability is left. */
	tap_ok(space_map(pool.space, more_copy, pool_address(3 * 4096), 0, 4096, READ | WRITE) != SK_OK,
	       "table pages can't be mapped");
	tap_ok(memory_clear(more_copy, 0, 3 * 4096) != SK_OK, "nor cleared");
	tap_ok(memory_split(more_copy, 4096, dest) != SK_OK, "nor split");
	tap_ok(memory_create_endpoint(more_copy, dest) != SK_OK, "nor turned into an endpoint");
	tap_ok(space_donate(process, more_copy) != SK_OK, "nor given twice");
	tap_ok(memory_create_thread(memory, pool.space, 1, more_copy, dest) != SK_OK, "nor used as a message buffer");
	uint64_t far = 1ull << 30;
	uint32_t mapped = 0;
	while (mapped < 8 && space_map(process, memory, far * (mapped + 1u), 0, 4096, READ) == SK_OK) {
		mapped++;
	}
	tap_ok(mapped < 8, "tables run out again, after %u far apart", mapped);
	tap_status(space_map(process, memory, AT + 4096, 0, 4096, READ), SK_OK, "but not where there is a table");
	tap_status(space_unmap(process, far), mapped != 0 ? SK_OK : SK_BAD_ARG,
		   "what is unmapped gives its tables back");
	tap_status(space_map(process, memory, 7 * far, 0, 4096, READ), mapped != 0 ? SK_OK : SK_NO_MEMORY,
		   "to be used elsewhere");
	tap_status(space_destroy(process), SK_OK, "the space is destroyed");
	tap_status(memory_clear(more_copy, 0, 3 * 4096), SK_OK, "then its table pages are memory again");
	pool_end();
}

static void case_large(void)
{
	pool_begin("space: large mappings");

	const uint64_t bytes = 9 * MIB;
	sk_cap_t process = pool_process(24);
	sk_cap_t memory = pool_ram((uint32_t)(bytes / 4096));
	sk_map_flags_t flags;
	uint64_t offset;
	uint64_t right = 0;
	const uint64_t at = 64 * MIB + 4096;

	tap_status(space_map(process, memory, at, 0, bytes, READ | WRITE), SK_OK, "9 MiB are mapped, off by a page");
	for (uint64_t i = 0; i < bytes; i += 256 * KIB) {
		right += space_query(process, at + i, &offset, &flags) == SK_OK && offset == i ? 1u : 0u;
	}
	tap_is(right, bytes / (256 * KIB), "each place shows the memory that belongs there");
	tap_status(space_query(process, at - 1, &offset, &flags), SK_BAD_ARG, "nothing is before it");
	tap_status(space_query(process, at + bytes, &offset, &flags), SK_BAD_ARG, "nor behind it");
	tap_status(memory_unmap_all(memory), SK_OK, "all of it goes");
	for (uint64_t i = 0; i < bytes; i += 256 * KIB) {
		right -= space_query(process, at + i, &offset, &flags) == SK_BAD_ARG ? 1u : 0u;
	}
	tap_is(right, 0, "nothing is left");
	tap_status(space_map(process, memory, 128 * MIB, 0, bytes, READ | WRITE), SK_OK,
		   "mapped where blocks may be used");
	tap_status(space_query(process, 128 * MIB + 5 * MIB + 12345, &offset, &flags), SK_OK,
		   "its inside is looked up");
	tap_is(offset, 5 * MIB + 12345, "and is right");
	tap_status(space_unmap(process, 128 * MIB), SK_OK, "unmapped");
	pool_end();
}

static void case_destroy(void)
{
	pool_begin("space: destroy");

	sk_cap_t process = pool_process(8);
	sk_cap_t memory = pool_ram(4);
	sk_cap_t thread = pool_ram(1);
	enum memory_memory_kind kind;
	uint64_t words[2];
	uint32_t mappings;

	tap_status(space_destroy(pool.space), SK_BAD_STATE, "nobody destroys the process that they are");
	tap_status(space_map(process, memory, AT, 0, 4 * 4096, READ), SK_OK, "memory is mapped there");
	tap_status(memory_create_thread(thread, process, pool.core_number, pool_ram(1), thread), SK_OK, "and a thread");
	tap_status(space_destroy(process), SK_BAD_STATE, "a process with threads stays");
	tap_status(thread_destroy(thread), SK_OK, "the thread goes");
	tap_status(space_destroy(process), SK_OK, "then the process");
	tap_status(memory_info(memory, &words[0], &words[1], &kind, &mappings), SK_OK, "what was mapped there stays");
	tap_is(mappings, 0, "but its mapping has gone");
	pool_end();
}

void suite_space(void)
{
	case_arguments();
	case_overlap();
	case_tables();
	case_large();
	case_destroy();
}
