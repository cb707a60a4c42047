#include "report.h"

#include <sk/log.h>

#include "crash.h"

#define TEXT_BYTES 48u /* of a name or a reason */

static char *put_text(char *at, const char *text)
{
	for (uint32_t i = 0; i < TEXT_BYTES && text[i] != '\0'; i++) {
		*at++ = text[i];
	}
	return at;
}

static char *put_number(char *at, uint64_t value, uint32_t base)
{
	char digits[20];
	uint32_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (count != 0) {
		*at++ = digits[--count];
	}
	return at;
}

uint32_t report_line(char line[REPORT_BYTES], const char *name, const char *reason, uint64_t pc, uint64_t address,
		     uint32_t number)
{
	char *at = put_text(line, "server ");

	at = put_text(at, name);
	at = put_text(at, ": ");
	at = put_text(at, reason);
	at = put_text(at, " at 0x");
	at = put_number(at, pc, 16);
	if (address != 0) {
		at = put_text(at, " (address 0x");
		at = put_number(at, address, 16);
		at = put_text(at, ")");
	}
	at = put_text(at, ", crash ");
	at = put_number(at, number, 10);
	*at++ = '\n';
	return (uint32_t)(at - line);
}

void report_crash(const char *name, const struct sk_crash_record *record)
{
	char line[REPORT_BYTES];

	sk_log_write(line, report_line(line, name, crash_reason_text(record->reason), record->backtrace[0],
				       record->address, record->number));
}
