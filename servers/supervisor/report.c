#include "report.h"

#include <inttypes.h>

#include <sk/idl/supervisor_names.h>
#include <sk/log.h>

#include "control.h"
#include "crash.h"
#include "system.h"

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
	if (system_state.manifest.fault_injection) {
		control_say("crash %" PRIu32 " %s %s %s at=%" PRIu64 " delay=%" PRIu64 " took=%" PRIu64 " pc=%#" PRIx64
			    " address=%#" PRIx64,
			    record->number, name, sk_crash_reason_name(record->reason),
			    sk_crash_verdict_name(record->verdict), record->at_ns, record->delay_ns, record->took_ns,
			    record->backtrace[0], record->address);
	}
}
