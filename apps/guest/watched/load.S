/* See watched.h. */
	.arch_extension fp
	.arch_extension simd
	.altmacro

	.macro	fill register, secret
	add	x\register, \secret, #\register
	.endm

	.macro	look register
	sub	x\register, x\register, #\register
	cmp	x\register, x0
	cinc	x29, x29, ne
	.endm

	.macro	fill_vector register
	dup	v\register\().2d, x29
	.endm

	.macro	look_vector register
	mov	x2, v\register\().d[0]
	cmp	x2, x0
	cinc	x29, x29, ne
	mov	x2, v\register\().d[1]
	cmp	x2, x0
	cinc	x29, x29, ne
	.endm

	.macro	each name, from, to, more
	.set	number, \from
	.rept	\to - \from + 1
	\name	%number \more
	.set	number, number + 1
	.endr
	.endm

	.macro	secret register
	movz	\register, #0xe700
	movk	\register, #0x5ec4, lsl #16
	movk	\register, #0xe700, lsl #32
	movk	\register, #0x5ec4, lsl #48
	.endm

	.text
	.global	watched_load
watched_load:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x1, [sp, #96]
	secret	x29
	each	fill_vector, 0, 31
	.set	number, 2
	.rept	27
	fill	%number, x29
	.set	number, number + 1
	.endr
	ldr	w1, [x0]
	ldr	x30, [sp, #96]
	str	w1, [x30]
	secret	x0
	mov	x29, #0
	each	look, 2, 28
	each	look_vector, 0, 31
	mov	x0, x29
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret
