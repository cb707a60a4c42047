/* The system as a whole, and help. */
#include <string.h>

#include <sk/idl/supervisor_client.h>

#include "command.h"
#include "format.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "table.h"

static void list_commands(void)
{
	const struct command *command = NULL;

	table_begin("command|arguments|");
	for (uint32_t i = 0; (command = command_at(i)) != NULL; i++) {
		table_cell("%s", command->name);
		table_cell("%s", command->usage);
		table_cell("%s", command->summary);
	}
	table_end("");
	if (screen_is_terminal()) {
		screen_text("Tab completes; Up and Down: earlier lines. The console's own keys: Ctrl-A h.\n");
	}
}

static void help(const struct argument *arguments, uint32_t count)
{
	if (count == 0) {
		list_commands();
		return;
	}
	const struct command *command = command_at((uint32_t)arguments[0].value);
	if (command == NULL) {
		return;
	}
	screen_print("%s%s%s: %s\n", command->name, *command->usage == '\0' ? "" : " ", command->usage,
		     command->summary);
	if (command->details != NULL) {
		screen_print("%s\n", command->details);
	}
}

static void show_system(const struct argument *arguments, uint32_t count)
{
	uint32_t servers = 0;
	uint32_t vms = 0;
	uint32_t cores = 0;
	uint32_t crashes = 0;
	uint64_t now_ns = 0;
	char time[FORMAT_BYTES];

	(void)arguments;
	(void)count;
	if (report_answered("supervisor",
			    operator_system(names_supervisor(), &servers, &vms, &cores, &crashes, &now_ns))) {
		screen_print("%u cores, %u servers, %u VMs; up %s; %u crashes\n", (unsigned)cores, (unsigned)servers,
			     (unsigned)vms, format_time(time, now_ns), (unsigned)crashes);
	}
}

static void power_off(const struct argument *arguments, uint32_t count)
{
	(void)arguments;
	(void)count;
	report_order("power", "off", operator_power_off(names_supervisor()));
}

static void machine_reset(const struct argument *arguments, uint32_t count)
{
	(void)arguments;
	(void)count;
	report_order("machine", "reset", operator_machine_reset(names_supervisor()));
}

const struct command command_system[] = {
	{ "system", { ARGUMENT_NONE }, 0, "", "the machine at a glance", NULL, show_system },
	{ "poweroff", { ARGUMENT_NONE }, 0, "", "switch the machine off", NULL, power_off },
	{ "reboot", { ARGUMENT_NONE }, 0, "", "reset the machine", NULL, machine_reset },
	{ "help", { ARGUMENT_COMMAND }, 0, "[COMMAND]", "this list, or more about one command", NULL, help },
	{ .name = NULL },
};
