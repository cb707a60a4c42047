/* The suites, in the order in which main.c runs them. Each is one file, a case for each thing that must hold. */
#ifndef SUITES_H
#define SUITES_H

#include <stdint.h>

void suite_memory(void);
void suite_capability(void);
void suite_space(void);
void suite_fault(void);
void suite_thread(void);
void suite_call(void);
void suite_long(void);
void suite_restart(void);
void suite_notification(void);
void suite_vcpu(void);
void suite_exits(void);
void suite_lines(void);
void suite_interrupt(void);
void suite_core(void);
void suite_machine(void);
void suite_arguments(void);
/* So many batches of 40 calls; `seed` tells which. */
void suite_storm(uint64_t seed, uint64_t batches);

#endif
