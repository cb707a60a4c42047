/* See tap.h. */
#include <guest/print.h>
#include <guest/smccc.h>
#include <guest/tap.h>

static uint32_t passed_count;
static uint32_t failed_count;

static void result_start(bool passed)
{
	if (passed) {
		passed_count++;
	} else {
		failed_count++;
	}
	print("%sok %u - ", passed ? "" : "not ", passed_count + failed_count);
}

void tap_note(const char *format, ...)
{
	va_list list;
	print("# ");
	va_start(list, format);
	print_list(format, list);
	va_end(list);
	print("\n");
}

bool tap_ok(bool passed, const char *format, ...)
{
	va_list list;
	result_start(passed);
	va_start(list, format);
	print_list(format, list);
	va_end(list);
	print("\n");
	return passed;
}

bool tap_is(uint64_t got, uint64_t want, const char *format, ...)
{
	va_list list;
	result_start(got == want);
	va_start(list, format);
	print_list(format, list);
	va_end(list);
	if (got != want) {
		print(" (got 0x%llx, want 0x%llx)", (unsigned long long)got, (unsigned long long)want);
	}
	print("\n");
	return got == want;
}

void tap_skip(const char *what, const char *why)
{
	result_start(true);
	print("%s # SKIP %s\n", what, why);
}

uint32_t tap_failed(void)
{
	return failed_count;
}

void tap_finish(void)
{
	print("1..%u\n%u passed, %u failed\n", passed_count + failed_count, passed_count, failed_count);
	psci_system_off();
}
