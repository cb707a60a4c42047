/*
 * A virtio device for tests of drivers: registers and split queues as virtio 1.2 wants them, written apart from the
 * driver's side. It takes chains when the test says so, in any order; "physical" addresses are the test's own. What a
 * driver does wrong fails the test.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/pci.h>

#define MODEL_QUEUES 2u
#define MODEL_BUFFERS 80u
#define MODEL_PAGE_BYTES 4096u
#define MODEL_CONFIG_BYTES 96u
#define MODEL_PCI_BYTES 16384u

struct model_queue {
	uint32_t max, size, ready;
	uint64_t descriptors, available, used;
	uint16_t taken; /* next of the available ring */
	uint16_t put;   /* next of the used ring */
	uint16_t signalled;
};

struct model {
	/* What it is; the test sets it. */
	uint32_t transport; /* in the page of registers: the others have nothing behind them */
	uint32_t magic, version, id;
	uint64_t offered;
	bool pci;         /* a function of PCI, whose parts are at `place` */
	uint32_t notify_off; /* of queue 0; the next one has one more */
	struct pci_virtio_place place;
	bool refuses;     /* FEATURES_OK */
	bool stays_alive; /* does not reset */
	uint8_t config[MODEL_CONFIG_BYTES];
	uint32_t config_changes; /* the next reads of the generation differ so often */
	uint32_t event_distance; /* it wants to be told after so many chains more; 0: after the next */
	/* What became of it. */
	uint32_t status, features_select, driver_select, queue_select, generation;
	uint64_t accepted;
	uint32_t interrupt_status;
	uint32_t notifies, interrupts, resets;
	struct model_queue queues[MODEL_QUEUES];
};

struct model_buffer {
	uint8_t *at;
	uint32_t bytes;
	bool writable;
};

struct model_chain {
	uint32_t queue;
	uint16_t head;
	uint32_t count;
	struct model_buffer buffers[MODEL_BUFFERS];
};

extern struct model model;

/* The page of registers, or a function's MODEL_PCI_BYTES, to be handed to the driver. */
void *model_page(void);
/* A device of kind `id` that offers `features` and has queues of `size`. */
void model_init(uint32_t id, uint64_t features, uint32_t size);
/* The same as a function of PCI. */
void model_init_pci(uint32_t id, uint64_t features, uint32_t size);

/* The next available chain; false: there is none. */
bool model_take(uint32_t queue, struct model_chain *chain);
/* It is done with `bytes` written; interrupts if the driver wants that. */
void model_put(const struct model_chain *chain, uint32_t bytes);

#endif
