/*
 * A failed virtio device, as its guest sees it (virtio 1.2, sections 2.1.2 and 4.2): it needs a reset, and a reset
 * brings it no further than to a device that refuses every driver. The supervisor sends the exits of a device here when
 * its server is not restarted any more, and not even the last instance of that, which ends what the guest waits for,
 * lives. All of them are served by this one process, which has nothing of the guests but
 * their accesses, and may for each device lower the line that the supervisor raised.
 *
 * - The configuration is all zero: a disk without sectors, a console without ports.
 * - DeviceID is 0: who looks for devices from now on, after a reboot, finds none.
 * - A driver that resets it reads 0 from Status, as it may wait for; the next write brings DEVICE_NEEDS_RESET
 *   back, and FEATURES_OK is never accepted.
 *
 * All state is one word for each device, in the persistent region: nothing is to be done when an instance begins. Each
 * change of a word is one atomic operation, so that vCPUs need no lock.
 */
#include <stdio.h>
#include <stdlib.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <sk/mmio.h>
#include <sk/idl/fallback_persistent.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/process.h>
#include <sk/server.h>

#include "contract.h"

#define REGISTERS_BYTES 0x200u
#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u
#define VENDOR 0x4e4b4b53u /* "SKKN" */

/* What a driver may set in Status; without the two that would say that it is at work. */
#define DRIVER_STATUS (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FAILED)

static struct sk_fallback_state *state;

static uint32_t device_of(const struct sk_caller *caller)
{
	return SK_BADGE_CLIENT(caller->badge) % FALLBACK_DEVICES;
}

/* A device's range begins at a multiple of its size, and this is at most that. */
static uint32_t offset_of(sk_gpa_t address)
{
	return (uint32_t)address & (REGISTERS_BYTES - 1u);
}

static void lower_line(uint32_t device)
{
	(void)virq_set_level(FALLBACK_LINE_SLOT + device, false);
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	uint32_t word = __atomic_load_n(&state->devices[device_of(caller)], __ATOMIC_ACQUIRE);

	*value = 0;
	if (sk_mmio_size(info) != sizeof(uint32_t)) {
		return SK_OK;
	}
	switch (offset_of(address)) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		*value = MAGIC;
		break;
	case VIRTIO_MMIO_VERSION:
		*value = VERSION;
		break;
	case VIRTIO_MMIO_VENDOR_ID:
		*value = VENDOR;
		break;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		*value = (word & FALLBACK_INTERRUPTS) >> FALLBACK_INTERRUPT_SHIFT;
		break;
	case VIRTIO_MMIO_STATUS:
		*value = word & ~FALLBACK_INTERRUPTS;
		break;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		*value = UINT32_MAX; /* no such region */
		break;
	default:
		break;
	}
	return SK_OK;
}

static void write_status(uint32_t device, uint32_t value)
{
	uint32_t *word = &state->devices[device];

	if (value == 0) {
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
		lower_line(device);
		return;
	}
	(void)__atomic_or_fetch(word, (value & DRIVER_STATUS) | VIRTIO_CONFIG_S_NEEDS_RESET, __ATOMIC_RELEASE);
}

static void acknowledge(uint32_t device, uint32_t value)
{
	uint32_t taken = value << FALLBACK_INTERRUPT_SHIFT & FALLBACK_INTERRUPTS;

	if ((__atomic_and_fetch(&state->devices[device], ~taken, __ATOMIC_RELEASE) & FALLBACK_INTERRUPTS) == 0) {
		lower_line(device);
	}
}

/* Delivered again, any of these does what it did. */
sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	if (sk_mmio_size(info) == sizeof(uint32_t)) {
		switch (offset_of(address)) {
		case VIRTIO_MMIO_STATUS:
			write_status(device_of(caller), (uint32_t)value);
			break;
		case VIRTIO_MMIO_INTERRUPT_ACK:
			acknowledge(device_of(caller), (uint32_t)value);
			break;
		default:
			break;
		}
	}
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	return SK_BADGE_IFACE(caller->badge) == VM_EXIT_INTERFACE ? vm_exit_dispatch(caller, msg)
								  : sk_server_other(caller, msg);
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	const struct sk_start_region *persistent = sk_region_named("persistent");

	if (persistent == NULL || persistent->bytes < FALLBACK_STATE_FIELDS_BYTES) {
		(void)printf("no region \"persistent\" of sufficient size\n");
		return EXIT_FAILURE;
	}
	state = fallback_state_fields((void *)(uintptr_t)persistent->address);
	sk_server_run();
}
