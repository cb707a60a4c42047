/*
 * What a guest's CPUs make of their VMM: accesses of the interrupt controller, SGIs, system registers, firmware calls
 * (PSCI among them), timers that come due and interrupts that end, in any order and with any values. The kernel is
 * asked for nothing that can't be, and a line is enabled for it only as the guest and the controller say.
 */
#include <string.h>

#include "../fake_port.h"

#include <fuzz/fuzz.h>
#include <guest/idreg.h>
#include <guest/psci.h>
#include <guest/sysreg.h>

#define SHARED 64u

static struct guest guest;

/* An address of the controller's, or near it. */
static uint64_t some_address(void)
{
	uint16_t offset = fuzz_u16();

	switch (offset % 4u) {
	case 0:
		return GUEST_GICD_BASE + offset % 0x1000u;
	case 1:
		return GUEST_GICR_BASE + fuzz_u8() % 20u * 0x10000ull + offset % 0x1000u;
	case 2:
		return GUEST_GICD_BASE + offset;
	default:
		return fuzz_once_in(8) ? fuzz_edge() : GUEST_GICD_BASE + 0x6000 + offset % 0x400u;
	}
}

static void program(void)
{
	static const uint8_t sizes[] = { 4, 1, 2, 8 };
	uint8_t what = fuzz_u8();
	uint64_t address = some_address();
	uint32_t size = sizes[what % 4u];
	uint64_t value = 0;

	/* Accesses are aligned: the kernel sees to that. */
	address &= ~(uint64_t)(size - 1);
	if ((what & 0x80u) != 0) {
		if (vgic_read(&guest.gic, address, size, &value)) {
			FUZZ_EXPECT(size == 8 || value >> (8 * size) == 0);
		}
	} else {
		(void)vgic_write(&guest.gic, address, size, (what & 0x40u) != 0 ? fuzz_edge() : fuzz_u32());
	}
}

static void send(uint32_t vcpu)
{
	static const uint32_t registers[] = { SYSREG_ICC_SGI1R_EL1, SYSREG_ICC_ASGI1R_EL1, SYSREG_ICC_SGI0R_EL1 };
	uint64_t line = 0;
	uint64_t action = vgic_send(&guest.gic, vcpu, fuzz_edge(), registers[fuzz_u8() % 3u], &line);

	if (action == SK_EXIT_ACTION_INJECT) {
		FUZZ_EXPECT((line & 0xffu) < 16 && line >> 8 <= guest.vcpus);
	}
}

static void call(uint32_t vcpu)
{
	static const uint32_t functions[] = {
		PSCI_VERSION,
		PSCI_CPU_SUSPEND,
		PSCI_CPU_OFF,
		PSCI_CPU_ON,
		PSCI_AFFINITY_INFO,
		PSCI_MIGRATE_INFO_TYPE,
		PSCI_SYSTEM_OFF,
		PSCI_SYSTEM_RESET,
		PSCI_FEATURES,
		PSCI_SYSTEM_RESET2,
		FIRMWARE_SMCCC_VERSION,
		FIRMWARE_SMCCC_FEATURES,
		FIRMWARE_TRNG_VERSION,
		FIRMWARE_TRNG_FEATURES,
		FIRMWARE_TRNG_UUID,
		FIRMWARE_TRNG_RND,
		FIRMWARE_SKINK_PUTC,
		FIRMWARE_WORKAROUND_2,
		FIRMWARE_HYPERVISOR_UID,
	};
	uint8_t what = fuzz_u8();
	struct firmware_call made = {
		.vcpu = vcpu,
		.again = what >= 224,
		.function = what % 32u < 19 ? functions[what % 32u] : fuzz_u32(),
	};
	struct firmware_answer answer = { 0 };

	made.function |= (what & 0x40u) != 0 ? FIRMWARE_64 : 0;
	for (uint32_t i = 0; i < 3; i++) {
		made.argument[i] = fuzz_once_in(2) ? fuzz_edge() : fuzz_u8() % 5u;
		made.argument[i] += i == 1 && (what & 0x20u) != 0 ? guest.ram.base : 0;
	}
	fake.start_fails = fuzz_once_in(8);
	fake.no_entropy = fuzz_once_in(8);
	fake.resting = fuzz_once_in(8) ? fuzz_u16() : 0;
	firmware_serve(&guest, &made, &answer);
	FUZZ_EXPECT(answer.count <= 4);
	if (fake.started != 0) {
		FUZZ_EXPECT(fake.start_vcpu < guest.vcpus);
		FUZZ_EXPECT(ram_holds(&guest.ram, fake.start_entry, 4) &&
			    guest_power(&guest, fake.start_vcpu) != GUEST_POWER_OFF);
		fake.started = 0;
	}
}

static void registers(uint32_t vcpu)
{
	uint32_t encoding = fuzz_u32();
	uint64_t value = 0;

	if (fuzz_u8() % 2u == 0) {
		uint64_t action = sysreg_read(&guest, vcpu, encoding, &value);

		FUZZ_EXPECT(action == 0 || action == SK_EXIT_ACTION_UNDEFINED);
	} else {
		uint64_t action = sysreg_write(&guest, vcpu, encoding, fuzz_edge());

		FUZZ_EXPECT(action == 0 || action == SK_EXIT_ACTION_UNDEFINED);
	}
}

/* In the words of the table: enabled for the kernel only if the guest has enabled it, and for a vCPU that exists. */
static void expect_lines(void)
{
	for (uint32_t i = 0; i < VGIC_LINES; i++) {
		uint32_t config = fake.lines[i].config;

		if ((config & SK_LINE_ENABLED) != 0) {
			FUZZ_EXPECT((guest.gic.model[i] & SK_LINE_ENABLED) != 0 && (guest.gic.control & 3u) != 0);
			FUZZ_EXPECT((guest.gic.model[i] & VGIC_MODEL_NO_TARGET) == 0);
		}
	}
}

void fuzz_one(void)
{
	uint8_t shape = fuzz_u8();

	fake_guest(&guest, 1 + shape % SK_VM_VCPUS_MAX, SHARED);
	for (uint32_t i = 0; i < guest.vcpus; i++) {
		sysreg_reset(&guest, i);
	}
	(void)sysreg_set_counter(&guest, 0);
	while (fuzz_more()) {
		uint8_t what = fuzz_u8();
		uint32_t vcpu = what / 16u % guest.vcpus;

		fake_forget();
		fake.counter += what;
		switch (what % 8u) {
		case 0:
			send(vcpu);
			break;
		case 1:
		case 2:
			call(vcpu);
			break;
		case 3:
			registers(vcpu);
			break;
		case 4:
			sysreg_timer_due(&guest, vcpu);
			(void)sysreg_line_ended(&guest, vcpu, fuzz_u8() % (SK_PRIVATE_LINES + SHARED));
			break;
		case 5:
			vgic_adopt(&guest.gic, fake.lines);
			sysreg_timer_restore(&guest, vcpu);
			break;
		default:
			program();
			break;
		}
		expect_lines();
	}
	fake_forget();
	vgic_reset(&guest.gic);
	expect_lines();
}
