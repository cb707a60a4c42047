/*
 * Drives a generated fuzz harness without libFuzzer: a fixed number of messages
 * from a fixed seed, so that a failure comes again. Half of them are random all
 * over; the others have small words and a length that a method may really have.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sk/abi.h>

/* Of an input (support/idl_fuzz.h): what is fed, where what the harness makes up comes from, the message. */
#define HEAD (1 + sizeof(uint64_t) + sizeof(struct sk_msg))
#define ROUNDS 200000u
#define METHODS 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

int main(void)
{
	static uint8_t input[HEAD + SK_PAGE_BYTES];
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sk_msg msg;
		msg.tag = next();
		for (unsigned i = 0; i < SK_WORDS; i++) {
			msg.w[i] = next() >> (next() % 64);
		}
		if (round % 2 == 0) {
			msg.tag = next() % METHODS | SK_TAG_BYTES(next() % 200) | SK_TAG_CAPS(next() % 4);
		}
		size_t payload = next() % 512;
		uint64_t made_up = next();
		input[0] = (uint8_t)next();
		memcpy(input + 1, &made_up, sizeof(made_up));
		memcpy(input + 1 + sizeof(made_up), &msg, sizeof(msg));
		for (size_t i = 0; i < payload; i++) {
			input[HEAD + i] = (uint8_t)(next() >> (next() % 64));
		}
		(void)LLVMFuzzerTestOneInput(input, HEAD + payload);
	}
	return LLVMFuzzerTestOneInput(input, 3); /* too short to be a message */
}
