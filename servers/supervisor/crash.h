/*
 * Crash records: what is known of a server's last moments, gathered before
 * its memory is made anew. The last CRASH_RECORDS of them are kept.
 */
#ifndef SUPERVISOR_CRASH_H
#define SUPERVISOR_CRASH_H

#include <sk/idl/supervisor.h>

#include "symbols.h"

#include "system.h"

#define CRASH_RECORDS 16u
#define CRASH_TEXT_BYTES 4096u

/* What is known when a crash is noticed. */
struct crash_cause {
	uint32_t thread;
	enum sk_crash_reason reason;
	uint64_t syndrome;
	uint64_t address;
	uint64_t caller_tag;   /* of the message in service, as the fault call told; or 0 */
	uint64_t caller_badge;
};

/*
 * Takes the evidence of a crash: the thread's registers, its backtrace, the message in service, the end of the log.
 * The process must be as it was left: not filled anew yet. The verdict is for the caller to add.
 */
struct sk_crash_record *crash_record(const struct server *server, const struct crash_cause *cause, uint64_t now_ns);

/* Crashes since boot. */
uint32_t crash_count(void);

/* Record `number`, from 1; NULL: there was none, or it has been overwritten. */
const struct sk_crash_record *crash_find(uint32_t number);

/*
 * For people; `program` (data NULL: none) names the backtrace's functions. Returns the text's length (without its
 * NUL), at most `room` - 1.
 */
uint32_t crash_format(const struct sk_crash_record *record, const struct symbols *program, char *text, uint32_t room);

/* "memory fault", … */
const char *crash_reason_text(uint32_t reason);

#endif
