#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "machine.h"

#include <string.h>
#include <sys/mman.h>

#include "host_process.h"
#include "model.h"

/* The driver, all of it in this file: an instance's end is the end of all its variables. */
#define main rng_driver_main
int rng_driver_main(void);
#include "../main.c"
#undef main
#include "../source.c"

#define IRQ 5u
#define DMA 6u
#define TOKEN 100u /* of draw 0 */
#define WORDS (MACHINE_DRAWS * 4u + SOURCE_BUFFERS * SOURCE_BUFFER_BYTES)

struct machine *machine;
bool machine_absent;
uint64_t machine_features;
uint32_t machine_queue;
uint32_t machine_fill;
uint32_t machine_dma_bytes;

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	uint64_t tag = msg->tag & SK_TAG_METHOD_MASK;

	*msg = (struct sk_msg){ .tag = SK_OK };
	if (to == IRQ) {
		assert_int_equal(tag, INTERRUPT_TAG_ACKNOWLEDGE);
		return SK_OK;
	}
	assert_int_equal(to, DMA);
	assert_int_equal(tag, MEMORY_TAG_INFO);
	msg->w[0] = (uint64_t)(uintptr_t)machine->dma;
	msg->w[1] = machine_dma_bytes;
	msg->w[2] = MEMORY_MEMORY_KIND_RAM;
	return SK_OK;
}

static void answer(uint32_t number, const struct sk_msg *msg)
{
	struct machine_draw *draw = &machine->draws[number];

	assert_true(number < MACHINE_DRAWS);
	assert_false(draw->answered);
	draw->status = (int)(sk_status_t)msg->tag;
	draw->bytes = (uint32_t)msg->w[0];
	memcpy(draw->words, &msg->w[1], sizeof(draw->words));
	draw->answered = true;
}

sk_status_t sk_reply(uint64_t to, const struct sk_msg *msg)
{
	answer((uint32_t)(to - TOKEN), msg);
	return SK_OK;
}

uint64_t sk_counter(void)
{
	return 0;
}

void machine_init(void)
{
	if (machine == NULL) {
		machine = mmap(NULL, sizeof(*machine), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(machine, MAP_FAILED);
	}
	memset(machine, 0, sizeof(*machine));
	machine->next = 1;
	host_process_reset();
	machine_absent = false;
	machine_features = 1ull << VIRTIO_RING_F_EVENT_IDX;
	machine_queue = SOURCE_BUFFERS;
	machine_fill = SOURCE_BUFFER_BYTES;
	machine_dma_bytes = MACHINE_DMA_BYTES;
	host_process_cap("irq", IRQ, SK_OBJECT_TYPE_INTERRUPT);
	host_process_cap("dma", DMA, SK_OBJECT_TYPE_MEMORY);
	host_process_region("virtio", model_page(), MODEL_PAGE_BYTES, SK_REGION_DEVICE, 0);
	host_process_region("dma", machine->dma, sizeof(machine->dma), 0, 0);
}

void machine_start(void)
{
	host_process.start.regions[1].bytes = machine_dma_bytes;
	memset(&driver, 0, sizeof(driver));
	model_init(machine_absent ? 0 : VIRTIO_ID_RNG, machine_features, machine_queue);
	(void)host_process_run(rng_driver_main);
}

static void call_driver(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (host_process_goes_on() && dispatch(caller, msg)) {
		answer((uint32_t)(caller->token - TOKEN), msg);
	}
}

void machine_draw(uint32_t number, bool wait)
{
	struct sk_caller caller = { .badge = SK_BADGE(ENTROPY_INTERFACE, 3), .token = TOKEN + number };
	struct sk_msg msg = { .tag = ENTROPY_TAG_DRAW, .w = { wait } };

	call_driver(&caller, &msg);
}

static uint32_t fill_buffer(const struct model_buffer *buffer)
{
	assert_true(buffer->writable);
	assert_int_equal(buffer->bytes, SOURCE_BUFFER_BYTES);
	for (uint32_t at = 0; at < machine_fill && at < buffer->bytes; at += 8) {
		memcpy(buffer->at + at, &machine->next, 8);
		machine->next++;
	}
	return machine_fill;
}

static void interrupt_driver(void)
{
	if (host_process_goes_on()) {
		signalled(SK_SIGNAL_INTERRUPT);
	}
}

uint32_t machine_work(uint32_t count)
{
	struct model_chain chain;
	uint32_t done = 0;

	while (done < count && model_take(0, &chain)) {
		assert_int_equal(chain.count, 1);
		model_put(&chain, fill_buffer(&chain.buffers[0]));
		done++;
	}
	if (model.interrupt_status != 0) {
		interrupt_driver();
	}
	return done;
}

void machine_check(void)
{
	static uint8_t seen[WORDS];

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < MACHINE_DRAWS; i++) {
		const struct machine_draw *draw = &machine->draws[i];

		assert_true(draw->bytes <= sizeof(draw->words) && draw->bytes % 8 == 0);
		for (uint32_t j = 0; j < 4; j++) {
			uint64_t word = draw->words[j];

			assert_int_equal(word != 0, draw->answered && j < draw->bytes / 8);
			assert_true(word < machine->next && word < WORDS);
			assert_true(word == 0 || seen[word] == 0);
			seen[word] = 1;
		}
	}
}
