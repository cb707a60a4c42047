/* See exception.h. The record of what was caught is the CPU's own, so each CPU may provoke its own exceptions. */
#include <guest/exception.h>
#include <guest/print.h>
#include <guest/smccc.h>
#include <stddef.h>

_Static_assert(sizeof(struct exception_frame) == 272, "vectors.S lays it out");
_Static_assert(offsetof(struct exception_frame, elr) == 248, "vectors.S lays it out");
_Static_assert(offsetof(struct exception_frame, kind) == 264, "vectors.S lays it out");

#define SPSR_ILLEGAL (1ull << 20)
#define SPSR_STEP (1ull << 21)
#define SPSR_DEBUG_MASKED (1ull << 9)

void catch_begin(void)
{
	struct cpu *cpu = cpu_self();
	cpu_barrier();
	cpu->caught = (struct caught){0};
	cpu->catching = true;
	__asm__ volatile("msr daifclr, #4\n\tisb" : : : "memory");
}

struct caught catch_end(void)
{
	struct cpu *cpu = cpu_self();
	cpu_barrier();
	__asm__ volatile("msr daifset, #4\n\tisb" : : : "memory");
	cpu->catching = false;
	return cpu->caught;
}

static _Noreturn void exception_unexpected(const struct exception_frame *frame)
{
	print("\nBail out! unexpected exception, vector %u: esr 0x%llx far 0x%llx elr 0x%llx (image + 0x%llx) "
	      "spsr 0x%llx\n",
	      (unsigned)frame->kind, (unsigned long long)READ_SYSREG(esr_el1), (unsigned long long)READ_SYSREG(far_el1),
	      (unsigned long long)frame->elr, (unsigned long long)(frame->elr - (uint64_t)guest_image_start),
	      (unsigned long long)frame->spsr);
	for (unsigned i = 0; i < 31; i++) {
		print("x%-2u %016llx%s", i, (unsigned long long)frame->x[i], i % 4 == 3 || i == 30 ? "\n" : "  ");
	}
	psci_system_off();
}

static void exception_resume(struct exception_frame *frame, uint64_t esr)
{
	switch (esr_class(esr)) {
	case EC_INSTRUCTION_ABORT:
	case EC_PC_ALIGNMENT:
		frame->elr = frame->x[30];
		break;
	case EC_ILLEGAL_STATE:
		frame->spsr &= ~SPSR_ILLEGAL;
		frame->elr = frame->x[30];
		break;
	case EC_SVC64:
		break;
	case EC_BREAKPOINT:
	case EC_STEP:
		frame->spsr = (frame->spsr & ~SPSR_STEP) | SPSR_DEBUG_MASKED;
		break;
	default:
		frame->elr += 4;
		break;
	}
}

void exception_handle(struct exception_frame *frame)
{
	struct cpu *cpu = cpu_self();

	if (frame->kind == EXCEPTION_IRQ && cpu->irq != NULL) {
		cpu->irq();
		return;
	}
	if (!cpu->catching || (frame->kind != EXCEPTION_SYNC && frame->kind != EXCEPTION_SERROR)) {
		exception_unexpected(frame);
	}
	cpu->caught.esr = READ_SYSREG(esr_el1);
	cpu->caught.far = READ_SYSREG(far_el1);
	cpu->caught.elr = frame->elr;
	cpu->caught.kind = (uint32_t)frame->kind;
	cpu->caught.count++;
	cpu->caught.classes |= 1ull << esr_class(cpu->caught.esr);
	if (frame->kind == EXCEPTION_SYNC) {
		exception_resume(frame, cpu->caught.esr);
	}
}
