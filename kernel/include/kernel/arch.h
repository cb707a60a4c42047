/*
 * Everything that generic code asks of an architecture, and nothing else. Types
 * (struct arch_frame, arch_space, arch_vcpu, arch_fp_state, arch_core) and the limit
 * LIST_REGISTERS_MAX come from <arch/context.h>. `mock` implements the same on the host.
 */
#ifndef KERNEL_ARCHITECTURE_H
#define KERNEL_ARCHITECTURE_H

#include <kernel/core.h>
#include <sk/boot.h>

/* Time: ticks of the machine's counter. */
uint64_t arch_ticks(void);
uint64_t arch_ticks_to_ns(uint64_t ticks);
/* Rounds up; saturates. */
uint64_t arch_ns_to_ticks(uint64_t ns);
/* This core's timer interrupts at `ticks`; UINT64_MAX: not at all. */
void arch_timer_set(uint64_t ticks);

/* Is an interrupt waiting for this core? Long operations ask now and then. */
bool arch_interrupt_pending(void);
/* Sleeps until one is, and handles what came. Interrupts are off. */
void arch_idle(void);
/* Interrupts core `core` so that it drains its inbox and answers sync requests. */
void arch_core_poke(uint32_t core);
/* Powers a core on: it enters the kernel and calls core_entered(). */
sk_status_t arch_core_online(uint32_t core);
/* This core's last act, once nothing is bound to it. Does not return. */
void arch_core_offline(void);
/* It comes to its end: firmware has the core, and can start it again. */
bool arch_core_is_off(uint32_t core);
/* One turn of a loop that waits for another core. */
void arch_core_relax(void);
/* A context runs on this core only between the two: our vectors come in, those that were there before come back. */
sk_status_t arch_virtualisation_enable(struct core *core);
sk_status_t arch_virtualisation_disable(struct core *core);
/* Has this core the hardware for it? */
bool arch_virtualisation_supported(void);
/* The end of the machine's life, or of this one. */
_Noreturn void arch_power_off(void);
_Noreturn void arch_reset(void);
/* To the panic console, polled: for the kernel's last words, and the supervisor's first. */
void arch_console_write(const char *text, size_t bytes);

/* Saves core->loaded's banked registers, so that its frame is whole and may be read and changed. */
void arch_unload(struct core *core);
/* Leaves the kernel: `context` runs on this core. For a core that comes up; traps return to what they interrupted. */
_Noreturn void arch_resume(struct core *core, struct context *context);

/* A thread's registers to start from. */
void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument);
/*
 * System call registers of a frame: arguments and results 0..8, in the order of sk/abi.h. Inline, in <arch/context.h>:
 *   uint64_t arch_argument(const struct arch_frame *, unsigned);
 *   void arch_set_result(struct arch_frame *, unsigned, uint64_t);
 *   void arch_put_words(struct arch_frame *to, const uint64_t *words);   the six words of a message
 *   const uint64_t *arch_words(const struct arch_frame *);                where they are in a frame
 * The thread runs its system call again from the start. */
void arch_restart_call(struct thread *thread);
/* Registers in the order of thread.read_registers. */
void arch_registers_read(const struct thread *thread, uint64_t *registers);
/* Likewise; of PSTATE the flags alone. */
void arch_registers_write(struct thread *thread, const uint64_t *registers);

/* Spaces: tables are walked by physical address, which is how the kernel sees all RAM. */
sk_status_t arch_space_init(struct space *space, void *root);
/* Nothing in the hardware translates by it any more, on any core, when it returns. */
void arch_space_release(struct space *space);
/* Table pages that mapping the range may take at most. */
uint32_t arch_tables_needed(const struct space *space, uint64_t address, uint64_t bytes);
/* ARCH_SPACE_BITS, in <arch/context.h>: the addresses of a space. */
#define ARCH_SPACE_LIMIT (1ull << ARCH_SPACE_BITS)
/*
 * Maps up to a bounded piece of the range, returns the bytes done (at least a page).
 * Tables come from space_take_table(); the caller knows that there are enough.
 */
uint64_t arch_map(struct space *space, uint64_t address, uint64_t physical, uint64_t bytes, uint32_t flags);
/* The same in reverse; TLB maintenance included; empty tables go back to the pool. */
uint64_t arch_unmap(struct space *space, uint64_t address, uint64_t bytes);
/* What `address` shows, and how; false: nothing. */
bool arch_query(const struct space *space, uint64_t address, uint64_t *physical, uint32_t *flags);
/* Zeroes a page; makes memory visible to uncached agents and to fetches. */
void arch_clear_page(void *page);
void arch_sync_memory(uint64_t base, uint64_t bytes);

/* vCPUs. `config` is vcpu create's; BAD_ARG when it makes no sense here. */
sk_status_t arch_vcpu_init(struct vcpu *vcpu, uint64_t config);
/* The guest-physical address that it begins at. */
void arch_vcpu_entry(struct vcpu *vcpu, uint64_t entry);
/* BAD_ARG: there is no such register, or group (kernel.idl, vcpu.state_group). What the guest may not have is masked. */
sk_status_t arch_vcpu_set_gpr(struct vcpu *vcpu, uint32_t index, uint64_t value);
sk_status_t arch_vcpu_read(struct vcpu *vcpu, uint32_t group, uint64_t *registers);
sk_status_t arch_vcpu_write(struct vcpu *vcpu, uint32_t group, const uint64_t *registers);
/* The vCPU's state leaves the hardware (another one takes the core, or it is read). On its core. */
void arch_vcpu_save(struct core *core);
/*
 * Ends an MMIO or system-register access that the vCPU exited for: the value goes to the guest's register with
 * the access's width and sign extension, the PC advances.
 */
void arch_vcpu_read_done(struct vcpu *vcpu, uint64_t value);
/* CREATED -> FREE: its configuration; bit 0 of `flags`: debug exceptions come to us. */
void arch_vcpu_setup(struct vcpu *vcpu, uint64_t flags);
/* The physical CPU's identification register; BAD_ARG for an encoding that is none. */
sk_status_t arch_identification(uint32_t encoding, uint64_t *value);
/* The PC moves past the trapped instruction; the guest takes an exception of its own. */
void arch_vcpu_advance(struct vcpu *vcpu);
enum guest_exception { GUEST_UNDEFINED, GUEST_ABORT /* of the access that its nested page fault told of */ };
void arch_vcpu_exception(struct vcpu *vcpu, enum guest_exception exception);
/* Does a halt of the guest's trap, from when it runs next? Otherwise the core sleeps in the guest. */
void arch_vcpu_trap_halt(struct vcpu *vcpu, bool trap);
/* When the guest's timer is due, in ns of the machine's counter; UINT64_MAX: never. On its core. */
uint64_t arch_vcpu_timer_deadline(const struct vcpu *vcpu);
/* FP/SIMD state leaves the hardware. On the core whose fp_owner it is. */
void arch_fp_save(struct core *core);

/*
 * The list registers of the resident vCPU (virq.c). Those in use are a stack: lines are put on it, at most
 * arch_list_registers(), and taken off again with what the guest has done to them meanwhile.
 */
enum list_state { LIST_EMPTY = 0, LIST_PENDING = 1, LIST_ACTIVE = 2, LIST_BOTH = 3 };
uint32_t arch_list_registers(void);
/* LIST_EMPTY: the guest has ended the line. False: there is nothing to take, as from any vCPU that is not resident. */
bool arch_list_take(struct vcpu *vcpu, uint32_t *line, enum list_state *state);
/*
 * `end_notice`: an interrupt to us when the guest ends the line. The guest timer's line is linked to the hardware's
 * own, if that waits. False: the timer does not want the interrupt any more.
 */
bool arch_list_put(struct vcpu *vcpu, uint32_t line, uint32_t priority, enum list_state state, bool end_notice);
/* All have been put. `more` wait than there was room for: interrupt us when list registers run empty. */
void arch_list_filled(struct vcpu *vcpu, bool more);

/* Physical interrupt lines. */
bool arch_interrupt_valid(uint32_t number);
/* It arrives on `core` from now on, once it is enabled. */
void arch_interrupt_configure(uint32_t number, bool level, uint32_t core);
void arch_interrupt_enable(uint32_t number);
/* None comes any more when it returns. */
void arch_interrupt_mask(uint32_t number);
/* The delivered interrupt may come again. */
void arch_interrupt_complete(uint32_t number);

#define INTERRUPTS_MAX 1020u /* physical lines, by number */
/* By physical line: the index of the object that claimed it; 0: none. Holds the kernel lock. (machine_calls.c) */
extern uint16_t interrupt_owner[INTERRUPTS_MAX];

/* Called by the architecture. */
void interrupt_arrived(uint32_t number);       /* a device's physical line */
_Noreturn void core_entered(struct core *core); /* a secondary core is up */
_Noreturn void kernel_main(const struct sk_boot_info *info); /* the boot core is up */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
