/* VMs: what they are, and orders to them. */
#include <sk/idl/kernel_names.h>
#include <sk/idl/supervisor_client.h>
#include <sk/idl/supervisor_names.h>

#include "command.h"
#include "format.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "table.h"

static void list_vms(const struct argument *arguments, uint32_t count)
{
	struct sk_vm_info vm;
	char size[FORMAT_BYTES];
	char vmm[SK_NAME_BYTES];

	(void)arguments;
	(void)count;
	table_begin("name|state|>vCPUs|>memory|>devices|>starts|VMM");
	for (uint32_t i = 0; operator_vm(names_supervisor(), i, &vm) == SK_OK; i++) {
		table_cell("%.24s", (const char *)vm.name);
		table_cell("%s", sk_vm_state_name(vm.state));
		table_cell("%u", (unsigned)vm.vcpus);
		table_cell("%s", format_size(size, vm.memory_bytes));
		table_cell("%u", (unsigned)vm.devices);
		table_cell("%u", (unsigned)vm.boots);
		table_cell("%s", names_at(ARGUMENT_SERVER, vm.vmm, vmm) ? vmm : "-");
	}
	table_end("there are no VMs");
}

static void show_vcpus(uint32_t vm)
{
	struct sk_vcpu_detail vcpu;
	char time[FORMAT_BYTES];
	char deadline[FORMAT_BYTES];

	table_begin(">vCPU|state|>core|>exits|>CPU time|>next timer");
	for (uint32_t i = 0; operator_vcpu(names_supervisor(), vm, i, &vcpu) == SK_OK; i++) {
		table_cell("%u", (unsigned)i);
		table_cell("%s", vcpu_state_name(vcpu.state));
		table_cell("%u", (unsigned)vcpu.core);
		table_cell("%llu", (unsigned long long)vcpu.exits);
		table_cell("%s", format_time(time, vcpu.time_ns));
		table_cell("%s", vcpu.timer_deadline == 0 || vcpu.timer_deadline == UINT64_MAX
					 ? "-" : format_time(deadline, vcpu.timer_deadline));
	}
	table_end("it has no vCPUs now");
}

static void show_vm(const struct argument *arguments, uint32_t count)
{
	struct sk_vm_info vm;
	char size[FORMAT_BYTES];

	(void)count;
	if (!report_answered(arguments[0].word,
			     operator_vm(names_supervisor(), (uint32_t)arguments[0].value, &vm))) {
		return;
	}
	screen_print("%.24s: %s, %s, %u devices, started %u times\n", (const char *)vm.name, sk_vm_state_name(vm.state),
		     format_size(size, vm.memory_bytes), (unsigned)vm.devices, (unsigned)vm.boots);
	show_vcpus((uint32_t)arguments[0].value);
}

static void order(const char *what, sk_status_t (*give)(sk_cap_t, uint32_t), const struct argument *vm)
{
	char name[SK_NAME_BYTES];

	report_order(what, names_at(ARGUMENT_VM, (uint32_t)vm->value, name) ? name : vm->word,
		     give(names_supervisor(), (uint32_t)vm->value));
}

static void start_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("start", operator_vm_start, arguments);
}

static void stop_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("stop", operator_vm_stop, arguments);
}

static void pause_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("pause", operator_vm_pause, arguments);
}

static void resume_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("resume", operator_vm_resume, arguments);
}

static void reset_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("reset", operator_vm_reset, arguments);
}

static void destroy_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("destroy", operator_vm_destroy, arguments);
}

static void create_vm(const struct argument *arguments, uint32_t count)
{
	(void)count;
	order("create", operator_vm_create, arguments);
}

#define ONE_VM { ARGUMENT_VM }, 1, "VM"

const struct command command_vm[] = {
	{ "vms", { ARGUMENT_NONE }, 0, "", "list the VMs", NULL, list_vms },
	{ "vm", ONE_VM, "show a VM and its vCPUs", NULL, show_vm },
	{ "start", ONE_VM, "start a stopped VM", NULL, start_vm },
	{ "stop", ONE_VM, "stop a VM at once",
	  "Like pulling the plug: the guest is not asked. Its memory stays until it is started again.", stop_vm },
	{ "pause", ONE_VM, "take a VM's vCPUs off the cores",
	  "The guest's counter stands still until `resume`.", pause_vm },
	{ "resume", ONE_VM, "let a paused VM go on", NULL, resume_vm },
	{ "reset", ONE_VM, "stop a VM and start it afresh", NULL, reset_vm },
	{ "destroy", ONE_VM, "give back all that a VM owns",
	  "Its memory, vCPUs and devices' state go. `create` makes it again from the manifest.", destroy_vm },
	{ "create", ONE_VM, "make a destroyed VM again", NULL, create_vm },
	{ .name = NULL },
};
