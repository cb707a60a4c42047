/*
 * The guest's watchdog, one process per VM: Arm's SP805 (DDI 0270B) at 24 MHz, as an unmodified Linux drives it. A
 * guest that lets a period pass is interrupted; one that lets the next one pass too is reported in the log. What follows
 * is up to who reads that, as no device server may reset a VM. There is no WDOGLOCK: every write counts.
 *
 * This is the example of servers/GUIDE.md: registers, a timer, an interrupt line, and state that outlives the process.
 * All of it is committed before each reply, so a new instance goes on with whatever the guest was told, and a write
 * that is delivered again does what it did.
 */
#include <stdio.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <sk/idl/device_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/sched_client.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/idl/watchdog_persistent.h>
#include <sk/server.h>
#include <sk/spin.h>

/* Registers, in words from the device's base; behind RIS and MIS nothing but eight words that say what it is. */
enum { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, END, ID = 0xfe0 / 4, NONE = 0x1000 / 4 };

#define INTEN 1u /* in CONTROL: it counts, and interrupts */
#define PERIOD_NS(load) (((load) + 1ull) * 125 / 3)

static const uint8_t identification[8] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static struct {
	struct sk_spin lock; /* of `state`: there is a worker on each core */
	struct sk_watchdog_state state;
	const struct sk_start_region *region;
	sk_cap_t virq, sched;
} dog;

/* What the time that has passed brings; then an access. Returns what a read of the register gives. */
static uint32_t serve(uint32_t word, bool writes, uint32_t value)
{
	uint32_t *registers = dog.state.registers;

	sk_spin_lock(&dog.lock);
	uint64_t now_ns = sk_now_ns();
	if (dog.state.due_ns != 0 && dog.state.due_ns <= now_ns) {
		dog.state.due_ns = registers[RIS] == 0 ? now_ns + PERIOD_NS(registers[LOAD]) : 0;
		registers[RIS] = 1;
	}
	if (writes && (word == LOAD || word == CONTROL || word == INTCLR)) {
		uint32_t before = registers[CONTROL];
		registers[word] = word == INTCLR ? 0 : value;
		registers[RIS] &= word == INTCLR ? 0 : 1;
		if (word != CONTROL || ((before ^ value) & INTEN) != 0) {
			dog.state.due_ns = (registers[CONTROL] & INTEN) != 0 ? now_ns + PERIOD_NS(registers[LOAD]) : 0;
		}
	}
	uint64_t due_ns = dog.state.due_ns;
	registers[VALUE] = due_ns != 0 ? (uint32_t)((due_ns - now_ns) * 3 / 125) : 0;
	registers[MIS] = registers[RIS] & registers[CONTROL] & INTEN;
	uint32_t result = word < END ? registers[word] : word >= ID && word < NONE ? identification[word - ID] : 0;
	(void)watchdog_state_commit((void *)(uintptr_t)dog.region->address, dog.region->bytes, &dog.state);
	(void)virq_set_level(dog.virq, registers[MIS] != 0);
	sk_spin_unlock(&dog.lock);
	(void)timers_set(dog.sched, due_ns); /* a call may wait: outside of the lock. 0: no timer */
	return result;
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	(void)caller, (void)info;
	*value = serve((uint32_t)address / 4 % NONE, false, 0);
	return SK_OK;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	(void)caller, (void)info;
	(void)serve((uint32_t)address / 4 % NONE, true, (uint32_t)value);
	return SK_OK;
}

/* The VM is reset; no vCPU of it runs. */
sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	sk_spin_lock(&dog.lock);
	dog.state = (struct sk_watchdog_state){ .registers = { [LOAD] = UINT32_MAX } };
	sk_spin_unlock(&dog.lock);
	(void)serve(NONE, false, 0);
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	uint32_t interface = SK_BADGE_IFACE(caller->badge);

	return interface == VM_EXIT_INTERFACE  ? vm_exit_dispatch(caller, msg)
	       : interface == DEVICE_INTERFACE ? device_dispatch(caller, msg)
					       : sk_server_other(caller, msg); /* the supervisor's heartbeat */
}

/* A timer, or the heartbeat, at which it looks at all that it may have missed: the same, and nobody has to know. */
static void signalled(uint64_t bits)
{
	(void)bits;
	if (serve(VALUE, false, 0) == 0 && serve(MIS, false, 0) != 0) {
		(void)printf("the guest does not answer\n");
	}
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	dog.region = sk_region_named("persistent");
	if (dog.region == NULL) {
		sk_exit(1, "the manifest gives it no persistent memory");
	}
	dog.virq = sk_cap_named("virq");
	dog.sched = sk_cap_named_of_type("sched", SK_OBJECT_TYPE_ENDPOINT);
	if (watchdog_state_open((void *)(uintptr_t)dog.region->address, dog.region->bytes, &dog.state) != SK_RESTORED) {
		dog.state.registers[LOAD] = UINT32_MAX;
	}
	(void)serve(NONE, false, 0);
	sk_server_run();
}
