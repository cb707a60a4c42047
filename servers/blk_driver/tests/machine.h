/*
 * A machine for the driver: a model of a virtio-blk device with a disk in memory, two clients with their channels and
 * VMs' memories, and the few system calls that the driver makes. All that outlives a driver is in one shared mapping.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/idl/block.h>

#define MACHINE_SECTORS 4096u
#define MACHINE_CLIENTS 2u
#define MACHINE_CLIENT 11u /* the number of the first one, the second's is one more */
#define MACHINE_GUEST_BYTES 65536u

/* What a kill leaves. */
struct machine {
	uint8_t disk[MACHINE_SECTORS][512];
	uint8_t guest[MACHINE_CLIENTS][2][MACHINE_GUEST_BYTES]; /* each VM has two ranges of memory */
	struct sk_block_channel channels[MACHINE_CLIENTS];
	uint32_t writes;   /* sectors that the disk was told to write */
	uint32_t flushes;
	uint32_t commands;
	uint32_t signals[MACHINE_CLIENTS];
};

extern struct machine *machine;

/* What the hardware does from now on. */
extern bool machine_fails;    /* every command */
extern bool machine_no_disk;
extern bool machine_stuck;    /* nothing is done until it is cleared */
extern uint64_t machine_features;
extern uint32_t machine_queue;
extern uint32_t machine_segments;
extern uint32_t machine_block_bytes;
extern uint64_t machine_sectors; /* of the disk: at most MACHINE_SECTORS */
extern bool machine_memory_gone; /* the VMs' memory is nobody's any more */

/* A machine with zeroed memories and a disk whose sectors hold their number; `first`, `second`: clients' arguments. */
void machine_init(const char *first, const char *second);

/* A new instance of the driver, up to where it serves. */
void machine_start(void);

/* The hardware and the driver work until there is nothing more to do. */
void machine_run(void);

/* The driver gets these bits of its notification. */
void machine_signal(uint64_t bits);

/* The hardware does at most `count` commands, and interrupts if it is to; the driver is not told. */
uint32_t machine_work(uint32_t count);

/* A call of `open` by client number `number`. */
int machine_open(uint32_t number, struct sk_block_share *share);

/* The client fills a slot; data is one segment in memory 0 at `offset`. Who changes it makes its check word again. */
struct sk_block_slot *machine_request(uint32_t client, uint32_t slot, uint32_t operation, uint64_t sector,
				      uint32_t sectors, uint64_t offset);
void machine_check(uint32_t client, uint32_t slot);
/* … and gives it to the driver, as the protocol says. */
void machine_submit(uint32_t client, uint64_t slots);

/* Bits that differ. */
uint64_t machine_open_slots(uint32_t client);

#endif
