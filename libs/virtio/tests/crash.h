/*
 * What a server leaves when it is killed between any two stores: the operation runs in a child process,
 * instruction by instruction, and each state of the memory that it shares with this one is kept.
 */
#ifndef VIRTIO_TESTS_CRASH_H
#define VIRTIO_TESTS_CRASH_H

#include <stddef.h>
#include <stdint.h>

struct crash {
	uint8_t *shared; /* MAP_SHARED */
	size_t bytes;
	uint8_t *copies; /* malloc's */
	uint32_t count;
	uint32_t room;
};

/* Keeps the state before `operation(argument)`, after each of its stores that changed anything, and so its last. */
void crash_record(struct crash *crash, void (*operation)(void *argument), void *argument);

/* Makes the shared memory what it was then. */
void crash_restore(const struct crash *crash, uint32_t index);

void crash_forget(struct crash *crash);

#endif
