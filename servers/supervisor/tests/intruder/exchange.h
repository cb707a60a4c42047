/* A reply and the next message, with everything that a thread can see of its registers before and after. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdint.h>

#define EXCHANGE_SCRATCH 9u  /* first register that the message does not use */
#define EXCHANGE_REGISTERS 18u
#define EXCHANGE_VECTOR_WORDS 64u

struct exchange {
	uint64_t x[EXCHANGE_REGISTERS]; /* in: x[0] to x[7] of SK_SYS_REPLY_WAIT (sk/abi.h); out: all */
	uint64_t v[EXCHANGE_VECTOR_WORDS];
	uint64_t tpidrro;
	uint64_t nzcv;
};

_Static_assert(EXCHANGE_REGISTERS * 8u == 144u, "exchange.S has this offset of v");

/* arch/. Before the call x9 to x17 are `own` + their number, all vector registers are filled with `own`. */
void exchange(struct exchange *state, uint64_t own);

#endif
