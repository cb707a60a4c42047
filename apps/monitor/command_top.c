/* Who has the cores right now. */
#include <stdio.h>
#include <string.h>

#include <sk/idl/supervisor_client.h>
#include <sk/process.h>
#include <sk/timer.h>

#include "command.h"
#include "format.h"
#include "names.h"
#include "screen.h"
#include "table.h"
#include "usage.h"

#define SECONDS_MAX 60u
#define NS_PER_S 1000000000ull
#define LOOK_NS 100000000ull /* so often it is asked whether a key was pressed */
#define ROWS (USAGE_SERVERS + USAGE_VCPUS)

struct moment {
	uint64_t now_ns;
	uint32_t servers;
	uint32_t vcpus;
	struct usage of[ROWS]; /* servers, then vCPUs */
};

static struct moment before;
static struct moment now;

static void look(struct moment *moment)
{
	moment->servers = usage_servers(moment->of);
	moment->vcpus = usage_vcpus(moment->of + moment->servers);
	moment->now_ns = sk_now_ns();
}

/* False: a key was pressed, or nobody can wake it. */
static bool wait(uint64_t seconds)
{
	uint64_t until = sk_now_ns() + seconds * NS_PER_S;

	for (uint64_t at = sk_now_ns(); at < until; at = sk_now_ns()) {
		if (screen_key()) {
			return false;
		}
		if (!sk_sleep_until(until - at < LOOK_NS ? until : at + LOOK_NS)) {
			screen_text("can't wait: no capability \"sched\" or no scheduler\n");
			return false;
		}
	}
	return true;
}

static uint64_t time_of(uint32_t row)
{
	return usage_since(before.of[row].time_ns, now.of[row].time_ns);
}

/* The busiest first; of equals, who comes first in the manifest. */
static void sort(uint16_t order[ROWS], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i;

		for (; at > 0 && time_of(order[at - 1]) < time_of(i); at--) {
			order[at] = order[at - 1];
		}
		order[at] = (uint16_t)i;
	}
}

static void name_of(char name[SK_NAME_BYTES + 8], uint32_t row)
{
	char plain[SK_NAME_BYTES] = "?";
	struct sk_vm_info vm;

	if (row < now.servers) {
		(void)names_at(ARGUMENT_SERVER, row, plain);
		(void)snprintf(name, SK_NAME_BYTES + 8, "%s", plain);
		return;
	}
	uint32_t vcpu = row - now.servers;
	uint32_t i = 0;

	while (operator_vm(names_supervisor(), i, &vm) == SK_OK && vcpu >= vm.vcpus) {
		vcpu -= vm.vcpus;
		i++;
	}
	(void)names_at(ARGUMENT_VM, i, plain);
	(void)snprintf(name, SK_NAME_BYTES + 8, "%s/%u", plain, (unsigned)(vcpu % 1000u));
}

static void show(void)
{
	uint64_t span_ns = now.now_ns - before.now_ns;
	uint32_t rows = now.servers + now.vcpus;
	uint16_t order[ROWS];
	char name[SK_NAME_BYTES + 8];
	char share[FORMAT_BYTES];
	uint64_t busy_ns = 0;

	if (screen_is_terminal()) {
		screen_text("\033[H\033[J");
	}
	for (uint32_t i = 0; i < rows; i++) {
		busy_ns += time_of(i);
	}
	screen_print("together %s of one core", format_share(share, busy_ns, span_ns));
	screen_print(" in %s%s\n", format_time(share, span_ns), screen_is_terminal() ? "; any key ends this" : "");
	sort(order, rows);
	table_begin("server, vCPU|>of one core|>calls, exits a second");
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t count = usage_since(before.of[order[i]].count, now.of[order[i]].count);

		name_of(name, order[i]);
		table_cell("%s", name);
		table_cell("%s", format_share(share, time_of(order[i]), span_ns));
		table_cell("%llu", (unsigned long long)(count * NS_PER_S / (span_ns != 0 ? span_ns : 1)));
	}
	table_end("there is nobody");
}

static void top(const struct argument *arguments, uint32_t count)
{
	uint64_t seconds = count == 0 || arguments[0].value == 0 ? 1 : arguments[0].value;

	look(&before);
	while (wait(seconds < SECONDS_MAX ? seconds : SECONDS_MAX)) {
		look(&now);
		if (now.servers != before.servers || now.vcpus != before.vcpus) {
			before = now;
			continue;
		}
		show();
		if (!screen_is_terminal()) {
			return; /* a program asks again */
		}
		before = now;
	}
}

const struct command command_top[] = {
	{ "top", { ARGUMENT_NUMBER }, 0, "[SECONDS]", "who has the cores, again and again",
	  "Each server's and each vCPU's time, calls served and exits in the last SECONDS (1), the busiest first, until a\n"
	  "key is pressed; once if a program asks. Time includes the turns that callers lent.", top },
	{ .name = NULL },
};
