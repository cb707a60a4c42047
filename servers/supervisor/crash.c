#include "crash.h"

#include <string.h>

#include <sk/arch/exit.h>
#include <sk/byte_ring.h>
#include <sk/idl/kernel_client.h>

#include "backtrace.h"
#include "process.h"
#include "tracing.h"

static struct sk_crash_record records[CRASH_RECORDS]; /* number N is at (N - 1) % CRASH_RECORDS */
static uint32_t count;

/* The last bytes that the server wrote into its log, read or not: they stay in the ring until overwritten. */
static uint32_t copy_log(const struct server *server, uint8_t *to, uint32_t room)
{
	const struct layout_part *log = &server->layout.log;
	const struct sk_byte_ring *ring = (const struct sk_byte_ring *)(server->view + log->offset);
	uint64_t capacity = sk_byte_ring_capacity(log->bytes / 2);
	uint64_t written = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
	uint64_t bytes = written < room ? written : room;
	uint64_t at = (written - bytes) % capacity;
	uint64_t piece = capacity - at < bytes ? capacity - at : bytes;

	memcpy(to, ring->data + at, piece);
	memcpy(to + piece, ring->data, bytes - piece);
	return (uint32_t)bytes;
}

_Static_assert(sizeof(((struct sk_crash_record *)0)->log) < LAYOUT_LOG_BYTES / 4,
	       "a log's ring holds more than a record takes of it");

static void note_trace(struct sk_crash_record *record, uint32_t core)
{
	struct sk_trace_record last[sizeof(record->trace) / (sizeof(struct sk_trace_record))];

	record->trace_core = core;
	record->trace_records = tracing_last(core, last, sizeof(last) / sizeof(last[0]));
	memcpy(record->trace, last, record->trace_records * sizeof(last[0]));
}

struct sk_crash_record *crash_record(const struct server *server, const struct crash_cause *cause, uint64_t now_ns)
{
	struct sk_crash_record *record = &records[count % CRASH_RECORDS];

	count++;
	memset(record, 0, sizeof(*record));
	record->number = count;
	record->server = server->index;
	record->instance = server->instance;
	record->thread = cause->thread;
	record->reason = (uint32_t)cause->reason;
	record->at_ns = now_ns;
	record->syndrome = cause->syndrome;
	record->address = cause->address;
	record->caller_tag = cause->caller_tag;
	record->caller_badge = cause->caller_badge;
	memcpy(record->name, server->start->name, sizeof(record->name));

	(void)thread_read_registers(server->workers[cause->thread].thread, record->registers);
	if (cause->reason == SK_CRASH_REASON_EXIT) {
		record->code = record->registers[SK_EXIT_REGISTER_CODE];
	}
	record->backtrace_count = backtrace_walk(server, record->registers, record->backtrace,
						 sizeof(record->backtrace) / sizeof(record->backtrace[0]));
	note_trace(record, server->config->cores[cause->thread]);
	record->log_bytes = copy_log(server, record->log, sizeof(record->log));
	return record;
}

uint32_t crash_count(void)
{
	return count;
}

const struct sk_crash_record *crash_find(uint32_t number)
{
	if (number == 0 || number > count || count - number >= CRASH_RECORDS) {
		return NULL;
	}
	return &records[(number - 1) % CRASH_RECORDS];
}
