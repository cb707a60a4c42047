#include "tap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t passed_count;
static uint32_t failed_count;

void tap_suite(const char *name)
{
	printf("# %s\n", name);
}

static bool result(bool passed, const char *format, va_list list)
{
	if (passed) {
		passed_count++;
	} else {
		failed_count++;
	}
	printf("%s %" PRIu32 " - ", passed ? "ok" : "not ok", passed_count + failed_count);
	vprintf(format, list);
	printf("\n");
	return passed;
}

bool tap_ok(bool passed, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	result(passed, format, list);
	va_end(list);
	return passed;
}

bool tap_status(sk_status_t got, sk_status_t want, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	result(got == want, format, list);
	va_end(list);
	if (got != want) {
		printf("#   answered %d, not %d\n", (int)got, (int)want);
	}
	return got == want;
}

bool tap_is(uint64_t got, uint64_t want, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	result(got == want, format, list);
	va_end(list);
	if (got != want) {
		printf("#   is %#" PRIx64 ", not %#" PRIx64 "\n", got, want);
	}
	return got == want;
}

void tap_need(sk_status_t status, const char *what)
{
	if (status != SK_OK) {
		tap_status(status, SK_OK, "%s", what);
		(void)tap_end();
		exit(EXIT_FAILURE);
	}
}

uint32_t tap_end(void)
{
	printf("ktest: %" PRIu32 " passed, %" PRIu32 " failed\n", passed_count, failed_count);
	(void)fflush(stdout);
	return failed_count;
}
