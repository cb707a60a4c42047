/*
 * Addresses that are not this process's, and ways in which its own may not be used. What it has is what its start page
 * lists; everything around that, the hot spots of the machine and of Skink's address spaces, and numbers drawn from
 * a seed, must not be there.
 */
#include "intruder.h"

#include <sk/boot.h>
#include <sk/process.h>

#define OWN_MAX 128u
#define ATTEMPTS_MAX 2048u
#define MIB (1ull << 20)

#define LOAD (1u << INTRUDER_LOAD)
#define STORE (1u << INTRUDER_STORE)
#define FETCH (1u << INTRUDER_FETCH)
#define ANY (LOAD | STORE | FETCH)

extern const char sk_image_start[], sk_image_end[];

static const char rodata[] = "a text that stays what it is";
static char data[] = "not code";

static struct {
	uint64_t begin;
	uint64_t end;
} own[OWN_MAX];
static uint32_t own_count;

static struct intruder_attempt attempts[ATTEMPTS_MAX];
static uint32_t attempt_count;

static void add_own(uint64_t address, uint64_t bytes)
{
	if (own_count < OWN_MAX) {
		own[own_count].begin = address;
		own[own_count].end = address + (bytes + SK_PAGE_BYTES - 1) / SK_PAGE_BYTES * SK_PAGE_BYTES;
		own_count++;
	}
}

bool places_own(uint64_t address)
{
	for (uint32_t i = 0; i < own_count; i++) {
		if (address >= own[i].begin && address < own[i].end) {
			return true;
		}
	}
	return false;
}

/* Whether or not it is this process's. */
static void add(uint64_t address, uint32_t kinds)
{
	for (uint32_t class = INTRUDER_LOAD; class <= INTRUDER_FETCH; class++) {
		if ((kinds >> class & 1u) != 0 && attempt_count < ATTEMPTS_MAX) {
			attempts[attempt_count++] = (struct intruder_attempt){ class, address };
		}
	}
}

static void add_foreign(uint64_t address, uint32_t kinds)
{
	if (!places_own(address)) {
		add(address, kinds);
	}
}

static void find_own(void)
{
	const struct sk_start *start = sk_start();

	add_own((uint64_t)(uintptr_t)start, SK_START_BYTES);
	add_own((uint64_t)(uintptr_t)sk_image_start, (uint64_t)(sk_image_end - sk_image_start));
	for (uint32_t i = 0; i < start->threads; i++) {
		add_own(start->message_buffer[i], SK_PAGE_BYTES);
		add_own(start->stack_top[i] - 0x8000u, 0x8000u);
	}
	for (uint32_t i = 0; i < start->region_count; i++) {
		add_own(start->regions[i].address, start->regions[i].bytes);
	}
}

static void add_borders(void)
{
	for (uint32_t i = 0; i < own_count; i++) {
		add_foreign(own[i].begin - 1u, ANY);
		add_foreign(own[i].begin - SK_PAGE_BYTES, LOAD);
		add_foreign(own[i].end, ANY);
		add_foreign(own[i].end + SK_PAGE_BYTES - 1u, STORE);
	}
}

/* What it may only read, or not execute. */
static void add_wrong_ways(void)
{
	const struct sk_start *start = sk_start();
	uint64_t page = (uint64_t)(uintptr_t)start;

	add(page, STORE | FETCH);
	add((uint64_t)(uintptr_t)start->caps, STORE);
	add((uint64_t)(uintptr_t)start->regions, STORE);
	add(page + SK_START_BYTES - 1u, STORE);
	add((uint64_t)(uintptr_t)sk_image_start, STORE);
	add((uint64_t)(uintptr_t)places_find, STORE);
	add((uint64_t)(uintptr_t)rodata, STORE | FETCH);
	add((uint64_t)(uintptr_t)data, FETCH);
	add((uint64_t)(uintptr_t)&start, FETCH); /* the stack */
	add((uint64_t)(uintptr_t)sk_message_buffer(), FETCH);
	for (uint32_t i = 0; i < start->region_count; i++) {
		const struct sk_start_region *region = &start->regions[i];

		add(region->address, (region->flags & SK_REGION_WRITABLE) != 0 ? FETCH : STORE | FETCH);
		add(region->address + region->bytes - 4u, FETCH);
	}
}

static void add_powers(void)
{
	for (uint32_t bit = 0; bit < 64; bit++) {
		add_foreign(1ull << bit, ANY);
		add_foreign((1ull << bit) - 1u, LOAD);
		add_foreign(0ull - (1ull << bit), LOAD | STORE);
	}
	add_foreign(0, ANY);
}

/* QEMU's virt: flash, GIC, UART, clock, firmware's registers, virtio, PCIe; RAM, with the kernel at its beginning. */
static void add_machine(void)
{
	static const uint64_t devices[] = {
		0x00001000, 0x04000000, 0x08000000, 0x08000004, 0x08010000, 0x08020000, 0x08080000, 0x080a0000,
		0x080b0000, 0x080c0000, 0x09000000, 0x09000018, 0x09000030, 0x09010000, 0x09020000, 0x09030000,
		0x09050000, 0x0a000000, 0x0a000070, 0x0a001000, 0x0a003000, 0x0a003e00, 0x0c000000, 0x3eff0000,
		0x3f000000, 0x4010000000, 0x8000000000,
	};

	for (uint32_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		add_foreign(devices[i], ANY);
	}
	for (uint64_t address = 0x40000000; address < 0x40000000 + MIB; address += 16u * SK_PAGE_BYTES) {
		add_foreign(address, ANY);
	}
	for (uint64_t address = 0x40100000; address < 0x80000000; address += 8 * MIB) {
		add_foreign(address + 0x123u, LOAD | STORE);
	}
}

/* Where other processes have something, the supervisor above all. */
static void add_skink(void)
{
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		add_foreign(SK_VA_MESSAGE_BUFFERS + i * SK_PAGE_BYTES, ANY);
		add_foreign(SK_VA_STACKS + (i + 1u) * 0x10000u - 8u, ANY);
		add_foreign(SK_VA_STACKS + i * 0x10000u + 0x800u, STORE);
	}
	for (uint64_t i = 0; i < 16; i++) {
		add_foreign(SK_VA_ARCHIVE + i * MIB, LOAD | STORE);
		add_foreign(SK_VA_REGIONS + (1ull << 30) + i * 4u * SK_PAGE_BYTES, LOAD | STORE);
		add_foreign(SK_VA_REGIONS + i * 64 * MIB, LOAD | STORE);
	}
}

static void add_drawn(void)
{
	uint64_t random = 0x9e3779b97f4a7c15ull;

	for (uint32_t i = 0; i < 96; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		add_foreign(random >> (i % 3 == 0 ? 0 : i % 3 == 1 ? 25 : 34), i % 2 == 0 ? LOAD : STORE);
	}
}

void places_find(void)
{
	own_count = 0;
	attempt_count = 0;
	find_own();
	add_borders();
	add_wrong_ways();
	add_powers();
	add_machine();
	add_skink();
	add_drawn();
}

uint32_t places_count(void)
{
	return attempt_count;
}

struct intruder_attempt places_at(uint32_t index)
{
	return attempts[index];
}
