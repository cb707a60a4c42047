#include "ram.h"

#include <string.h>

#include <sk/idl/kernel_client.h>

#include "slots.h"

static struct ram_range ranges[RAM_RANGES];
static uint32_t range_count;
static uint64_t total;

void ram_init(void)
{
	range_count = 0;
	total = 0;
}

static void insert_at(uint32_t index, const struct ram_range *range)
{
	memmove(&ranges[index + 1], &ranges[index], (range_count - index) * sizeof(ranges[0]));
	ranges[index] = *range;
	range_count++;
}

static void remove_at(uint32_t index)
{
	range_count--;
	memmove(&ranges[index], &ranges[index + 1], (range_count - index) * sizeof(ranges[0]));
}

/* Cuts `ranges[index]` at `at` bytes: it keeps the lower part, the upper one follows it in the list. */
static sk_status_t cut(uint32_t index, uint64_t at)
{
	sk_cap_t upper = slots_take();

	if (upper == SK_CAP_NONE || range_count == RAM_RANGES) {
		slots_give(upper);
		return SK_NO_SLOT;
	}

	sk_status_t status = memory_split(ranges[index].memory, at, upper);

	if (status != SK_OK) {
		slots_give(upper);
		return status;
	}

	struct ram_range rest = {
		.memory = upper,
		.base = ranges[index].base + at,
		.bytes = ranges[index].bytes - at,
	};

	ranges[index].bytes = at;
	insert_at(index + 1, &rest);
	return SK_OK;
}

/* Joins `ranges[index]` with the one that follows it, if they touch. */
static void join(uint32_t index)
{
	if (index + 1 >= range_count || ranges[index].base + ranges[index].bytes != ranges[index + 1].base) {
		return;
	}
	if (memory_merge(ranges[index].memory, ranges[index + 1].memory) != SK_OK) {
		return;
	}
	slots_give(ranges[index + 1].memory);
	ranges[index].bytes += ranges[index + 1].bytes;
	remove_at(index + 1);
}

sk_status_t ram_take(uint64_t bytes, uint64_t align, struct ram_range *range)
{
	uint64_t size = (bytes + SK_PAGE_BYTES - 1) / SK_PAGE_BYTES * SK_PAGE_BYTES;

	if (bytes == 0 || size < bytes || align < SK_PAGE_BYTES || (align & (align - 1)) != 0) {
		return SK_BAD_ARG;
	}
	for (uint32_t i = 0; i < range_count; i++) {
		uint64_t pad = (align - ranges[i].base % align) % align;

		if (ranges[i].bytes < pad || ranges[i].bytes - pad < size) {
			continue;
		}
		if (pad != 0) {
			sk_status_t status = cut(i, pad);

			if (status != SK_OK) {
				return status;
			}
			i++;
		}
		if (ranges[i].bytes != size) {
			sk_status_t status = cut(i, size);

			if (status != SK_OK) {
				if (pad != 0) {
					join(i - 1);
				}
				return status;
			}
		}
		*range = ranges[i];
		remove_at(i);
		return SK_OK;
	}
	return SK_NO_MEMORY;
}

sk_status_t ram_give(const struct ram_range *range)
{
	uint32_t at = 0;

	while (at < range_count && ranges[at].base < range->base) {
		at++;
	}
	if (range_count == RAM_RANGES) {
		return SK_NO_SLOT;
	}
	insert_at(at, range);
	join(at);
	if (at > 0) {
		join(at - 1);
	}
	return SK_OK;
}

sk_status_t ram_adopt(sk_cap_t memory)
{
	struct ram_range range = { .memory = memory };
	enum memory_memory_kind kind;
	uint32_t mappings;
	sk_status_t status = memory_info(memory, &range.base, &range.bytes, &kind, &mappings);

	if (status != SK_OK) {
		return status;
	}
	total += range.bytes;
	return ram_give(&range);
}

void ram_totals(struct ram_totals *totals)
{
	*totals = (struct ram_totals){ .total_bytes = total };
	for (uint32_t i = 0; i < range_count; i++) {
		totals->free_bytes += ranges[i].bytes;
		if (ranges[i].bytes > totals->largest_bytes) {
			totals->largest_bytes = ranges[i].bytes;
		}
	}
}
