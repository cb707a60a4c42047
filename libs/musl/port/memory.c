/*
 * Anonymous memory from the region "heap". Protection is not enforced: the region
 * is mapped readable and writable, never executable.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#include <sk/process.h>
#include <sk/spin.h>

#include "pages.h"
#include "port.h"

static struct sk_spin lock;
static struct pages heap;
static bool heap_is_open;

/* With the lock held. A process without a heap has an empty one. */
static void open_heap(void)
{
	const struct sk_start_region *region = sk_region_named("heap");

	if (region != NULL) {
		pages_open(&heap, (void *)(uintptr_t)region->address, region->bytes);
	}
	heap_is_open = true;
}

static size_t page_count(size_t bytes)
{
	return bytes / PAGES_BYTES + (bytes % PAGES_BYTES != 0);
}

long port_mmap(uintptr_t wanted, size_t bytes, int protection, int flags, int fd)
{
	(void)wanted;
	(void)fd;
	if ((flags & MAP_ANONYMOUS) == 0) {
		return -ENODEV;
	}
	if (bytes == 0 || (flags & MAP_FIXED) != 0) {
		return -EINVAL;
	}
	if ((protection & PROT_EXEC) != 0) {
		return -EACCES;
	}
	sk_spin_lock(&lock);
	if (!heap_is_open) {
		open_heap();
	}

	void *at = pages_take(&heap, page_count(bytes));

	sk_spin_unlock(&lock);
	return at == NULL ? -ENOMEM : (long)(uintptr_t)at;
}

long port_munmap(void *at, size_t bytes)
{
	sk_spin_lock(&lock);

	bool given = pages_give(&heap, at, page_count(bytes));

	sk_spin_unlock(&lock);
	return given ? 0 : -EINVAL;
}

/* A hint may be ignored; MADV_DONTNEED is none: it promises zeroes. */
long port_madvise(void *at, size_t bytes, int advice)
{
	(void)at;
	(void)bytes;
	return advice == MADV_DONTNEED ? -EINVAL : 0;
}
