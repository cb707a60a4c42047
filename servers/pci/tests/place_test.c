/* Capabilities as a device should tell them, and as none should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_pci.h>

#include "../place.h"
#include "bus.h"

#define BYTES 16384u
#define ROUNDS 300000u

static struct pci_virtio_place place;
static uint32_t bar;

static bool read_place(void)
{
	return place_read(bus_config(0), BYTES, &place, &bar);
}

static int set_up(void **unused)
{
	(void)unused;
	bus_init();
	bus_add_virtio(0, 2);
	return 0;
}

/* The one of that type, of those that bus_add_virtio() makes. */
static uint32_t capability(uint32_t type)
{
	uint32_t at = config_read(bus_config(0), PCI_CAPABILITY_LIST, 1);

	while (config_read(bus_config(0), at + VIRTIO_PCI_CAP_CFG_TYPE, 1) != type) {
		at = config_read(bus_config(0), at + 1, 1);
		assert_int_not_equal(at, 0);
	}
	return at;
}

static void test_as_it_should_be(void **unused)
{
	(void)unused;
	assert_true(read_place());
	assert_int_equal(bar, 4);
	assert_int_equal(place.id, 2);
	assert_int_equal(place.common, 0);
	assert_int_equal(place.isr, 0x1000);
	assert_int_equal(place.config, 0x2000);
	assert_int_equal(place.config_bytes, 0x1000);
	assert_int_equal(place.notify, 0x3000);
	assert_int_equal(place.notify_bytes, 0x1000);
	assert_int_equal(place.notify_multiplier, 4);
}

/* Of two of a type the first one counts, as the device prefers it; other capabilities in between are nobody's. */
static void test_the_first_counts(void **unused)
{
	(void)unused;
	uint32_t foreign = bus_add_capability(0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0x800, 56);

	bus_set(0, foreign, 1, PCI_CAP_ID_MSIX);
	(void)bus_add_capability(0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0x400, 56);
	assert_true(read_place());
	assert_int_equal(place.common, 0);
}

static void test_without_a_configuration(void **unused)
{
	(void)unused;
	bus_set(0, capability(VIRTIO_PCI_CAP_DEVICE_CFG) + VIRTIO_PCI_CAP_CFG_TYPE, 1, 9);
	assert_true(read_place());
	assert_int_equal(place.config_bytes, 0);
}

static void test_missing(void **unused)
{
	static const uint32_t needed[] = { VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_NOTIFY_CFG,
					   VIRTIO_PCI_CAP_ISR_CFG };

	for (uint32_t i = 0; i < 3; i++) {
		(void)set_up(unused);
		bus_set(0, capability(needed[i]) + VIRTIO_PCI_CAP_CFG_TYPE, 1, 0);
		assert_false(read_place());
		(void)set_up(unused);
		bus_set(0, capability(needed[i]) + VIRTIO_PCI_CAP_LEN, 1, 15); /* too short to be read */
		assert_false(read_place());
	}
	(void)set_up(unused);
	bus_set(0, capability(VIRTIO_PCI_CAP_NOTIFY_CFG) + VIRTIO_PCI_CAP_LEN, 1, 16); /* without the multiplier */
	assert_false(read_place());
	(void)set_up(unused);
	bus_set(0, PCI_STATUS, 2, 0);
	assert_false(read_place());
}

static void test_outside(void **unused)
{
	static const struct {
		uint32_t type, offset, bytes;
	} wrong[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 0, 55 },		  { VIRTIO_PCI_CAP_COMMON_CFG, 2, 56 },
		{ VIRTIO_PCI_CAP_COMMON_CFG, BYTES - 52, 56 },	  { VIRTIO_PCI_CAP_COMMON_CFG, BYTES, 56 },
		{ VIRTIO_PCI_CAP_COMMON_CFG, 0xfffffff0, 0x100 }, { VIRTIO_PCI_CAP_COMMON_CFG, 0, 0xffffffff },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, BYTES - 4, 8 },	  { VIRTIO_PCI_CAP_NOTIFY_CFG, 1, 8 },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 0, 1 },		  { VIRTIO_PCI_CAP_NOTIFY_CFG, 0xfffffffe, 4 },
		{ VIRTIO_PCI_CAP_ISR_CFG, BYTES, 1 },		  { VIRTIO_PCI_CAP_ISR_CFG, 0, 0 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 4, BYTES },	  { VIRTIO_PCI_CAP_DEVICE_CFG, 2, 4 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 0xfffffffc, 8 },
	};

	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)set_up(unused);
		bus_set(0, capability(wrong[i].type) + VIRTIO_PCI_CAP_OFFSET, 4, wrong[i].offset);
		bus_set(0, capability(wrong[i].type) + VIRTIO_PCI_CAP_LENGTH, 4, wrong[i].bytes);
		assert_false(read_place());
	}
	(void)set_up(unused);
	bus_set(0, capability(VIRTIO_PCI_CAP_NOTIFY_CFG) + VIRTIO_PCI_NOTIFY_CAP_MULT, 4, 3);
	assert_false(read_place());
}

static void test_not_in_one_bar(void **unused)
{
	static const uint32_t types[] = { VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_CAP_ISR_CFG,
					  VIRTIO_PCI_CAP_DEVICE_CFG };

	for (uint32_t i = 0; i < 4; i++) {
		(void)set_up(unused);
		bus_set(0, capability(types[i]) + VIRTIO_PCI_CAP_BAR, 1, 1);
		assert_false(read_place());
		for (uint32_t j = 0; j < 4; j++) {
			bus_set(0, capability(types[j]) + VIRTIO_PCI_CAP_BAR, 1, 6 + i);
		}
		assert_false(read_place()); /* there is no such BAR */
	}
}

static void test_loops(void **unused)
{
	uint32_t first = config_read(bus_config(0), PCI_CAPABILITY_LIST, 1);

	(void)unused;
	bus_set(0, first + 1, 1, first);
	assert_false(read_place());
	(void)set_up(unused);
	bus_set(0, capability(VIRTIO_PCI_CAP_COMMON_CFG) + 1, 1, first);
	assert_true(read_place()); /* all of them were there */
	(void)set_up(unused);
	bus_set(0, PCI_CAPABILITY_LIST, 1, 0x10); /* in the header */
	assert_false(read_place());
	bus_set(0, PCI_CAPABILITY_LIST, 1, 0xfc);
	bus_set(0, 0xfc, 4, PCI_CAP_ID_VNDR | 20u << 16 | VIRTIO_PCI_CAP_COMMON_CFG << 24);
	assert_false(read_place()); /* begins at the last word: no access is beyond (config_read() would tell) */
}

/* Whatever stands there: an end, and nothing outside. */
static void test_anything(void **unused)
{
	uint32_t good = 0;

	srand(1);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		(void)set_up(unused);
		for (int changes = 1 + rand() % 4; changes > 0; changes--) {
			bus_set(0, PCI_CAPABILITY_LIST + (uint32_t)(rand() % 0xb0), 1, (uint32_t)rand());
		}
		if (read_place()) {
			good++;
			assert_true(place.common <= BYTES - 56 && place.common % 4 == 0 && bar < 6);
			assert_true(place.notify < BYTES && place.notify_bytes <= BYTES - place.notify);
			assert_true(place.isr < BYTES);
			assert_true(place.config_bytes == 0 ||
				    (place.config < BYTES && place.config_bytes <= BYTES - place.config));
		}
	}
	assert_true(good > ROUNDS / 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_as_it_should_be, set_up),
		cmocka_unit_test_setup(test_the_first_counts, set_up),
		cmocka_unit_test_setup(test_without_a_configuration, set_up),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_not_in_one_bar),
		cmocka_unit_test_setup(test_loops, set_up),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
