/* Contention: exclusive accesses of all CPUs on the same memory, while interrupts and exits break into them. */
#include "smp_tests.h"

#include <guest/boot.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define ROUNDS 5000u

static struct spinlock lock;
static uint64_t guarded;
static volatile uint64_t atomic;
static uint64_t broken;

static void contend(struct cpu *cpu)
{
	cpu->scratch[0] = meet() ? 0 : 1;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		spin_lock(&lock);
		uint64_t before = *(volatile uint64_t *)&guarded;
		if (i % 64 == 0) {
			/* An exit with the lock held: the others wait for as long as it takes. */
			(void)mmio_read32(UART_BASE + 0x18u);
		}
		if (*(volatile uint64_t *)&guarded != before) {
			broken++;
		}
		guarded = before + 1;
		spin_unlock(&lock);
		smp_add(&atomic, 3);
	}
}

void test_locks(void)
{
	tap_note("locks");
	guarded = 0;
	atomic = 0;
	broken = 0;
	tap_ok(run_on_all(contend), "all CPUs ended");
	tap_is(guarded, (uint64_t)ROUNDS * boot.cpu_count, "what a lock guards is counted right");
	tap_is(broken, 0, "nobody else was in the locked part");
	tap_is(atomic, 3ull * ROUNDS * boot.cpu_count, "atomic additions are counted right");
}
