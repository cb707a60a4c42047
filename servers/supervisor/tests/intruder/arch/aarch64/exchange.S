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
	stp	q\first, q\second, [x19], #32
	.endm

	.text
	.global	exchange
exchange:
	stp	x19, x30, [sp, #-80]!
	stp	d8, d9, [sp, #16]
	stp	d10, d11, [sp, #32]
	stp	d12, d13, [sp, #48]
	stp	d14, d15, [sp, #64]
	mov	x19, x0
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
	ldp	x0, x1, [x19]
	ldp	x2, x3, [x19, #16]
	ldp	x4, x5, [x19, #32]
	ldp	x6, x7, [x19, #48]
	svc	#1
	stp	x0, x1, [x19], #16
	stp	x2, x3, [x19], #16
	stp	x4, x5, [x19], #16
	stp	x6, x7, [x19], #16
	stp	x8, x9, [x19], #16
	stp	x10, x11, [x19], #16
	stp	x12, x13, [x19], #16
	stp	x14, x15, [x19], #16
	stp	x16, x17, [x19], #16
	.set	number, 0
	.rept	16
	store_vectors %number, %(number + 1)
	.set	number, number + 2
	.endr
	mrs	x0, tpidrro_el0
	mrs	x1, nzcv
	stp	x0, x1, [x19]
	ldp	d8, d9, [sp, #16]
	ldp	d10, d11, [sp, #32]
	ldp	d12, d13, [sp, #48]
	ldp	d14, d15, [sp, #64]
	ldp	x19, x30, [sp], #80
	ret
