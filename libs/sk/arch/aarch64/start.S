/*
 * A thread's first instructions: x0 is the start page (sk/start.h), sp the top of the thread's stack.
 * The zero frame record ends every backtrace, and keeps sp below the top, by which
 * sk_thread_index() tells the stacks apart.
 */
	.section .text.start, "ax", %progbits
	.globl	_start
	.type	_start, %function
_start:
	mov	x29, xzr
	mov	x30, xzr
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	bl	sk_start_thread
	brk	#0
	.size	_start, . - _start
