/*
 * What stands in for the generic kernel, and the checks' bookkeeping.
 */
#include "fixture.h"

#include <stdarg.h>

#define SHARED_LINES 64u
#define POOL_PAGES 16u
#define EXIT_CALL 1u

struct core cores[SK_MAX_CORES];
uint32_t core_count;
struct space vm;
struct vcpu vcpu, other_vcpu;
struct sk_line line_table[SK_VM_VCPUS_MAX * SK_PRIVATE_LINES + SHARED_LINES];
uint32_t guest_interrupts, wakes_seen, tables_taken, tables_given;
volatile uint32_t ticks_seen, drains_seen[SK_MAX_CORES], cores_entered, interrupt_seen;

extern uint64_t guest_registers[];
extern const char guest_start[];
uint64_t guest_enter(void);
_Noreturn void fixture_unexpected(uint64_t esr, uint64_t elr, uint64_t far);

static uint8_t pool[POOL_PAGES][SK_PAGE_BYTES] __attribute__((aligned(4096)));
static uint32_t checks, failures;

static void print(const char *text)
{
	size_t length = 0;
	while (text[length] != '\0') {
		length++;
	}
	arch_console_write(text, length);
}

static void print_number(uint64_t value)
{
	char text[17];
	size_t at = sizeof text;
	do {
		text[--at] = "0123456789abcdef"[value % 16u];
		value /= 16u;
	} while (value != 0);
	print(" ");
	arch_console_write(text + at, sizeof text - at);
}

void check_equal(uint64_t got, uint64_t wanted, const char *what, const char *file, uint32_t line)
{
	checks++;
	if (got != wanted) {
		failures++;
		print("FAILED ");
		print(file);
		print_number(line);
		print(" (hex): ");
		print(what);
		print(" is");
		print_number(got);
		print(", should be");
		print_number(wanted);
		print("\n");
	}
}

_Noreturn void fixture_unexpected(uint64_t esr, uint64_t elr, uint64_t far)
{
	print("FAILED: exception; ESR, ELR, FAR");
	print_number(esr);
	print_number(elr);
	print_number(far);
	print("\n");
	arch_power_off();
}

_Noreturn void panic(const char *format, ...)
{
	print("FAILED: panic: ");
	print(format);
	print("\n");
	arch_power_off();
}

void plan_tick(struct core *core)
{
	(void)core;
	ticks_seen++;
	arch_timer_set(UINT64_MAX);
}

void core_drain(struct core *core)
{
	drains_seen[core->index]++;
}

void interrupt_arrived(uint32_t number)
{
	arch_interrupt_mask(number);
	arch_interrupt_complete(number);
	interrupt_seen = number;
}

void plan_wake(struct core *core, struct context *context)
{
	(void)core;
	(void)context;
	wakes_seen++;
}

void core_post(struct context *context, uint32_t flags)
{
	(void)context;
	(void)flags;
}

void *space_take_table(struct space *space)
{
	(void)space;
	arch_clear_page(pool[tables_taken]);
	return pool[tables_taken++];
}

void space_give_tables(struct space *space, void *pages, uint64_t count)
{
	(void)space;
	(void)pages;
	tables_given += (uint32_t)count;
}

void core_entered(struct core *core)
{
	(void)arch_virtualisation_enable(core);
	cores_entered |= 1u << core->index;
	for (;;) {
		arch_idle();
	}
}

uint64_t guest_do(enum guest_operation operation, uint64_t argument)
{
	guest_registers[0] = operation;
	guest_registers[1] = argument;
	for (;;) {
		if ((vcpu.work & VCPU_WORK_LINES) != 0) {
			virq_flush(&vcpu);
		}
		write_sysreg(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO | HCR_AMO);
		isb();
		if (guest_enter() == EXIT_CALL) {
			return guest_registers[0];
		}
		guest_interrupts++;
		arch_irq(core_this());
	}
}

_Noreturn void kernel_main(const struct sk_boot_info *info)
{
	(void)info;
	CHECK(arch_virtualisation_supported(), true);
	CHECK(arch_virtualisation_enable(core_this()), SK_OK);
	vm.lines = line_table;
	vm.shared_lines = SHARED_LINES;
	vm.vcpu_count = 1;
	vm.vcpus[0] = &vcpu;
	vcpu.context.space = &vm;
	vcpu.context.state = CONTEXT_READY;
	gic_vcpu_init(&other_vcpu);
	gic_vcpu_init(&vcpu);
	gic_vcpu_load(&vcpu);
	core_this()->resident = &vcpu;
	guest_registers[2] = (uint64_t)guest_start;
	(void)guest_do(GUEST_SPIN, 1); /* up to its first exit */
	(void)guest_do(GUEST_OPEN, 0);

	machine_tests();
	space_tests();
	line_tests();
	timer_line_tests();
	print(failures == 0 ? "machine tests passed:" : "machine tests FAILED:");
	print_number(checks);
	print(" checks,");
	print_number(failures);
	print(" failures (hex)\n");
	arch_power_off();
}
