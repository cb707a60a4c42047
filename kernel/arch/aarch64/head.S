/*
 * The first instructions of every core. The image begins with the header that
 * arm64 boot loaders read (Linux, Documentation/arm64/booting.rst), so anything
 * that can start Linux can start this. Code here runs with the MMU off: what it
 * writes goes around the caches, so nothing that is written before the MMU comes
 * on, but the tables, is read after it.
 */
#include <arch/image.h>
#include <arch/sysreg.h>

#define PANIC_UART 0x09000000   /* for what can't be printed better: not started at EL2 */
#define UART_DR 0x00
#define MAIR_VALUE 0x04ff       /* 0: normal, write-back; 1: device-nGnRE */
#define TCR_VALUE (TCR_EL2_RES1 | TCR_SH0_INNER | TCR_ORGN0_WBWA | TCR_IRGN0_WBWA | 25)
#define SCTLR_VALUE (SCTLR_EL2_RES1 | SCTLR_WXN | SCTLR_I | SCTLR_SA | SCTLR_C | SCTLR_M)

	.section .head, "ax"
	.global head
head:
	b	head_primary
	.long	0
	.quad	IMAGE_TEXT_OFFSET
	.quad	image_bytes             /* the packer puts in what it appended */
	.quad	2                       /* little-endian, 4 KiB pages, near the start of RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

head_primary:
	mov	x0, #0

	.global head_secondary
head_secondary:
	msr	daifset, #0xf
	mov	w19, w0
	mrs	x1, CurrentEL
	cmp	x1, #CURRENT_EL_EL2
	b.ne	wrong_level
	ldr	x1, =SCTLR_EL2_RES1
	msr	sctlr_el2, x1
	isb
	msr	spsel, #1
	ldr	x1, =kernel_stacks
	add	x2, x19, #1
	add	x1, x1, x2, lsl #KERNEL_STACK_SHIFT
	mov	sp, x1
	mov	x29, #0
	cbnz	x19, mmu_on
	ldr	x0, =image_end          /* the boot info follows the image */
	bl	mmu_build

mmu_on:
	ldr	x1, =MAIR_VALUE
	msr	mair_el2, x1
	ldr	x1, =TCR_VALUE
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #MMFR0_PARANGE_MASK
	mov	x3, #MMFR0_PARANGE_48
	cmp	x2, x3
	csel	x2, x2, x3, lo
	bfi	x1, x2, #TCR_PS_SHIFT, #3
	msr	tcr_el2, x1
	ldr	x1, =mmu_tables
	msr	ttbr0_el2, x1
	isb
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_VALUE
	msr	sctlr_el2, x1
	isb
	mov	w0, w19
	bl	machine_enter

wrong_level:
	adr	x1, wrong_level_text
	mov	x2, #PANIC_UART
1:	ldrb	w3, [x1], #1
	cbz	w3, 2f
	strb	w3, [x2, #UART_DR]
	b	1b
2:	wfi
	b	2b
wrong_level_text:
	.asciz	"skink: not started at EL2 (QEMU: -M virt,virtualization=on)\r\n"

	.bss
	.balign	4096
	.global kernel_stacks
kernel_stacks:
	.skip	8 * KERNEL_STACK_BYTES  /* SK_MAX_CORES */
