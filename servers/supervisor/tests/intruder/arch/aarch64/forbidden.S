/*
 * See intruder.h: each entry is one instruction that must not be executed at EL0, and a return for the case that it is.
 * Registers by their encoding, so that those that this assembler or this CPU doesn't know are among them.
 */
	.altmacro

	.macro	entry instruction:vararg
	\instruction
	ret
	.endm

	.macro	read_all op0, op1, crn, crm
	.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, s\op0\()_\op1\()_c\crn\()_c\crm\()_\op2
	ret
	.endr
	.endm

	.macro	write_one op0, op1, crn, crm, op2
	msr	s\op0\()_\op1\()_c\crn\()_c\crm\()_\op2, xzr
	ret
	.endm

	.section .text.forbidden, "ax"
	.balign	8
	.global	forbidden_first, forbidden_timers, forbidden_end
forbidden_first:
	/* EL1's. */
	read_all 3, 0, 0, 0
	read_all 3, 0, 0, 4
	read_all 3, 0, 1, 0
	read_all 3, 0, 2, 0
	read_all 3, 0, 2, 1
	read_all 3, 0, 2, 2
	read_all 3, 0, 4, 0
	read_all 3, 0, 4, 1
	read_all 3, 0, 4, 2
	read_all 3, 0, 4, 6
	read_all 3, 0, 5, 1
	read_all 3, 0, 5, 2
	read_all 3, 0, 6, 0
	read_all 3, 0, 7, 4
	read_all 3, 0, 10, 2
	read_all 3, 0, 12, 0
	read_all 3, 0, 12, 8
	read_all 3, 0, 12, 11
	read_all 3, 0, 12, 12
	read_all 3, 0, 13, 0
	read_all 3, 0, 14, 1
	/* EL2's, EL3's and those of EL1 by the names that EL2 has for them. */
	read_all 3, 4, 1, 0
	read_all 3, 4, 1, 1
	read_all 3, 4, 2, 0
	read_all 3, 4, 2, 1
	read_all 3, 4, 4, 0
	read_all 3, 4, 5, 2
	read_all 3, 4, 6, 0
	read_all 3, 4, 12, 0
	read_all 3, 4, 12, 8
	read_all 3, 4, 12, 11
	read_all 3, 4, 12, 12
	read_all 3, 4, 13, 0
	read_all 3, 4, 14, 0
	read_all 3, 4, 14, 1
	read_all 3, 4, 14, 2
	read_all 3, 5, 1, 0
	read_all 3, 6, 1, 1
	read_all 3, 6, 12, 0
	/* Debug, performance monitors, the physical timer. */
	read_all 2, 0, 0, 0
	read_all 2, 0, 0, 2
	read_all 2, 0, 1, 1
	read_all 3, 3, 9, 12
	read_all 3, 3, 9, 13
	read_all 3, 3, 14, 8
	write_one 3, 0, 1, 0, 0
	write_one 3, 0, 1, 0, 2
	write_one 3, 0, 2, 0, 0
	write_one 3, 0, 2, 0, 1
	write_one 3, 0, 2, 0, 2
	write_one 3, 0, 4, 0, 0
	write_one 3, 0, 4, 0, 1
	write_one 3, 0, 4, 1, 0
	write_one 3, 0, 4, 6, 0
	write_one 3, 0, 12, 0, 0
	write_one 3, 0, 12, 11, 5
	write_one 3, 0, 12, 12, 1
	write_one 3, 0, 13, 0, 4
	write_one 3, 0, 14, 1, 0
	write_one 3, 3, 13, 0, 3
	write_one 3, 4, 1, 0, 0
	write_one 3, 4, 1, 1, 0
	write_one 3, 4, 2, 1, 0
	write_one 3, 4, 12, 0, 0
	write_one 3, 4, 12, 12, 0
	write_one 3, 6, 1, 1, 0
	write_one 2, 0, 0, 2, 2
	write_one 2, 0, 0, 0, 4
	write_one 3, 3, 9, 14, 0
	entry	hvc #0
	entry	smc #0
	entry	eret
	entry	hlt #0
	entry	brk #1
	entry	udf #0
	entry	dcps1
	entry	dcps2
	entry	msr daifset, #15
	entry	msr daifclr, #15
	entry	msr spsel, #1
	entry	tlbi vmalle1
	entry	tlbi vmalls12e1is
	entry	tlbi alle1
	entry	tlbi alle2
	entry	at s1e1r, x0
	entry	at s12e1w, x0
	entry	at s1e2r, x0
	entry	dc isw, xzr
	entry	dc csw, xzr
	entry	dc cisw, xzr
	entry	dc ivac, x0
	entry	ic iallu
	entry	ic ialluis
	entry	svc #6
	entry	svc #99
	entry	svc #0xffff
	/* CNTP_TVAL, CTL and CVAL, CNTV_TVAL, CTL and CVAL, of which the guest says that its EL0 may use them. */
forbidden_timers:
	.irp	crm, 2, 3
	.irp	op2, 0, 1, 2
	mrs	x0, s3_3_c14_c\crm\()_\op2
	ret
	.endr
	.endr
	.irp	crm, 2, 3
	.irp	op2, 0, 1, 2
	msr	s3_3_c14_c\crm\()_\op2, xzr
	ret
	.endr
	.endr
forbidden_end:
