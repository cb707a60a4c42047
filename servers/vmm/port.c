/*
 * The library's port (guest/port.h) to the system: the kernel's stubs, the
 * scheduler's timers, the log.
 *
 * Timers: a worker has one with the scheduler, on its core, and all of them
 * signal worker 0. `vmm.deadlines` and `vmm.wakes` are the truth. Whoever changes it sets its own
 * core's timer to the earliest of all; so each deadline is covered by some timer, and
 * one that comes too early or twice finds nothing due.
 */
#include <guest/port.h>

#include <stdarg.h>
#include <stdio.h>

#include <guest/sysreg.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/sched_client.h>

#include "vcpu.h"
#include "vmm.h"

#define WAKE_AGAIN_NS 100000u

void port_line_update(uint32_t line, uint32_t vcpu, uint32_t change)
{
	(void)space_line_update(vmm.space, line, vcpu, (enum space_line_change)change);
}

uint64_t port_counter(void)
{
	return sk_counter();
}

static void set_core_timer(void)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		uint64_t ticks = __atomic_load_n(&vmm.deadlines[i], __ATOMIC_SEQ_CST);
		uint64_t deadline = ticks != 0 ? sk_ticks_to_ns(ticks - 1) + 1 : UINT64_MAX; /* not before the tick */
		uint64_t wake = __atomic_load_n(&vmm.wakes[i], __ATOMIC_SEQ_CST) - 1;
		first = deadline < first ? deadline : first;
		first = wake < first ? wake + 1 : first;
	}
	if (first != UINT64_MAX) {
		(void)timers_set(vmm.timers, first);
	}
}

void port_timer_set(uint32_t vcpu, uint64_t deadline)
{
	__atomic_store_n(&vmm.deadlines[vcpu], deadline + 1, __ATOMIC_SEQ_CST);
	if (deadline != UINT64_MAX) {
		set_core_timer();
	}
}

struct vcpu_facts {
	enum vcpu_state state;
	uint64_t exits;
	uint64_t timer_deadline; /* of its virtual timer, ns; UINT64_MAX: off */
};

static struct vcpu_facts vcpu_look(uint32_t vcpu)
{
	struct vcpu_facts facts = { .state = VCPU_STATE_INVALID };
	uint32_t core;
	uint64_t time_ns;

	if (vcpu_info(vmm.vcpu[vcpu], &facts.state, &core, &facts.exits, &time_ns, &facts.timer_deadline) != SK_OK) {
		facts.state = VCPU_STATE_INVALID;
	}
	return facts;
}

/*
 * Only one that still sleeps: an interrupt may have woken it, a pause taken it off. One that runs and has not
 * exited since may be about to fall asleep: another core's worker has not answered it yet.
 */
static void wake_vcpu(uint32_t vcpu)
{
	struct vcpu_facts facts = vcpu_look(vcpu);

	if (facts.state == VCPU_STATE_BLOCKED) {
		(void)vcpu_run(vmm.vcpu[vcpu]);
	} else if (facts.state == VCPU_STATE_RUNNING && facts.exits == vmm.slept_after[vcpu]) {
		__atomic_store_n(&vmm.wakes[vcpu], sk_now_ns() + WAKE_AGAIN_NS, __ATOMIC_SEQ_CST);
	}
}

void vmm_wake_by_timer(uint32_t vcpu)
{
	struct vcpu_facts facts = vcpu_look(vcpu);

	if (facts.timer_deadline != UINT64_MAX) {
		vmm.slept_after[vcpu] = facts.exits;
		__atomic_store_n(&vmm.wakes[vcpu], facts.timer_deadline, __ATOMIC_SEQ_CST);
		set_core_timer();
	}
}

void vmm_wake_sleepers(void)
{
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		if (vcpu_look(i).state == VCPU_STATE_BLOCKED) {
			vmm_wake_by_timer(i);
		}
	}
}

void vmm_timers_due(void)
{
	uint64_t now = sk_counter();
	uint64_t now_ns = sk_now_ns();

	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		uint64_t deadline = __atomic_load_n(&vmm.deadlines[i], __ATOMIC_SEQ_CST);
		if (deadline - 1 <= now && deadline != 0 &&
		    __atomic_compare_exchange_n(&vmm.deadlines[i], &deadline, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			sysreg_timer_due(&vmm.saved->guest, i);
		}
		uint64_t wake = __atomic_load_n(&vmm.wakes[i], __ATOMIC_SEQ_CST);
		if (wake != 0 && wake <= now_ns &&
		    __atomic_compare_exchange_n(&vmm.wakes[i], &wake, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			wake_vcpu(i);
		}
	}
	set_core_timer();
}

/* A vCPU that nobody has prepared yet is: the supervisor may leave all steps or none to us. */
static sk_status_t vcpu_prepare(uint32_t vcpu, uint64_t entry)
{
	enum vcpu_state state = vcpu_look(vcpu).state;
	sk_status_t status = SK_OK;

	if (state == VCPU_STATE_CREATED) {
		(void)vcpu_set_entry(vmm.vcpu[vcpu], entry);
		status = vcpu_setup(vmm.vcpu[vcpu], 0);
		state = VCPU_STATE_FREE;
	}
	if (status == SK_OK && state == VCPU_STATE_FREE) {
		status = vcpu_bind(vmm.vcpu[vcpu], vmm.saved->config.vcpu_cores[vcpu]);
	}
	return status;
}

bool port_vcpu_start(uint32_t vcpu, uint64_t entry, uint64_t context)
{
	sk_status_t status = vcpu_prepare(vcpu, entry);

	status = status == SK_OK ? vcpu_arch_reset(vcpu, entry, context) : status;
	status = status == SK_OK ? vcpu_run(vmm.vcpu[vcpu]) : status;
	if (status != SK_OK) {
		port_log("vCPU %u can't start: status %lld", vcpu, (long long)status);
		return false;
	}
	/* A pause or stop that began meanwhile may have looked at this vCPU before it ran. */
	if (!vmm_runs()) {
		(void)vcpu_pause(vmm.vcpu[vcpu]);
	}
	return true;
}

bool port_vcpu_resting(uint32_t vcpu)
{
	enum vcpu_state state = vcpu_look(vcpu).state;

	return state == VCPU_STATE_RUNNING || state == VCPU_STATE_BLOCKED;
}

bool port_entropy(uint64_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!vcpu_arch_random(&vmm.saved->guest, &words[i])) {
			return false;
		}
	}
	return true;
}

void port_log_character(char character)
{
	(void)putchar(character);
}

void port_log(const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)printf("vm %s: %s\n", vmm.saved->config.name, text);
}
