/*
 * The kernel's own image in memory: link address, stacks, and the symbols that
 * kernel.ld defines. Used by assembly and the linker script too.
 */
#ifndef ARCH_IMAGE_H
#define ARCH_IMAGE_H

#define IMAGE_RAM_BASE 0x40000000     /* where a boot loader finds RAM's start */
#define IMAGE_TEXT_OFFSET 0x80000     /* and how far behind it the Image header asks to be put */
#define KERNEL_STACK_BYTES 16384      /* per core, the lowest page unmapped */
#define KERNEL_STACK_SHIFT 14         /* their size as a power of two */

#if !defined(__ASSEMBLER__) && !defined(LINKER_SCRIPT)
#include <sk/abi.h>

_Static_assert(KERNEL_STACK_BYTES == 1u << KERNEL_STACK_SHIFT, "head.S");

/* Addresses, not objects: text is [image_start, text_end), read-only data follows, then writable data. */
extern const char image_start[], text_end[], rodata_end[], image_end[];
extern uint8_t kernel_stacks[SK_MAX_CORES][KERNEL_STACK_BYTES];
#endif

#endif
