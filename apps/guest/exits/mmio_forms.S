/*
 * Loads and stores of a 32-bit device register through each of the registers x0..x30 and xzr.
 *
 * void mmio_load_form(unsigned r, uint64_t address, uint64_t out[31]):
 *   fills every register n with PATTERN + n, loads `address` into register r, writes all 31 to `out`.
 *   The register that holds the address (x29, or x28 for r = 29) is given back as PATTERN + n too.
 * void mmio_store_form(unsigned r, uint64_t address, uint32_t value): stores `value` from register r (31: wzr).
 *
 * So a hypervisor that confuses two registers, or damages one that the access does not name, is seen. With all
 * general registers in use, the out pointer waits in TPIDR_EL0.
 */
	.equ	PATTERN, 0x5a5a000000000000

	/* The body for one register: at entry x1 = address, x2 = out; callee-saved registers are on the stack. */
	.macro	load_form r
	.balign	512
	msr	tpidr_el0, x2
	.if	\r == 29
	mov	x28, x1
	.else
	mov	x29, x1
	.endif
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,30
	movz	x\n, #0x5a5a, lsl #48
	movk	x\n, #\n
	.endr
	.if	\r == 29
	movz	x29, #0x5a5a, lsl #48
	movk	x29, #29
	ldr	w29, [x28]
	movz	x28, #0x5a5a, lsl #48
	movk	x28, #28
	.else
	movz	x28, #0x5a5a, lsl #48
	movk	x28, #28
	ldr	w\r, [x29]
	movz	x29, #0x5a5a, lsl #48
	movk	x29, #29
	.endif
	b	load_done
	.endm

	.text
	.global mmio_load_form
mmio_load_form:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	adr	x3, load_forms
	ubfiz	x4, x0, #9, #5
	add	x3, x3, x4
	br	x3

load_done:
	/* The out pointer comes back through a register that is saved first. */
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el0
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.balign	512
load_forms:
	.irp	r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	load_form \r
	.endr

	/* w0 and the address are used up before the register itself is filled. */
	.macro	store_form r
	.balign	32
	.if	\r == 1
	mov	x3, x1
	mov	w1, w2
	str	w1, [x3]
	.elseif	\r == 31
	str	wzr, [x1]
	.else
	.if	\r != 2
	mov	w\r, w2
	.endif
	str	w\r, [x1]
	.endif
	b	store_done
	.endm

	.global mmio_store_form
mmio_store_form:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	adr	x3, store_forms
	ubfiz	x4, x0, #5, #5
	add	x3, x3, x4
	br	x3
store_done:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.balign	32
store_forms:
	.irp	r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	store_form \r
	.endr
