#include "bench.h"

#include <stdio.h>

#include <sk/idl/console_server.h>
#include <sk/idl/supervisor_server.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>
#include <sk/timer.h>
#include <sk/trace.h>

#include "../names.h"
#include "../screen.h"

#define RING_BYTES 65536u

struct bench bench;

static _Alignas(64) uint8_t memory[RING_BYTES];
static _Alignas(64) uint8_t buffer[SK_PAGE_BYTES];
static _Alignas(64) uint8_t typed[4096];
static char printed[RING_BYTES];

static const char *const servers[] = { "sched", "console", "monitor", "uart0", "uart1" };
static const char *const vms[] = { "linux", "zephyr" };

#define SERVERS (sizeof(servers) / sizeof(servers[0]))
#define VMS (sizeof(vms) / sizeof(vms[0]))

void *sk_message_buffer(void)
{
	return buffer;
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	struct sk_caller caller = { .token = 1 };

	if (to == BENCH_SUPERVISOR && !bench.dead) {
		assert_true(operator_dispatch(&caller, msg));
	} else if (to == BENCH_INJECTION) {
		assert_true(injection_dispatch(&caller, msg));
	} else if (to == BENCH_CONSOLE) {
		assert_true(console_dispatch(&caller, msg));
	} else {
		return SK_NO_RECEIVER;
	}
	return sk_reply_status(msg->tag);
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, BENCH_CONSOLE_BITS);
	assert_int_equal(bits, SK_SIGNAL_STREAM);
	return SK_OK;
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)slot;
	(void)msg;
	(void)caller;
	fail_msg("nothing to wait for");
	return (uint64_t)SK_BAD_CAP;
}

uint64_t sk_counter(void)
{
	return bench.now_ns;
}

bool sk_sleep_until(uint64_t deadline_ns)
{
	bench.now_ns = deadline_ns;
	bench.slept++;
	if (bench.slept == bench.key_after) {
		int was_empty;

		(void)sk_byte_ring_write((struct sk_byte_ring *)(void *)typed, sk_byte_ring_capacity(sizeof(typed)),
					 (const uint8_t *)"q", 1, &was_empty);
	}
	return true;
}

/* The supervisor. */

sk_status_t operator_serve_system(const struct sk_caller *caller, uint32_t *server_count, uint32_t *vm_count,
				  uint32_t *cores, uint32_t *crashes, uint64_t *now_ns)
{
	(void)caller;
	*server_count = SERVERS;
	*vm_count = VMS;
	*cores = 2;
	*crashes = 3;
	*now_ns = 12345678901;
	return SK_OK;
}

sk_status_t operator_serve_server(const struct sk_caller *caller, uint32_t index, struct sk_server_info *info)
{
	(void)caller;
	if (index >= SERVERS) {
		return OPERATOR_ERROR_NO_SUCH_SERVER;
	}
	*info = (struct sk_server_info){
		.state = index == 4 ? SK_SERVER_STATE_FAILED : SK_SERVER_STATE_RUNNING, .instance = index,
		.threads = 1, .priority = 8, .cores = 3, .crashes = index, .memory_bytes = (index + 1) * 1024 * 640ull,
		.calls_served = 1000 + index, .time_ns = 500000000,
	};
	if (index == 3) { /* the only one that works: half of the time */
		info->time_ns += (bench.now_ns - BENCH_BEGIN_NS) / 2;
		info->calls_served += (bench.now_ns - BENCH_BEGIN_NS) / 1000000;
	}
	(void)strncpy((char *)info->name, servers[index], sizeof(info->name) - 1);
	(void)strncpy((char *)info->image, index < 3 ? servers[index] : "uart", sizeof(info->image) - 1);
	return SK_OK;
}

sk_status_t operator_serve_vm(const struct sk_caller *caller, uint32_t index, struct sk_vm_info *info)
{
	(void)caller;
	if (index >= VMS) {
		return OPERATOR_ERROR_NO_SUCH_VM;
	}
	*info = (struct sk_vm_info){
		.state = SK_VM_STATE_RUNNING, .vcpus = 2, .vmm = 9, .devices = 2, .boots = 1,
		.memory_bytes = 256u << 20,
	};
	(void)strncpy((char *)info->name, vms[index], sizeof(info->name) - 1);
	return SK_OK;
}

sk_status_t operator_serve_server_thread(const struct sk_caller *caller, uint32_t server, uint32_t index,
					 struct sk_thread_detail *detail)
{
	(void)caller;
	(void)server;
	if (index >= 1) {
		return OPERATOR_ERROR_NO_SUCH_THREAD;
	}
	*detail = (struct sk_thread_detail){ .state = 2, .core = 1, .task = 7, .calls_served = 5, .time_ns = 1500 };
	return SK_OK;
}

sk_status_t operator_serve_vcpu(const struct sk_caller *caller, uint32_t vm, uint32_t index,
				struct sk_vcpu_detail *detail)
{
	(void)caller;
	if (index >= 2) {
		return OPERATOR_ERROR_NO_SUCH_THREAD;
	}
	*detail = (struct sk_vcpu_detail){ .state = 4, .core = index, .exits = 100, .time_ns = 3000000 };
	if (vm == 0 && index == 0) { /* likewise: a quarter */
		detail->time_ns += (bench.now_ns - BENCH_BEGIN_NS) / 4;
		detail->exits += (bench.now_ns - BENCH_BEGIN_NS) / 10000000;
	}
	detail->exit_counts[2] = vm == 0 ? 75 : 0;
	detail->exit_counts[16] = vm == 0 ? 25 : 0;
	return SK_OK;
}

sk_status_t operator_serve_server_region(const struct sk_caller *caller, uint32_t server, uint32_t index,
					 struct sk_region_detail *detail)
{
	(void)caller;
	(void)server;
	if (index > 1) {
		return OPERATOR_ERROR_NO_MORE;
	}
	*detail = (struct sk_region_detail){
		.name = "heap", .address = 0x10000000, .bytes = 65536, .flags = 1, .first = 3, .last = 3, .outside = index,
	};
	return SK_OK;
}

sk_status_t operator_serve_capability(const struct sk_caller *caller, uint32_t server, uint32_t from,
				      struct sk_capability_detail *detail)
{
	(void)caller;
	(void)server;
	if (from > 5) {
		return OPERATOR_ERROR_NO_MORE;
	}
	*detail = (struct sk_capability_detail){
		.slot = from < 3 ? 3 : 5, .type = 5, .rights = 0x48, .badge = 0x300000, .object = 17, .generation = 2,
	};
	return SK_OK;
}

sk_status_t operator_serve_core_counters(const struct sk_caller *caller, uint32_t core, uint64_t *counts)
{
	(void)caller;
	for (uint32_t i = 0; i < 32; i++) {
		counts[i] = core * 100 + i;
	}
	return core < 2 ? SK_OK : SK_BAD_ARG;
}

sk_status_t operator_serve_memory(const struct sk_caller *caller, struct sk_memory_info *info)
{
	(void)caller;
	*info = (struct sk_memory_info){ 1ull << 30, 700u << 20, 512u << 20, 90, 511, 300, 4096 };
	return SK_OK;
}

static sk_status_t note(const char *order, uint32_t index)
{
	size_t used = strlen(bench.orders);

	(void)snprintf(bench.orders + used, sizeof(bench.orders) - used, "%s %u;", order, (unsigned)index);
	return bench.order_status;
}

#define ORDER(name)                                                                            \
	sk_status_t operator_serve_##name(const struct sk_caller *caller, uint32_t index)        \
	{                                                                                        \
		(void)caller;                                                                    \
		return note(#name, index);                                                       \
	}
ORDER(vm_start)
ORDER(vm_pause)
ORDER(vm_resume)
ORDER(vm_stop)
ORDER(vm_reset)
ORDER(vm_destroy)
ORDER(vm_create)
ORDER(server_kill)
ORDER(server_restart)

/* Of the second crash: a call of object 7, and object 8 that starts. */
static const struct sk_trace_record bench_trace[] = {
	{ 1000000001, 0x10007, SK_TRACE_WHAT(SK_TRACE_CALL, VM_EXIT_TAG_MMIO_READ, 8), 0x9000018 },
	{ 1000000002, 8, SK_TRACE_WHAT(SK_TRACE_START, 0, 0), 0 },
};

sk_status_t operator_serve_crash(const struct sk_caller *caller, uint32_t number, struct sk_crash_record *record)
{
	(void)caller;
	if (number == 1) {
		return OPERATOR_ERROR_NO_SUCH_RECORD;
	}
	memset(record, 0, sizeof(*record));
	record->number = number;
	record->reason = SK_CRASH_REASON_KILLED;
	record->verdict = SK_CRASH_VERDICT_RESTARTED;
	record->at_ns = 5000000000;
	(void)strcpy((char *)record->name, "uart0");
	record->trace_core = 1;
	record->trace_records = number == 2 ? 2 : 0;
	memcpy(record->trace, bench_trace, sizeof(bench_trace));
	return SK_OK;
}

sk_status_t operator_serve_crash_text(const struct sk_caller *caller, uint32_t number, uint32_t offset, uint8_t *text,
				      uint32_t *text_bytes)
{
	static const char all[] = "crash 2: uart0 killed\n  pc 400100\n";
	uint32_t left = offset < sizeof(all) - 1 ? (uint32_t)(sizeof(all) - 1 - offset) : 0;

	(void)caller;
	if (number != 2) {
		return OPERATOR_ERROR_NO_SUCH_RECORD;
	}
	*text_bytes = left < 10 ? left : 10;
	memcpy(text, all + offset, *text_bytes);
	return SK_OK;
}

sk_status_t operator_serve_power_off(const struct sk_caller *caller)
{
	(void)caller;
	return note("power_off", 0);
}

sk_status_t operator_serve_machine_reset(const struct sk_caller *caller)
{
	(void)caller;
	return note("machine_reset", 0);
}

sk_status_t operator_serve_trace(const struct sk_caller *caller, bool on)
{
	(void)caller;
	return note("trace", on ? 1 : 0);
}

/* Objects 7 and 8 are a vCPU and a server's second thread. */
sk_status_t operator_serve_traced(const struct sk_caller *caller, uint32_t object, struct sk_traced *who)
{
	(void)caller;
	if (object != 7 && object != 8) {
		return OPERATOR_ERROR_NO_MORE;
	}
	memset(who, 0, sizeof(*who));
	(void)strcpy((char *)who->name, object == 7 ? "linux" : "uart0");
	who->kind = (uint32_t)(object == 7 ? SK_TRACED_KIND_VCPU : SK_TRACED_KIND_SERVER);
	who->index = object - 7;
	return SK_OK;
}

/* Fault injection: server 3 has something to spoil. */

sk_status_t injection_serve_target(const struct sk_caller *caller, uint32_t server, bool *running, uint32_t *threads,
				   uint32_t *interrupts, uint32_t *instance, uint32_t *stale)
{
	(void)caller;
	(void)server;
	*running = true;
	*threads = 1;
	*interrupts = 0;
	*instance = 0;
	*stale = 0;
	return SK_OK;
}

sk_status_t injection_serve_part(const struct sk_caller *caller, uint32_t server, enum sk_server_part part,
				 uint32_t index, uint64_t *address, uint64_t *bytes)
{
	(void)caller;
	if (server != 3 || part != SK_SERVER_PART_PERSISTENT || index != 0) {
		return INJECTION_ERROR_NO_SUCH_PART;
	}
	*address = 0x1000;
	*bytes = sizeof(bench.words);
	return SK_OK;
}

sk_status_t injection_serve_word(const struct sk_caller *caller, uint32_t server, uint64_t address, uint64_t *value)
{
	(void)caller;
	(void)server;
	*value = bench.words[(address - 0x1000) / 8];
	return SK_OK;
}

sk_status_t injection_serve_change_word(const struct sk_caller *caller, uint32_t server, uint64_t address,
					uint64_t clear, uint64_t flip, uint64_t *before)
{
	uint64_t *word = &bench.words[(address - 0x1000) / 8];

	(void)caller;
	(void)server;
	*before = *word;
	*word = (*word & ~clear) ^ flip;
	return bench.order_status;
}

sk_status_t injection_serve_registers(const struct sk_caller *caller, uint32_t server, uint32_t thread,
				      uint64_t *registers)
{
	(void)caller;
	(void)server;
	(void)thread;
	(void)registers;
	return INJECTION_ERROR_NO_SUCH_THREAD;
}

sk_status_t injection_serve_arm(const struct sk_caller *caller, uint32_t server, uint64_t address,
				uint32_t register_number, uint64_t clear, uint64_t flip, uint64_t delay_ns)
{
	(void)caller;
	(void)server;
	(void)address;
	(void)register_number;
	(void)clear;
	(void)flip;
	(void)delay_ns;
	return SK_OK;
}

sk_status_t injection_serve_disarm(const struct sk_caller *caller, bool *reached)
{
	(void)caller;
	*reached = false;
	return SK_OK;
}

sk_status_t injection_serve_signal(const struct sk_caller *caller, uint32_t server, uint32_t thread, uint64_t bits)
{
	(void)caller;
	(void)server;
	(void)thread;
	(void)bits;
	return SK_OK;
}

sk_status_t injection_serve_interrupt(const struct sk_caller *caller, uint32_t server, uint32_t index, bool enabled)
{
	(void)caller;
	(void)server;
	(void)index;
	(void)enabled;
	return SK_OK;
}

sk_status_t injection_serve_change_standby(const struct sk_caller *caller, uint32_t index, uint64_t address,
					   uint64_t clear, uint64_t flip, uint64_t *before)
{
	(void)caller;
	(void)index;
	(void)address;
	(void)clear;
	(void)flip;
	*before = 0;
	return INJECTION_ERROR_WRONG_STATE;
}

sk_status_t injection_serve_hold_memory(const struct sk_caller *caller, bool hold, uint64_t *held_bytes)
{
	(void)caller;
	*held_bytes = hold ? 4096 : 0;
	return SK_OK;
}

sk_status_t injection_serve_say(const struct sk_caller *caller, const uint8_t *text, uint32_t text_bytes)
{
	(void)caller;
	(void)text;
	(void)text_bytes;
	return SK_OK;
}

/* The console. */

sk_status_t console_serve_stream(const struct sk_caller *caller, uint32_t index, struct sk_stream_info *info)
{
	static const char *const streams[] = { "control", "uart0", "monitor" };

	(void)caller;
	if (index >= 3) {
		return CONSOLE_ERROR_NO_SUCH_STREAM;
	}
	*info = (struct sk_stream_info){ .id = (uint32_t)"01M"[index], .printed = 100, .taken = 90, .typed = 5 };
	(void)strcpy((char *)info->name, streams[index]);
	return SK_OK;
}

sk_status_t console_serve_info(const struct sk_caller *caller, uint32_t *selected, uint32_t *count, bool *log_shown,
			       bool *framed)
{
	(void)caller;
	*selected = bench.console_selected;
	*count = 3;
	*log_shown = true;
	*framed = false;
	return SK_OK;
}

sk_status_t console_serve_select(const struct sk_caller *caller, uint32_t index)
{
	(void)caller;
	bench.console_selected = index;
	return SK_OK;
}

sk_status_t console_serve_show_log(const struct sk_caller *caller, bool shown)
{
	(void)caller;
	return note("show_log", shown ? 1 : 0);
}

sk_status_t console_serve_scroll_back(const struct sk_caller *caller, uint32_t index, uint64_t from, uint64_t *next,
				      uint8_t *text, uint32_t *text_bytes)
{
	(void)caller;
	*text_bytes = from < 5000 ? (uint32_t)(5000 - from < *text_bytes ? 5000 - from : *text_bytes) : 0;
	memset(text, index == 255 ? 'l' : 's', *text_bytes);
	*next = from + *text_bytes;
	return SK_OK;
}

sk_status_t console_serve_resize(const struct sk_caller *caller, uint16_t columns, uint16_t rows)
{
	(void)caller;
	return note("resize", columns * 1000u + rows);
}

sk_status_t console_serve_flush(const struct sk_caller *caller)
{
	(void)caller;
	return SK_OK;
}

/* The operator. */

void bench_open(bool terminal)
{
	static struct sk_start start = { .magic = SK_START_MAGIC, .threads = 1, .counter_hz = 1000000000 };

	memset(&bench, 0, sizeof(bench));
	start.region_count = 0;
	bench.start = &start;
	bench.now_ns = BENCH_BEGIN_NS;
	screen_open_keys((struct sk_byte_ring *)(void *)typed, sk_byte_ring_capacity(sizeof(typed)));
	memset(memory, 0, sizeof(memory));
	memset(typed, 0, sizeof(typed));
	assert_true(sk_process_adopt(&start));
	screen_open((struct sk_byte_ring *)(void *)memory, sk_byte_ring_capacity(RING_BYTES), BENCH_CONSOLE_BITS,
		    SK_CAP_NONE, terminal);
	names_open(BENCH_SUPERVISOR, BENCH_CONSOLE, BENCH_INJECTION);
	line_open(&bench.line, "skink> ", terminal);
	line_begin(&bench.line);
	(void)bench_printed();
}

const char *bench_printed(void)
{
	uint64_t count = sk_byte_ring_read((struct sk_byte_ring *)(void *)memory, sk_byte_ring_capacity(RING_BYTES),
					   (uint8_t *)printed, sizeof(printed) - 1);

	printed[count] = '\0';
	return printed;
}

void bench_type(const char *keys)
{
	for (; *keys != '\0'; keys++) {
		switch (line_key(&bench.line, (uint8_t)*keys)) {
		case LINE_READY:
			command_run(bench.line.text);
			line_begin(&bench.line);
			break;
		case LINE_COMPLETE:
			command_complete(&bench.line);
			break;
		case LINE_TOO_LONG:
			screen_text("too long\n");
			line_begin(&bench.line);
			break;
		default:
			break;
		}
	}
}

void bench_assert_printed(const char *expected)
{
	assert_string_equal(bench_printed(), expected);
}

void bench_assert_contains(const char *part)
{
	if (strstr(bench_printed(), part) == NULL) {
		fail_msg("\"%s\" is not in \"%s\"", part, printed);
	}
}
