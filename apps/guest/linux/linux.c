/* See linux.h. */
#include "linux.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

#include "../../bench/probe.h"

#define STANDARD_OUTPUT 1
#define NS_PER_SECOND 1000000000ull

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

/* The compiler's own calls end here. */
void *memset(void *to, int value, size_t bytes);

void *memset(void *to, int value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		((uint8_t *)to)[i] = (uint8_t)value;
	}
	return to;
}

uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz;
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return ticks * (NS_PER_SECOND / hz);
}

void print(const char *text)
{
	size_t length = 0;
	while (text[length] != '\0') {
		length++;
	}
	(void)system_call4(__NR_write, STANDARD_OUTPUT, (long)text, (long)length, 0);
}

static void print_number(uint64_t value)
{
	char digits[24] = {0};
	uint32_t at = sizeof(digits) - 1;
	do {
		digits[--at] = (char)('0' + value % 10u);
		value /= 10u;
	} while (value != 0);
	print(digits + at);
}

static void print_value(const struct samples *samples, uint64_t value)
{
	print(" ");
	if (!samples->hundredths) {
		print_number(value);
		return;
	}
	print_number(value / 100u);
	print(value % 100u < 10u ? ".0" : ".");
	print_number(value % 100u);
}

long open_file(const char *path, int flags)
{
	return system_call4(__NR_openat, AT_FDCWD, (long)path, flags, 0);
}

const volatile uint64_t *map_probe(void)
{
	long memory = open_file("/dev/mem", O_RDONLY | O_SYNC);
	long at = memory < 0 ? memory
			     : system_call(__NR_mmap, 0, PROBE_BYTES, PROT_READ, MAP_SHARED, memory, PROBE_BASE);
	return at < 0 ? NULL : (const volatile uint64_t *)at;
}

void add(struct samples *samples, uint64_t value)
{
	if (samples->count < SAMPLES) {
		samples->values[samples->count++] = value;
	}
}

static void sort(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		uint32_t at = i;
		for (; at > 0 && values[at - 1] > value; at--) {
			values[at] = values[at - 1];
		}
		values[at] = value;
	}
}

void report(const char *name, struct samples *samples)
{
	if (samples->count == 0) {
		return;
	}
	sort(samples->values, samples->count);
	print("bench ");
	print(name);
	print_value(samples, samples->values[0]);
	print_value(samples, samples->values[samples->count / 2]);
	print_value(samples, samples->values[samples->count - 1]);
	print("\n");
}
