/*
 * Interrupts of real (emulated) devices: the PL011's transmit line and the PL031's alarm. Both are levels: they last
 * until the device is told.
 */
#include "exits.h"

#include <guest/gic.h>
#include <guest/mmio.h>
#include <guest/print.h>
#include <guest/tap.h>
#include <guest/timer.h>

#define PATIENCE_MS 4000u
#define QUIET_MS 5u
#define UART_CR (UART_BASE + 0x30u)
#define UART_IMSC (UART_BASE + 0x38u)
#define UART_RIS (UART_BASE + 0x3cu)
#define UART_MIS (UART_BASE + 0x40u)
#define UART_ICR (UART_BASE + 0x44u)
#define UART_TX 0x20u
#define RTC_DR (RTC_BASE + 0x00u)
#define RTC_MR (RTC_BASE + 0x04u)
#define RTC_IMSC (RTC_BASE + 0x10u)
#define RTC_RIS (RTC_BASE + 0x14u)
#define RTC_MIS (RTC_BASE + 0x18u)
#define RTC_ICR (RTC_BASE + 0x1cu)

static void check_uart(void)
{
	gic_set_edge(INTID_UART, false);
	gic_route(INTID_UART, cpus[0].mpidr);
	gic_enable(INTID_UART);
	mmio_write32(UART_CR, 0x301);
	mmio_write32(UART_ICR, 0x7ff);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "UART: no interrupt while masked");
	/* No result is printed in between: printing transmits. */
	mmio_write32(UART_IMSC, UART_TX);
	uart_put('#');
	uart_put('\n');
	uint32_t first = gic_poll(timer_ms(PATIENCE_MS));
	uint32_t why = mmio_read32(UART_MIS);
	gic_end(first);
	uint32_t again = gic_poll(timer_ms(PATIENCE_MS));
	mmio_write32(UART_ICR, UART_TX);
	uint32_t cleared = mmio_read32(UART_RIS);
	gic_end(again);
	uint32_t last = gic_poll_none(timer_ms(QUIET_MS));
	mmio_write32(UART_IMSC, 0);
	gic_disable(INTID_UART);
	tap_is(first, INTID_UART, "UART: transmitting interrupts");
	tap_is(why, UART_TX, "UART: the masked status says why");
	tap_is(again, INTID_UART, "UART: ended but not cleared, it comes again");
	tap_is(cleared & UART_TX, 0, "UART: cleared in the device");
	tap_is(last, INTID_NONE, "UART: cleared, it doesn't come again");
}

static void check_rtc(void)
{
	gic_set_edge(INTID_RTC, false);
	gic_route(INTID_RTC, cpus[0].mpidr);
	gic_enable(INTID_RTC);
	mmio_write32(RTC_ICR, 1);
	mmio_write32(RTC_IMSC, 1);
	uint32_t now = mmio_read32(RTC_DR);
	mmio_write32(RTC_MR, now + 2u);
	tap_is(mmio_read32(RTC_MIS), 0, "clock: no alarm before its time");
	uint32_t intid = gic_poll(timer_ms(PATIENCE_MS));
	uint32_t then = mmio_read32(RTC_DR);
	tap_is(intid, INTID_RTC, "clock: the alarm interrupts");
	tap_ok(then >= now + 2u && then <= now + 3u, "clock: at its second");
	tap_is(mmio_read32(RTC_RIS), 1, "clock: the raw status says why");
	mmio_write32(RTC_ICR, 1);
	tap_is(mmio_read32(RTC_MIS), 0, "clock: cleared in the device");
	gic_end(intid);
	tap_is(gic_poll_none(timer_ms(QUIET_MS)), INTID_NONE, "clock: cleared, it doesn't come again");
	mmio_write32(RTC_IMSC, 0);
	gic_disable(INTID_RTC);
}

void test_device_lines(void)
{
	tap_note("device interrupts");
	check_uart();
	check_rtc();
}
