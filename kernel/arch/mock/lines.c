/*
 * The mock machine's physical interrupt lines.
 */
#include <arch/mock.h>

static struct mock_line *line_at(uint32_t number)
{
	return &mock.lines[number - 32u];
}

bool arch_interrupt_valid(uint32_t number)
{
	return number >= 32u && number < 32u + MOCK_LINES;
}

void arch_interrupt_configure(uint32_t number, bool level, uint32_t core)
{
	mock_record(MOCK_LINE_CONFIGURE, number, core);
	struct mock_line *line = line_at(number);
	*line = (struct mock_line){ .level = level, .core = core, .asserted = line->asserted,
				    .pending = level && line->asserted };
}

void arch_interrupt_enable(uint32_t number)
{
	mock_record(MOCK_LINE_ENABLE, number, 0);
	line_at(number)->enabled = true;
}

void arch_interrupt_mask(uint32_t number)
{
	mock_record(MOCK_LINE_MASK, number, 0);
	line_at(number)->enabled = false;
}

void arch_interrupt_complete(uint32_t number)
{
	mock_record(MOCK_LINE_COMPLETE, number, 0);
	struct mock_line *line = line_at(number);
	line->active = false;
	line->pending |= line->level && line->asserted;
}

void mock_line_raise(uint32_t number)
{
	struct mock_line *line = line_at(number);
	line->asserted = true;
	line->pending = true;
}

void mock_line_lower(uint32_t number)
{
	struct mock_line *line = line_at(number);
	line->asserted = false;
	line->pending &= !line->level;
}
