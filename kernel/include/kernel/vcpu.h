/*
 * A virtual CPU: a context whose registers are in a page that it shares with
 * its VMM, and whose calls are its exits. Its exit table says who is called for
 * which reason. Its life cycle is architecture.md's; everything that a state does
 * not allow answers BAD_STATE and changes nothing.
 */
#ifndef KERNEL_VCPU_H
#define KERNEL_VCPU_H

#include <kernel/context.h>
#include <kernel/space.h>
#include <sk/idl/kernel.h>

#define EXIT_REASONS 32u /* numbers of interface vm_exit; 0 catches what has no route of its own */

/* Words of a bit for each line of a vCPU, private ones first. */
#define VCPU_LINE_WORDS ((SK_PRIVATE_LINES + SK_SHARED_LINES_MAX) / 64u)

struct vcpu {
	struct context context;      /* first: a vCPU is a context */
	struct sk_msg exit;          /* the exit that waits for its reply: kept for another delivery */
	uint32_t exit_info;          /* what the architecture needs to finish it; 0: the reply says everything */
	uint8_t life;                /* enum vcpu_state of kernel.idl */
	uint8_t index;               /* in its VM */
	uint8_t entry_set;
	uint8_t space_set;
	uint32_t work;               /* VCPU_WORK_*: to be done before it runs again */
	uint32_t ended_lines;        /* private levels that the guest ended: the VMM knows whether they are still high */
	struct arch_vcpu arch;       /* system registers, list registers, while it is not resident */
	uint64_t waiting[VCPU_LINE_WORDS];  /* atomic: lines that may want one of its list registers */
	struct object *state_object;
	struct exit_route routes[EXIT_REASONS];
	uint64_t exit_counts[EXIT_REASONS];
	struct arch_fp_state fp_state;
};

#define VCPU_WORK_LINES (1u << 0)    /* waiting lines changed: list registers are to be filled anew */
#define VCPU_WORK_ARCH (1u << 1)     /* the architecture has something to put back */
#define VCPU_WORK_LOAD (1u << 2)     /* its state is not in the hardware */
#define VCPU_WORK_PAUSED (1u << 3)   /* paused while its exit was being served: it doesn't run */
#define VCPU_WORK_KICK (1u << 4)     /* external_interrupt is due, if it has a route */
#define VCPU_WORK_ENDED (1u << 5)    /* interrupt_end is due for each of ended_lines, if it has a route */

/* The vCPU that a context of kind CONTEXT_VCPU is the head of. */
static inline struct vcpu *vcpu_of(struct context *context) { return (struct vcpu *)(void *)context; }

/*
 * The exit in vcpu->exit, of a vCPU that is current on its core, becomes a call to whoever answers for an MMIO access
 * at last_route, or to whom its exit table names. Returns who runs next.
 */
struct context *vcpu_exit(struct vcpu *vcpu, uint32_t reason);

/*
 * What a vCPU that is loaded, and current, needs before it runs, vcpu->work: lines to take over, a kick to answer.
 * Returns who runs: itself, unless that made an exit; then its registers have left the hardware.
 */
struct context *vcpu_prepare(struct vcpu *vcpu);

/* Lines (virq.c). An edge on a shared line of the VM, or on a private one of `vcpu`, which may be NULL: any core. */
void virq_pend(const struct space *vm, struct vcpu *vcpu, uint32_t line);
/* The device behind shared line `line` of the VM raised or lowered it. */
void virq_set_level(struct space *vm, uint32_t line, bool high);
/* The VMM changed the line's configuration, or wants its state changed (kernel.idl, space.line_update). */
sk_status_t virq_update(struct space *vm, uint32_t vcpu, uint32_t line, uint32_t change);
/* Takes note of what the guest did and fills the list registers anew. Of the resident vCPU, before it runs. */
void virq_flush(struct vcpu *vcpu);
/* Empties the list registers into the lines' states. On the vCPU's core; of a resident one before it leaves. */
void virq_spill(struct vcpu *vcpu);
/* Lines of this core's vCPU changed: it wakes if that ends its halt, and is flushed before it runs. */
void virq_arrived(struct vcpu *vcpu);
/* VCPU_WORK_ENDED is set: takes one of the lines for which interrupt_end is due. */
uint32_t virq_ended(struct vcpu *vcpu);
/* Is there anything that would end a halt, or be asked before? On the vCPU's core; it is flushed before it runs. */
bool virq_pending(struct vcpu *vcpu);

#endif
