/*
 * Time, the kernel's timer, other cores, physical lines, memory by cache line.
 */
#include "fixture.h"

#define DISTRIBUTOR 0x08000000u
#define GICD_ISPENDR1 0x204u
#define LINE 33u             /* the first bit but one of ISPENDR1 */
#define DELAY_NS 1000000u

static void time_converts(void)
{
	uint64_t ns_per_tick = 1000000000u / arch_ns_to_ticks(1000000000u);
	CHECK(arch_ticks_to_ns(1), ns_per_tick);
	CHECK(arch_ns_to_ticks(ns_per_tick), 1);
	CHECK(arch_ns_to_ticks(0), 0);
	CHECK(arch_ns_to_ticks(ns_per_tick + 1u), 2);
	CHECK(arch_ticks_to_ns(arch_ns_to_ticks(3600u * 1000000000ull)), 3600u * 1000000000ull);
	CHECK(arch_ns_to_ticks(UINT64_MAX) >= UINT64_MAX / 1000u, true);
}

static void timer_interrupts_once(void)
{
	uint64_t start = arch_ticks();
	arch_timer_set(start + arch_ns_to_ticks(DELAY_NS));
	while (ticks_seen == 0) {
		arch_idle();
	}
	CHECK(arch_ticks() - start >= arch_ns_to_ticks(DELAY_NS), true);
	CHECK(ticks_seen, 1);
	CHECK(arch_interrupt_pending(), false);
}

static void cores_come_up_and_are_poked(void)
{
	for (uint32_t i = 1; i < core_count; i++) {
		CHECK(arch_core_online(i), SK_OK);
		while ((cores_entered & 1u << i) == 0) {
			arch_core_relax();
		}
		arch_core_poke(i);
		while (drains_seen[i] == 0) {
			arch_core_relax();
		}
		CHECK(arch_core_online(i), SK_BAD_STATE);
	}
	CHECK(arch_core_online(core_count), SK_BAD_ARG);
	arch_core_poke(0);
	while (drains_seen[0] == 0) {
		arch_idle();
	}
	CHECK(drains_seen[0], 1);
}

static void shared_line_arrives_where_routed(void)
{
	CHECK(arch_interrupt_valid(31), false);
	CHECK(arch_interrupt_valid(LINE), true);
	CHECK(arch_interrupt_valid(1020), false);
	for (uint32_t core = 0; core < core_count; core++) {
		interrupt_seen = 0;
		arch_interrupt_configure(LINE, false, core);
		arch_interrupt_enable(LINE);
		*(volatile uint32_t *)(uint64_t)(DISTRIBUTOR + GICD_ISPENDR1) = 1u << LINE % 32u;
		while (interrupt_seen == 0) {
			if (core == 0) {
				arch_idle();
			} else {
				arch_core_relax();
			}
		}
		CHECK(interrupt_seen, LINE);
	}
}

static void pages_are_cleared(void)
{
	static uint64_t pages[3][SK_PAGE_BYTES / 8u] __attribute__((aligned(4096)));
	for (uint32_t i = 0; i < 3u * SK_PAGE_BYTES / 8u; i++) {
		pages[i / (SK_PAGE_BYTES / 8u)][i % (SK_PAGE_BYTES / 8u)] = i + 1u;
	}
	arch_clear_page(pages[1]);
	arch_sync_memory((uint64_t)pages, sizeof pages);
	uint64_t any = 0;
	for (uint32_t i = 0; i < SK_PAGE_BYTES / 8u; i++) {
		any |= pages[1][i];
	}
	CHECK(any, 0);
	CHECK(pages[0][SK_PAGE_BYTES / 8u - 1u], SK_PAGE_BYTES / 8u);
	CHECK(pages[2][0], 2u * SK_PAGE_BYTES / 8u + 1u);
}

void machine_tests(void)
{
	time_converts();
	timer_interrupts_once();
	cores_come_up_and_are_poked();
	shared_line_arrives_where_routed();
	pages_are_cleared();
}
