/* Statistics: exits by reason, the kernel's counters, CPU time, memory. */
#include <string.h>

#include <sk/idl/kernel_names.h>
#include <sk/idl/supervisor_client.h>
#include <sk/idl/vm_exit_names.h>
#include <sk/process.h>
#include <sk/timer.h>

#include "command.h"
#include "format.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "table.h"
#include "usage.h"

#define EXIT_REASONS 32u
#define COUNTERS 32u                              /* in a message */
#define KINDS (CORE_COUNTER_VIRQ_FLUSHES + 1u)      /* that the kernel has */
#define SECONDS_MAX 60u
#define NS_PER_S 1000000000ull

static void exit_rows(uint32_t index, const char *name)
{
	uint64_t counts[EXIT_REASONS] = { 0 };
	uint64_t total = 0;
	struct sk_vcpu_detail vcpu;
	char share[FORMAT_BYTES];

	for (uint32_t i = 0; operator_vcpu(names_supervisor(), index, i, &vcpu) == SK_OK; i++) {
		for (uint32_t reason = 0; reason < EXIT_REASONS; reason++) {
			counts[reason] += vcpu.exit_counts[reason];
			total += vcpu.exit_counts[reason];
		}
	}
	for (uint32_t reason = 0; reason < EXIT_REASONS; reason++) {
		if (counts[reason] == 0) {
			continue;
		}
		table_cell("%s", name);
		table_cell("%s", vm_exit_method_name(reason));
		table_cell("%llu", (unsigned long long)counts[reason]);
		table_cell("%s", format_share(share, counts[reason], total));
	}
}

static void show_exits(const struct argument *arguments, uint32_t count)
{
	char name[SK_NAME_BYTES];

	table_begin("VM|reason|>exits|>share");
	for (uint32_t i = 0; names_at(ARGUMENT_VM, i, name); i++) {
		if (count == 0 || arguments[0].value == i) {
			exit_rows(i, name);
		}
	}
	table_end("no exits yet");
}

static void show_counters(const struct argument *arguments, uint32_t count)
{
	static uint64_t counts[SK_MAX_CORES][COUNTERS];
	char heading[128] = "counter";
	uint32_t cores = 0;

	(void)arguments;
	(void)count;
	while (cores < SK_MAX_CORES && operator_core_counters(names_supervisor(), cores, counts[cores]) == SK_OK) {
		static const char *const columns[SK_MAX_CORES] = {
			"|>core 0", "|>core 1", "|>core 2", "|>core 3", "|>core 4", "|>core 5", "|>core 6", "|>core 7",
		};

		(void)strcat(heading, columns[cores]);
		cores++;
	}
	table_begin(heading);
	for (uint32_t kind = 0; kind < KINDS && cores != 0; kind++) {
		table_cell("%s", core_counter_name(kind));
		for (uint32_t core = 0; core < cores; core++) {
			table_cell("%llu", (unsigned long long)counts[core][kind]);
		}
	}
	table_end("the supervisor gave no counters");
}

static void show_cpu(const struct argument *arguments, uint32_t count)
{
	static struct usage before[USAGE_SERVERS];
	static struct usage now[USAGE_SERVERS];
	uint64_t from_ns = 0;
	char name[SK_NAME_BYTES];
	char text[FORMAT_BYTES];

	memset(before, 0, sizeof(before));
	if (count != 0) {
		uint64_t seconds = arguments[0].value < SECONDS_MAX ? arguments[0].value : SECONDS_MAX;

		(void)usage_servers(before);
		from_ns = sk_now_ns();
		if (!sk_sleep_until(from_ns + seconds * NS_PER_S)) {
			screen_text("can't wait: no capability \"sched\" or no scheduler\n");
			return;
		}
	}
	uint32_t servers = usage_servers(now);
	uint64_t span_ns = sk_now_ns() - from_ns;

	table_begin("server|>CPU time|>of one core|>calls served");
	for (uint32_t i = 0; i < servers && names_at(ARGUMENT_SERVER, i, name); i++) {
		uint64_t time_ns = usage_since(before[i].time_ns, now[i].time_ns);

		table_cell("%s", name);
		table_cell("%s", format_time(text, time_ns));
		table_cell("%s", format_share(text, time_ns, span_ns));
		table_cell("%llu", (unsigned long long)usage_since(before[i].count, now[i].count));
	}
	table_end("there are no servers");
}

static void show_memory(const struct argument *arguments, uint32_t count)
{
	struct sk_memory_info memory = { 0 };
	char total[FORMAT_BYTES];
	char free_text[FORMAT_BYTES];
	char largest[FORMAT_BYTES];

	(void)arguments;
	(void)count;
	if (!report_answered("memory", operator_memory(names_supervisor(), &memory))) {
		return;
	}
	screen_print("memory: %s in all, %s free, the largest free piece %s\n", format_size(total, memory.total_bytes),
		     format_size(free_text, memory.free_bytes), format_size(largest, memory.largest_bytes));
	screen_print("kernel objects: %u of %u; the supervisor's capability slots: %u of %u\n",
		     (unsigned)memory.objects_used, (unsigned)memory.objects_total, (unsigned)memory.slots_used,
		     (unsigned)memory.slots_total);
}

const struct command command_statistics[] = {
	{ "exits", { ARGUMENT_VM }, 0, "[VM]", "guest exits by reason", NULL, show_exits },
	{ "counters", { ARGUMENT_NONE }, 0, "", "the kernel's counters by core",
	  "Entries, exits, calls, replies, signals, interrupts and more since boot.", show_counters },
	{ "cpu", { ARGUMENT_NUMBER }, 0, "[SECONDS]", "CPU time by server",
	  "Since each server's start, or within the next SECONDS (at most 60). A server's time includes\n"
	  "the turns that its callers lent it.", show_cpu },
	{ "memory", { ARGUMENT_NONE }, 0, "", "memory, kernel objects, slots", NULL, show_memory },
	{ .name = NULL },
};
