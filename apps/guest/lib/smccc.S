/*
 * struct smccc_result smccc_hvc(function, a1, a2, a3), and the same by SMC. The result is 32 bytes, so its address
 * comes in x8 (AAPCS64). x4..x7 are arguments that the convention lets a callee read: zero.
 */
	.macro	conduit name, instruction
	.global	\name
\name:
	mov	x4, #0
	mov	x5, #0
	mov	x6, #0
	mov	x7, #0
	str	x8, [sp, #-16]!
	\instruction	#0
	ldr	x8, [sp], #16
	stp	x0, x1, [x8]
	stp	x2, x3, [x8, #16]
	ret
	.endm

	.text
	conduit	smccc_hvc, hvc
	conduit	smccc_smc, smc
