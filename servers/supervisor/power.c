#include "power.h"

#include <stdbool.h>

#include <sk/boot.h>
#include <sk/idl/console.h>
#include <sk/idl/kernel_client.h>
#include <sk/process.h>

#include "alarm.h"
#include "control.h"
#include "errand.h"
#include "object.h"
#include "system.h"

#define PATIENCE_NS 3000000000ull

static bool going_down;
static enum power wanted;

static void flushed(const struct errand *errand, sk_status_t status)
{
	(void)errand;
	(void)status;
	power_now();
}

/* Asks the console; false when there is nobody to ask. */
static bool ask_console(void)
{
	sk_cap_t console;

	if (system_state.console == MANIFEST_NONE ||
	    system_state.servers[system_state.console].state != SK_SERVER_STATE_RUNNING ||
	    object_badge(system_state.servers[system_state.console].endpoint, SK_RIGHT_CALL,
			 SK_BADGE(CONSOLE_INTERFACE, 0), &console) != SK_OK) {
		return false;
	}

	struct errand errand = {
		.to = console,
		.tag = CONSOLE_TAG_FLUSH | SK_TAG_IDEMPOTENT,
		.done = flushed,
	};

	return errand_add(&errand);
}

void power_down(enum power how)
{
	if (going_down) {
		return;
	}
	going_down = true;
	wanted = how;
	control_say("halt");
	if (system_state.sched != MANIFEST_NONE && ask_console()) {
		alarm_set(ALARM_HALT, sk_now_ns() + PATIENCE_NS);
	} else {
		power_now();
	}
}

void power_now(void)
{
	if (wanted == POWER_RESET) {
		(void)machine_reset(SK_BOOT_SLOT_MACHINE);
	} else {
		(void)machine_power_off(SK_BOOT_SLOT_MACHINE);
	}
}
