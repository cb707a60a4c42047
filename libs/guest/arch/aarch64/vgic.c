#include <guest/vgic.h>

#include <string.h>

#include <guest/port.h>
#include <sk/idl/kernel.h>

#include "vgic_lines.h"

/* Distributor, beside the rows of vgic_lines.h. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define GICD_IROUTER 0x6000u
#define GICD_IROUTER_END 0x7fe0u
#define GICD_CTLR_ENABLES 3u                 /* EnableGrp0, EnableGrp1 */
#define GICD_CTLR_FIXED (1u << 4 | 1u << 6)  /* ARE, DS */
#define GICD_TYPER_FIXED (9u << 19 | 1u << 25) /* 10 bits of INTID; No1N: an SPI goes to one PE */

/* Redistributor. */
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_TYPER_LAST (1ull << 4)
#define GICR_TYPER_NUMBER_SHIFT 8
#define GICR_TYPER_AFFINITY_SHIFT 32
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN (1u << 2)
#define GICR_SGI_FRAME 0x10000u
#define GICR_FRAME_MASK 0xffffu

#define EDGE_LINES 16u /* private lines 0..15: SGIs */

static struct line_row shared_row(const struct vgic *gic)
{
	return (struct line_row){ .first = SK_PRIVATE_LINES, .end = SK_PRIVATE_LINES + gic->shared };
}

static struct line_row private_row(uint32_t vcpu)
{
	return (struct line_row){ .vcpu = vcpu, .first = 0, .end = SK_PRIVATE_LINES };
}

static void reset_model(struct vgic *gic)
{
	gic->lock = (struct sk_spin){ 0 };
	gic->control = 0;
	memset(gic->router, 0, sizeof(gic->router));
	for (uint32_t i = 0; i < VGIC_LINES; i++) {
		gic->model[i] = SK_LINE_GROUP1 | SK_LINE_LEVEL;
	}
	for (uint32_t vcpu = 0; vcpu < SK_VM_VCPUS_MAX; vcpu++) {
		gic->waker[vcpu] = GICR_WAKER_SLEEP | GICR_WAKER_CHILDREN;
		for (uint32_t line = 0; line < EDGE_LINES; line++) {
			gic->model[sk_line_index(vcpu, line)] &= ~SK_LINE_LEVEL;
		}
		gic->model[sk_line_index(vcpu, GUEST_LINE_VIRTUAL_TIMER)] |= SK_LINE_PHYSICAL;
	}
}

void vgic_init(struct vgic *gic, struct sk_line *lines, uint32_t vcpus, uint32_t shared)
{
	*gic = (struct vgic){
		.lines = lines,
		.vcpus = vcpus < SK_VM_VCPUS_MAX ? vcpus : SK_VM_VCPUS_MAX,
		.shared = (shared < SK_SHARED_LINES_MAX ? shared : SK_SHARED_LINES_MAX) & ~31u,
	};
	reset_model(gic);
	vgic_refresh(gic);
}

static void forget_state(const struct vgic *gic, uint32_t line, uint32_t vcpu)
{
	uint32_t index = sk_line_index(vcpu, line);

	if (gic->lines[index].state != 0 || (gic->model[index] & VGIC_MODEL_TOUCHED) != 0) {
		port_line_update(line, vcpu, SPACE_LINE_CHANGE_CLEAR_PENDING);
		port_line_update(line, vcpu, SPACE_LINE_CHANGE_CLEAR_ACTIVE);
	}
}

void vgic_reset(struct vgic *gic)
{
	for (uint32_t i = 0; i < gic->vcpus * SK_PRIVATE_LINES; i++) {
		forget_state(gic, i % SK_PRIVATE_LINES, i / SK_PRIVATE_LINES);
	}
	for (uint32_t i = 0; i < gic->shared; i++) {
		forget_state(gic, SK_PRIVATE_LINES + i, 0);
	}
	reset_model(gic);
	vgic_refresh(gic);
}

static void look_again(const struct vgic *gic, uint32_t line, uint32_t vcpu)
{
	if ((gic->lines[sk_line_index(vcpu, line)].config & SK_LINE_ENABLED) != 0) {
		port_line_update(line, vcpu, SPACE_LINE_CHANGE_NONE);
	}
}

void vgic_adopt(struct vgic *gic, struct sk_line *lines)
{
	gic->lines = lines;
	gic->lock = (struct sk_spin){ 0 };
	vgic_refresh(gic);
	for (uint32_t i = 0; i < gic->vcpus * SK_PRIVATE_LINES; i++) {
		look_again(gic, i % SK_PRIVATE_LINES, i / SK_PRIVATE_LINES);
	}
	for (uint32_t i = 0; i < gic->shared; i++) {
		look_again(gic, SK_PRIVATE_LINES + i, 0);
	}
}

/* IROUTER of shared line 32 + i: the affinity alone counts (no 1-of-N), any other bit is RES0. */
static void router_write(struct vgic *gic, uint32_t i, uint64_t value, uint64_t mask)
{
	if (i >= gic->shared) {
		return;
	}
	uint64_t affinity = ((gic->router[i] & ~mask) | (value & mask)) & GUEST_AFFINITY_MASK;
	uint32_t vcpu = guest_vcpu_of(affinity, gic->vcpus);
	uint32_t target = vcpu == GUEST_NO_VCPU ? VGIC_MODEL_NO_TARGET : vcpu << SK_LINE_VCPU_SHIFT;

	gic->router[i] = affinity;
	vgic_edit(gic, 0, SK_PRIVATE_LINES + i, 1, 0xffu << SK_LINE_VCPU_SHIFT | VGIC_MODEL_NO_TARGET, target);
}

/* The half of a 64-bit register that a 32-bit access at `offset` means. */
static uint64_t half_of(uint64_t value, uint32_t offset, uint32_t size)
{
	return size == 8 ? value : (uint32_t)(value >> ((offset & 4u) * 8));
}

static uint64_t distributor_read(const struct vgic *gic, uint32_t offset, uint32_t size)
{
	struct line_row row = shared_row(gic);

	if (offset >= GICD_IROUTER + 8 * SK_PRIVATE_LINES && offset < GICD_IROUTER_END) {
		uint32_t i = (offset - GICD_IROUTER) / 8 - SK_PRIVATE_LINES;
		return i < gic->shared && size >= 4 ? half_of(gic->router[i], offset, size) : 0;
	}
	if (offset >= GIC_IGROUPR && offset < GIC_IGRPMODR) {
		return vgic_lines_read(gic, &row, offset, size);
	}
	if (size != 4) {
		return 0;
	}
	switch (offset) {
	case GICD_CTLR:
		return gic->control | GICD_CTLR_FIXED;
	case GICD_TYPER:
		return GICD_TYPER_FIXED | gic->shared / 32;
	case GICD_IIDR:
		return GIC_IIDR_VALUE;
	default:
		return offset >= GIC_PIDR ? vgic_identification(offset) : 0;
	}
}

static void distributor_write(struct vgic *gic, uint32_t offset, uint32_t size, uint64_t value)
{
	struct line_row row = shared_row(gic);

	if (offset >= GICD_IROUTER + 8 * SK_PRIVATE_LINES && offset < GICD_IROUTER_END) {
		uint32_t i = (offset - GICD_IROUTER) / 8 - SK_PRIVATE_LINES;
		uint32_t shift = size == 8 ? 0 : (offset & 4u) * 8;
		if (size >= 4) {
			router_write(gic, i, value << shift, size == 8 ? UINT64_MAX : 0xffffffffull << shift);
		}
	} else if (offset >= GIC_IGROUPR && offset < GIC_IGRPMODR) {
		vgic_lines_write(gic, &row, offset, size, (uint32_t)value);
	} else if (offset == GICD_CTLR && size == 4 && gic->control != (value & GICD_CTLR_ENABLES)) {
		__atomic_store_n(&gic->control, (uint32_t)value & GICD_CTLR_ENABLES, __ATOMIC_SEQ_CST);
		vgic_refresh(gic);
	}
}

static uint64_t redistributor_type(const struct vgic *gic, uint32_t vcpu)
{
	uint64_t affinity = guest_affinity(vcpu);
	uint64_t packed = (affinity & 0xffffffu) | (affinity >> 32) << 24;

	return packed << GICR_TYPER_AFFINITY_SHIFT | (uint64_t)vcpu << GICR_TYPER_NUMBER_SHIFT |
	       (vcpu + 1 == gic->vcpus ? GICR_TYPER_LAST : 0);
}

/* `offset` counts from RD_base of `vcpu`'s redistributor. */
static uint64_t redistributor_read(const struct vgic *gic, uint32_t vcpu, uint32_t offset, uint32_t size)
{
	struct line_row row = private_row(vcpu);

	if (offset >= GICR_SGI_FRAME) {
		offset &= GICR_FRAME_MASK;
		if (offset >= GIC_IGROUPR && offset < GIC_IGRPMODR) {
			return vgic_lines_read(gic, &row, offset, size);
		}
	} else if (offset == GICR_TYPER || (offset == GICR_TYPER + 4 && size == 4)) {
		return size >= 4 ? half_of(redistributor_type(gic, vcpu), offset - GICR_TYPER, size) : 0;
	} else if (offset == GICR_IIDR && size == 4) {
		return GIC_IIDR_VALUE;
	} else if (offset == GICR_WAKER && size == 4) {
		return gic->waker[vcpu];
	}
	return offset >= GIC_PIDR && size == 4 ? vgic_identification(offset) : 0;
}

static void redistributor_write(struct vgic *gic, uint32_t vcpu, uint32_t offset, uint32_t size, uint32_t value)
{
	struct line_row row = private_row(vcpu);

	if (offset >= GICR_SGI_FRAME + GIC_IGROUPR && offset < GICR_SGI_FRAME + GIC_IGRPMODR) {
		vgic_lines_write(gic, &row, offset & GICR_FRAME_MASK, size, value);
	} else if (offset == GICR_WAKER && size == 4) {
		/* Nothing has to be quiesced: its children are asleep as soon as it is asked to sleep. */
		gic->waker[vcpu] = (value & GICR_WAKER_SLEEP) != 0 ? GICR_WAKER_SLEEP | GICR_WAKER_CHILDREN : 0;
	}
}

/* Natural alignment and a size that a load or store has; anything else is answered like reserved space. */
static bool access_sane(uint64_t address, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && address % size == 0;
}

bool vgic_read(const struct vgic *gic, uint64_t address, uint32_t size, uint64_t *value)
{
	uint64_t in_gicd = address - GUEST_GICD_BASE;
	uint64_t in_gicr = address - GUEST_GICR_BASE;

	*value = 0;
	if (in_gicd < GUEST_GICD_BYTES) {
		*value = access_sane(address, size) ? distributor_read(gic, (uint32_t)in_gicd, size) : 0;
		return true;
	}
	if (in_gicr < gic->vcpus * GUEST_GICR_BYTES) {
		uint32_t vcpu = (uint32_t)(in_gicr / GUEST_GICR_BYTES);
		uint32_t offset = (uint32_t)(in_gicr % GUEST_GICR_BYTES);
		*value = access_sane(address, size) ? redistributor_read(gic, vcpu, offset, size) : 0;
		return true;
	}
	return false;
}

bool vgic_write(struct vgic *gic, uint64_t address, uint32_t size, uint64_t value)
{
	uint64_t in_gicd = address - GUEST_GICD_BASE;
	uint64_t in_gicr = address - GUEST_GICR_BASE;

	if (in_gicd < GUEST_GICD_BYTES) {
		if (access_sane(address, size)) {
			distributor_write(gic, (uint32_t)in_gicd, size, value);
		}
		return true;
	}
	if (in_gicr < gic->vcpus * GUEST_GICR_BYTES) {
		if (access_sane(address, size)) {
			redistributor_write(gic, (uint32_t)(in_gicr / GUEST_GICR_BYTES),
					    (uint32_t)(in_gicr % GUEST_GICR_BYTES), size, (uint32_t)value);
		}
		return true;
	}
	return false;
}
