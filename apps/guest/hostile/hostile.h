/* The parts of the program `hostile`, each in the file of its name; main.c runs them in this order. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <guest/random.h>
#include <stdbool.h>

void hostile_wild(struct random *random);
void hostile_forms(void);
void hostile_calls(struct random *random);
void hostile_cache(void);
void hostile_sysregs(struct random *random);
void hostile_gic(struct random *random);
void hostile_lines(struct random *random);
void hostile_lost_cpus(struct random *random);

/* Puts the UART and the interrupt controller back into a state in which results can be told. */
void recover(void);

/* Is this machine, as seen from here, still a working one? Timer, SGI, devices, PSCI. */
bool healthy(void);

#endif
