/*
 * The image's head and both entries.
 *
 * The head is Linux's arm64 Image header (Documentation/arm64/booting.rst), so any loader of kernels takes the
 * program: its code is here, its numbers are guest.ld's. It runs at whatever address it was put: it is linked at 0
 * and relocates itself. Entered at EL1 with translation off: x0 is the device tree on the first CPU and
 * the `struct cpu` on those that PSCI starts.
 */
	.section .head, "ax"
	.global _start
_start:
	b	primary
	nop

	.text
primary:
	mrs	x21, cntvct_el0
	mov	x20, x0
	adrp	x0, guest_image_start
	add	x0, x0, :lo12:guest_image_start

	/* R_AARCH64_RELATIVE entries: offset, type, addend. There are no others. */
	adrp	x1, guest_rela_start
	add	x1, x1, :lo12:guest_rela_start
	adrp	x2, guest_rela_end
	add	x2, x2, :lo12:guest_rela_end
1:	cmp	x1, x2
	b.hs	2f
	ldp	x3, x4, [x1]
	ldr	x5, [x1, #16]
	add	x5, x5, x0
	str	x5, [x0, x3]
	add	x1, x1, #24
	b	1b

2:	adrp	x1, guest_bss_start
	add	x1, x1, :lo12:guest_bss_start
	adrp	x2, guest_bss_end
	add	x2, x2, :lo12:guest_bss_end
3:	cmp	x1, x2
	b.hs	4f
	stp	xzr, xzr, [x1], #16
	b	3b

4:	adrp	x1, guest_stacks + 16384
	add	x1, x1, :lo12:guest_stacks + 16384
	mov	sp, x1
	bl	cpu_prepare
	mov	x0, x20
	mov	x1, x21
	bl	runtime_primary
	b	.

	.global guest_secondary
guest_secondary:
	ldr	x1, [x0]                        /* stack_top */
	mov	x20, x0
	msr	spsel, #1
	mov	sp, x1
	bl	cpu_prepare
	mov	x0, x20
	bl	runtime_secondary
	b	.

/* Vectors, floating point allowed, all interrupts masked, EL1 alignment and stack checks on. */
cpu_prepare:
	msr	daifset, #0xf
	msr	spsel, #1
	adrp	x1, guest_vectors
	add	x1, x1, :lo12:guest_vectors
	msr	vbar_el1, x1
	mov	x1, #3 << 20
	msr	cpacr_el1, x1
	ldr	x1, =0x30d00818                 /* SCTLR_EL1: RES1 bits, SA, SA0; no M, C, I */
	msr	sctlr_el1, x1
	isb
	ret
