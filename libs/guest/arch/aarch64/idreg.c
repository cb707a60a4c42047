#include <guest/idreg.h>

static uint64_t field_virtual(const struct idreg_field *field, uint32_t physical)
{
	switch ((enum idreg_rule)field->rule) {
	case IDREG_SET:
		return field->value;
	case IDREG_SIGNED_MAX:
		return physical < 8 && physical > field->value ? field->value : physical;
	case IDREG_MAX:
		break;
	}
	return physical > field->value ? field->value : physical;
}

uint64_t idreg_virtual(uint32_t index, uint64_t physical)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < idreg_field_count; i++) {
		const struct idreg_field *field = &idreg_fields[i];
		if (field->index == index) {
			value |= field_virtual(field, IDREG_FIELD(physical, field->shift)) << field->shift;
		}
	}
	return value;
}
