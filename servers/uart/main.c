/*
 * The guest's PL011, one process per VM. Exits of its registers come straight
 * here, on the core of the vCPU that made them; what the guest prints goes into
 * the ring shared with the console, what is typed comes from there.
 *
 * Nothing but the lock, the line's last level and the writes that wait for room
 * lives in this process's own memory, so a new instance goes on where the old one
 * was killed: the model's state is in the persistent region, and a write that waited is delivered again.
 */
#include <stdio.h>
#include <stdlib.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <devices/pl011.h>
#include <sk/mmio.h>
#include <sk/idl/device_server.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/uart_persistent.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/spin.h>

static struct {
	struct sk_spin lock; /* of all below */
	struct pl011 model;
	struct pl011_access waiting[PL011_VCPUS]; /* writes of DR that found the ring full; token 0: none */
	bool line;
	sk_cap_t virq;
	sk_cap_t console;
} uart;

static void update_line(void)
{
	bool level = pl011_line(&uart.model);

	if (__builtin_expect(level != uart.line, 0) && virq_set_level(uart.virq, level) == SK_OK) {
		uart.line = level;
	}
}

static void signal_console(void)
{
	(void)sk_signal(uart.console, SK_SIGNAL_STREAM);
}

static struct pl011_access access_of(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info)
{
	return (struct pl011_access){
		.token = caller->token,
		.offset = (uint16_t)(address & (PL011_BYTES - 1)),
		.size = (uint8_t)sk_mmio_size(info),
		.vcpu = (uint8_t)(info >> 24 & (PL011_VCPUS - 1)),
	};
}

/* The upper half of a doubleword access is one of the register behind; DR's is never that. */
static struct pl011_access upper_half(struct pl011_access access)
{
	access.size = 4;
	access.offset = (uint16_t)(access.offset + 4u);
	return access;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	struct pl011_access access = access_of(caller, address, info);

	sk_spin_lock(&uart.lock);
	if (__builtin_expect(access.size == 8, 0)) {
		access = upper_half(access);
		access.value = (uint32_t)(value >> 32);
		(void)pl011_write(&uart.model, access);
		access.offset = (uint16_t)(access.offset - 4u);
	}
	access.value = (uint32_t)value;
	uint32_t effect = pl011_write(&uart.model, access);
	if (__builtin_expect(effect == PL011_FULL, 0)) {
		uart.waiting[access.vcpu] = access;
	}
	update_line();
	sk_spin_unlock(&uart.lock);
	if (__builtin_expect(effect != 0, 0)) {
		signal_console();
	}
	return effect == PL011_FULL ? SK_DEFERRED : SK_OK;
}

/* What may read DR, which takes the character. */
static __attribute__((noinline)) uint64_t read_and_take(const struct sk_caller *caller, sk_gpa_t address,
							sk_mmio_info_t info)
{
	struct pl011_access access = access_of(caller, address, info);
	uint64_t value = 0;

	sk_spin_lock(&uart.lock);
	if (access.size == 8) {
		value = (uint64_t)pl011_read(&uart.model, upper_half(access)) << 32;
		access.size = 4;
	}
	value |= pl011_read(&uart.model, access);
	update_line();
	sk_spin_unlock(&uart.lock);
	return value;
}

__attribute__((flatten))
sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	struct pl011_access access = access_of(caller, address, info);

	if (__builtin_expect(access.size == 8 || access.offset == PL011_DR, 0)) {
		*value = read_and_take(caller, address, info);
		return SK_OK;
	}
	*value = pl011_read(&uart.model, access);
	return SK_OK;
}

/* Its vCPU goes on. Refused: the VM is gone. */
static void answer(struct pl011_access *access)
{
	(void)vm_exit_mmio_write_reply(access->token, SK_OK);
	access->token = 0;
}

/* Tries the writes that wait again; those that found room are answered. */
static void retry_waiting(void)
{
	for (uint32_t vcpu = 0; vcpu < PL011_VCPUS; vcpu++) {
		struct pl011_access *access = &uart.waiting[vcpu];

		if (access->token == 0) {
			continue;
		}
		uint32_t effect = pl011_write(&uart.model, *access);
		if (effect == PL011_FULL) {
			return;
		}
		if ((effect & PL011_SIGNAL) != 0) {
			signal_console();
		}
		answer(access);
	}
}

static void signalled(uint64_t bits)
{
	if ((bits & SK_SIGNAL_STREAM) == 0) {
		return;
	}
	sk_spin_lock(&uart.lock);
	retry_waiting();
	pl011_poll(&uart.model);
	if ((bits & SK_SIGNAL_LOOK) != 0) {
		uart.line = !pl011_line(&uart.model); /* told again */
		signal_console();
	}
	update_line();
	sk_spin_unlock(&uart.lock);
}

sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	sk_spin_lock(&uart.lock);
	for (uint32_t vcpu = 0; vcpu < PL011_VCPUS; vcpu++) {
		if (uart.waiting[vcpu].token != 0) {
			answer(&uart.waiting[vcpu]);
		}
	}
	pl011_reset(&uart.model);
	update_line();
	sk_spin_unlock(&uart.lock);
	return SK_OK;
}

static bool dispatch_exit(const struct sk_caller *caller, struct sk_msg *msg)
{
	uint64_t tag = msg->tag;
	bool replied = vm_exit_dispatch(caller, msg);

	if (__builtin_expect((tag & SK_TAG_REDELIVERED) != 0, 0)) {
		sk_spin_lock(&uart.lock);
		pl011_rearm(&uart.model);
		update_line();
		sk_spin_unlock(&uart.lock);
	}
	return replied;
}

static __attribute__((noinline)) bool dispatch_other(const struct sk_caller *caller, struct sk_msg *msg)
{
	return SK_BADGE_IFACE(caller->badge) == DEVICE_INTERFACE ? device_dispatch(caller, msg)
								 : sk_server_other(caller, msg);
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	return __builtin_expect(SK_BADGE_IFACE(caller->badge) == VM_EXIT_INTERFACE, 1)
		       ? dispatch_exit(caller, msg) : sk_server_aside(dispatch_other, caller, msg);
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	const struct sk_start_region *stream = sk_region_named("stream");
	const struct sk_start_region *persistent = sk_region_named("persistent");

	if (stream == NULL || persistent == NULL || persistent->bytes < UART_STATE_FIELDS_BYTES) {
		(void)printf("no region \"%s\" of sufficient size\n", stream == NULL ? "stream" : "persistent");
		return EXIT_FAILURE;
	}
	uart.virq = sk_cap_named("virq");
	uart.console = sk_cap_named_of_type("console", SK_OBJECT_TYPE_NOTIFICATION);
	if (!pl011_open(&uart.model, uart_state_fields((void *)(uintptr_t)persistent->address),
			(void *)(uintptr_t)stream->address, stream->bytes)) {
		(void)printf("region \"stream\" is too small: %llu bytes\n", (unsigned long long)stream->bytes);
		return EXIT_FAILURE;
	}
	/* What the line's level was an instance ago is unknown: say it once. */
	uart.line = pl011_line(&uart.model);
	(void)virq_set_level(uart.virq, uart.line);
	signal_console();
	sk_server_run();
}
