/*
 * The guest's GICv3: distributor and redistributors, affinity routing on, one
 * security state (GICD_CTLR.DS = 1), no LPIs. Arm IHI 0069, chapters 8 and 12.
 *
 * The model is called when the guest *programs* its controller; an interrupt
 * flows from device to guest without it. It owns the `config` words of the VM's
 * line table (sk/vcpu.h) and derives each from what the guest wrote: a line is
 * enabled for the kernel if the guest enabled it, the distributor forwards its
 * group, and it goes to a vCPU that exists. `state` is the kernel's and is only read here.
 *
 * The CPU interface (ICC_*) is the hardware's. vCPUs on several cores may be in
 * here at once: `lock` guards model and config words, and is never held across a system call.
 */
#ifndef GUEST_VGIC_H
#define GUEST_VGIC_H

#include <guest/machine.h>
#include <guest/sysreg_encoding.h>
#include <sk/idl/vm_exit.h>
#include <sk/spin.h>

/* Entries of the line table and of the model. */
#define VGIC_LINES (SK_VM_VCPUS_MAX * SK_PRIVATE_LINES + SK_SHARED_LINES_MAX)

/* In a model word beside the bits of sk_line.config: as the guest set them, whatever the distributor forwards. */
#define VGIC_MODEL_TOUCHED (1u << 31) /* enabled or activated at least once: the kernel may hold state for it */
#define VGIC_MODEL_NO_TARGET (1u << 30) /* its route names no vCPU */

struct vgic {
	struct sk_line *lines; /* the line table */
	uint32_t vcpus;
	uint32_t shared;       /* shared lines, a multiple of 32 up to SK_SHARED_LINES_MAX */
	struct sk_spin lock;
	uint32_t control;      /* GICD_CTLR's enables */
	uint32_t waker[SK_VM_VCPUS_MAX];
	uint32_t model[VGIC_LINES]; /* index as in the line table */
	uint64_t router[SK_SHARED_LINES_MAX];
};

/* Sets up the model over `lines` (in this process's map) and puts it in its reset state. */
void vgic_init(struct vgic *gic, struct sk_line *lines, uint32_t vcpus, uint32_t shared);

/* Back to the reset state, the kernel's share of it too. No vCPU may run. */
void vgic_reset(struct vgic *gic);

/*
 * Goes on with a model that an earlier instance of this process left in persistent memory: `lines` is where
 * the table is mapped now, and the kernel looks at every enabled line, in case a change was cut off.
 */
void vgic_adopt(struct vgic *gic, struct sk_line *lines);

/*
 * A guest's access of `size` bytes (1, 2, 4, 8) at a guest-physical address. False if the address
 * is none of the controller's; whatever the architecture reserves reads as zero and ignores writes.
 */
bool vgic_read(const struct vgic *gic, uint64_t address, uint32_t size, uint64_t *value);
bool vgic_write(struct vgic *gic, uint64_t address, uint32_t size, uint64_t value);

/* Software-generated interrupts in all their forms: the slow way. Returns vm_exit's action for the sender. */
uint64_t vgic_send_all(const struct vgic *gic, uint32_t vcpu, uint64_t value, uint32_t encoding, uint64_t *line);

/* ICC_SGI1R_EL1: the interrupt's number, and bits that are reserved (GICv3, 12.2.20). */
#define VGIC_SGI_INTID_SHIFT 24
#define VGIC_SGI_INTID_MASK 0xfull
#define VGIC_SGI_RESERVED 0xff000e00f0000000ull

/* The private line that a write of ICC_SGI1R_EL1 sends. */
static inline uint64_t vgic_sgi_line(uint64_t value)
{
	return value >> VGIC_SGI_INTID_SHIFT & VGIC_SGI_INTID_MASK;
}

/* What the reply's `inject` takes: the line, and behind it the target's index from 1. */
static inline uint64_t vgic_sgi_word(uint64_t value, uint64_t target)
{
	return vgic_sgi_line(value) | (uint64_t)(uint32_t)(__builtin_ctzll(target) + 1) << 8;
}

/* The bits of a value that name one vCPU alone, its own bit; 0: it names none, several, or by other fields. */
static inline uint64_t vgic_only_target(const struct vgic *gic, uint64_t value, uint32_t encoding)
{
	const uint64_t ignored = VGIC_SGI_RESERVED | VGIC_SGI_INTID_MASK << VGIC_SGI_INTID_SHIFT;
	uint64_t targets = value & ~ignored;

	return (targets & (targets - 1)) == 0 && targets < 1ull << gic->vcpus && encoding == SYSREG_ICC_SGI1R_EL1
		? targets : 0;
}

/*
 * vCPU `vcpu` wrote `value` to the register `encoding` (ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1).
 * One for a single vCPU is the common case and costs no system call: the reply injects it.
 * The kernel has moved the PC past the write already.
 */
static inline uint64_t vgic_send(const struct vgic *gic, uint32_t vcpu, uint64_t value, uint32_t encoding,
				 uint64_t *line)
{
	uint64_t target = vgic_only_target(gic, value, encoding);

	if (target != 0) {
		*line = vgic_sgi_word(value, target);
		return SK_EXIT_ACTION_INJECT;
	}
	return vgic_send_all(gic, vcpu, value, encoding, line);
}

#endif
