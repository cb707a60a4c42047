/* The mock's registers: as many as the interface has words, with the frame record of the others. */
#ifndef SUPERVISOR_ARCH_REGISTERS_H
#define SUPERVISOR_ARCH_REGISTERS_H

#define REGISTER_FRAME 29
#define REGISTER_RETURN 30
#define REGISTER_SP 31
#define REGISTER_PC 32
#define REGISTER_COUNT 34

#define REGISTER_NAMES                                                                                         \
	"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
	"r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "frame",    \
	"return", "sp", "pc", "status"

#define FRAME_CALLER 0
#define FRAME_RETURN 1

#endif
