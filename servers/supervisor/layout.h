/*
 * Where everything of a process lies: the manifest's wishes and the image's
 * segments, laid out in one RAM object (so that a server costs few capability
 * slots) and in the process's address space (sk/boot.h). Pure.
 *
 * The RAM object, from its start: what a restart makes anew (written segments,
 * heap), the stacks, then what is the server's whichever of its instances runs (start page,
 * persistent region, log, stream). A standby has RAM of its own up to there.
 */
#ifndef SUPERVISOR_LAYOUT_H
#define SUPERVISOR_LAYOUT_H

#include <stdint.h>

#include <sk/boot.h>
#include <sk/start.h>
#include <skink/manifest.h>

#include "image.h"

#define LAYOUT_STACK_BYTES (32u * 1024u) /* the rest of a stack's 64 KiB is its guard */
#define LAYOUT_LOG_BYTES (16u * 1024u)
#define LAYOUT_STREAM_BYTES (32u * 1024u)
#define LAYOUT_GUARD_BYTES SK_PAGE_BYTES

/* A part of the RAM object and the place at which the process sees it. */
struct layout_part {
	uint64_t address;
	uint64_t offset;
	uint64_t bytes; /* 0: this server has none */
};

struct layout {
	uint64_t ram_bytes;
	uint64_t fresh_bytes; /* [0, fresh_bytes) of the RAM is made anew by a restart */
	uint64_t private_bytes; /* [0, private_bytes) is an instance's own */
	struct layout_part segments[IMAGE_SEGMENTS]; /* of the image's segments that are not in place */
	struct layout_part start;
	struct layout_part stacks[SK_MAX_CORES];
	struct layout_part heap;
	struct layout_part persistent;
	struct layout_part log;
	struct layout_part stream; /* all of them */
	uint64_t next_region; /* first address at which a further region may be mapped */
};

void layout_plan(const struct manifest_server *server, const struct image *image, struct layout *layout);

/*
 * The next free place for a region of `bytes` at a multiple of `align`, with an unmapped page
 * behind it; moves *next on. 0: the address range is used up.
 */
uint64_t layout_place(uint64_t *next, uint64_t bytes, uint64_t align);

/* One of the server's streams, of as many as its configuration says. */
struct layout_part layout_stream(const struct layout *layout, uint32_t index);

/* Top of thread `index`'s stack, and its message buffer. */
static inline uint64_t layout_stack_top(uint32_t index)
{
	return SK_VA_STACKS + (index + 1ull) * 0x10000u;
}

static inline uint64_t layout_message_buffer(uint32_t index)
{
	return SK_VA_MESSAGE_BUFFERS + (uint64_t)index * SK_PAGE_BYTES;
}

#endif
