/*
 * What the supervisor and the fallback server agree on beside idl/fallback.idl: a device's number, where its line is in
 * the fallback's capability table, and what its word says when it has just failed.
 */
#ifndef FALLBACK_CONTRACT_H
#define FALLBACK_CONTRACT_H

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <stdint.h>

#include <sk/abi.h>

#define FALLBACK_VM_DEVICES 16u
#define FALLBACK_DEVICES 128u
#define FALLBACK_LINE_SLOT 128u /* + device: its virq; empty while the device has a server of its own */

_Static_assert(FALLBACK_LINE_SLOT + FALLBACK_DEVICES <= SK_CAP_SLOTS + 1u, "slots are beyond the table's end");

#define FALLBACK_INTERRUPT_SHIFT 8u
#define FALLBACK_INTERRUPTS (0xffu << FALLBACK_INTERRUPT_SHIFT)

/* As a driver at work left it, and DEVICE_NEEDS_RESET, with the interrupt that says so (virtio 1.2, section 2.1.2). */
#define FALLBACK_FAILED                                                                                 \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |           \
	 VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_NEEDS_RESET |                                      \
	 VIRTIO_MMIO_INT_CONFIG << FALLBACK_INTERRUPT_SHIFT)

#endif
