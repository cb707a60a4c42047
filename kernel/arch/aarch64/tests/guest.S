/*
 * Vectors of the test kernel, the smallest world switch there can be, and a guest
 * that obeys: it exits by HVC with its result and finds the next operation (enum
 * guest_operation) in x0, its argument in x1. Nothing at EL1 takes an exception.
 */
#include <arch/sysreg.h>

#define GUEST_PSTATE 0x3c5          /* EL1h, all masked */
#define EXIT_CALL 1
#define EXIT_INTERRUPT 2

	.text
	.balign	0x800
	.global vectors
vectors:
	.rept	8
	.balign	0x80
	b	unexpected
	.endr
	.balign	0x80
	mov	x7, #EXIT_CALL
	b	leave
	.balign	0x80
	mov	x7, #EXIT_INTERRUPT
	b	leave
	.rept	6
	.balign	0x80
	b	unexpected
	.endr

unexpected:
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	bl	fixture_unexpected

/* uint64_t guest_enter(void): registers x0, x1 and the PC are in guest_registers. Returns an EXIT_* */
	.global guest_enter
guest_enter:
	stp	x29, x30, [sp, #-16]!
	stp	x27, x28, [sp, #-16]!
	stp	x25, x26, [sp, #-16]!
	stp	x23, x24, [sp, #-16]!
	stp	x21, x22, [sp, #-16]!
	stp	x19, x20, [sp, #-16]!
	ldr	x6, =guest_registers
	ldr	x5, [x6, #16]
	msr	elr_el2, x5
	mov	x5, #GUEST_PSTATE
	msr	spsr_el2, x5
	ldp	x0, x1, [x6]
	eret

leave:
	ldr	x6, =guest_registers
	stp	x0, x1, [x6]
	mrs	x5, elr_el2
	str	x5, [x6, #16]
	ldp	x19, x20, [sp], #16
	ldp	x21, x22, [sp], #16
	ldp	x23, x24, [sp], #16
	ldp	x25, x26, [sp], #16
	ldp	x27, x28, [sp], #16
	ldp	x29, x30, [sp], #16
	mov	x0, x7
	ret

	.global guest_start
guest_start:
	hvc	#0
	cmp	x0, #1
	b.ne	1f
	mrs	x0, icc_iar1_el1
	b	guest_start
1:	cmp	x0, #2
	b.ne	2f
	msr	icc_eoir1_el1, x1
	b	3f
2:	cmp	x0, #3
	b.ne	4f
	msr	cntv_tval_el0, x1
	mov	x1, #1
	msr	cntv_ctl_el0, x1
3:	isb
	b	guest_start
4:	cmp	x0, #4
	b.ne	5f
	mov	x1, #0xff
	msr	icc_pmr_el1, x1
	mov	x1, #1
	msr	icc_igrpen1_el1, x1
	b	3b
5:	cmp	x0, #5
	b.ne	6f
	subs	x1, x1, #1
	b.ne	. - 4
	b	guest_start
6:	msr	cntv_ctl_el0, x1
	b	3b

	.bss
	.balign	16
	.global guest_registers
guest_registers:
	.skip	32
