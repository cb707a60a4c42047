/* See code.h. AArch64. */

	.macro	function name
	.section .text.\name, "ax"
	.balign	16
	.global	\name
	.type	\name, %function
\name:
	.endm

	function code_undefined
	udf	#0
	ret

	function code_privileged
	mrs	x0, sctlr_el1
	ret

	function code_unaligned
	add	x0, x0, #1
	ldxr	x1, [x0]
	ret

	function code_jump
	br	x0

	function code_unknown_call
	svc	#99
	ret

	function code_pattern
	mov	x0, #0x1000
	mov	x1, #0x1001
	mov	x2, #0x1002
	mov	x3, #0x1003
	mov	x4, #0x1004
	mov	x5, #0x1005
	mov	x6, #0x1006
	mov	x7, #0x1007
	mov	x8, #0x1008
	mov	x9, #0x1009
	mov	x10, #0x100a
	mov	x11, #0x100b
	mov	x12, #0x100c
	mov	x13, #0x100d
	mov	x14, #0x100e
	mov	x15, #0x100f
	mov	x16, #0x1010
	mov	x17, #0x1011
	mov	x18, #0x1012
	mov	x19, #0x1013
	mov	x20, #0x1014
	mov	x21, #0x1015
	mov	x22, #0x1016
	mov	x23, #0x1017
	mov	x24, #0x1018
	mov	x25, #0x1019
	mov	x26, #0x101a
	mov	x27, #0x101b
	mov	x28, #0x101c
	b	.

	function code_store
1:	str	x0, [x1]
	b	1b

	.section .rodata.code_guest, "a"
	.balign	16
	.global code_guest, code_guest_end
	.global code_guest_hypercall, code_guest_firmware, code_guest_count, code_guest_load, code_guest_store
	.global code_guest_fetch, code_guest_halt, code_guest_identify, code_guest_hidden, code_guest_breakpoint
code_guest:
code_guest_hypercall:
	hvc	#0
	b	code_guest_hypercall
code_guest_firmware:
	smc	#0
	b	code_guest_firmware
code_guest_count:
	add	x5, x5, #1
	b	code_guest_count
code_guest_load:
	ldr	w1, [x9]
	b	code_guest_hypercall
code_guest_store:
	str	w1, [x9]
	b	code_guest_hypercall
code_guest_fetch:
	br	x9
code_guest_halt:
	wfi
	b	code_guest_hypercall
code_guest_identify:
	mrs	x1, id_aa64pfr0_el1
	b	code_guest_hypercall
code_guest_hidden:
	mrs	x1, actlr_el1
	b	code_guest_hypercall
code_guest_breakpoint:
	brk	#7
	b	code_guest_breakpoint
code_guest_end:

/*
 * x29: the record, x20: how many are left, x21: the slot to signal. The records' layout is struct storm_call's: number
 * at 0, in at 8, out at 72, made at 144; 152 bytes.
 */
	.section .rodata.code_storm, "a"
	.balign	16
	.global code_storm, code_storm_end
code_storm:
	mov	x29, x0
	mov	x20, x1
	mov	x21, x2
1:	cbz	x20, 9f
	ldr	x22, [x29]
	ldp	x0, x1, [x29, #8]
	ldp	x2, x3, [x29, #24]
	ldp	x4, x5, [x29, #40]
	ldp	x6, x7, [x29, #56]
	mov	x8, #0
	cmp	x22, #1
	b.lo	10f
	b.eq	11f
	cmp	x22, #3
	b.lo	12f
	b.eq	13f
	cmp	x22, #5
	b.lo	14f
	svc	#5
	b	2f
10:	svc	#0
	b	2f
11:	stp	x20, x21, [x29, #72]             /* this one keeps x29 and sp alone (sk/abi.h) */
	svc	#1
	ldp	x20, x21, [x29, #72]
	b	2f
12:	svc	#2
	b	2f
13:	svc	#3
	b	2f
14:	svc	#4
2:	stp	x0, x1, [x29, #72]
	stp	x2, x3, [x29, #88]
	stp	x4, x5, [x29, #104]
	stp	x6, x7, [x29, #120]
	str	x8, [x29, #136]
	mov	x0, #1
	str	x0, [x29, #144]
	add	x29, x29, #152
	sub	x20, x20, #1
	b	1b
9:	mov	x0, x21
	mov	x1, #1
	svc	#3
	mov	x0, x21
	svc	#2
	b	9b
code_storm_end:
