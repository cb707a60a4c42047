/*
 * The mock machine as tests drive it: simulated cores, time, RAM, interrupt lines
 * and traps, all in one host process. A test plays the part of everything outside
 * the kernel. It says what the program on a core does next (a system call, an
 * exit, a fault), when time passes and which line rises; the kernel's generic code
 * decides the rest, and what it asked of the machine is in the log.
 *
 * One core runs at a time: an entry runs the kernel until it would return to a
 * program or sleep. A kernel that waits for another core (core_run_on) has that
 * core take its interrupt there and then, after mock.meanwhile, where a test has
 * them do what they might do at that moment; interrupts that nobody waits for stay
 * until mock_interrupt() or mock_settle(). With mock.threaded the cores are host
 * threads of their own.
 */
#ifndef ARCH_MOCK_H
#define ARCH_MOCK_H

#include <kernel/arch.h>

#ifndef MOCK_RAM_BYTES
#define MOCK_RAM_BYTES (16ull << 20)
#endif
#define MOCK_HZ 2000000000ull      /* so fast that not every time in ns has a number of ticks */
#define MOCK_DEVICE_BASE 0x1000ull /* of device memory: nothing that the host could touch */
#define MOCK_LINES 64u             /* physical interrupt lines, from 32 up */
#define MOCK_SPACES 64u            /* that can exist at once */
#define MOCK_PSTATE_ILLEGAL (1ull << 3)
#define MOCK_FP_WORDS 4u
#define MOCK_TIMER_LINE 27u        /* private line of a guest's timer */
#define MOCK_EL1 1u                /* the register group that the mock has */

/* What generic code asked of the machine, in order. */
enum mock_event {
	MOCK_CLEAR, MOCK_SYNC, MOCK_MAP, MOCK_UNMAP, MOCK_SPACE_INIT, MOCK_SPACE_RELEASE,
	MOCK_POKE, MOCK_TIMER, MOCK_ONLINE, MOCK_OFFLINE, MOCK_ENABLE, MOCK_DISABLE,
	MOCK_UNLOAD, MOCK_RESTART, MOCK_VCPU_SAVE, MOCK_VCPU_LOAD, MOCK_VCPU_SETUP, MOCK_VCPU_ENTRY,
	MOCK_VCPU_READ, MOCK_VCPU_WRITE, MOCK_FP_SAVE, MOCK_FP_LOAD, MOCK_LIST_PUT, MOCK_LIST_TAKE,
	MOCK_LINE_CONFIGURE, MOCK_LINE_ENABLE, MOCK_LINE_MASK, MOCK_LINE_COMPLETE, MOCK_FAST, MOCK_EVENTS
};

struct mock_record {
	enum mock_event event;
	uint32_t core;
	uint64_t a, b;
};

#define MOCK_LOG 4096u

struct mock_line {
	bool enabled, pending, active, level;
	bool asserted;        /* the device holds a level line high */
	uint32_t core;
};

struct mock {
	uint8_t *ram;         /* MOCK_RAM_BYTES, page-aligned: addresses in it are physical addresses */
	uint64_t now;         /* ticks */
	bool threaded;
	uint32_t polls_to_interrupt; /* arch_interrupt_pending() says yes each n-th time; 0: only when one is pending */
	uint32_t polls;
	uint32_t map_piece_pages;    /* pages that one arch_map() or arch_unmap() does at most */
	uint32_t list_registers;
	int32_t refused_line;        /* arch_list_put() answers false for this line; -1: for none */
	sk_status_t online_status;   /* firmware's answer to starting a core */
	uint32_t stopping;           /* looks that a core which leaves is still on for */
	uint64_t spaces;             /* identifiers of spaces that are taken: bits */
	bool unsupported;            /* the machine can't virtualise */
	struct mock_line lines[MOCK_LINES];
	char console[256];           /* end of what the kernel printed */
	uint32_t console_length;
	bool off, reset;             /* the kernel ended the machine's life */
	void (*meanwhile)(void);     /* what other cores do before they hear that one waits for them */
	void (*listing)(void);       /* what a VMM writes into its table while a line goes to a list register */
	uint32_t log_count;
	struct mock_record log[MOCK_LOG];
};

extern struct mock mock;

/* A fresh machine with `cores` cores, all but the first off; nothing booted. */
void mock_reset(uint32_t cores);
/* Starts the kernel on core 0. False: it panicked, or powered off. */
bool mock_boot(const struct sk_boot_info *info);

/* The program on the core makes a system call. `x` are x0 to x7. */
void mock_syscall(uint32_t core, uint64_t number, const uint64_t x[8]);
/* The guest on the core traps with an exit of vm_exit.idl other than an MMIO access; `w` are its words. */
void mock_exit(uint32_t core, uint32_t reason, const uint64_t w[6]);
/* It loads from or stores to guest-physical `address`, through general register `target`. */
void mock_mmio(uint32_t core, uint64_t address, bool write, uint32_t size, uint32_t target);
/* The thread on the core faults. */
void mock_fault(uint32_t core, uint32_t reason, uint64_t address);
/* The program uses a floating point register: reads word `index`, then writes `value` there. */
uint64_t mock_use_fp(uint32_t core, uint32_t index, uint64_t value);

/* The core takes the interrupts that wait for it, if any; false: there were none. */
bool mock_interrupt(uint32_t core);
/* Every core takes what waits for it, until nothing does. */
void mock_settle(void);
/* Time passes; cores whose timers are due take the interrupt, in order of time. */
void mock_advance(uint64_t ticks);
/* The device behind a physical line raises it (an edge, or a level until lowered). */
void mock_line_raise(uint32_t number);
void mock_line_lower(uint32_t number);

/* The guest on the core takes its most urgent pending line, marking it active; negative: there is none. */
int32_t mock_guest_take(uint32_t core);
/* And ends it; the kernel hears where it wanted a notice. */
void mock_guest_end(uint32_t core, uint32_t line);
/* The physical timer of the core's guest fires. */
void mock_guest_timer(uint32_t core);

/* PC as the program sees it, wherever it is kept at the moment. */
uint64_t mock_pc(const struct context *context);

void mock_record(enum mock_event event, uint64_t a, uint64_t b);
uint32_t mock_count(enum mock_event event);
void mock_log_clear(void);

/* For the mock's own parts. */
enum mock_end { MOCK_ENTERED, MOCK_LEFT, MOCK_ASLEEP, MOCK_ENDED };
_Noreturn void mock_leave(enum mock_end end);
bool mock_interrupt_waits(const struct core *core);
void mock_irq(struct core *core);
void mock_bring_up(struct core *core);
void mock_switch(struct core *core, struct context *to);

#endif
