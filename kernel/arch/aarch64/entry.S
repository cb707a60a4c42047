/*
 * Exception vectors of EL2. While a context runs, SP_EL2 points to its frame (in
 * the thread, or the vCPU's state page), so its registers go there without a
 * scratch register; the kernel's own stack is found through TPIDR_EL2.
 *
 * A system call saves what the calling convention of sk/abi.h preserves; its
 * message stays in x0 to x7, where C takes its arguments. Everything else that enters
 * saves all. What comes back from C is the frame to load.
 */
#include <arch/sysreg.h>

#define REPLY_WAIT 1     /* SK_SYS_REPLY_WAIT */

#define FP_CONTROL 512   /* fpcr in struct arch_fp_state; fpsr follows */

	.altmacro
	.macro	pair operation, bank, first, second, base, bytes
	\operation	\bank\first, \bank\second, [\base, #\bytes * \first]
	.endm

	/* stp or ldp of registers `from` to `to` + 1 of a bank whose register 0 is at `base`. */
	.macro	pairs operation, from, to, bank=x, base=sp, bytes=8
	.set	number, \from
	.rept	(\to - \from) / 2 + 1
	pair	\operation, \bank, %number, %(number + 1), \base, \bytes
	.set	number, number + 2
	.endr
	.endm

	.macro	save_rest                        /* all but x0 and x1 */
	pairs	stp, 2, 28
	str	x30, [sp, #8 * 30]
	.endm

	.macro	kernel_stack core, scratch
	mrs	\core, tpidr_el2
	ldr	\scratch, [\core]                /* core->arch.stack_top */
	mov	sp, \scratch
	.endm

	.macro	call_entry handler               /* SP points to the frame, x0 and x1 are there */
	mrs	x9, tpidr_el2
	ldp	x0, x1, [sp]
	ldr	x8, [x9]                         /* core->arch.stack_top */
	mov	sp, x8
	bl	\handler
	b	resume
	.endm

	.macro	slot
	.balign	0x80
	stp	x0, x1, [sp]
	.endm

	.macro	irq_slot
	slot
	save_rest
	kernel_stack x0, x1
	bl	trap_irq
	b	resume
	.endm

	.section .text.vectors, "ax"
	.balign	0x800
	.global vectors
vectors:
	.irp	vector, 0, 1, 2, 3, 4, 5, 6, 7   /* what must not happen at EL2 */
	.balign	0x80
	mov	x0, #\vector
	b	vector_panic
	.endr

	slot                                     /* lower level, AArch64, synchronous */
synchronous:
	mrs	x0, esr_el2
	lsr	x1, x0, #ESR_EC_SHIFT
	cmp	x1, #EC_SVC64
	b.ne	trap_entry
	and	x0, x0, #0xffff
	cmp	x0, #REPLY_WAIT
	b.eq	reply_wait
	pairs	stp, 2, 6                        /* the message may have to be delivered again */
	pairs	stp, 18, 28
	str	x30, [sp, #8 * 30]
	call_entry trap_call

	irq_slot
	irq_slot                                 /* FIQ: group 0 is firmware's; nothing to do but to go on */
	slot                                     /* SError: its class says so */
	b	synchronous

	slot                                     /* lower level, AArch32: no context may run it */
	b	synchronous
	irq_slot
	irq_slot
	slot
	b	synchronous
	.balign	0x80

reply_wait:
	str	x29, [sp, #8 * 29]
	call_entry trap_reply_wait

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
	pairs	ldp, 2, 28
	ldr	x30, [sp, #8 * 30]
	ldp	x0, x1, [sp]
	eret

/* The same with a message: x0 to x8 are what they are to be, x9 is the frame. */
	.global resume_message
resume_message:
	mov	sp, x9
	ldr	x9, [sp, #8 * 9]
	pairs	ldp, 10, 28
	ldr	x30, [sp, #8 * 30]
	eret

vector_panic:
	mrs	x1, esr_el2
	mrs	x2, elr_el2
	mrs	x3, far_el2
	mov	x4, sp
	kernel_stack x5, x6
	bl	trap_unexpected

/* The vector registers, FPCR and FPSR, to and from the struct arch_fp_state in x0. */
	.arch_extension simd
	.global fp_store
fp_store:
	pairs	stp, 0, 30, q, x0, 16
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #FP_CONTROL]
	str	x2, [x0, #FP_CONTROL + 8]
	ret

	.global fp_fetch
fp_fetch:
	pairs	ldp, 0, 30, q, x0, 16
	ldr	x1, [x0, #FP_CONTROL]
	ldr	x2, [x0, #FP_CONTROL + 8]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
