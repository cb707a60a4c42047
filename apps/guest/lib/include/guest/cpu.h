/*
 * One CPU of the guest: its system registers and the record that belongs to it alone.
 *
 * TPIDR_EL1 of each CPU points to its `struct cpu`; index 0 is the one that was started first. The register accessors
 * are volatile: the compiler neither repeats, drops nor reorders them among each other.
 * Source of names and encodings: Arm Architecture Reference Manual for A-profile, D17.
 */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX 8u
#define CPU_STACK_BYTES 16384u

#define READ_SYSREG(name) \
	__extension__({ \
		uint64_t read_value; \
		__asm__ volatile("mrs %0, " #name : "=r"(read_value) : : "memory"); \
		read_value; \
	})
#define WRITE_SYSREG(name, value) \
	do { \
		__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory"); \
	} while (0)

/* What the last caught exception was; see exception.h. */
struct caught {
	uint64_t esr;
	uint64_t far;
	uint64_t elr;
	uint32_t kind;  /* enum exception_kind */
	uint32_t count; /* since catch_begin */
	uint64_t classes; /* a bit for each ESR.EC since catch_begin */
};

struct cpu {
	uint64_t stack_top; /* read by start.S */
	uint64_t mpidr;     /* affinity fields only, as PSCI names the CPU */
	uint32_t index;
	bool catching;
	struct caught caught;
	void (*irq)(void);             /* NULL: an interrupt is unexpected and ends the program */
	void (*main)(struct cpu *cpu); /* what a secondary runs */
	uint64_t gicr;                 /* its redistributor's address; 0 before gic_init_cpu */
	volatile uint64_t scratch[8];  /* the running test's own */
};

extern struct cpu cpus[CPUS_MAX];

/* Entry points of start.S. */
extern char guest_image_start[];
extern char guest_image_end[];
void guest_secondary(void);

static inline struct cpu *cpu_self(void)
{
	return (struct cpu *)READ_SYSREG(tpidr_el1);
}

static inline void cpu_isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* Every access before it is done, and the instruction stream starts afresh: late aborts have arrived. */
static inline void cpu_barrier(void)
{
	__asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

static inline void cpu_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline void cpu_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2\n\tisb" : : : "memory");
}

static inline void cpu_wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/* A hint in a loop that waits for another CPU. Where one host thread runs all CPUs, it gives the others their turn. */
static inline void cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* Affinity fields of an MPIDR value: Aff3.Aff2.Aff1.Aff0 in their own places. */
static inline uint64_t cpu_affinity(uint64_t mpidr)
{
	return mpidr & 0xff00ffffffull;
}

#endif
