/*
 * ICC_SGI1R_EL1, ICC_ASGI1R_EL1 and ICC_SGI0R_EL1: Arm IHI 0069, 12.2 (fields) and
 * the table of SGI forwarding: with one security state SGI1R reaches a line of either
 * group, the other two only lines of group 0.
 */
#include <guest/port.h>
#include <guest/vgic.h>
#include <sk/idl/kernel.h>

#define SGI_IRM (1ull << 40)
#define SGI_TARGET_LIST 0xffffu

/* Affinity 0 of the target list's bit 0, and the levels above it, in MPIDR's layout. */
static uint64_t sgi_cluster(uint64_t value)
{
	uint64_t aff3 = value >> 48 & 0xff;
	uint64_t aff2 = value >> 32 & 0xff;
	uint64_t aff1 = value >> 16 & 0xff;
	uint64_t range = value >> 44 & 0xf;

	return aff3 << 32 | aff2 << 16 | aff1 << 8 | range * 16;
}

/* The vCPUs that a value names, as a mask. */
static uint32_t sgi_targets(const struct vgic *gic, uint32_t sender, uint64_t value)
{
	uint32_t targets = 0;

	if ((value & SGI_IRM) != 0) {
		return ((1u << gic->vcpus) - 1) & ~(1u << sender);
	}
	for (uint32_t list = (uint32_t)value & SGI_TARGET_LIST; list != 0; list &= list - 1) {
		uint32_t vcpu = guest_vcpu_of(sgi_cluster(value) + (uint32_t)__builtin_ctz(list), gic->vcpus);
		targets |= vcpu != GUEST_NO_VCPU ? 1u << vcpu : 0;
	}
	return targets;
}

uint64_t vgic_send_all(const struct vgic *gic, uint32_t vcpu, uint64_t value, uint32_t encoding, uint64_t *line)
{
	uint32_t intid = (uint32_t)(value >> VGIC_SGI_INTID_SHIFT & VGIC_SGI_INTID_MASK);
	uint64_t action = 0;

	*line = 0;
	for (uint32_t rest = sgi_targets(gic, vcpu, value); rest != 0; rest &= rest - 1) {
		uint32_t target = (uint32_t)__builtin_ctz(rest);
		bool group1 = (gic->model[sk_line_index(target, intid)] & SK_LINE_GROUP1) != 0;
		if (group1 && encoding != SYSREG_ICC_SGI1R_EL1) {
			continue;
		}
		if (target == vcpu) {
			*line = intid;
			action |= SK_EXIT_ACTION_INJECT;
		} else {
			port_line_update(intid, target, SPACE_LINE_CHANGE_SET_PENDING);
		}
	}
	return action;
}
