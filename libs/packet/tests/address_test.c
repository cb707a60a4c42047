/* Addresses of stations, and hashes of flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <packet/address.h>
#include <packet/flow.h>

static void test_texts(void **unused)
{
	static const char *const none[] = {
		"", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "52-54-00-12-34-56", "00:00:00:00:00:00",
		"53:54:00:12:34:56", "ff:ff:ff:ff:ff:ff", "52:54:00:12:34:56 ",
	};

	(void)unused;
	assert_int_equal(packet_address_parse("52:54:00:12:34:56"), 0x563412005452ull);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(packet_address_parse(none[i]), 0);
	}
}

static void test_bytes(void **unused)
{
	static const uint8_t bytes[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	uint8_t back[6];

	(void)unused;
	assert_int_equal(packet_address(bytes), 0x563412005452ull);
	packet_address_bytes(0x563412005452ull, back);
	assert_memory_equal(back, bytes, 6);
	assert_false(packet_address_is_group(packet_address(bytes)));
	assert_true(packet_address_is_group(1));
}

static void test_names(void **unused)
{
	(void)unused;
	assert_int_equal(packet_address_of_name("vnet0"), packet_address_of_name("vnet0"));
	assert_int_not_equal(packet_address_of_name("vnet0"), packet_address_of_name("vnet1"));
	assert_int_equal(packet_address_of_name("vnet0") & 0xffffff, 0x005452);
}

static void frame_of(uint8_t *frame, bool version_6, bool back, uint8_t port)
{
	static const uint8_t ends[2][16] = { { 10, 0, 0, 1, 7 }, { 10, 0, 0, 2, 9 } };
	uint32_t address_bytes = version_6 ? 16 : 4;
	uint8_t *addresses = frame + (version_6 ? 22 : 26);
	uint8_t *ports = frame + (version_6 ? 54 : 34);

	memset(frame, 0, PACKET_FLOW_BYTES);
	frame[12] = version_6 ? 0x86 : 0x08;
	frame[13] = version_6 ? 0xdd : 0x00;
	frame[14] = version_6 ? 0x60 : 0x45;
	frame[version_6 ? 20 : 23] = 6;
	memcpy(addresses, ends[back], address_bytes);
	memcpy(addresses + address_bytes, ends[!back], address_bytes);
	ports[back ? 1 : 3] = port;
	ports[back ? 3 : 1] = 80;
}

static void test_flows(void **unused)
{
	uint8_t there[PACKET_FLOW_BYTES];
	uint8_t back[PACKET_FLOW_BYTES];
	uint32_t different = 0;

	(void)unused;
	for (uint32_t version = 0; version < 2; version++) {
		for (uint32_t port = 0; port < 64; port++) {
			frame_of(there, version != 0, false, (uint8_t)port);
			frame_of(back, version != 0, true, (uint8_t)port);
			assert_int_equal(packet_flow_hash(there), packet_flow_hash(back));
			assert_true(packet_flow_hash(there) < PACKET_FLOWS);
			frame_of(back, version != 0, true, (uint8_t)(port + 1));
			different += packet_flow_hash(there) != packet_flow_hash(back) ? 1 : 0;
		}
	}
	assert_true(different > 120);
	/* Fragments have no ports, but for the first one: they all go where the first one's addresses say. */
	frame_of(there, false, false, 1);
	frame_of(back, false, false, 2);
	there[20] = back[20] = 0x20;
	assert_int_equal(packet_flow_hash(there), packet_flow_hash(back));
}

/* Any bytes will do, and no more than it says are read. */
static void test_noise(void **unused)
{
	uint8_t frame[PACKET_FLOW_BYTES];
	uint32_t random = 1;

	(void)unused;
	for (uint32_t round = 0; round < 10000; round++) {
		for (uint32_t i = 0; i < sizeof(frame); i++) {
			random = random * 1664525u + 1013904223u;
			frame[i] = (uint8_t)(random >> 24);
		}
		frame[12] = round % 2 != 0 ? 0x86 : 0x08;
		frame[13] = round % 2 != 0 ? 0xdd : 0x00;
		assert_true(packet_flow_hash(frame) < PACKET_FLOWS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts), cmocka_unit_test(test_bytes), cmocka_unit_test(test_names),
		cmocka_unit_test(test_flows), cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
