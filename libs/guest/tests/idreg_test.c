/* The CPU that the guest sees, for the CPU models that a machine may have. */
#include "fake_port.h"

#include <guest/idreg.h>

#include "cpu_models.h"

/* Fields that must read as zero whatever the machine has: state or traps that nobody provides. */
static const struct {
	uint32_t index;
	uint32_t shift;
	const char *name;
} hidden[] = {
	{ IDREG_AA64PFR0, 8, "EL2" }, { IDREG_AA64PFR0, 12, "EL3" }, { IDREG_AA64PFR0, 28, "RAS" },
	{ IDREG_AA64PFR0, 32, "SVE" }, { IDREG_AA64PFR0, 36, "SEL2" }, { IDREG_AA64PFR0, 40, "MPAM" },
	{ IDREG_AA64PFR0, 44, "AMU" }, { IDREG_AA64PFR0, 52, "RME" }, { IDREG_AA64PFR1, 8, "MTE" },
	{ IDREG_AA64PFR1, 24, "SME" }, { IDREG_AA64PFR1, 36, "NMI" }, { IDREG_AA64DFR0, 4, "trace" },
	{ IDREG_AA64DFR0, 8, "PMU" }, { IDREG_AA64DFR0, 32, "SPE" }, { IDREG_AA64DFR0, 40, "TRF" },
	{ IDREG_AA64DFR0, 44, "TRBE" }, { IDREG_AA64DFR0, 52, "BRBE" }, { IDREG_AA64ISAR1, 4, "APA" },
	{ IDREG_AA64ISAR1, 8, "API" }, { IDREG_AA64ISAR1, 24, "GPA" }, { IDREG_AA64ISAR1, 28, "GPI" },
	{ IDREG_AA64ISAR1, 60, "LS64" }, { IDREG_AA64MMFR0, 56, "FGT" }, { IDREG_AA64MMFR0, 60, "ECV" },
	{ IDREG_AA64MMFR1, 8, "VHE" }, { IDREG_AA64MMFR1, 16, "LOR" }, { IDREG_AA64MMFR2, 24, "NV" },
};

static void hides_what_nobody_provides(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		uint64_t value = idreg_virtual(hidden[i].index, UINT64_MAX);
		if (IDREG_FIELD(value, hidden[i].shift) != 0) {
			fail_msg("%s is offered", hidden[i].name);
		}
	}
}

static void never_offers_more_than_the_machine_has(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < idreg_field_count; i++) {
		const struct idreg_field *field = &idreg_fields[i];
		assert_true(field->index >= IDREG_FIRST && field->index < IDREG_END);
		assert_true(field->reason[0] != '\0');
		for (uint32_t has = 0; has < 16; has++) {
			uint32_t offered = IDREG_FIELD(idreg_virtual(field->index, (uint64_t)has << field->shift), field->shift);
			if (field->rule == IDREG_SET) {
				assert_int_equal(offered, field->value);
			} else if (field->rule == IDREG_SIGNED_MAX && has >= 8) {
				assert_int_equal(offered, has);
			} else {
				assert_true(offered <= has);
			}
		}
	}
}

static void no_field_is_listed_twice(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < idreg_field_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			assert_false(idreg_fields[i].index == idreg_fields[j].index &&
				     idreg_fields[i].shift == idreg_fields[j].shift);
		}
	}
}

/* What each model's guest reads, worked out by hand from the models' values. */
static void masks_known_models(void **state)
{
	static const struct {
		const char *name;
		uint64_t pfr0, pfr1, dfr0, isar0, isar1, mmfr0, mmfr1, mmfr2;
	} expected[] = {
		{ "cortex-a53", 0x01000012, 0, 0x0000000000101006, 0x00011120, 0, 0x00000122, 0, 0 },
		{ "cortex-a57", 0x01000012, 0, 0x0000000000101006, 0x00011120, 0, 0x00000122, 0, 0 },
		{ "cortex-a72", 0x01000012, 0, 0x0000000000101006, 0x00011120, 0, 0x00000122, 0, 0 },
		{ "cortex-a76", 0x1100000001110012, 0x10, 0x0000000000101006, 0x0000100010211120, 0x0000000000100001,
		  0x0000000000100122, 0x0000000000202002, 0x0000000000000010 },
		{ "neoverse-n1", 0x1100000001110012, 0x20, 0x0000000000101006, 0x0000100010211120, 0x0000000000100001,
		  0x0000000000100122, 0x0000000000202002, 0x0000000000000010 },
		{ "max", 0x1101000001110012, 0x21, 0x0000000000101006, 0x1221111110212120, 0x0011111100211002,
		  0x0000000000100122, 0x0000001000201002, 0x1021001010010010 },
	};

	(void)state;
	for (uint32_t i = 0; i < CPU_MODELS; i++) {
		const struct cpu_model *model = &cpu_models[i];
		assert_string_equal(model->name, expected[i].name);
#define CHECK(index, field) \
		assert_int_equal(idreg_virtual(index, cpu_model_register(model, index)), expected[i].field)
		CHECK(IDREG_AA64PFR0, pfr0);
		CHECK(IDREG_AA64PFR1, pfr1);
		CHECK(IDREG_AA64DFR0, dfr0);
		CHECK(IDREG_AA64ISAR0, isar0);
		CHECK(IDREG_AA64ISAR1, isar1);
		CHECK(IDREG_AA64MMFR0, mmfr0);
		CHECK(IDREG_AA64MMFR1, mmfr1);
		CHECK(IDREG_AA64MMFR2, mmfr2);
#undef CHECK
	}
}

/* A register that is new since this was written reads as zero. */
static void hides_unknown_registers(void **state)
{
	static const uint32_t unknown[] = { IDREG_INDEX(4u, 4u), IDREG_INDEX(4u, 5u), IDREG_INDEX(5u, 1u),
					    IDREG_INDEX(6u, 2u), IDREG_INDEX(7u, 3u), IDREG_INDEX(7u, 4u) };

	(void)state;
	for (uint32_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(idreg_virtual(unknown[i], UINT64_MAX), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_what_nobody_provides),
		cmocka_unit_test(never_offers_more_than_the_machine_has),
		cmocka_unit_test(no_field_is_listed_twice),
		cmocka_unit_test(masks_known_models),
		cmocka_unit_test(hides_unknown_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
