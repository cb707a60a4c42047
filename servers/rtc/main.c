/*
 * The guest's PL031, one process per VM. Seconds come from the machine's counter
 * and the argument `epoch=` (Unix time at counter 0, which the host tool knows); the alarm
 * from the scheduler's timer. All state is in the persistent region.
 *
 * Each worker has a timer of its own; the alarm may be set by any of them, so whichever
 * timer comes first looks at the clock and takes the alarm.
 */
#include <stdio.h>
#include <stdlib.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <devices/pl031.h>
#include <sk/mmio.h>
#include <sk/idl/device_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/rtc_persistent.h>
#include <sk/idl/sched_client.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/spin.h>

static struct {
	struct sk_spin lock; /* of the model and the line */
	struct pl031 model;
	bool line;
	sk_cap_t virq;
	sk_cap_t sched;
} rtc;

static void update_line(void)
{
	bool level = pl031_line(&rtc.model);

	if (level != rtc.line && virq_set_level(rtc.virq, level) == SK_OK) {
		rtc.line = level;
	}
}

/* Outside the lock: a call may wait. A timer too many does no harm, it finds no alarm due. */
static void set_timer(uint64_t alarm_ns)
{
	if (alarm_ns != 0 && rtc.sched != SK_CAP_NONE) {
		(void)timers_set(rtc.sched, alarm_ns);
	}
}

static uint32_t offset_of(sk_gpa_t address)
{
	return (uint32_t)address & (PL031_BYTES - 1);
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	(void)caller;
	sk_spin_lock(&rtc.lock);
	pl031_write(&rtc.model, offset_of(address), (uint32_t)value, sk_now_ns());
	if (sk_mmio_size(info) == 8) {
		pl031_write(&rtc.model, offset_of(address + 4), (uint32_t)(value >> 32), sk_now_ns());
	}
	update_line();
	uint64_t alarm_ns = pl031_alarm_ns(&rtc.model);
	sk_spin_unlock(&rtc.lock);
	set_timer(alarm_ns);
	return SK_OK;
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	(void)caller;
	sk_spin_lock(&rtc.lock);
	*value = pl031_read(&rtc.model, offset_of(address), sk_now_ns());
	if (sk_mmio_size(info) == 8) {
		*value |= (uint64_t)pl031_read(&rtc.model, offset_of(address + 4), sk_now_ns()) << 32;
	}
	sk_spin_unlock(&rtc.lock);
	return SK_OK;
}

static void look_at_clock(void)
{
	sk_spin_lock(&rtc.lock);
	pl031_poll(&rtc.model, sk_now_ns());
	update_line();
	uint64_t alarm_ns = pl031_alarm_ns(&rtc.model);
	sk_spin_unlock(&rtc.lock);
	set_timer(alarm_ns);
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_LOOK) != 0) {
		rtc.line = !pl031_line(&rtc.model); /* told again */
	}
	if ((bits & (SK_SIGNAL_TIMER | SK_SIGNAL_LOOK)) != 0) {
		look_at_clock();
	}
}

/* A clock with a battery: the time that the guest set and its alarm go, the machine's own time goes on. */
sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	sk_spin_lock(&rtc.lock);
	pl031_reset(&rtc.model);
	update_line();
	sk_spin_unlock(&rtc.lock);
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		return vm_exit_dispatch(caller, msg);
	case DEVICE_INTERFACE:
		return device_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");

	if (persistent == NULL || persistent->bytes < RTC_STATE_FIELDS_BYTES) {
		(void)printf("no region \"persistent\" of sufficient size\n");
		return EXIT_FAILURE;
	}
	rtc.virq = sk_cap_named("virq");
	rtc.sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	pl031_open(&rtc.model, rtc_state_fields((void *)(uintptr_t)persistent->address),
		   sk_argument_number("epoch", 0));
	rtc.line = pl031_line(&rtc.model);
	(void)virq_set_level(rtc.virq, rtc.line);
	look_at_clock();
	sk_server_run();
}
