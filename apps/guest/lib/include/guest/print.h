/* Text on the PL011. One caller at a time: tests print from CPU 0, or hold their own lock. */
#ifndef GUEST_PRINT_H
#define GUEST_PRINT_H

#include <stdarg.h>
#include <stddef.h>

void uart_put(char c);

/* What a program does while the UART is full; NULL: it looks again at once. */
extern void (*print_pause)(void);

/*
 * As printf, with the conversions d i u x c s p %, the lengths l and ll, the flags 0 and -, and a field width.
 * An unknown conversion is printed as it stands.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_list(const char *format, va_list list) __attribute__((format(printf, 1, 0)));

#endif
