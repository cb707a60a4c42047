/*
 * Stage-2 tables: block sizes, pieces, what query says, and that everything is
 * gone, tables too, when it is unmapped.
 */
#include "fixture.h"

#include <sk/idl/kernel.h>

#define GIB 0x40000000ull
#define MIB2 0x200000ull
#define READ_WRITE (SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE)
#define READ_EXECUTE (SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE)

static struct space space;
static uint64_t root[SK_PAGE_BYTES / 8u] __attribute__((aligned(4096)));

/* Number of calls that mapping the range takes. */
static uint32_t map_all(uint64_t address, uint64_t physical, uint64_t bytes, uint32_t flags)
{
	uint32_t calls = 0;
	for (uint64_t done = 0; done < bytes; calls++) {
		done += arch_map(&space, address + done, physical + done, bytes - done, flags);
	}
	return calls;
}

static uint32_t unmap_all(uint64_t address, uint64_t bytes)
{
	uint32_t calls = 0;
	for (uint64_t done = 0; done < bytes; calls++) {
		done += arch_unmap(&space, address + done, bytes - done);
	}
	return calls;
}

static void check_mapped(uint64_t address, uint64_t physical, uint32_t flags)
{
	uint64_t found = 0;
	uint32_t found_flags = 0;
	CHECK(arch_query(&space, address, &found, &found_flags), true);
	CHECK(found, physical);
	CHECK(found_flags, flags);
}

static void check_unmapped(uint64_t address)
{
	uint64_t found;
	uint32_t flags;
	CHECK(arch_query(&space, address, &found, &flags), false);
}

static void largest_blocks_that_fit(void)
{
	uint32_t before = tables_taken;
	CHECK(arch_tables_needed(&space, GIB, GIB + MIB2 + SK_PAGE_BYTES), 2 + 514);
	CHECK(map_all(GIB, GIB, GIB + MIB2 + SK_PAGE_BYTES, READ_WRITE), 3); /* a piece ends with its table */
	CHECK(tables_taken - before, 2);
	check_mapped(GIB + 0x123, GIB + 0x123, READ_WRITE);
	check_mapped(2 * GIB + MIB2 - 1u, 2 * GIB + MIB2 - 1u, READ_WRITE);
	check_mapped(2 * GIB + MIB2, 2 * GIB + MIB2, READ_WRITE);
	check_unmapped(GIB - 1u);
	check_unmapped(2 * GIB + MIB2 + SK_PAGE_BYTES);
	check_unmapped(ARCH_SPACE_LIMIT);
}

static void misaligned_ranges_go_by_pages_in_pieces(void)
{
	uint32_t before = tables_taken;
	CHECK(map_all(0x10000000, GIB + SK_PAGE_BYTES, MIB2, READ_EXECUTE), 16);
	CHECK(tables_taken - before, 2);
	check_mapped(0x10000000 + MIB2 - 1u, GIB + MIB2 + SK_PAGE_BYTES - 1u, READ_EXECUTE);
	CHECK(arch_tables_needed(&space, 0x10000000 + MIB2, SK_PAGE_BYTES), 1);
	CHECK(arch_map(&space, 0x0a000000, 0x09000000, SK_PAGE_BYTES, READ_WRITE | SK_MAP_FLAGS_DEVICE),
	      SK_PAGE_BYTES);
	check_mapped(0x0a000000, 0x09000000, READ_WRITE | SK_MAP_FLAGS_DEVICE);
}

static void nothing_stays_behind(void)
{
	uint64_t maintenance = core_this()->counters[COUNT_TLB_MAINTENANCE];
	CHECK(unmap_all(0x10000000, MIB2), 16);
	CHECK(core_this()->counters[COUNT_TLB_MAINTENANCE] - maintenance, 16);
	check_unmapped(0x10000000);
	CHECK(unmap_all(GIB, GIB + MIB2 + SK_PAGE_BYTES), 3);
	CHECK(unmap_all(0x0a000000, SK_PAGE_BYTES), 1);
	CHECK(tables_given, tables_taken);
	uint64_t any = 0;
	for (uint32_t i = 0; i < SK_PAGE_BYTES / 8u; i++) {
		any |= root[i];
	}
	CHECK(any, 0);
}

static void translations_are_taught_and_forgotten(void)
{
	/* Reads through stage 2 as EL1 would: PAR_EL1 says what the hardware finds. */
	static uint64_t page[SK_PAGE_BYTES / 8u] __attribute__((aligned(4096)));
	(void)arch_map(&space, GIB, (uint64_t)page, SK_PAGE_BYTES, SK_MAP_FLAGS_READ);
	write_sysreg(vttbr_el2, space.arch.vttbr);
	write_sysreg(hcr_el2, HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_AMO);
	isb();
	__asm__ volatile("at s12e1r, %0\n\tisb" : : "r"(GIB));
	CHECK(read_sysreg(par_el1) & 1u, 0);
	CHECK(read_sysreg(par_el1) & 0xfffffffff000ull, (uint64_t)page);
	__asm__ volatile("at s12e1w, %0\n\tisb" : : "r"(GIB));
	CHECK(read_sysreg(par_el1) & 1u, 1);
	CHECK(arch_unmap(&space, GIB, SK_PAGE_BYTES), SK_PAGE_BYTES);
	CHECK(read_sysreg(vttbr_el2), space.arch.vttbr);
	__asm__ volatile("at s12e1r, %0\n\tisb" : : "r"(GIB));
	CHECK(read_sysreg(par_el1) & 1u, 1);
}

static void identifiers_run_out_and_come_back(void)
{
	static struct space spaces[256];
	uint32_t count = 0;
	while (count < 256u && arch_space_init(&spaces[count], root) == SK_OK) {
		count++;
	}
	CHECK(count, 254); /* 0 is nobody's, 1 is `space`'s */
	arch_space_release(&spaces[7]);
	CHECK(arch_space_init(&spaces[8], root), SK_OK);
	CHECK(arch_space_init(&spaces[9], root), SK_NO_SLOT);
	for (uint32_t i = 0; i < count; i++) {
		if (i != 7) {
			arch_space_release(&spaces[i]);
		}
	}
}

void space_tests(void)
{
	CHECK(arch_space_init(&space, root), SK_OK);
	largest_blocks_that_fit();
	misaligned_ranges_go_by_pages_in_pieces();
	nothing_stays_behind();
	translations_are_taught_and_forgotten();
	identifiers_run_out_and_come_back();
	arch_space_release(&space);
	CHECK(read_sysreg(vttbr_el2), 0);
}
