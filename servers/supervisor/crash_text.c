#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <arch/registers.h>

#include "crash.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define REGISTERS_A_LINE 4u

struct text {
	char *to;
	uint32_t room;
	uint32_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
	va_list arguments;
	uint32_t left = text->room - text->length;

	va_start(arguments, format);
	int n = vsnprintf(text->to + text->length, left, format, arguments);

	va_end(arguments);
	if (n > 0) {
		text->length += (uint32_t)n < left ? (uint32_t)n : left - 1;
	}
}

const char *crash_reason_text(uint32_t reason)
{
	switch (reason) {
	case SK_CRASH_REASON_MEMORY:
		return "memory fault";
	case SK_CRASH_REASON_INSTRUCTION:
		return "illegal instruction";
	case SK_CRASH_REASON_ALIGNMENT:
		return "alignment fault";
	case SK_CRASH_REASON_SYSTEM_CALL:
		return "bad system call";
	case SK_CRASH_REASON_BUDGET:
		return "call budget overrun";
	case SK_CRASH_REASON_EXIT:
		return "exit";
	case SK_CRASH_REASON_HEARTBEAT:
		return "missed heartbeat";
	case SK_CRASH_REASON_KILLED:
		return "killed by the operator";
	case SK_CRASH_REASON_STARVED:
		return "it left somebody without a timer or a turn";
	case SK_CRASH_REASON_DEPENDENCY:
		return "a server that it depends on gave up";
	default:
		return "fault";
	}
}

static void put_verdict(struct text *text, const struct sk_crash_record *record)
{
	switch (record->verdict) {
	case SK_CRASH_VERDICT_RESTARTED:
		put(text, "restarted at once, which took %" PRIu64 " ns\n", record->took_ns);
		break;
	case SK_CRASH_VERDICT_DELAYED:
		put(text, "restarted after %" PRIu64 " ms\n", record->delay_ns / NS_PER_MS);
		break;
	default:
		put(text, "not restarted: its fallback is in force\n");
		break;
	}
}

static void put_registers(struct text *text, const struct sk_crash_record *record)
{
	static const char *const names[REGISTER_COUNT] = { REGISTER_NAMES };

	for (uint32_t i = 0; i < REGISTER_COUNT; i++) {
		const char *end = i % REGISTERS_A_LINE == REGISTERS_A_LINE - 1 || i == REGISTER_COUNT - 1 ? "\n" : "  ";

		put(text, "%6s %016" PRIx64 "%s", names[i], record->registers[i], end);
	}
}

/* The log is the dead server's: whatever is not printable is shown as a dot. */
static void put_log(struct text *text, const struct sk_crash_record *record)
{
	put(text, "log:\n");
	for (uint32_t i = 0; i < record->log_bytes && i < sizeof(record->log); i++) {
		uint8_t c = record->log[i];

		put(text, "%c", c == '\n' || (c >= ' ' && c < 0x7f) ? c : '.');
	}
	put(text, "\n");
}

static void put_backtrace(struct text *text, const struct sk_crash_record *record, const struct symbols *program)
{
	put(text, "backtrace:\n");
	for (uint32_t i = 0; i < record->backtrace_count && i < 16; i++) {
		uint64_t pc = record->backtrace[i];
		const char *name;
		uint64_t offset;

		/* All but the first are return addresses: the call is before them, perhaps at a function's end. */
		if (symbols_find(program, i == 0 ? pc : pc - 1, &name, &offset)) {
			put(text, "  %#" PRIx64 " %.64s+%#" PRIx64 "\n", pc, name, offset + (i == 0 ? 0 : 1));
		} else {
			put(text, "  %#" PRIx64 "\n", pc);
		}
	}
}

uint32_t crash_format(const struct sk_crash_record *record, const struct symbols *program, char *to, uint32_t room)
{
	struct text text = { .to = to, .room = room };

	put(&text, "crash %" PRIu32 ": %.*s, instance %" PRIu32 ", thread %" PRIu32, record->number,
	    (int)sizeof(record->name), (const char *)record->name, record->instance, record->thread);
	put(&text, ", at %" PRIu64 ".%03" PRIu64 " s\n", record->at_ns / NS_PER_S, record->at_ns % NS_PER_S / NS_PER_MS);
	put(&text, "%s", crash_reason_text(record->reason));
	if (record->reason == SK_CRASH_REASON_EXIT) {
		put(&text, " with code %" PRId64, (int64_t)record->code);
	}
	put(&text, ": syndrome %#" PRIx64 ", address %#" PRIx64 "\n", record->syndrome, record->address);
	if (record->caller_tag != 0) {
		put(&text, "in service: interface %#" PRIx64 ", method %" PRIu64 ", from badge %#" PRIx64 "\n",
		    record->caller_tag >> 8 & 0xff, record->caller_tag & 0xff, record->caller_badge);
	} else {
		put(&text, "in service: nothing\n");
	}
	put_verdict(&text, record);
	put_backtrace(&text, record, program);
	put_registers(&text, record);
	put_log(&text, record);
	return text.length;
}
