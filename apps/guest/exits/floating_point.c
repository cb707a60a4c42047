/* The vector registers and their control survive every kind of exit, and a trap of the guest's own stays its own. */
#include "exits.h"

#include <guest/exception.h>
#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/smccc.h>
#include <guest/tap.h>
#include <guest/timer.h>

void vectors_fill(uint64_t seed);
/* How many of v0..v31's halves are not what vectors_fill(seed) left there. */
uint64_t vectors_wrong(uint64_t seed);

#define CPACR_FPEN (3ull << 20)
#define FPCR_ROUND_ZERO (3ull << 22)

static void check(uint64_t seed, const char *what)
{
	tap_is(vectors_wrong(seed), 0, "vector registers survive %s", what);
}

void test_floating_point(void)
{
	tap_note("floating point and SIMD");
	vectors_fill(0x1000);
	(void)mmio_read32(UART_BASE + 0x18u);
	check(0x1000, "a device load");
	vectors_fill(0x2000);
	(void)psci_call(PSCI_VERSION, 0, 0, 0);
	check(0x2000, "a firmware call");
	vectors_fill(0x3000);
	gic_enable(INTID_TIMER_VIRTUAL);
	timer_set(timer_now() + timer_ms(1));
	cpu_wfi();
	uint32_t intid = gic_poll(timer_ms(1000));
	timer_stop();
	gic_end(intid);
	gic_disable(INTID_TIMER_VIRTUAL);
	check(0x3000, "idling");
	vectors_fill(0x4000);
	timer_spin(timer_ms(20));
	check(0x4000, "20 ms of work");

	WRITE_SYSREG(fpcr, FPCR_ROUND_ZERO);
	WRITE_SYSREG(fpsr, 0x1f);
	(void)mmio_read32(UART_BASE + 0x18u);
	tap_is(READ_SYSREG(fpcr), FPCR_ROUND_ZERO, "FPCR survives a device load");
	tap_is(READ_SYSREG(fpsr) & 0x1fu, 0x1f, "FPSR survives a device load");
	WRITE_SYSREG(fpcr, 0);
	WRITE_SYSREG(fpsr, 0);

	vectors_fill(0x5000);
	WRITE_SYSREG(cpacr_el1, 0);
	cpu_isb();
	catch_begin();
	__asm__ volatile("fmov d0, xzr" : : : "memory");
	struct caught c = catch_end();
	WRITE_SYSREG(cpacr_el1, CPACR_FPEN);
	cpu_isb();
	tap_ok(c.count == 1 && esr_class(c.esr) == EC_FP, "the guest's own trap of floating point is its own");
	check(0x5000, "that trap");
}
