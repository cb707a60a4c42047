/*
 * A dead thread's calls, read from the frame records on its stack. Whatever the
 * stack holds, the walk ends: each record must lie in the process's RAM, above the last.
 */
#ifndef SUPERVISOR_BACKTRACE_H
#define SUPERVISOR_BACKTRACE_H

#include <stdint.h>

#include "system.h"

/*
 * Fills `addresses` with the program counter and the return addresses, innermost
 * first. Returns how many.
 */
uint32_t backtrace_walk(const struct server *server, const uint64_t *registers, uint64_t *addresses, uint32_t room);

#endif
