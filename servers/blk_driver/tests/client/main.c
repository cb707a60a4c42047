/*
 * A client of the driver on the machine, without a guest: it asks for I/O of the memory of a VM that never starts,
 * compares what comes back, kills the driver while requests are under way, and says in its log how it went and how
 * long things take. With --icount, a nanosecond is an instruction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <blk/check.h>
#include <sk/idl/block_client.h>
#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>
#include <sk/syscall.h>

#define PAGE 4096u
#define PAGE_SECTORS 8u
#define SLOTS 64u
#define KILLS 12u
#define READS 32u

static struct {
	struct sk_block_channel *channel;
	uint8_t *memory; /* of the VM, as this process sees it */
	sk_cap_t driver;
	sk_cap_t peer;
	sk_cap_t notification;
	sk_cap_t supervisor;
	uint32_t passed;
	uint32_t failed;
} test;

static void check(bool good, const char *what)
{
	if (good) {
		test.passed++;
	} else {
		test.failed++;
		printf("not ok %s\n", what);
	}
}

static uint64_t under_way(void)
{
	return test.channel->requested ^ __atomic_load_n(&test.channel->served, __ATOMIC_ACQUIRE);
}

static void request(uint32_t slot, uint32_t operation, uint64_t sector, uint32_t sectors, uint32_t page)
{
	struct sk_block_slot *at = &test.channel->slots[slot];

	at->token = slot + 1;
	at->operation = operation;
	at->sector = sector;
	at->sectors = sectors;
	at->request_flags = 0;
	at->segment_count = operation == SK_BLOCK_OPERATION_READ || operation == SK_BLOCK_OPERATION_WRITE ? 1 : 0;
	at->segments[0] = (struct sk_block_segment){ .bytes = sectors * 512, .offset = (uint64_t)page * PAGE };
	at->check = blk_check_slot(slot, at->token, at);
	at->result = SK_BLOCK_RESULT_PENDING;
}

static void submit(uint64_t slots)
{
	__atomic_store_n(&test.channel->requested, test.channel->requested ^ slots, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&test.channel->driver_sleeps, __ATOMIC_RELAXED) == 1) {
		__atomic_store_n(&test.channel->driver_sleeps, 0, __ATOMIC_RELAXED);
		(void)sk_signal(test.peer, SK_SIGNAL_PEER);
	}
}

/* Until the driver has served something since `before`, or there is nothing left to serve. */
static void wait_for_more(uint64_t before)
{
	struct sk_msg msg;
	struct sk_caller caller;

	while (before != 0 && under_way() == before) {
		__atomic_store_n(&test.channel->client_sleeps, 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (under_way() == before) {
			(void)sk_wait(test.notification, &msg, &caller);
		}
	}
	__atomic_store_n(&test.channel->client_sleeps, 0, __ATOMIC_RELAXED);
}

static void wait_for_all(void)
{
	for (uint64_t open = under_way(); open != 0; open = under_way()) {
		wait_for_more(open);
	}
}

static uint32_t alone(uint32_t operation, uint64_t sector, uint32_t sectors)
{
	request(0, operation, sector, sectors, 0);
	submit(1);
	wait_for_all();
	return test.channel->slots[0].result;
}

static void fill(uint32_t page, uint32_t round)
{
	uint32_t *words = (uint32_t *)(void *)(test.memory + (size_t)page * PAGE);

	for (uint32_t i = 0; i < PAGE / sizeof(uint32_t); i++) {
		words[i] = round << 24 | page << 12 | i;
	}
}

static bool is_filled(uint32_t at, uint32_t page, uint32_t round)
{
	const uint32_t *words = (const uint32_t *)(const void *)(test.memory + (size_t)at * PAGE);

	for (uint32_t i = 0; i < PAGE / sizeof(uint32_t); i++) {
		if (words[i] != (round << 24 | page << 12 | i)) {
			return false;
		}
	}
	return true;
}

static bool all_done(void)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (test.channel->slots[i].result != SK_BLOCK_RESULT_DONE) {
			return false;
		}
	}
	return true;
}

/* Pages 0 to 63 go to the disk; pages 64 to 127 come from there. */
static void write_all(uint32_t round)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		fill(i, round);
		request(i, SK_BLOCK_OPERATION_WRITE, (uint64_t)i * PAGE_SECTORS, PAGE_SECTORS, i);
	}
	submit(UINT64_MAX);
}

static bool read_all(uint32_t round)
{
	bool good = true;

	for (uint32_t i = 0; i < SLOTS; i++) {
		memset(test.memory + (size_t)(SLOTS + i) * PAGE, 0, PAGE);
		request(i, SK_BLOCK_OPERATION_READ, (uint64_t)i * PAGE_SECTORS, PAGE_SECTORS, SLOTS + i);
	}
	submit(UINT64_MAX);
	wait_for_all();
	for (uint32_t i = 0; i < SLOTS; i++) {
		good = good && is_filled(SLOTS + i, i, round);
	}
	return good && all_done();
}

static void test_share(void)
{
	struct sk_block_share share;
	sk_status_t status = block_open(test.driver, &share);

	check(status == SK_OK, "open");
	check(share.capacity_sectors >= 2ull * SLOTS * PAGE_SECTORS, "capacity");
	check(share.segments_max >= 1 && share.block_bytes == 512, "limits");
	printf("share: %llu sectors, features 0x%x, %u segments, serial %.20s\n",
	       (unsigned long long)share.capacity_sectors, (unsigned)share.features, (unsigned)share.segments_max,
	       (const char *)share.serial);
	check(alone(SK_BLOCK_OPERATION_READ, share.capacity_sectors, PAGE_SECTORS) == SK_BLOCK_RESULT_REFUSED,
	      "a read beyond the share is refused");
	check(alone(SK_BLOCK_OPERATION_READ, share.capacity_sectors - PAGE_SECTORS, PAGE_SECTORS) ==
		      SK_BLOCK_RESULT_DONE,
	      "the share's last sectors");
	check(alone(99, 0, 1) == SK_BLOCK_RESULT_REFUSED, "an operation that there is not");
}

static void test_data(void)
{
	write_all(1);
	wait_for_all();
	check(all_done(), "64 writes at once");
	check(alone(SK_BLOCK_OPERATION_FLUSH, 0, 0) == SK_BLOCK_RESULT_DONE, "flush");
	check(read_all(1), "64 reads at once, and what was written");
	check(alone(SK_BLOCK_OPERATION_WRITE_ZEROES, 0, PAGE_SECTORS) == SK_BLOCK_RESULT_DONE, "zeroes");
	check(alone(SK_BLOCK_OPERATION_READ, 0, PAGE_SECTORS) == SK_BLOCK_RESULT_DONE && test.memory[17] == 0,
	      "zeroes read back");
	check(alone(SK_BLOCK_OPERATION_DISCARD, 0, PAGE_SECTORS) == SK_BLOCK_RESULT_DONE, "discard");
}

static void tell_latency(void)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < READS; i++) {
		uint64_t begin = sk_now_ns();

		(void)alone(SK_BLOCK_OPERATION_READ, (uint64_t)i * PAGE_SECTORS, PAGE_SECTORS);
		least = sk_now_ns() - begin < least ? sk_now_ns() - begin : least;
	}
	printf("read of 4 KiB alone: %llu ns\n", (unsigned long long)least);
}

static uint32_t driver_index(void)
{
	struct sk_server_info info;

	for (uint32_t i = 0; operator_server(test.supervisor, i, &info) == SK_OK; i++) {
		if (strncmp((const char *)info.name, "blk0", sizeof(info.name)) == 0) {
			return i;
		}
	}
	return UINT32_MAX;
}

/* The driver dies with requests of each kind of state: not seen, in the hardware, served. */
static void test_kills(void)
{
	uint32_t index = driver_index();

	for (uint32_t round = 0; round < KILLS; round++) {
		write_all(10 + round);
		for (uint32_t i = 0; i < round % 4; i++) {
			wait_for_more(under_way());
		}

		check(operator_server_kill(test.supervisor, index) == SK_OK, "kill");
		wait_for_all();
		check(all_done(), "writes across a kill");
		check(read_all(10 + round), "what was written across a kill");
	}
}

static void tell_restart(void)
{
	uint32_t index = driver_index();
	uint64_t begin = sk_now_ns();

	(void)operator_server_kill(test.supervisor, index);
	(void)alone(SK_BLOCK_OPERATION_READ, 0, PAGE_SECTORS);
	printf("from the kill to the end of a read: %llu ns\n", (unsigned long long)(sk_now_ns() - begin));
}

int main(void)
{
	const struct sk_start_region *disk = sk_region_named("disk");
	const struct sk_start_region *memory = sk_region_named("memory@40000000");

	if (disk == NULL || memory == NULL || memory->bytes < 2ull * SLOTS * PAGE) {
		printf("no region \"disk\" or \"memory@40000000\"\n");
		return EXIT_FAILURE;
	}
	test.channel = (struct sk_block_channel *)(uintptr_t)disk->address;
	test.memory = (uint8_t *)(uintptr_t)memory->address;
	test.driver = sk_cap_named_of_type("blk0", SK_OBJECT_TYPE_ENDPOINT);
	test.peer = sk_cap_named("channel:disk");
	test.notification = sk_cap_named("notification");
	test.supervisor = sk_cap_named("supervisor");
	test_share();
	test_data();
	tell_latency();
	test_kills();
	tell_restart();
	printf("blk_client: %u passed, %u failed\n", (unsigned)test.passed, (unsigned)test.failed);
	return test.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
