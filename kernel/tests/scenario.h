/*
 * A random scenario: servers, clients and guests on cores 1 and up that call,
 * reply, forge, fault, signal and sleep, and a supervisor on core 0 that stops,
 * destroys, remakes and plans them. What is destroyed is overwritten. Everything
 * comes from a seed; each host thread has its own.
 */
#ifndef TESTS_SCENARIO_H
#define TESTS_SCENARIO_H

#include "world.h"

#define SCENARIO_CORES 4u

void scenario_seed(uint64_t value);
/* Takes what is random from there instead. */
void scenario_source(uint64_t (*next)(void));
/* From the environment: SKINK_SEED, SKINK_STEPS. */
uint64_t scenario_seed_given(uint64_t otherwise);
uint32_t scenario_steps_given(uint32_t otherwise);
uint32_t scenario_below(uint32_t limit);

void scenario_populate(void);
/* A new plan for some core. */
void scenario_plan(void);
/* The program on the core does something, or the core takes its interrupts. */
void scenario_program(uint32_t core);
/* The supervisor does something. */
void scenario_supervisor(void);
/* One of those on some core, or interrupts are taken everywhere, or less than `units` times `unit_ns` pass. */
void scenario_step(uint32_t units, uint64_t unit_ns);

#endif
