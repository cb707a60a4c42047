/*
 * Memory objects: ranges of RAM or of device registers. They are split and
 * joined, cleared, and turned into other objects (retype.c). A range that is
 * mapped anywhere, or used by a kernel object (pinned), keeps its bounds.
 */
#include <kernel/call.h>
#include <sk/idl/kernel_kernel.h>

#define PIECE_BYTES (4u * SK_PAGE_BYTES) /* between two looks at pending interrupts */

sk_status_t memory_do_split(struct kernel_call *call, struct object *memory, uint64_t at, sk_slot_t dest)
{
	if ((at & (SK_PAGE_BYTES - 1u)) != 0 || at == 0 || at >= memory->bytes) {
		return SK_BAD_ARG;
	}
	if (memory_in_use(memory)) {
		return SK_BAD_STATE;
	}
	struct object *upper = object_allocate(OBJECT_MEMORY);
	if (upper == NULL) {
		return SK_NO_SLOT;
	}
	upper->base = memory->base + at;
	upper->bytes = memory->bytes - at;
	upper->memory.device = memory->memory.device;
	memory->bytes = at;
	call_install(call, dest, object_capability(upper, call->rights, 0));
	return SK_OK;
}

sk_status_t memory_do_merge(struct kernel_call *call, struct object *memory, sk_slot_t upper_slot)
{
	sk_status_t status;
	struct object *upper = call_object(call, upper_slot, OBJECT_MEMORY, SK_RIGHT_CONTROL, &status);
	if (upper == NULL) {
		return status;
	}
	if (upper->base != memory->base + memory->bytes || upper->memory.device != memory->memory.device) {
		return SK_BAD_ARG;
	}
	if (memory_in_use(memory) || memory_in_use(upper)) {
		return SK_BAD_STATE;
	}
	memory->bytes += upper->bytes;
	call_install(call, upper_slot, CAPABILITY_NONE);
	object_release(upper);
	return SK_OK;
}

sk_status_t memory_do_info(struct object *memory, uint64_t *base, uint64_t *size, enum memory_memory_kind *kind,
			   uint32_t *mappings)
{
	*base = memory->base;
	*size = memory->bytes;
	*kind = memory->memory.device ? MEMORY_MEMORY_KIND_DEVICE : MEMORY_MEMORY_KIND_RAM;
	*mappings = memory->memory.mapping_count;
	return SK_OK;
}

/* Does `step` for [offset, offset + size) in pieces, and stops for interrupts. */
static sk_status_t in_pieces(const struct object *memory, uint64_t offset, uint64_t size,
			     void (*step)(uint64_t base, uint64_t bytes))
{
	if (!memory_has(memory, offset, size) || memory->memory.device) {
		return SK_BAD_ARG;
	}
	struct thread *thread = call_thread();
	uint64_t done = thread->progress < size ? thread->progress : 0;
	do {
		uint64_t piece = size - done < PIECE_BYTES ? size - done : PIECE_BYTES;
		step(memory->base + offset + done, piece);
		done += piece;
		if (done == size) {
			return SK_OK;
		}
	} while (!arch_interrupt_pending());
	thread->progress = done;
	return KERNEL_RESTART;
}

static void clear_pages(uint64_t base, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i += SK_PAGE_BYTES) {
		arch_clear_page((void *)(uintptr_t)(base + i));
	}
}

sk_status_t memory_do_clear(struct object *memory, uint64_t offset, uint64_t size)
{
	return in_pieces(memory, offset, size, clear_pages);
}

sk_status_t memory_do_sync(struct object *memory, uint64_t offset, uint64_t size)
{
	return in_pieces(memory, offset, size, arch_sync_memory);
}

sk_status_t memory_do_unmap_all(struct object *memory)
{
	return mapping_remove_all(&memory->memory.mappings) ? SK_OK : KERNEL_RESTART;
}
