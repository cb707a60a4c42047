/* See print.h. */
#include <guest/mmio.h>
#include <guest/print.h>
#include <stdbool.h>

#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TX_FULL 0x20u

void (*print_pause)(void);

void uart_put(char c)
{
	while ((mmio_read32(UART_BASE + UART_FR) & UART_FR_TX_FULL) != 0) {
		if (print_pause != NULL) {
			print_pause();
		}
	}
	mmio_write32(UART_BASE + UART_DR, (uint8_t)c);
}

struct field {
	unsigned width;
	bool zeros;
	bool left;
};

static void put_padding(unsigned length, unsigned width, char pad)
{
	for (; length < width; length++) {
		uart_put(pad);
	}
}

static void put_text(const char *text, struct field field)
{
	unsigned length = 0;
	while (text[length] != '\0') {
		length++;
	}
	if (!field.left) {
		put_padding(length, field.width, ' ');
	}
	for (unsigned i = 0; i < length; i++) {
		uart_put(text[i]);
	}
	if (field.left) {
		put_padding(length, field.width, ' ');
	}
}

static void put_number(uint64_t value, bool negative, unsigned base, struct field field)
{
	char digits[24];
	unsigned at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (field.zeros && !field.left) {
		unsigned length = (unsigned)sizeof(digits) - 1 - at + (negative ? 1 : 0);
		if (negative) {
			uart_put('-');
		}
		put_padding(length, field.width, '0');
		field.width = 0;
	} else if (negative) {
		digits[--at] = '-';
	}
	put_text(&digits[at], field);
}

static uint64_t take_number(va_list *list, unsigned longs, bool is_signed)
{
	if (longs > 0) {
		return va_arg(*list, uint64_t);
	}
	return is_signed ? (uint64_t)(int64_t)va_arg(*list, int) : va_arg(*list, unsigned);
}

static void put_conversion(char conversion, unsigned longs, struct field field, va_list *list)
{
	switch (conversion) {
	case 'd':
	case 'i': {
		uint64_t value = take_number(list, longs, true);
		bool negative = (int64_t)value < 0;
		put_number(negative ? 0 - value : value, negative, 10, field);
		break;
	}
	case 'u':
		put_number(take_number(list, longs, false), false, 10, field);
		break;
	case 'x':
		put_number(take_number(list, longs, false), false, 16, field);
		break;
	case 'p':
		put_text("0x", (struct field){0});
		put_number((uint64_t)va_arg(*list, void *), false, 16, field);
		break;
	case 'c':
		uart_put((char)va_arg(*list, int));
		break;
	case 's':
		put_text(va_arg(*list, const char *), field);
		break;
	default:
		uart_put(conversion);
		break;
	}
}

void print_list(const char *format, va_list arguments)
{
	va_list list;

	va_copy(list, arguments);
	while (*format != '\0') {
		if (*format != '%') {
			uart_put(*format++);
			continue;
		}
		format++;
		struct field field = {0};
		unsigned longs = 0;
		for (; *format == '0' || *format == '-'; format++) {
			field.zeros |= *format == '0';
			field.left |= *format == '-';
		}
		for (; *format >= '0' && *format <= '9'; format++) {
			field.width = field.width * 10 + (unsigned)(*format - '0');
		}
		for (; *format == 'l'; format++) {
			longs++;
		}
		if (*format == '\0') {
			break;
		}
		put_conversion(*format++, longs, field, &list);
	}
	va_end(list);
}

void print(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	print_list(format, list);
	va_end(list);
}
