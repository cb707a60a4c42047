/* The machine as a whole. What switches it off is tried without the right to. */
#include <sk/idl/kernel.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>

#include "pool.h"
#include "suites.h"
#include "tap.h"

void suite_machine(void)
{
	pool_begin("machine");

	sk_cap_t reader = pool_copy(pool.machine, SK_RIGHT_READ, 0);
	sk_cap_t dest = pool_slot();
	struct sk_msg msg = { .tag = MACHINE_TAG_PRINT, .w = { 257 } };
	uint32_t numbers[2];

	tap_status(machine_objects(reader, &numbers[0], &numbers[1]), SK_OK, "objects");
	tap_ok(numbers[0] > 0 && numbers[0] < numbers[1], "there are some, and room for more");
	tap_status(machine_print(pool.machine, (const uint8_t *)"", 0), SK_OK, "nothing is printed");
	tap_status(sk_call(pool.machine, &msg), SK_BAD_ARG, "too much is not");
	tap_status(machine_claim_core(pool.machine, 99, dest), SK_BAD_ARG, "there is no core 99");
	tap_status(machine_claim_core(pool.machine, UINT32_MAX, dest), SK_BAD_ARG, "nor 2^32 - 1");
	tap_status(machine_claim_core(pool.machine, 0, pool.core), SK_NO_SLOT, "not into a slot that is taken");
	tap_status(machine_claim_core(reader, 0, dest), SK_NO_RIGHT, "who may look may not claim");
	tap_status(machine_claim_interrupt(reader, 100, false, dest), SK_NO_RIGHT, "neither cores nor lines");
	tap_status(machine_print(reader, (const uint8_t *)"no", 2), SK_NO_RIGHT, "nor print");
	tap_status(machine_reset(reader), SK_NO_RIGHT, "nor reset the machine");
	tap_status(machine_power_off(reader), SK_NO_RIGHT, "nor switch it off");
	pool_end();
}
