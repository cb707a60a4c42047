/*
 * uint64_t user_run(uint64_t entry, uint64_t state): see user_mode.c.
 *
 * For the time of the call VBAR_EL1 names a table of its own, every slot of which ends the run: so an exception from
 * EL0, from AArch32 or of the ERET itself comes back here with its syndrome.
 */
	.text
	.global user_run
user_run:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mrs	x2, vbar_el1
	str	x2, [sp, #96]
	adr	x3, user_vectors
	msr	vbar_el1, x3
	msr	elr_el1, x0
	mov	x2, #0x3c0                      /* all interrupts masked */
	orr	x1, x1, x2
	msr	spsr_el1, x1
	isb
	eret

user_back:
	ldr	x2, [sp, #96]
	msr	vbar_el1, x2
	isb
	mrs	x0, esr_el1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

	.balign	0x800
user_vectors:
	.rept	16
	.balign	0x80
	b	user_back
	.endr

	/* Again until it traps: a WFI may end at once, as it does where the machine has an interrupt just then. */
	.macro	user name, instruction:vararg
	.global	\name
\name:
	\instruction
	b	\name
	.endm

	.balign	0x80
	user	user_svc, svc #7
	user	user_undefined, .inst 0
	user	user_privileged, mrs x0, ttbr0_el1
	user	user_hvc, hvc #0
	user	user_wfi, wfi
	.global	user_device
user_device:
	mov	x0, #0x09000000
	ldr	w0, [x0]
	b	.

	/* mov r2, #0x1000000; subs r2, r2, #1; bne -4; svc #0 */
	.global	user_a32_loop
user_a32_loop:
	.inst	0xe3a02401, 0xe2522001, 0x1afffffd, 0xef000000
	/* wfi; svc #0; udf #0 */
	.global	user_t32_wfi
user_t32_wfi:
	.hword	0xbf30, 0xdf00, 0xde00, 0xde00
