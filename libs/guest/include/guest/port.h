/*
 * What the library asks of the process that it is linked into: the few things
 * that need a system call or the machine. A VMM server defines them with
 * generated stubs, a test with fakes. There is one VM per process, so
 * vCPUs are named by index. All may be called from every worker thread, with no lock held.
 */
#ifndef GUEST_PORT_H
#define GUEST_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel looks at a line's configuration again and applies `change` (enum space_line_change) first. */
void port_line_update(uint32_t line, uint32_t vcpu, uint32_t change);

/* Ticks of the machine's counter. */
uint64_t port_counter(void);

/*
 * Asks for sysreg_timer_due(vcpu) to be called once the counter reaches `deadline` (ticks);
 * replaces an earlier request for this vCPU. UINT64_MAX: no more.
 */
void port_timer_set(uint32_t vcpu, uint64_t deadline);

/*
 * Starts a vCPU that is off: system registers as after reset, PC, x0, and off it runs.
 * False if the kernel refused (it has not yet come to rest, or its state is invalid).
 */
bool port_vcpu_start(uint32_t vcpu, uint64_t entry, uint64_t context);

/* True while the vCPU, though its call stops it, has not yet come to rest. */
bool port_vcpu_resting(uint32_t vcpu);

/* Fills `words` with random bits; false if the machine has no source of them. */
bool port_entropy(uint64_t *words, uint32_t count);

/* A character of what a bare guest prints. */
void port_log_character(char character);

/* A line for the log; no newline at its end. */
void port_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
