/*
 * Exception vectors of EL2. While a context runs, SP_EL2 points to its frame (in
 * the thread, or the vCPU's state page), so its registers go there without a
 * scratch register; the kernel's own stack is found through TPIDR_EL2.
 *
 * A system call saves what the calling convention of sk/abi.h preserves and the
 * message; everything else that enters saves all. What comes back from C is the
 * frame to load.
 */
#include <arch/sysreg.h>

#define FRAME(n) ((n) * 8)

/* A slot of the vector table for what must not happen at EL2: x0 says which. */
	.macro	unexpected number
	.balign	0x80
	mov	x0, #\number
	b	vector_panic
	.endm

	.macro	save_rest                        /* all but x0 and x1 */
	stp	x2, x3, [sp, #FRAME(2)]
	stp	x4, x5, [sp, #FRAME(4)]
	stp	x6, x7, [sp, #FRAME(6)]
	stp	x8, x9, [sp, #FRAME(8)]
	stp	x10, x11, [sp, #FRAME(10)]
	stp	x12, x13, [sp, #FRAME(12)]
	stp	x14, x15, [sp, #FRAME(14)]
	stp	x16, x17, [sp, #FRAME(16)]
	stp	x18, x19, [sp, #FRAME(18)]
	stp	x20, x21, [sp, #FRAME(20)]
	stp	x22, x23, [sp, #FRAME(22)]
	stp	x24, x25, [sp, #FRAME(24)]
	stp	x26, x27, [sp, #FRAME(26)]
	stp	x28, x29, [sp, #FRAME(28)]
	str	x30, [sp, #FRAME(30)]
	.endm

	.macro	kernel_stack core, scratch
	mrs	\core, tpidr_el2
	ldr	\scratch, [\core]                /* core->arch.stack_top */
	mov	sp, \scratch
	.endm

	.section .text.vectors, "ax"
	.balign	0x800
	.global vectors
vectors:
	unexpected 0
	unexpected 1
	unexpected 2
	unexpected 3
	unexpected 4
	unexpected 5
	unexpected 6
	unexpected 7

	.balign	0x80                             /* lower level, AArch64, synchronous */
	stp	x0, x1, [sp, #FRAME(0)]
	mrs	x0, esr_el2
	lsr	x1, x0, #ESR_EC_SHIFT
	cmp	x1, #EC_SVC64
	b.ne	trap_entry
	stp	x2, x3, [sp, #FRAME(2)]
	stp	x4, x5, [sp, #FRAME(4)]
	stp	x6, x7, [sp, #FRAME(6)]
	stp	x18, x19, [sp, #FRAME(18)]
	stp	x20, x21, [sp, #FRAME(20)]
	stp	x22, x23, [sp, #FRAME(22)]
	stp	x24, x25, [sp, #FRAME(24)]
	stp	x26, x27, [sp, #FRAME(26)]
	stp	x28, x29, [sp, #FRAME(28)]
	str	x30, [sp, #FRAME(30)]
	kernel_stack x1, x2
	bl	trap_syscall
	b	resume

	.balign	0x80                             /* IRQ */
	stp	x0, x1, [sp, #FRAME(0)]
	b	irq_entry
	.balign	0x80                             /* FIQ: group 0 is firmware's; nothing to do but to go on */
	stp	x0, x1, [sp, #FRAME(0)]
	b	irq_entry
	.balign	0x80                             /* SError */
	stp	x0, x1, [sp, #FRAME(0)]
	b	serror_entry

	.balign	0x80                             /* lower level, AArch32: no context may run it */
	stp	x0, x1, [sp, #FRAME(0)]
	mrs	x0, esr_el2
	b	trap_entry
	.balign	0x80
	stp	x0, x1, [sp, #FRAME(0)]
	b	irq_entry
	.balign	0x80
	stp	x0, x1, [sp, #FRAME(0)]
	b	irq_entry
	.balign	0x80
	stp	x0, x1, [sp, #FRAME(0)]
	b	serror_entry
	.balign	0x80

trap_entry:
	save_rest
	kernel_stack x1, x2
	bl	trap_sync
	/* Falls through. */

/*
 * x0: the frame of who runs next. A thread that made a system call gets back in x9 to x17 what it had there
 * at some earlier trap: its own, and nothing of the kernel's.
 */
	.global resume
resume:
	mov	sp, x0
	ldp	x2, x3, [x0, #FRAME(2)]
	ldp	x4, x5, [sp, #FRAME(4)]
	ldp	x6, x7, [sp, #FRAME(6)]
	ldp	x8, x9, [sp, #FRAME(8)]
	ldp	x10, x11, [sp, #FRAME(10)]
	ldp	x12, x13, [sp, #FRAME(12)]
	ldp	x14, x15, [sp, #FRAME(14)]
	ldp	x16, x17, [sp, #FRAME(16)]
	ldp	x18, x19, [sp, #FRAME(18)]
	ldp	x20, x21, [sp, #FRAME(20)]
	ldp	x22, x23, [sp, #FRAME(22)]
	ldp	x24, x25, [sp, #FRAME(24)]
	ldp	x26, x27, [sp, #FRAME(26)]
	ldp	x28, x29, [sp, #FRAME(28)]
	ldr	x30, [sp, #FRAME(30)]
	ldp	x0, x1, [sp, #FRAME(0)]
	eret

irq_entry:
	save_rest
	kernel_stack x0, x1
	bl	trap_irq
	b	resume

serror_entry:
	save_rest
	kernel_stack x0, x1
	bl	trap_serror
	b	resume

vector_panic:
	mrs	x1, esr_el2
	mrs	x2, elr_el2
	mrs	x3, far_el2
	mov	x4, sp
	kernel_stack x5, x6
	bl	trap_unexpected
