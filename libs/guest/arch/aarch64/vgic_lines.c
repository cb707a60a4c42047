#include "vgic_lines.h"

#include <guest/port.h>
#include <sk/idl/kernel.h>

#define PRIORITY_MASK 0xf8u /* 32 levels, as the virtual CPU interface has */
#define CONFIG_BITS (SK_LINE_ENABLED | SK_LINE_LEVEL | SK_LINE_GROUP1 | 0xffu << SK_LINE_PRIORITY_SHIFT | \
		     0xffu << SK_LINE_VCPU_SHIFT | SK_LINE_PHYSICAL)

/* What the kernel is told of a line. */
static uint32_t line_config(const struct vgic *gic, uint32_t model)
{
	uint32_t group = (model & SK_LINE_GROUP1) != 0 ? 1u : 0u;
	uint32_t config = model & CONFIG_BITS;

	if ((gic->control >> group & 1u) == 0 || (model & VGIC_MODEL_NO_TARGET) != 0) {
		config &= ~SK_LINE_ENABLED;
	}
	return config;
}

/* Under the lock. True if the kernel has to look at the line again. */
static bool line_store(struct vgic *gic, uint32_t index)
{
	struct sk_line *line = &gic->lines[index];
	uint32_t config = line_config(gic, gic->model[index]);
	uint32_t old = line->config;

	if (config == old) {
		return false;
	}
	__atomic_store_n(&line->config, config, __ATOMIC_RELEASE);
	return ((config | old) & SK_LINE_ENABLED) != 0;
}

void vgic_edit(struct vgic *gic, uint32_t vcpu, uint32_t first, uint32_t lines, uint32_t clear, uint32_t set)
{
	uint32_t changed = 0;

	sk_spin_lock(&gic->lock);
	for (uint32_t rest = lines; rest != 0; rest &= rest - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(rest);
		uint32_t index = sk_line_index(vcpu, first + i);
		gic->model[index] = (gic->model[index] & ~clear) | set;
		changed |= line_store(gic, index) ? 1u << i : 0;
	}
	sk_spin_unlock(&gic->lock);
	for (uint32_t rest = changed; rest != 0; rest &= rest - 1) {
		port_line_update(first + (uint32_t)__builtin_ctz(rest), vcpu, SPACE_LINE_CHANGE_NONE);
	}
}

void vgic_refresh(struct vgic *gic)
{
	for (uint32_t vcpu = 0; vcpu < gic->vcpus; vcpu++) {
		vgic_edit(gic, vcpu, 0, UINT32_MAX, 0, 0);
	}
	for (uint32_t line = SK_PRIVATE_LINES; line < SK_PRIVATE_LINES + gic->shared; line += 32) {
		vgic_edit(gic, 0, line, UINT32_MAX, 0, 0);
	}
}

/*
 * Pending and active state is the kernel's. Guests clear whole rows when they
 * start: a line that never was enabled and shows no state has nothing to clear.
 */
static void lines_change(struct vgic *gic, uint32_t vcpu, uint32_t first, uint32_t lines, uint32_t change)
{
	bool clears = change == SPACE_LINE_CHANGE_CLEAR_PENDING || change == SPACE_LINE_CHANGE_CLEAR_ACTIVE;

	for (uint32_t rest = lines; rest != 0; rest &= rest - 1) {
		uint32_t line = first + (uint32_t)__builtin_ctz(rest);
		uint32_t index = sk_line_index(vcpu, line);
		uint32_t state = __atomic_load_n(&gic->lines[index].state, __ATOMIC_RELAXED);
		if (!clears || state != 0 || (gic->model[index] & VGIC_MODEL_TOUCHED) != 0) {
			port_line_update(line, vcpu, change);
		}
	}
}

/* A line's bit in the row that holds `offset`. */
static bool line_bit(const struct vgic *gic, uint32_t index, uint32_t offset)
{
	uint32_t model = __atomic_load_n(&gic->model[index], __ATOMIC_RELAXED);
	uint32_t state = __atomic_load_n(&gic->lines[index].state, __ATOMIC_RELAXED);

	switch (offset & ~0x7fu) {
	case GIC_IGROUPR:
		return (model & SK_LINE_GROUP1) != 0;
	case GIC_ISENABLER:
	case GIC_ICENABLER:
		return (model & SK_LINE_ENABLED) != 0;
	case GIC_ISPENDR:
	case GIC_ICPENDR:
		return (state & SK_LINE_PENDING) != 0 ||
		       ((state & SK_LINE_ASSERTED) != 0 && (model & SK_LINE_LEVEL) != 0);
	default: /* ISACTIVER, ICACTIVER */
		return (state & SK_LINE_ACTIVE) != 0;
	}
}

/* `state` says what the kernel saw when it last looked at the line: has it look again. */
static void lines_look(const struct vgic *gic, const struct line_row *row, uint32_t first)
{
	for (uint32_t line = first; line < first + 32; line++) {
		if (__atomic_load_n(&gic->lines[sk_line_index(row->vcpu, line)].state, __ATOMIC_RELAXED) != 0) {
			port_line_update(line, row->vcpu, SPACE_LINE_CHANGE_NONE);
		}
	}
}

static uint32_t bits_read(const struct vgic *gic, const struct line_row *row, uint32_t offset)
{
	uint32_t first = (offset & 0x7fu) * 8;
	uint32_t value = 0;

	if (first < row->first || first >= row->end) {
		return 0;
	}
	if (offset >= GIC_ISPENDR) {
		lines_look(gic, row, first);
	}
	for (uint32_t i = 0; i < 32; i++) {
		value |= line_bit(gic, sk_line_index(row->vcpu, first + i), offset) ? 1u << i : 0;
	}
	return value;
}

static void bits_write(struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t value)
{
	uint32_t first = (offset & 0x7fu) * 8;
	uint32_t vcpu = row->vcpu;

	if (first < row->first || first >= row->end) {
		return;
	}
	switch (offset & ~0x7fu) {
	case GIC_IGROUPR:
		vgic_edit(gic, vcpu, first, value, 0, SK_LINE_GROUP1);
		vgic_edit(gic, vcpu, first, ~value, SK_LINE_GROUP1, 0);
		break;
	case GIC_ISENABLER:
		vgic_edit(gic, vcpu, first, value, 0, SK_LINE_ENABLED | VGIC_MODEL_TOUCHED);
		break;
	case GIC_ICENABLER:
		vgic_edit(gic, vcpu, first, value, SK_LINE_ENABLED, 0);
		break;
	case GIC_ISPENDR:
		lines_change(gic, vcpu, first, value, SPACE_LINE_CHANGE_SET_PENDING);
		break;
	case GIC_ICPENDR:
		lines_change(gic, vcpu, first, value, SPACE_LINE_CHANGE_CLEAR_PENDING);
		break;
	case GIC_ISACTIVER:
		vgic_edit(gic, vcpu, first, value, 0, VGIC_MODEL_TOUCHED);
		lines_change(gic, vcpu, first, value, SPACE_LINE_CHANGE_SET_ACTIVE);
		break;
	default: /* ICACTIVER */
		lines_change(gic, vcpu, first, value, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
		break;
	}
}

static uint32_t priority_read(const struct vgic *gic, const struct line_row *row, uint32_t first, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < size; i++) {
		if (first + i >= row->first && first + i < row->end) {
			uint32_t model = gic->model[sk_line_index(row->vcpu, first + i)];
			value |= (model >> SK_LINE_PRIORITY_SHIFT & 0xffu) << (8 * i);
		}
	}
	return value;
}

static void priority_write(struct vgic *gic, const struct line_row *row, uint32_t first, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size; i++) {
		if (first + i >= row->first && first + i < row->end) {
			vgic_edit(gic, row->vcpu, first + i, 1, 0xffu << SK_LINE_PRIORITY_SHIFT,
				  (value >> (8 * i) & PRIORITY_MASK) << SK_LINE_PRIORITY_SHIFT);
		}
	}
}

/* Two bits a line, the upper one of which says edge. */
static uint32_t trigger_read(const struct vgic *gic, const struct line_row *row, uint32_t offset)
{
	uint32_t first = (offset - GIC_ICFGR) * 4;
	uint32_t value = 0;

	if (first < row->first || first >= row->end) {
		return 0;
	}
	for (uint32_t i = 0; i < 16; i++) {
		bool level = (gic->model[sk_line_index(row->vcpu, first + i)] & SK_LINE_LEVEL) != 0;
		value |= level ? 0 : 2u << (2 * i);
	}
	return value;
}

static void trigger_write(struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t value)
{
	uint32_t first = (offset - GIC_ICFGR) * 4;
	uint32_t edges = 0;

	if (first < row->first || first >= row->end || first < 16) { /* SGIs are edges for ever */
		return;
	}
	for (uint32_t i = 0; i < 16; i++) {
		edges |= (value >> (2 * i + 1) & 1u) << i;
	}
	vgic_edit(gic, row->vcpu, first, edges, SK_LINE_LEVEL, 0);
	vgic_edit(gic, row->vcpu, first, ~edges & 0xffffu, 0, SK_LINE_LEVEL);
}

uint32_t vgic_lines_read(const struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t size)
{
	if (offset >= GIC_IPRIORITYR && offset < GIC_ITARGETSR && (size == 1 || size == 4)) {
		return priority_read(gic, row, offset - GIC_IPRIORITYR, size);
	}
	if (size != 4) {
		return 0;
	}
	if (offset >= GIC_IGROUPR && offset < GIC_IPRIORITYR) {
		return bits_read(gic, row, offset);
	}
	return offset >= GIC_ICFGR && offset < GIC_IGRPMODR ? trigger_read(gic, row, offset) : 0;
}

void vgic_lines_write(struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t size, uint32_t value)
{
	if (offset >= GIC_IPRIORITYR && offset < GIC_ITARGETSR && (size == 1 || size == 4)) {
		priority_write(gic, row, offset - GIC_IPRIORITYR, size, value);
	} else if (size == 4 && offset >= GIC_IGROUPR && offset < GIC_IPRIORITYR) {
		bits_write(gic, row, offset, value);
	} else if (size == 4 && offset >= GIC_ICFGR && offset < GIC_IGRPMODR) {
		trigger_write(gic, row, offset, value);
	}
}

uint32_t vgic_identification(uint32_t offset)
{
	static const uint8_t values[] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	return values[(offset - GIC_PIDR) / 4];
}
