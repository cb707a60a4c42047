/* The parts of the program `smp`, each in the file of its name; main.c runs them in this order. */
#ifndef SMP_TESTS_H
#define SMP_TESTS_H

#include <guest/smp.h>

#define PATIENCE_MS 20000u

/*
 * Runs `work` on every CPU: starts the others, runs it on this one, and waits until the others have switched
 * themselves off. False if one didn't start or didn't end; then that is printed.
 */
bool run_on_all(void (*work)(struct cpu *cpu));

/* Meets all CPUs of a run_on_all; false if one is missing for PATIENCE_MS. */
bool meet(void);

/* Acknowledges, counts into scratch[intid % 8] and ends. For CPUs that only count. */
void count_irq(void);

void test_power(void);
void test_ipi(void);
void test_shared_lines(void);
void test_locks(void);
void test_smp_timers(void);
void test_storm(void);

/* Switches the first CPU off and has it switched on again; goes on, and ends the run, there. */
_Noreturn void test_first_cpu(void);

#endif
