/* The driver's side against a model of a device: negotiation, chains in any order, and devices that break rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sk/idl/pci.h>
#include <sk/syscall.h>
#include <virtio_driver/hardware.h>

#include "model.h"

#define DEVICE 2u
#define BUS 9u
#define INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENTS (1ull << VIRTIO_RING_F_EVENT_IDX)

static _Alignas(4096) uint8_t memory[1 << 16];
static struct virtio_dma dma;
static struct virtio_hardware hardware;
static struct virtio_ring ring;
static bool pci; /* the device is a function of PCI */
static sk_status_t refusal;
static uint32_t masters;
static uint8_t data[64][64];

/* The server pci, which lets the device access memory. */
sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	assert_int_equal(to, BUS);
	assert_int_equal(msg->tag & SK_TAG_METHOD_MASK, PCI_TAG_MASTER);
	assert_int_equal(model.status, 0);
	masters++;
	*msg = (struct sk_msg){ .tag = (uint64_t)refusal };
	return refusal;
}

static bool attach(void)
{
	return virtio_hardware_attach(&hardware, model_page(), MODEL_PCI_BYTES, DEVICE, &model.place, BUS);
}

static void take_device(uint64_t features, uint32_t size)
{
	masters = 0;
	refusal = SK_OK;
	if (pci) {
		model_init_pci(DEVICE, features, size);
		assert_true(attach());
	} else {
		model_init(DEVICE, features, size);
		assert_true(virtio_hardware_find(&hardware, model_page(), MODEL_PAGE_BYTES, DEVICE));
	}
}

static void start(uint64_t features, uint32_t size, uint32_t table_size)
{
	memset(memory, 0xa5, sizeof(memory));
	dma = (struct virtio_dma){ memory, (uint64_t)(uintptr_t)memory, sizeof(memory), 0 };
	take_device(features, size);
	assert_true(virtio_hardware_begin(&hardware, INDIRECT | EVENTS));
	assert_int_equal(virtio_hardware_queue_max(&hardware, 0), size);
	assert_true(virtio_ring_open(&ring, &dma, size, hardware.features, table_size));
	assert_true(virtio_hardware_queue(&hardware, 0, &ring));
	assert_true(virtio_hardware_go(&hardware));
}

static bool add(uint32_t count, uint32_t cookie)
{
	struct virtio_buffer buffers[64];

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = (struct virtio_buffer){ (uint64_t)(uintptr_t)data[i], i + 1, i >= count / 2 };
	}
	return virtio_ring_add(&ring, buffers, count, cookie);
}

static void assert_chain(const struct model_chain *chain, uint32_t count)
{
	assert_int_equal(chain->count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_ptr_equal(chain->buffers[i].at, data[i]);
		assert_int_equal(chain->buffers[i].bytes, i + 1);
		assert_int_equal(chain->buffers[i].writable, i >= count / 2);
	}
}

static void test_finds_it(void **unused)
{
	(void)unused;
	model_init(DEVICE, 0, 8);
	model.transport = 7;
	assert_true(virtio_hardware_find(&hardware, model_page(), MODEL_PAGE_BYTES, DEVICE));
	assert_ptr_equal(hardware.registers, (uint8_t *)model_page() + 7 * 0x200);
	assert_false(virtio_hardware_find(&hardware, model_page(), MODEL_PAGE_BYTES, 3));
	model.version = 1; /* legacy */
	assert_false(virtio_hardware_find(&hardware, model_page(), MODEL_PAGE_BYTES, DEVICE));
	model.version = 2;
	model.magic = 0;
	assert_false(virtio_hardware_find(&hardware, model_page(), MODEL_PAGE_BYTES, DEVICE));
	assert_int_equal(model.resets, 0);
}

static void test_negotiates(void **unused)
{
	(void)unused;
	start(INDIRECT | 1ull << 9 | 1ull << 40, 8, 4);
	assert_int_equal(model.resets, 1);
	assert_int_equal(model.accepted, INDIRECT | 1ull << VIRTIO_F_VERSION_1);
	assert_int_equal(hardware.features, model.accepted);
	assert_true(virtio_hardware_has(&hardware, VIRTIO_RING_F_INDIRECT_DESC));
	assert_false(virtio_hardware_has(&hardware, VIRTIO_RING_F_EVENT_IDX));
	assert_int_equal(model.status, 0xf);
	assert_int_equal(virtio_hardware_queue_max(&hardware, 0), 0); /* in use */
	assert_int_equal(virtio_hardware_queue_max(&hardware, MODEL_QUEUES), 0);
	assert_true(virtio_hardware_begin(&hardware, 0)); /* a driver that starts again */
	assert_int_equal(model.queues[0].ready, 0);
	assert_int_equal(model.accepted, 1ull << VIRTIO_F_VERSION_1);
}

static void test_devices_that_refuse(void **unused)
{
	(void)unused;
	take_device(0, 8);
	model.refuses = true;
	assert_false(virtio_hardware_begin(&hardware, 0));
	assert_true((model.status & VIRTIO_CONFIG_S_FAILED) != 0);
	model.refuses = false;
	model.offered = INDIRECT;
	assert_false(virtio_hardware_begin(&hardware, INDIRECT));
	model.offered = 1ull << VIRTIO_F_VERSION_1;
	model.stays_alive = true;
	assert_false(virtio_hardware_begin(&hardware, 0));
	model.stays_alive = false;
	assert_true(virtio_hardware_begin(&hardware, 0));
	assert_true(virtio_hardware_is_broken(&hardware)); /* not yet at work */
	assert_true(virtio_hardware_go(&hardware));
	model.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	assert_true(virtio_hardware_is_broken(&hardware));
	model.status = 0; /* stopped from outside */
	assert_true(virtio_hardware_is_broken(&hardware));
}

/* A function's parts are inside its registers, and it is told what it may do. */
static void test_functions(void **unused)
{
	struct pci_virtio_place good;

	(void)unused;
	take_device(0, 8);
	good = model.place;
	model.place.id = DEVICE + 1;
	assert_false(attach());
	model.place = good;
	model.place.common = MODEL_PCI_BYTES - 52;
	assert_false(attach());
	model.place = good;
	model.place.isr = MODEL_PCI_BYTES;
	assert_false(attach());
	model.place = good;
	model.place.notify_bytes = MODEL_PCI_BYTES - good.notify + 1;
	assert_false(attach());
	model.place = good;
	model.place.config = 0xfffffff0;
	assert_false(attach());
	model.place.config_bytes = 0;
	assert_true(attach());
	assert_int_equal(virtio_hardware_config(&hardware, 0, 4), 0); /* what it has not reads as 0 */
	start(0, 8, 4);
	assert_int_equal(masters, 1);
	assert_int_equal(virtio_hardware_config(&hardware, MODEL_CONFIG_BYTES, 1), 0);
	assert_int_equal(virtio_hardware_config(&hardware, 0xfffffffc, 8), 0);
	refusal = PCI_ERROR_NOT_OPEN;
	assert_false(virtio_hardware_begin(&hardware, 0));
	assert_int_equal(model.status, 0);
}

/* It says that it is to be notified where something else may be. */
static void test_functions_notified_elsewhere(void **unused)
{
	(void)unused;
	take_device(0, 8);
	assert_true(virtio_hardware_begin(&hardware, 0));
	dma = (struct virtio_dma){ memory, (uint64_t)(uintptr_t)memory, sizeof(memory), 0 };
	assert_true(virtio_ring_open(&ring, &dma, 8, hardware.features, 1));
	model.notify_off = 4; /* of 0x20 bytes, 8 each */
	assert_false(virtio_hardware_queue(&hardware, 0, &ring));
	model.notify_off = 0xffff;
	hardware.place.notify_multiplier = 0xfffffffe;
	assert_false(virtio_hardware_queue(&hardware, 0, &ring));
	assert_int_equal(model.queues[0].ready, 0);
}

static void test_configuration(void **unused)
{
	(void)unused;
	start(0, 8, 4);
	for (uint32_t i = 0; i < MODEL_CONFIG_BYTES; i++) {
		model.config[i] = (uint8_t)(i + 1);
	}
	assert_int_equal(virtio_hardware_config(&hardware, 0, 8), 0x0807060504030201);
	assert_int_equal(virtio_hardware_config(&hardware, 8, 4), 0x0c0b0a09);
	assert_int_equal(virtio_hardware_config(&hardware, 10, 2), 0x0c0b);
	assert_int_equal(virtio_hardware_config(&hardware, 7, 1), 8);
	model.config_changes = 3;
	assert_int_equal(virtio_hardware_config(&hardware, 0, 4), 0x04030201);
	assert_int_equal(model.config_changes, 0);
	model.config_changes = UINT32_MAX; /* it never holds still: an end all the same */
	assert_int_equal(virtio_hardware_config(&hardware, 0, 4), 0x04030201);
}

static void chains_out_and_back(uint64_t features)
{
	struct model_chain chains[8];
	uint32_t cookie;
	uint32_t bytes;

	start(features, 16, 8);
	for (uint32_t round = 0; round < 70000 / 3; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			assert_true(add(1 + (round + i) % 5, 100 + i));
			assert_true(model_take(0, &chains[i]));
			assert_chain(&chains[i], 1 + (round + i) % 5);
		}
		assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_EMPTY);
		for (uint32_t i = 0; i < 3; i++) {
			uint32_t which = (i + round) % 3;

			model_put(&chains[which], i);
			assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_DONE);
			assert_int_equal(cookie, 100 + which);
			assert_int_equal(bytes, i);
		}
		assert_int_equal(ring.free_count, 16);
	}
}

static void test_chains(void **unused)
{
	(void)unused;
	chains_out_and_back(0);
	chains_out_and_back(INDIRECT);
	chains_out_and_back(EVENTS);
	chains_out_and_back(INDIRECT | EVENTS);
}

/* A chain that the device is not told of is free again, whatever the device has written into the ring meanwhile. */
static void test_staged_and_taken_back(void **unused)
{
	struct virtio_buffer buffer = { (uint64_t)(uintptr_t)data[0], 1, false };

	(void)unused;
	start(0, 4, 4);
	for (uint32_t i = 0; i < 16; i++) {
		assert_true(virtio_ring_stage(&ring, &buffer, 1, i));
		ring.available->ring[(ring.available_index - 1u) & 3u] = 0xffff;
		virtio_ring_unstage(&ring);
		assert_int_equal(ring.free_count, 4);
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(virtio_ring_stage(&ring, &buffer, 1, i));
	}
	assert_false(virtio_ring_stage(&ring, &buffer, 1, 4));
}

static void test_fills_up(void **unused)
{
	struct model_chain chain;
	uint32_t cookie;
	uint32_t bytes;

	(void)unused;
	start(0, 8, 8);
	assert_true(add(5, 1));
	assert_false(add(4, 2));
	assert_true(add(3, 3));
	assert_false(add(1, 4));
	assert_true(model_take(0, &chain));
	model_put(&chain, 0);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_DONE);
	assert_true(add(5, 5));
	assert_false(add(0, 6));
	start(INDIRECT, 8, 6);
	for (uint32_t i = 0; i < 8; i++) {
		assert_true(add(6, i));
	}
	assert_false(add(2, 8));
	start(INDIRECT, 8, 64);
	assert_false(add(9, 1)); /* no chain is longer than the ring */
	assert_true(add(8, 1));
}

static void test_notifications(void **unused)
{
	struct model_chain chain;

	(void)unused;
	start(0, 8, 2);
	assert_false(virtio_ring_must_notify(&ring));
	assert_true(add(1, 1));
	assert_true(virtio_ring_must_notify(&ring));
	assert_false(virtio_ring_must_notify(&ring));
	((uint16_t *)(uintptr_t)model.queues[0].used)[0] = VRING_USED_F_NO_NOTIFY;
	assert_true(add(1, 2));
	assert_false(virtio_ring_must_notify(&ring));
	start(EVENTS, 8, 2);
	assert_true(add(1, 1));
	assert_true(virtio_ring_must_notify(&ring));
	assert_true(add(1, 2));
	assert_false(virtio_ring_must_notify(&ring)); /* it has not taken the first one yet */
	assert_true(model_take(0, &chain));
	assert_true(model_take(0, &chain));
	assert_true(add(1, 3));
	assert_true(virtio_ring_must_notify(&ring));
	virtio_hardware_notify(&hardware, 0);
	assert_int_equal(model.notifies, 1);
}

static void interrupts_as_wanted(uint64_t features)
{
	struct model_chain chain;
	uint32_t cookie;
	uint32_t bytes;

	start(features, 8, 2);
	assert_false(virtio_ring_arm(&ring));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(add(2, i));
	}
	assert_true(model_take(0, &chain));
	model_put(&chain, 0);
	assert_int_equal(virtio_hardware_interrupt(&hardware), VIRTIO_MMIO_INT_VRING);
	assert_int_equal(virtio_hardware_interrupt(&hardware), 0);
	virtio_ring_disarm(&ring);
	assert_true(model_take(0, &chain));
	model_put(&chain, 0);
	assert_int_equal(model.interrupts, 1);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_DONE);
	assert_true(virtio_ring_arm(&ring)); /* one came while nobody wanted to know */
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_DONE);
	assert_false(virtio_ring_arm(&ring));
	assert_true(model_take(0, &chain));
	model_put(&chain, 0);
	assert_int_equal(model.interrupts, 2);
}

static void test_interrupts(void **unused)
{
	(void)unused;
	interrupts_as_wanted(0);
	interrupts_as_wanted(EVENTS);
	interrupts_as_wanted(INDIRECT | EVENTS);
}

static void test_devices_that_break_rules(void **unused)
{
	struct model_chain chain;
	uint32_t cookie;
	uint32_t bytes;

	(void)unused;
	start(INDIRECT, 8, 4);
	assert_true(add(3, 1));
	assert_true(model_take(0, &chain));
	chain.head = 8; /* no descriptor */
	model_put(&chain, 0);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_BROKEN);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_BROKEN);
	start(INDIRECT, 8, 4);
	assert_true(add(3, 1));
	assert_true(model_take(0, &chain));
	model_put(&chain, 0);
	model_put(&chain, 0); /* twice */
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_DONE);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_BROKEN);
	start(0, 8, 4);
	assert_true(add(3, 1));
	chain = (struct model_chain){ .head = 1 }; /* in the middle of one */
	model_put(&chain, 0);
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_BROKEN);
	start(0, 8, 4);
	((uint16_t *)(uintptr_t)model.queues[0].used)[1] = 9; /* more than there is room for */
	assert_int_equal(virtio_ring_take(&ring, &cookie, &bytes), VIRTIO_RING_BROKEN);
}

static void test_memory_runs_out(void **unused)
{
	(void)unused;
	start(0, 8, 4);
	for (uint64_t bytes = 0; bytes < 3000; bytes += 40) {
		dma = (struct virtio_dma){ memory, (uint64_t)(uintptr_t)memory, bytes, 0 };

		bool fits = virtio_ring_open(&ring, &dma, 8, INDIRECT, 4);

		/* Descriptors, available ring, used ring, tables; alignment costs less than 24. */
		assert_true(!fits || bytes >= 8 * 16 + 22 + 70 + 8 * 4 * 16);
		assert_true(fits || bytes < 8 * 16 + 22 + 70 + 8 * 4 * 16 + 24);
		assert_true(dma.used <= bytes);
	}
	dma = (struct virtio_dma){ memory, (uint64_t)(uintptr_t)memory, sizeof(memory), 0 };
	assert_false(virtio_ring_open(&ring, &dma, 0, 0, 4));
	assert_false(virtio_ring_open(&ring, &dma, 12, 0, 4));
	assert_false(virtio_ring_open(&ring, &dma, 512, 0, 4));
}

static int as_function(void **unused)
{
	(void)unused;
	pci = true;
	return 0;
}

static int as_transport(void **unused)
{
	(void)unused;
	pci = false;
	return 0;
}

#define BOTH(test) cmocka_unit_test(test), cmocka_unit_test_setup_teardown(test, as_function, as_transport)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_it),
		BOTH(test_negotiates),
		BOTH(test_devices_that_refuse),
		BOTH(test_configuration),
		BOTH(test_chains),
		cmocka_unit_test(test_staged_and_taken_back),
		BOTH(test_fills_up),
		BOTH(test_notifications),
		BOTH(test_interrupts),
		BOTH(test_devices_that_break_rules),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test_setup_teardown(test_functions, as_function, as_transport),
		cmocka_unit_test_setup_teardown(test_functions_notified_elsewhere, as_function, as_transport),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
