/* Servers: what they are, their threads and capabilities, their crashes, and orders to them. */
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/kernel_names.h>
#include <sk/idl/supervisor_client.h>
#include <sk/idl/supervisor_names.h>
#include <sk/start.h>

#include "command.h"
#include "format.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "table.h"
#include "trace.h"

#define COLUMNS "name|image|state|>restarts|>crashes|cores|>priority|>memory|>calls served|>CPU time"

static bool any_standby(void)
{
	struct sk_server_info server;
	bool any = false;

	for (uint32_t i = 0; operator_server(names_supervisor(), i, &server) == SK_OK; i++) {
		any = any || server.standby != SK_STANDBY_STATE_NONE;
	}
	return any;
}

static void list_servers(const struct argument *arguments, uint32_t count)
{
	struct sk_server_info server;
	char text[FORMAT_BYTES];

	(void)arguments;
	(void)count;
	bool standbys = any_standby();

	table_begin(standbys ? COLUMNS "|standby|>of memory" : COLUMNS);
	for (uint32_t i = 0; operator_server(names_supervisor(), i, &server) == SK_OK; i++) {
		table_cell("%.24s", (const char *)server.name);
		table_cell("%.24s", (const char *)server.image);
		table_cell("%s", sk_server_state_name(server.state));
		table_cell("%u", (unsigned)server.instance);
		table_cell("%u", (unsigned)server.crashes);
		table_cell("%s", format_cores(text, server.cores));
		table_cell("%u", (unsigned)server.priority);
		table_cell("%s", format_size(text, server.memory_bytes));
		table_cell("%llu", (unsigned long long)server.calls_served);
		table_cell("%s", format_time(text, server.time_ns));
		if (standbys) {
			table_cell("%s", sk_standby_state_name(server.standby));
			table_cell("%s", server.standby_bytes != 0 ? format_size(text, server.standby_bytes) : "");
		}
	}
	table_end("there are no servers");
}

static void thread_rows(uint32_t server, const char *name)
{
	struct sk_thread_detail thread;
	char time[FORMAT_BYTES];

	for (uint32_t i = 0; operator_server_thread(names_supervisor(), server, i, &thread) == SK_OK; i++) {
		table_cell("%s", name);
		table_cell("%u", (unsigned)i);
		table_cell("%s", thread_state_name(thread.state));
		table_cell("%u", (unsigned)thread.core);
		table_cell("%u", (unsigned)thread.task);
		table_cell("%llu", (unsigned long long)thread.calls_served);
		table_cell("%s", format_time(time, thread.time_ns));
		if (thread.caller_badge == 0) {
			table_cell("-");
		} else {
			table_cell("%06llx %04llx", (unsigned long long)thread.caller_badge,
				   (unsigned long long)(thread.caller_tag & SK_TAG_METHOD_MASK));
		}
	}
}

static void list_threads(const struct argument *arguments, uint32_t count)
{
	char name[SK_NAME_BYTES];

	table_begin("server|>thread|state|>core|>task|>calls served|>CPU time|in service (badge, method)");
	for (uint32_t i = 0; names_at(ARGUMENT_SERVER, i, name); i++) {
		if (count == 0 || arguments[0].value == i) {
			thread_rows(i, name);
		}
	}
	table_end("it has no threads now");
}

static void list_capabilities(const struct argument *arguments, uint32_t count)
{
	struct sk_capability_detail capability = { 0 };
	char rights[FORMAT_BYTES];
	uint32_t server = (uint32_t)arguments[0].value;
	sk_status_t status = SK_OK;

	(void)count;
	table_begin(">slot|type|rights|>badge|>object|>generation");
	for (uint32_t from = 1; status == SK_OK; from = capability.slot + 1) {
		status = operator_capability(names_supervisor(), server, from, &capability);
		if (status == SK_OK) {
			table_cell("%u", (unsigned)capability.slot);
			table_cell("%s", sk_object_type_name(capability.type));
			table_cell("%s", format_rights(rights, capability.rights));
			table_cell("%x", (unsigned)capability.badge);
			table_cell("%u", (unsigned)capability.object);
			table_cell("%u", (unsigned)capability.generation);
		}
	}
	if (status == OPERATOR_ERROR_NO_MORE || report_answered(arguments[0].word, status)) {
		table_end("it has no capabilities");
	}
}

/* As the tables of its address space say, not its start page: "rw-", "r--", with a d for a device's registers. */
static void access_cell(const struct sk_region_detail *region)
{
	uint32_t both = region->first & region->last;

	table_cell("%c%c%c%c", (both & SK_MAP_FLAGS_READ) != 0 ? 'r' : '-',
		   (both & SK_MAP_FLAGS_WRITE) != 0 ? 'w' : '-', (both & SK_MAP_FLAGS_EXECUTE) != 0 ? 'x' : '-',
		   (both & SK_MAP_FLAGS_DEVICE) != 0 ? 'd' : '-');
}

static void list_regions(const struct argument *arguments, uint32_t count)
{
	struct sk_region_detail region;
	uint32_t server = (uint32_t)arguments[0].value;
	sk_status_t status = SK_OK;

	(void)count;
	table_begin("region|>address|>bytes|access|kept|around it");
	for (uint32_t i = 0; status == SK_OK; i++) {
		status = operator_server_region(names_supervisor(), server, i, &region);
		if (status == SK_OK) {
			table_cell("%.24s", (const char *)region.name);
			table_cell("%llx", (unsigned long long)region.address);
			table_cell("%llu", (unsigned long long)region.bytes);
			access_cell(&region);
			table_cell("%s", (region.flags & SK_REGION_PERSISTENT) != 0 ? "kept" : "-");
			table_cell("%s", region.outside == 0 ? "nothing" : "more");
		}
	}
	if (status == OPERATOR_ERROR_NO_MORE || report_answered(arguments[0].word, status)) {
		table_end("it has no regions");
	}
}

static void kill_server(const struct argument *arguments, uint32_t count)
{
	(void)count;
	report_order("kill", arguments[0].word,
		     operator_server_kill(names_supervisor(), (uint32_t)arguments[0].value));
}

static void restart_server(const struct argument *arguments, uint32_t count)
{
	(void)count;
	report_order("restart", arguments[0].word,
		     operator_server_restart(names_supervisor(), (uint32_t)arguments[0].value));
}

static void list_crashes(uint32_t crashes)
{
	static struct sk_crash_record record;
	char time[FORMAT_BYTES];

	table_begin(">number|server|>instance|>at|reason|>address|>pc|what followed");
	for (uint32_t number = 1; number <= crashes; number++) {
		if (operator_crash(names_supervisor(), number, &record) != SK_OK) {
			continue; /* overwritten by a later one */
		}
		table_cell("%u", (unsigned)number);
		table_cell("%.24s", (const char *)record.name);
		table_cell("%u", (unsigned)record.instance);
		table_cell("%s", format_time(time, record.at_ns));
		table_cell("%s", sk_crash_reason_name(record.reason));
		table_cell("%llx", (unsigned long long)record.address);
		table_cell("%llx", (unsigned long long)record.registers[32]);
		table_cell("%s", sk_crash_verdict_name(record.verdict));
	}
	table_end("no server has crashed");
}

/* What its core did last, where that is traced. */
static void show_crash_trace(uint32_t number)
{
	static struct sk_crash_record record;
	struct sk_trace_record last[sizeof(record.trace) / (sizeof(struct sk_trace_record))];

	if (operator_crash(names_supervisor(), number, &record) == SK_OK && record.trace_records != 0 &&
	    record.trace_records <= sizeof(last) / sizeof(last[0])) {
		memcpy(last, record.trace, sizeof(last));
		screen_print("trace of core %u:\n", (unsigned)record.trace_core);
		trace_show_records(record.trace_core, last, record.trace_records);
	}
}

static void show_crash(uint32_t number)
{
	uint8_t text[1024];
	uint32_t offset = 0;
	uint32_t bytes = 0;

	do {
		bytes = sizeof(text);
		if (!report_answered("crash", operator_crash_text(names_supervisor(), number, offset, text, &bytes))) {
			return;
		}
		screen_write((const char *)text, bytes);
		offset += bytes;
	} while (bytes != 0);
	show_crash_trace(number);
}

static void crashes(const struct argument *arguments, uint32_t count)
{
	uint32_t servers = 0;
	uint32_t vms = 0;
	uint32_t cores = 0;
	uint32_t total = 0;
	uint64_t now_ns = 0;

	if (count != 0) {
		show_crash((uint32_t)arguments[0].value);
	} else if (report_answered("supervisor",
				   operator_system(names_supervisor(), &servers, &vms, &cores, &total, &now_ns))) {
		list_crashes(total);
	}
}

#define ONE_SERVER { ARGUMENT_SERVER }, 1, "SERVER"

const struct command command_server[] = {
	{ "servers", { ARGUMENT_NONE }, 0, "", "list the servers", NULL, list_servers },
	{ "threads", { ARGUMENT_SERVER }, 0, "[SERVER]", "list threads and what they serve", NULL, list_threads },
	{ "caps", ONE_SERVER, "list a server's capabilities",
	  "Rights: read, write, execute, call, listen, control, grant.", list_capabilities },
	{ "regions", ONE_SERVER, "list a server's memory",
	  "What its start page lists, with the access that its address space gives.", list_regions },
	{ "kill", ONE_SERVER, "make a server crash",
	  "As a fault would. What follows is its restart policy's business: see `crashes`.", kill_server },
	{ "restart", ONE_SERVER, "restart a server whatever its state",
	  "Its history of crashes is forgotten, so a server that was given up comes back.", restart_server },
	{ "crashes", { ARGUMENT_NUMBER }, 0, "[NUMBER]", "list crash records, or show one", NULL, crashes },
	{ .name = NULL },
};
