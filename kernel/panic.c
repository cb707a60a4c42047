/*
 * The kernel's last words. Nothing outside the kernel can bring it here: a panic
 * is a kernel bug, or a boot image that is not one. The format knows %u %x and the
 * l length of them; it is for people, not for parsing.
 */
#include <kernel/arch.h>
#include <stdarg.h>

static void write_number(uint64_t value, uint32_t base)
{
	char digits[20];
	uint32_t at = sizeof digits;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	arch_console_write(digits + at, sizeof digits - at);
}

_Noreturn void panic(const char *format, ...)
{
	static const char head[] = "\nKERNEL PANIC: ";
	va_list arguments;
	va_start(arguments, format);
	arch_console_write(head, sizeof head - 1u);
	for (const char *c = format; *c != '\0'; c++) {
		if (*c != '%') {
			arch_console_write(c, 1);
			continue;
		}
		bool wide = *++c == 'l';
		c += wide ? 1 : 0;
		uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
		write_number(value, *c == 'x' ? 16 : 10);
	}
	va_end(arguments);
	arch_console_write("\n", 1);
	arch_power_off();
}
