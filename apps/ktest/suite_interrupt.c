/* Physical interrupts: claimed once, bound to a notification, given up. That they arrive is what drivers show. */
#include <sk/idl/kernel_client.h>

#include "pool.h"
#include "suites.h"
#include "tap.h"

#define FREE_LINE 200u    /* nobody's on QEMU's virt */
#define CONSOLE_LINE 33u  /* the console server's */

void suite_interrupt(void)
{
	pool_begin("interrupts");

	sk_cap_t dest = pool_slot();
	sk_cap_t notification = pool_notification();

	tap_status(machine_claim_interrupt(pool.machine, 0, false, dest), SK_BAD_ARG,
		   "the kernel's own lines are nobody's");
	tap_status(machine_claim_interrupt(pool.machine, 31, false, dest), SK_BAD_ARG, "all of them");
	tap_status(machine_claim_interrupt(pool.machine, 1020, false, dest), SK_BAD_ARG,
		   "special numbers are no lines");
	tap_status(machine_claim_interrupt(pool.machine, UINT32_MAX, false, dest), SK_BAD_ARG, "nor is 2^32 - 1");
	tap_status(machine_claim_interrupt(pool.machine, CONSOLE_LINE, true, dest), SK_OVERLAP,
		   "another server's is taken");
	tap_status(machine_claim_interrupt(pool.machine, FREE_LINE, true, pool.core), SK_NO_SLOT,
		   "not into a slot that is taken");
	tap_status(machine_claim_interrupt(pool.machine, FREE_LINE, true, UINT32_MAX), SK_BAD_ARG,
		   "nor into one that there isn't");
	tap_status(machine_claim_interrupt(pool.machine, FREE_LINE, true, dest), SK_OK, "a free line is claimed");
	tap_status(machine_claim_interrupt(pool.machine, FREE_LINE, true, pool_slot()), SK_OVERLAP, "once");
	tap_status(interrupt_bind(dest, notification, 0, 0), SK_BAD_ARG, "it is bound to some bits");
	tap_status(interrupt_bind(dest, notification, 1, 99), SK_BAD_ARG, "on a core that there is");
	tap_status(interrupt_bind(dest, notification, 1, UINT32_MAX), SK_BAD_ARG, "not 2^32 - 1");
	tap_status(interrupt_bind(dest, pool.core, 1, 0), SK_BAD_TYPE, "of a notification");
	tap_status(interrupt_bind(dest, pool_copy(notification, SK_RIGHT_WAIT, 0), 1, 0), SK_NO_RIGHT,
		   "that one may signal");
	tap_status(interrupt_bind(dest, notification, 1, pool.core_number), SK_OK, "it is bound");
	tap_status(interrupt_acknowledge(dest), SK_OK, "acknowledged, though none came");
	tap_status(interrupt_mask(dest), SK_OK, "masked");
	tap_status(interrupt_acknowledge(pool_copy(dest, SK_RIGHT_READ, 0)), SK_NO_RIGHT,
		   "all that takes the right to write");
	tap_status(notification_destroy(notification), SK_OK, "its notification goes");
	tap_status(interrupt_acknowledge(dest), SK_OK, "which doesn't matter to it");
	tap_status(interrupt_destroy(dest), SK_OK, "the line is given up");
	tap_status(interrupt_mask(dest), SK_BAD_CAP, "its slot is empty");
	tap_status(machine_claim_interrupt(pool.machine, FREE_LINE, false, dest), SK_OK, "it may be claimed again");
	pool_end();
}
