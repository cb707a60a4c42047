#include "layout.h"

uint64_t layout_place(uint64_t *next, uint64_t bytes, uint64_t align)
{
	uint64_t address = (*next + align - 1) & ~(align - 1);

	if (address >= SK_VA_ARCHIVE || bytes >= SK_VA_ARCHIVE - address - LAYOUT_GUARD_BYTES) {
		return 0;
	}
	*next = address + page_ceil(bytes) + LAYOUT_GUARD_BYTES;
	return address;
}

static void take(struct layout *layout, struct layout_part *part, uint64_t address, uint64_t bytes)
{
	*part = (struct layout_part){ .address = address, .offset = layout->ram_bytes, .bytes = page_ceil(bytes) };
	layout->ram_bytes += part->bytes;
}

/* The manifest's sizes are 32-bit KiB: sums of a few of them stay far below the region range. */
static void take_region(struct layout *layout, struct layout_part *part, uint64_t bytes)
{
	if (bytes != 0) {
		take(layout, part, layout_place(&layout->next_region, bytes, SK_PAGE_BYTES), bytes);
	}
}

void layout_plan(const struct manifest_server *server, const struct image *image, struct layout *layout)
{
	*layout = (struct layout){ .next_region = SK_VA_REGIONS };

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		uint64_t first = page_floor(segment->address);

		if (!segment->in_place) {
			take(layout, &layout->segments[i], first, segment->address + segment->memory_bytes - first);
		}
	}
	take_region(layout, &layout->heap, server->heap_kib * 1024ull);
	layout->fresh_bytes = layout->ram_bytes;
	for (uint32_t i = 0; i < server->core_count; i++) {
		take(layout, &layout->stacks[i], layout_stack_top(i) - LAYOUT_STACK_BYTES, LAYOUT_STACK_BYTES);
	}
	layout->private_bytes = layout->ram_bytes;

	take(layout, &layout->start, SK_VA_START_PAGE, SK_START_BYTES);
	take_region(layout, &layout->persistent, server->persistent_kib * 1024ull);
	take_region(layout, &layout->log, LAYOUT_LOG_BYTES);
	take_region(layout, &layout->stream, server->streams * LAYOUT_STREAM_BYTES);
}

struct layout_part layout_stream(const struct layout *layout, uint32_t index)
{
	return (struct layout_part){
		.address = layout->stream.address + index * LAYOUT_STREAM_BYTES,
		.offset = layout->stream.offset + index * LAYOUT_STREAM_BYTES,
		.bytes = LAYOUT_STREAM_BYTES,
	};
}
