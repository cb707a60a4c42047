/*
 * The kernel's last words: a PL011 (Arm DDI 0183) that is polled. The console
 * server drives the same UART with interrupts; the kernel writes only before that
 * server runs, and when it panics.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define DEFAULT_BASE 0x09000000u /* until the boot info has been read */
#define UART_DR 0u
#define UART_FR 6u               /* in 32-bit words */
#define UART_FR_TXFF SYSREG_BIT(5)
#define SPINS_MAX 100000u        /* a UART that never drains must not stop a panic's halt */

static volatile uint32_t *uart = (volatile uint32_t *)DEFAULT_BASE;

void pl011_init(uint64_t base)
{
	uart = (volatile uint32_t *)base;
}

static void put(char c)
{
	for (uint32_t spins = 0; (uart[UART_FR] & UART_FR_TXFF) != 0 && spins < SPINS_MAX; spins++) {
		arch_core_relax();
	}
	uart[UART_DR] = (uint8_t)c;
}

void arch_console_write(const char *text, size_t bytes)
{
	if (uart == NULL) {
		return;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n') {
			put('\r');
		}
		put(text[i]);
	}
}
