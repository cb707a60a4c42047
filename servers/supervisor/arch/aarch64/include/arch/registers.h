/*
 * The words of thread.read_registers on AArch64, and its frame records: x29 points to
 * a pair of the caller's x29 and the return address (AAPCS64, 6.4.6).
 */
#ifndef SUPERVISOR_ARCH_REGISTERS_H
#define SUPERVISOR_ARCH_REGISTERS_H

#define REGISTER_FRAME 29
#define REGISTER_RETURN 30
#define REGISTER_SP 31
#define REGISTER_PC 32
#define REGISTER_COUNT 34

#define REGISTER_NAMES                                                                                         \
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", \
	"x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29",      \
	"x30", "sp", "pc", "pstate"

#define FRAME_CALLER 0 /* words of a frame record */
#define FRAME_RETURN 1

#endif
