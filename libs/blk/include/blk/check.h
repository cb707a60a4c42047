/*
 * The check word of a block request, which goes with it from the guest's chain to the disk and back (idl/block.idl).
 *
 * Nothing else between guest and disk would notice that a request has become another one: a virtio-blk device does what
 * its ring says. So who hands a request on says what it is in a word that the other end makes anew from what it has in
 * its own hands:
 *
 *	virtio_blk	makes the word from the guest's chain, not from the slot that it filled from it
 *	blk_driver	makes it from what the device is about to read: available ring, descriptors, request header.
 *			If it is not the slot's, the device is not told
 *	blk_driver	answers with a word that follows from this one and the result, for the command that the
 *			device's used ring names: the word was in that command's own memory
 *	virtio_blk	ends the guest's request if the answer follows from the word that it kept for itself
 *
 * The word covers whose request it is (slot, token, note), what is done to which sectors, and each piece of memory in
 * its order. Each step of the sum is one-to-one in the word that is added and in the sum so far: two requests that
 * differ in one word only never have the same sum; others have it by chance, once in 2^64.
 *
 * It is no secret and keeps nobody from lying: a client that lies spoils its own share. It finds damage.
 */
#ifndef BLK_CHECK_H
#define BLK_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <sk/idl/block.h>

#define BLK_CHECK_FACTOR 0x9e3779b97f4a7c15ull /* odd */

/* The sum with one word more. */
static inline uint64_t blk_check_add(uint64_t check, uint64_t word)
{
	check = (check ^ word) * BLK_CHECK_FACTOR;
	return check ^ check >> 32;
}

/* Where each sum begins: whose request it is. `token` and `note` as they are while it is under way. */
static inline uint64_t blk_check_id(uint32_t slot, uint64_t token, uint64_t note)
{
	return blk_check_add(blk_check_add(slot + 1, token), note);
}

/* Then a piece of memory after the other. */
static inline uint64_t blk_check_segment(uint64_t check, uint32_t memory, uint32_t bytes, uint64_t offset)
{
	return blk_check_add(blk_check_add(check, (uint64_t)memory << 32 | bytes), offset);
}

/* At last what is to be done (enum sk_block_operation) to what. A flush has no sectors, whatever its slot says. */
static inline uint64_t blk_check_range(uint64_t check, uint32_t operation, uint32_t flags, uint64_t sector,
				       uint32_t sectors)
{
	if (operation == SK_BLOCK_OPERATION_FLUSH) {
		return blk_check_add(check, operation);
	}
	return blk_check_add(blk_check_add(check, sector ^ (uint64_t)flags << 32), (uint64_t)sectors << 32 | operation);
}

/* The word of a request as it lies in a slot, or in a copy of one; `token` without what its client adds at the end. */
static inline uint64_t blk_check_slot(uint32_t index, uint64_t token, const struct sk_block_slot *slot)
{
	uint32_t count = __atomic_load_n(&slot->segment_count, __ATOMIC_RELAXED);
	uint64_t check = blk_check_id(index, token, slot->note);

	for (uint32_t i = 0; i < count && i < sizeof(slot->segments) / sizeof(slot->segments[0]); i++) {
		const struct sk_block_segment *segment = &slot->segments[i];

		check = blk_check_segment(check, segment->memory, segment->bytes, segment->offset);
	}
	return blk_check_range(check, slot->operation, slot->request_flags, slot->sector, slot->sectors);
}

/* Of `bytes` bytes, a multiple of 8, that do not change: what was found out at the beginning, and is believed since. */
static inline uint64_t blk_check_settings(uint64_t check, const void *at, size_t bytes)
{
	const uint64_t __attribute__((may_alias)) *words = at;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
		check = blk_check_add(check, words[i]);
	}
	return check;
}

/* What a driver answers to the request of this word. */
static inline uint64_t blk_answer(uint64_t check, uint32_t result)
{
	return check ^ (result + 1ull) * BLK_CHECK_FACTOR;
}

#endif
