/* Memory: split, joined, looked at, cleared, and turned into other objects and back. */
#include <string.h>

#include <sk/idl/kernel_client.h>

#include "pool.h"
#include "suites.h"
#include "tap.h"

#define WRITABLE (SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE)

static uint64_t base_of(sk_cap_t memory)
{
	uint64_t base = 0;
	uint64_t size;
	enum memory_memory_kind kind;
	uint32_t mappings;

	return memory_info(memory, &base, &size, &kind, &mappings) == SK_OK ? base : 0;
}

static uint64_t size_of(sk_cap_t memory)
{
	uint64_t base;
	uint64_t size = 0;
	enum memory_memory_kind kind;
	uint32_t mappings;

	return memory_info(memory, &base, &size, &kind, &mappings) == SK_OK ? size : 0;
}

static uint32_t mappings_of(sk_cap_t memory)
{
	uint64_t base;
	uint64_t size;
	enum memory_memory_kind kind;
	uint32_t mappings = UINT32_MAX;

	return memory_info(memory, &base, &size, &kind, &mappings) == SK_OK ? mappings : UINT32_MAX;
}

static void case_split(void)
{
	pool_begin("memory: split and merge");

	sk_cap_t memory = pool_ram(4);
	sk_cap_t copy = pool_copy(memory, SK_RIGHTS_ALL, 0);
	sk_cap_t upper = pool_slot();
	uint64_t base = base_of(memory);

	tap_status(memory_split(memory, 0, upper), SK_BAD_ARG, "nothing is split off at 0");
	tap_status(memory_split(memory, 4 * 4096, upper), SK_BAD_ARG, "nor at the end");
	tap_status(memory_split(memory, 4097, upper), SK_BAD_ARG, "nor within a page");
	tap_status(memory_split(memory, UINT64_MAX - 4095, upper), SK_BAD_ARG, "nor near 2^64");
	tap_status(memory_split(memory, 4096, 0), SK_BAD_ARG, "slot 0 takes nothing");
	tap_status(memory_split(memory, 4096, SK_CAP_SLOTS + 1), SK_BAD_ARG, "nor a slot beyond the table");
	tap_status(memory_split(memory, 4096, memory), SK_NO_SLOT, "nor one that is taken");
	tap_is(size_of(memory), 4 * 4096, "none of that changed it");

	tap_status(memory_split(memory, 4096, upper), SK_OK, "a page is split off");
	tap_is(size_of(memory), 4096, "the lower part keeps its slot");
	tap_is(size_of(copy), 4096, "and its copies");
	tap_is(size_of(upper), 3 * 4096, "the upper part is the rest");
	tap_is(base_of(upper), base + 4096, "and begins where the lower one ends");

	tap_status(memory_merge(upper, memory), SK_BAD_ARG, "the lower part can't be joined to the upper one");
	tap_status(memory_merge(memory, memory), SK_BAD_ARG, "nor a part to itself");
	tap_status(memory_merge(memory, pool.core), SK_BAD_TYPE, "nor a core");
	tap_status(memory_merge(memory, pool_slot()), SK_BAD_CAP, "nor nothing");
	tap_status(memory_merge(memory, UINT32_MAX), SK_BAD_CAP, "nor a slot that there isn't");
	tap_status(memory_merge(memory, pool_ram(1)), SK_BAD_ARG, "nor memory that lies elsewhere");
	void *view = pool_view(upper, 0, 4096, WRITABLE);
	tap_status(memory_merge(memory, upper), SK_BAD_STATE, "nor while it is mapped");
	tap_status(memory_split(upper, 4096, pool_slot()), SK_BAD_STATE, "mapped memory isn't split either");
	tap_status(space_unmap(pool.space, (uint64_t)(uintptr_t)view), SK_OK, "it is unmapped");
	sk_cap_t upper_copy = pool_copy(upper, SK_RIGHTS_ALL, 0);
	tap_status(memory_merge(memory, upper), SK_OK, "then it is joined");
	tap_is(size_of(memory), 4 * 4096, "the memory is whole again");
	tap_status(memory_clear(upper_copy, 0, 4096), SK_STALE, "a copy of what was joined is stale");
	tap_status(memory_clear(upper, 0, 4096), SK_BAD_CAP, "its own slot is empty");
	pool_end();
}

static void case_clear(void)
{
	pool_begin("memory: clear and sync");

	uint8_t *bytes;
	sk_cap_t memory = pool_seen(3, &bytes);

	memset(bytes, 0xa5, 3 * 4096);
	tap_status(memory_clear(memory, 4096, 4096), SK_OK, "the middle page is cleared");
	tap_ok(bytes[4095] == 0xa5 && bytes[8192] == 0xa5, "its neighbours are not");
	tap_ok(bytes[4096] == 0 && bytes[8191] == 0, "it is");
	tap_status(memory_clear(memory, 0, 0), SK_BAD_ARG, "an empty range");
	tap_status(memory_clear(memory, 1, 4096), SK_BAD_ARG, "a misaligned offset");
	tap_status(memory_clear(memory, 0, 4095), SK_BAD_ARG, "a misaligned size");
	tap_status(memory_clear(memory, 4096, 3 * 4096), SK_BAD_ARG, "a range past the end");
	tap_status(memory_clear(memory, 3 * 4096, 4096), SK_BAD_ARG, "a range behind the end");
	tap_status(memory_clear(memory, UINT64_MAX - 4095, 8192), SK_BAD_ARG, "a range around 2^64");
	tap_status(memory_clear(memory, 4096, UINT64_MAX - 4095), SK_BAD_ARG, "a size near 2^64");
	tap_ok(bytes[0] == 0xa5 && bytes[12287] == 0xa5, "none of that cleared anything");
	tap_status(memory_sync(memory, 0, 3 * 4096), SK_OK, "all of it is made visible");
	tap_status(memory_sync(memory, 8192, 8192), SK_BAD_ARG, "sync checks its range too");
	tap_status(memory_sync(memory, UINT64_MAX - 4095, 4096), SK_BAD_ARG, "also near 2^64");
	tap_status(memory_clear(pool_copy(memory, SK_RIGHT_READ, 0), 0, 4096), SK_NO_RIGHT, "clearing is writing");
	pool_end();
}

static void case_unmap_all(void)
{
	pool_begin("memory: unmap_all");

	sk_cap_t memory = pool_ram(2);
	sk_cap_t process = pool_process(8);
	sk_map_flags_t flags;
	uint64_t offset;
	uint64_t there = (uint64_t)(uintptr_t)pool_view(memory, 0, 8192, WRITABLE);
	uint64_t again = (uint64_t)(uintptr_t)pool_view(memory, 4096, 4096, SK_MAP_FLAGS_READ);

	tap_status(space_map(process, memory, 0x10000, 0, 8192, WRITABLE), SK_OK, "it is mapped into a process too");
	tap_is(mappings_of(memory), 3, "it has three mappings");
	tap_status(space_query(pool.space, again, &offset, &flags), SK_OK, "one of them is seen");
	tap_is(offset, 4096, "at its offset");
	tap_is(flags, SK_MAP_FLAGS_READ, "with its flags");
	tap_status(memory_unmap_all(memory), SK_OK, "all go at once");
	tap_is(mappings_of(memory), 0, "none is left");
	tap_status(space_query(pool.space, there, &offset, &flags), SK_BAD_ARG, "not here");
	tap_status(space_query(process, 0x10000, &offset, &flags), SK_BAD_ARG, "and not there");
	tap_status(memory_unmap_all(memory), SK_OK, "none to go is no error");
	pool_end();
}

static void check_retyping(const char *what, sk_status_t (*create)(sk_cap_t memory, sk_cap_t dest),
			   sk_status_t (*destroy)(sk_cap_t object), uint32_t pages)
{
	sk_cap_t memory = pool_ram(pages);
	sk_cap_t copy = pool_copy(memory, SK_RIGHTS_ALL, 0);
	sk_cap_t dest = pool_slot();
	uint64_t base = base_of(memory);

	tap_status(create(memory, pool.core), SK_NO_SLOT, "%s: not into a slot that is taken", what);
	tap_status(create(memory, 0), SK_BAD_ARG, "%s: not into slot 0", what);
	tap_status(create(memory, UINT32_MAX), SK_BAD_ARG, "%s: not into a slot that there isn't", what);
	tap_status(create(pool_copy(memory, SK_RIGHT_READ | SK_RIGHT_WRITE, 0), dest), SK_NO_RIGHT,
		   "%s: not without the right to control", what);
	void *view = pool_view(memory, 0, 4096, WRITABLE);
	tap_status(create(memory, dest), SK_BAD_STATE, "%s: not of memory that is mapped", what);
	tap_status(space_unmap(pool.space, (uint64_t)(uintptr_t)view), SK_OK, "%s: unmapped", what);
	tap_status(create(memory, dest), SK_OK, "%s: made", what);
	tap_status(memory_clear(copy, 0, 4096), SK_STALE, "%s: the memory's capabilities are stale", what);
	copy = pool_copy(dest, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0); /* an endpoint's would reach its server */
	tap_status(memory_clear(copy, 0, 4096), SK_BAD_TYPE, "%s: the object is no memory", what);
	tap_status(create(copy, pool_slot()), SK_BAD_TYPE, "%s: nothing is made of the object", what);
	tap_status(destroy(dest), SK_OK, "%s: destroyed", what);
	tap_is(base_of(dest), base, "%s: its slot has the memory again", what);
	tap_is(size_of(dest), (uint64_t)pages * 4096, "%s: all of it", what);
	tap_status(destroy(copy), SK_STALE, "%s: a copy of the object is stale", what);
	tap_status(create(dest, dest), SK_OK, "%s: made again, in the memory's own slot", what);
	tap_status(destroy(copy), SK_STALE, "%s: the copy of the first stays stale", what);
}

/* An endpoint is managed through a capability that can't call it; that one then names the memory. */
static sk_status_t destroy_endpoint(sk_cap_t endpoint)
{
	sk_cap_t control = pool_slot();
	sk_status_t status = space_cap_grant(pool.space, endpoint, control, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);

	if (status == SK_OK) {
		status = endpoint_destroy(control);
	}
	if (status == SK_OK) {
		status = space_cap_grant(pool.space, control, endpoint, SK_RIGHTS_ALL, 0);
	}
	return status;
}

static sk_status_t create_process(sk_cap_t memory, sk_cap_t dest)
{
	return memory_create_space(memory, SK_SPACE_KIND_PROCESS, dest);
}

static sk_status_t create_vm(sk_cap_t memory, sk_cap_t dest)
{
	return memory_create_space(memory, SK_SPACE_KIND_VM, dest);
}

static sk_cap_t shared_page;
static sk_cap_t vm;

static sk_status_t create_thread(sk_cap_t memory, sk_cap_t dest)
{
	return memory_create_thread(memory, pool.space, pool.core_number, shared_page, dest);
}

static sk_status_t create_vcpu(sk_cap_t memory, sk_cap_t dest)
{
	return memory_create_vcpu(memory, vm, pool.core_number, shared_page, 0, dest);
}

static void case_retype(void)
{
	pool_begin("memory: retyping");
	shared_page = pool_ram(1);
	vm = pool_vm(4);
	check_retyping("endpoint", memory_create_endpoint, destroy_endpoint, 1);
	check_retyping("notification", memory_create_notification, notification_destroy, 1);
	pool_end();

	pool_begin("memory: retyping into spaces, threads and vCPUs");
	shared_page = pool_ram(1);
	vm = pool_vm(4);
	check_retyping("process", create_process, space_destroy, 5);
	check_retyping("VM", create_vm, space_destroy, 5);
	check_retyping("thread", create_thread, thread_destroy, 1);
	check_retyping("vCPU", create_vcpu, vcpu_destroy, 1);
	tap_status(memory_create_space(pool_ram(1), SK_SPACE_KIND_PROCESS, pool_slot()), SK_NO_MEMORY,
		   "a space needs more than a page");
	pool_end();
}

static void case_shared_pages(void)
{
	pool_begin("memory: pages that objects share with processes");
	vm = pool_vm(4);

	sk_cap_t memory = pool_ram(1);
	sk_cap_t two = pool_ram(2);
	sk_cap_t page = pool_ram(1);
	sk_cap_t dest = pool_slot();

	tap_status(memory_create_thread(memory, pool.space, 1, two, dest), SK_BAD_ARG, "a buffer of two pages");
	tap_status(memory_create_thread(memory, pool.space, 1, memory, dest), SK_BAD_ARG, "the thread as its buffer");
	tap_status(memory_create_thread(memory, pool.space, 1, pool.core, dest), SK_BAD_TYPE, "a core as its buffer");
	tap_status(memory_create_thread(memory, vm, 1, page, dest), SK_BAD_ARG, "a thread of a VM");
	tap_status(memory_create_thread(memory, page, 1, page, dest), SK_BAD_TYPE, "a thread of a page");
	tap_status(memory_create_thread(memory, pool.space, 99, page, dest), SK_BAD_ARG, "a thread on core 99");
	tap_status(memory_create_thread(memory, pool.space, UINT32_MAX, page, dest), SK_BAD_ARG, "on core 2^32 - 1");
	tap_status(memory_create_vcpu(memory, pool.space, 1, page, 0, dest), SK_BAD_ARG, "a vCPU of a process");
	tap_status(memory_create_vcpu(memory, vm, 99, page, 0, dest), SK_BAD_ARG, "a vCPU on core 99");
	tap_status(memory_create_vcpu(memory, vm, 1, two, 0, dest), SK_BAD_ARG, "a state page of two pages");
	tap_status(memory_create_vcpu(memory, vm, 1, page, UINT64_MAX, dest), SK_BAD_ARG, "an affinity that is none");
	tap_status(memory_create_thread(memory, pool.space, 1, page, memory), SK_OK, "a good thread");
	tap_status(memory_split(page, 4096, dest), SK_BAD_ARG, "its buffer is no larger");
	tap_status(memory_create_endpoint(page, dest), SK_BAD_STATE, "its buffer becomes nothing else");
	tap_status(space_donate(pool.space, page), SK_BAD_STATE, "nor a table");
	tap_status(thread_destroy(memory), SK_OK, "the thread goes");
	tap_status(memory_create_endpoint(page, page), SK_OK, "then its buffer may become an endpoint");
	pool_end();
}

void suite_memory(void)
{
	case_split();
	case_clear();
	case_unmap_all();
	case_retype();
	case_shared_pages();
}
