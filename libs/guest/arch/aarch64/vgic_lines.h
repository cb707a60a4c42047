/*
 * The part of the controller that distributor and redistributors have in
 * common: registers that hold a bit, two bits or a byte for each of a row of lines.
 */
#ifndef GUEST_VGIC_LINES_H
#define GUEST_VGIC_LINES_H

#include <guest/vgic.h>

/* Offsets of the rows in both register frames. */
#define GIC_IGROUPR 0x0080u
#define GIC_ISENABLER 0x0100u
#define GIC_ICENABLER 0x0180u
#define GIC_ISPENDR 0x0200u
#define GIC_ICPENDR 0x0280u
#define GIC_ISACTIVER 0x0300u
#define GIC_ICACTIVER 0x0380u
#define GIC_IPRIORITYR 0x0400u
#define GIC_ITARGETSR 0x0800u
#define GIC_ICFGR 0x0c00u
#define GIC_IGRPMODR 0x0d00u

#define GIC_PIDR 0xffd0u /* PIDR4, first of twelve identification registers */

#define GIC_IIDR_VALUE 0x0000043bu /* Arm's implementer code, no product that has errata */

/* Whose lines a frame shows: vCPU `vcpu`'s private ones, or the shared ones. */
struct line_row {
	uint32_t vcpu;
	uint32_t first;
	uint32_t end;
};

/* A naturally aligned access below GIC_IGRPMODR. */
uint32_t vgic_lines_read(const struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t size);
void vgic_lines_write(struct vgic *gic, const struct line_row *row, uint32_t offset, uint32_t size, uint32_t value);

/*
 * Clears, then sets model bits of the lines `first` + i for the bits i of `lines`, stores what that
 * means for the kernel, and tells it about each line that is or was enabled and changed.
 */
void vgic_edit(struct vgic *gic, uint32_t vcpu, uint32_t first, uint32_t lines, uint32_t clear, uint32_t set);

/* After a change of what the distributor forwards: every line's config again. */
void vgic_refresh(struct vgic *gic);

/* Identification registers at GIC_PIDR and up: CoreSight's PIDR and CIDR, GICv3. */
uint32_t vgic_identification(uint32_t offset);

#endif
