/* The parts of the program `exits`, each in the file of its name; main.c runs them in this order. */
#ifndef EXITS_H
#define EXITS_H

void test_mmio_sizes(void);
void test_mmio_registers(void);
void test_mmio_indexed(void);
void test_aborts(void);
void test_hypercall(void);
void test_psci(void);
void test_identification(void);
void test_undefined(void);
void test_debug(void);
void test_floating_point(void);
void test_user_mode(void);
void test_counter(void);
void test_timers(void);
void test_idle(void);
void test_sgi(void);
void test_gic_interface(void);
void test_gic_priorities(void);
void test_gic_distributor(void);
void test_gic_redistributor(void);
void test_device_lines(void);
void test_gic_many_active(void);

#endif
