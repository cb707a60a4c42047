#include "format.h"

#include <stdio.h>
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/supervisor.h>
#include <sk/idl/vm_exit.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

const char *format_size(char text[FORMAT_BYTES], uint64_t bytes)
{
	if (bytes < 1024u * 1024u) {
		(void)snprintf(text, FORMAT_BYTES, "%llu KiB", (unsigned long long)((bytes + 1023) / 1024));
	} else {
		uint64_t tenths = bytes * 10 / (1024u * 1024u);

		(void)snprintf(text, FORMAT_BYTES, "%llu.%llu MiB", (unsigned long long)(tenths / 10),
			       (unsigned long long)(tenths % 10));
	}
	return text;
}

const char *format_time(char text[FORMAT_BYTES], uint64_t ns)
{
	unsigned long long n = ns;

	if (n < 1000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu ns", n);
	} else if (n < 1000000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%llu us", n / 1000, n % 1000 / 100);
	} else if (n < 1000000000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%03llu ms", n / 1000000, n % 1000000 / 1000);
	} else {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%03llu s", n / 1000000000, n % 1000000000 / 1000000);
	}
	return text;
}

const char *format_share(char text[FORMAT_BYTES], uint64_t part, uint64_t whole)
{
	if (whole == 0) {
		return strcpy(text, "-");
	}
	/* In thousandths; ns of centuries times 1000 do not fit, so the whole is scaled instead. */
	uint64_t thousandths = whole >= 1000 ? part / (whole / 1000) : part * 1000 / whole;
	(void)snprintf(text, FORMAT_BYTES, "%llu.%llu %%", (unsigned long long)(thousandths / 10),
		       (unsigned long long)(thousandths % 10));
	return text;
}

const char *format_cores(char text[FORMAT_BYTES], uint32_t mask)
{
	size_t used = 0;

	for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
		if ((mask >> core & 1u) != 0) {
			text[used++] = (char)('0' + core);
			text[used++] = ' ';
		}
	}
	text[used == 0 ? 0 : used - 1] = '\0';
	return text;
}

const char *format_rights(char text[FORMAT_BYTES], uint32_t rights)
{
	static const char letters[] = "rwxclkg"; /* read, write, execute, call, listen, control, grant */

	for (uint32_t i = 0; i < COUNT(letters) - 1; i++) {
		text[i] = (rights >> i & 1u) != 0 ? letters[i] : '-';
	}
	text[COUNT(letters) - 1] = '\0';
	return text;
}

const char *format_name(const char *const *names, uint32_t count, uint64_t value)
{
	return value < count && names[value] != NULL ? names[value] : "?";
}

const char *format_server_state(uint32_t state)
{
	static const char *const names[] = {
		[SK_SERVER_STATE_STOPPED] = "stopped", [SK_SERVER_STATE_RUNNING] = "running",
		[SK_SERVER_STATE_WAITING] = "waiting", [SK_SERVER_STATE_FAILED] = "failed",
		[SK_SERVER_STATE_EXITED] = "exited",
	};

	return format_name(names, COUNT(names), state);
}

const char *format_vm_state(uint32_t state)
{
	static const char *const names[] = {
		[SK_VM_STATE_LOADING] = "loading", [SK_VM_STATE_RUNNING] = "running", [SK_VM_STATE_PAUSED] = "paused",
		[SK_VM_STATE_STOPPED] = "stopped", [SK_VM_STATE_FAILED] = "failed",
		[SK_VM_STATE_DESTROYED] = "destroyed",
	};

	return format_name(names, COUNT(names), state);
}

const char *format_thread_state(uint32_t state)
{
	static const char *const names[] = {
		[SK_THREAD_STATE_STOPPED] = "stopped", [SK_THREAD_STATE_READY] = "ready",
		[SK_THREAD_STATE_RECEIVING] = "receiving", [SK_THREAD_STATE_CALLING] = "calling",
		[SK_THREAD_STATE_WAITING] = "waiting", [SK_THREAD_STATE_FAULTED] = "faulted",
	};

	return format_name(names, COUNT(names), state);
}

const char *format_vcpu_state(uint32_t state)
{
	static const char *const names[] = {
		[VCPU_STATE_CREATED] = "created", [VCPU_STATE_FREE] = "free", [VCPU_STATE_READY] = "ready",
		[VCPU_STATE_RUNNING] = "running", [VCPU_STATE_BLOCKED] = "blocked",
		[VCPU_STATE_INVALID] = "invalid",
	};

	return format_name(names, COUNT(names), state);
}

const char *format_object_type(uint32_t type)
{
	static const char *const names[] = {
		[SK_OBJECT_TYPE_NONE] = "none", [SK_OBJECT_TYPE_MEMORY] = "memory", [SK_OBJECT_TYPE_SPACE] = "space",
		[SK_OBJECT_TYPE_THREAD] = "thread", [SK_OBJECT_TYPE_VCPU] = "vcpu",
		[SK_OBJECT_TYPE_ENDPOINT] = "endpoint", [SK_OBJECT_TYPE_NOTIFICATION] = "notification",
		[SK_OBJECT_TYPE_INTERRUPT] = "interrupt", [SK_OBJECT_TYPE_VIRQ] = "virq",
		[SK_OBJECT_TYPE_CORE] = "core", [SK_OBJECT_TYPE_MACHINE] = "machine",
		[SK_OBJECT_TYPE_MAPPING] = "mapping",
	};

	return format_name(names, COUNT(names), type);
}

const char *format_crash_reason(uint32_t reason)
{
	static const char *const names[] = {
		[SK_CRASH_REASON_MEMORY] = "memory", [SK_CRASH_REASON_INSTRUCTION] = "instruction",
		[SK_CRASH_REASON_ALIGNMENT] = "alignment", [SK_CRASH_REASON_SYSTEM_CALL] = "system call",
		[SK_CRASH_REASON_BUDGET] = "budget", [SK_CRASH_REASON_OTHER] = "other", [SK_CRASH_REASON_EXIT] = "exit",
		[SK_CRASH_REASON_HEARTBEAT] = "heartbeat", [SK_CRASH_REASON_KILLED] = "killed",
		[SK_CRASH_REASON_DEPENDENCY] = "dependency",
	};

	return format_name(names, COUNT(names), reason);
}

const char *format_crash_verdict(uint32_t verdict)
{
	static const char *const names[] = {
		[SK_CRASH_VERDICT_RESTARTED] = "restarted", [SK_CRASH_VERDICT_DELAYED] = "delayed",
		[SK_CRASH_VERDICT_GAVE_UP] = "gave up",
	};

	return format_name(names, COUNT(names), verdict);
}

const char *format_exit(uint32_t reason)
{
	static const char *const names[] = {
		[VM_EXIT_METHOD_MMIO_READ] = "mmio_read", [VM_EXIT_METHOD_MMIO_WRITE] = "mmio_write",
		[VM_EXIT_METHOD_NESTED_PAGE_FAULT] = "nested_page_fault", [VM_EXIT_METHOD_HYPERCALL] = "hypercall",
		[VM_EXIT_METHOD_FIRMWARE_CALL] = "firmware_call", [VM_EXIT_METHOD_SYSREG_READ] = "sysreg_read",
		[VM_EXIT_METHOD_SYSREG_WRITE] = "sysreg_write", [VM_EXIT_METHOD_IO_READ] = "io_read",
		[VM_EXIT_METHOD_IO_WRITE] = "io_write", [VM_EXIT_METHOD_SEND_IPI] = "send_ipi",
		[VM_EXIT_METHOD_HALT] = "halt", [VM_EXIT_METHOD_TIMER] = "timer",
		[VM_EXIT_METHOD_EXTERNAL_INTERRUPT] = "external_interrupt",
		[VM_EXIT_METHOD_INTERRUPT_END] = "interrupt_end", [VM_EXIT_METHOD_PREEMPTED] = "preempted",
		[VM_EXIT_METHOD_DEBUG] = "debug", [VM_EXIT_METHOD_EXCEPTION] = "exception",
		[VM_EXIT_METHOD_FAIL_ENTRY] = "fail_entry",
	};

	return reason < COUNT(names) ? names[reason] : NULL;
}

const char *format_counter(uint32_t kind)
{
	static const char *const names[] = {
		[CORE_COUNTER_ENTRIES] = "kernel entries", [CORE_COUNTER_EXITS] = "guest exits",
		[CORE_COUNTER_CALLS] = "calls", [CORE_COUNTER_REPLIES] = "replies", [CORE_COUNTER_SIGNALS] = "signals",
		[CORE_COUNTER_INTERRUPTS] = "interrupts", [CORE_COUNTER_TLB_MAINTENANCE] = "TLB maintenance",
		[CORE_COUNTER_VCPU_SWITCHES] = "vCPU switches", [CORE_COUNTER_FP_SWITCHES] = "FP switches",
		[CORE_COUNTER_CROSS_CORE] = "cross-core messages", [CORE_COUNTER_PLAN_CALLS] = "scheduler calls",
		[CORE_COUNTER_IDLE_NS] = "idle ns", [CORE_COUNTER_SLOW_CALLS] = "slow calls",
		[CORE_COUNTER_VIRQ_FLUSHES] = "virq flushes",
	};

	return kind < COUNT(names) ? names[kind] : NULL;
}

static const char *format_operator_error(sk_status_t status)
{
	static const char *const words[] = {
		[OPERATOR_ERROR_NO_SUCH_SERVER] = "there is no such server",
		[OPERATOR_ERROR_NO_SUCH_VM] = "there is no such VM",
		[OPERATOR_ERROR_NO_SUCH_THREAD] = "there is no such thread or vCPU",
		[OPERATOR_ERROR_NO_SUCH_RECORD] = "there is no such crash record (any more)",
		[OPERATOR_ERROR_WRONG_STATE] = "its state does not allow this",
		[OPERATOR_ERROR_FAILED] = "it was tried and failed; the supervisor's log says why",
		[OPERATOR_ERROR_REFUSED] = "refused",
		[OPERATOR_ERROR_BUSY] = "another order for it is not finished yet",
		[OPERATOR_ERROR_NO_MORE] = "there are no more",
	};

	return format_name(words, COUNT(words), (uint64_t)status);
}

const char *format_status(sk_status_t status)
{
	static const char *const words[] = {
		[-SK_BAD_CAP] = "this monitor has no capability for it",
		[-SK_STALE] = "its object has been destroyed",
		[-SK_BAD_TYPE] = "its capability names something else",
		[-SK_NO_RIGHT] = "this monitor lacks the right",
		[-SK_BAD_ARG] = "an argument is out of range",
		[-SK_BAD_STATE] = "its state does not allow this",
		[-SK_UNKNOWN_OP] = "it does not know this request",
		[-SK_NO_MEMORY] = "there is not enough memory",
		[-SK_NO_SLOT] = "a table is full",
		[-SK_OVERLAP] = "it is taken already",
		[-SK_SERVER_DIED] = "the server died while it was at it; whether it happened is unknown",
		[-SK_NO_RECEIVER] = "nobody answers there",
		[-SK_WOULD_BLOCK] = "nothing is there",
		[-SK_CANCELLED] = "it was cancelled",
		[-SK_TOO_DEEP] = "too many servers call each other",
		[-SK_UNSUPPORTED] = "this machine can't do that",
	};

	if (status == SK_OK) {
		return "done";
	}
	return status > 0 ? format_operator_error(status) : format_name(words, COUNT(words), (uint64_t)-status);
}
