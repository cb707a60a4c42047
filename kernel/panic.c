/*
 * The kernel's last words. Nothing outside the kernel can bring it here: a panic
 * is a kernel bug, or a boot image that is not one. The format knows %s %u %x %p
 * and the l and z length of them; it is for people, not for parsing.
 */
#include <kernel/arch.h>
#include <stdarg.h>
#include <string.h>

static void write_text(const char *text)
{
	arch_console_write(text, strlen(text));
}

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
	va_list arguments;
	va_start(arguments, format);
	write_text("\nKERNEL PANIC: ");
	for (const char *c = format; *c != '\0'; c++) {
		if (*c != '%') {
			arch_console_write(c, 1);
			continue;
		}
		bool wide = false;
		for (c++; *c == 'l' || *c == 'z'; c++) {
			wide = true;
		}
		if (*c == 's') {
			write_text(va_arg(arguments, const char *));
		} else if (*c == 'p') {
			write_number((uintptr_t)va_arg(arguments, void *), 16);
		} else {
			uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
			write_number(value, *c == 'x' ? 16 : 10);
		}
	}
	va_end(arguments);
	write_text("\n");
	arch_power_off();
}
