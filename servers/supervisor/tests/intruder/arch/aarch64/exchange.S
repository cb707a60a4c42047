/* See exchange.h. The state: x0 to x17, then v0 to v31 from byte 144 on, then TPIDRRO_EL0 and NZCV. */
	.arch_extension fp
	.arch_extension simd
	.altmacro

	.macro	own_register number
	add	x\number, x8, #\number
	.endm

	.macro	own_vector number
	dup	v\number\().2d, x8
	.endm

	.macro	store_vectors first, second
	stp	q\first, q\second, [x29], #32
	.endm

	.text
	.global	exchange
exchange:
	stp	x29, x30, [sp, #-160]!
	stp	d8, d9, [sp, #16]
	stp	d10, d11, [sp, #32]
	stp	d12, d13, [sp, #48]
	stp	d14, d15, [sp, #64]
	stp	x19, x20, [sp, #80]              /* the wait keeps x29 and sp alone (sk/abi.h) */
	stp	x21, x22, [sp, #96]
	stp	x23, x24, [sp, #112]
	stp	x25, x26, [sp, #128]
	stp	x27, x28, [sp, #144]
	mov	x29, x0
	mov	x8, x1
	.set	number, 9
	.rept	9
	own_register %number
	.set	number, number + 1
	.endr
	.set	number, 0
	.rept	32
	own_vector %number
	.set	number, number + 1
	.endr
	ldp	x0, x1, [x29]
	ldp	x2, x3, [x29, #16]
	ldp	x4, x5, [x29, #32]
	ldp	x6, x7, [x29, #48]
	svc	#1
	stp	x0, x1, [x29], #16
	stp	x2, x3, [x29], #16
	stp	x4, x5, [x29], #16
	stp	x6, x7, [x29], #16
	stp	x8, x9, [x29], #16
	stp	x10, x11, [x29], #16
	stp	x12, x13, [x29], #16
	stp	x14, x15, [x29], #16
	stp	x16, x17, [x29], #16
	.set	number, 0
	.rept	16
	store_vectors %number, %(number + 1)
	.set	number, number + 2
	.endr
	mrs	x0, tpidrro_el0
	mrs	x1, nzcv
	stp	x0, x1, [x29]
	ldp	d8, d9, [sp, #16]
	ldp	d10, d11, [sp, #32]
	ldp	d12, d13, [sp, #48]
	ldp	d14, d15, [sp, #64]
	ldp	x19, x20, [sp, #80]
	ldp	x21, x22, [sp, #96]
	ldp	x23, x24, [sp, #112]
	ldp	x25, x26, [sp, #128]
	ldp	x27, x28, [sp, #144]
	ldp	x29, x30, [sp], #160
	ret
