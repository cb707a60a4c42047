#include "host_process.h"

#include <stdio.h>
#include <string.h>

#define SERVED 1
#define ENDED 2

struct host_process host_process;
bool host_process_may_end;

void *sk_message_buffer(void)
{
	static _Alignas(8) uint8_t buffer[SK_PAGE_BYTES];

	return buffer;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void sk_server_run(void)
{
	longjmp(host_process.out, SERVED);
}

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	return host_process.wait != NULL ? host_process.wait(slot, msg, caller) : (uint64_t)SK_BAD_CAP;
}

uint64_t sk_reply_wait(uint64_t to, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)to;
	return sk_wait(SK_WAIT_ENDPOINT, msg, caller);
}

void sk_exit(int code, const char *why)
{
	(void)code;
	if (!host_process_may_end) {
		check_expected_ptr(why);
	}
	longjmp(host_process.out, ENDED);
}

void host_process_reset(void)
{
	host_process = (struct host_process){
		.start = { .magic = SK_START_MAGIC, .threads = 1, .counter_hz = 1000000000 },
	};
	assert_true(sk_process_adopt(&host_process.start));
}

void host_process_cap(const char *name, uint32_t slot, uint32_t type)
{
	struct sk_start_cap *cap = &host_process.start.caps[host_process.start.cap_count++];

	*cap = (struct sk_start_cap){ .slot = slot, .type = type };
	(void)snprintf(cap->name, sizeof(cap->name), "%s", name);
}

void host_process_region(const char *name, void *at, uint64_t bytes, uint32_t flags, uint32_t peer)
{
	struct sk_start_region *region = &host_process.start.regions[host_process.start.region_count++];

	*region = (struct sk_start_region){
		.address = (uint64_t)(uintptr_t)at, .bytes = bytes, .flags = flags, .peer = peer,
	};
	(void)snprintf(region->name, sizeof(region->name), "%s", name);
}

void host_process_argument(const char *argument)
{
	char *end = host_process.start.args;

	while (*end != '\0') {
		end += strlen(end) + 1;
	}
	(void)snprintf(end, (size_t)(host_process.start.args + SK_START_ARGS_BYTES - 1 - end), "%s", argument);
}

bool host_process_run(int (*server_main)(void))
{
	int how = setjmp(host_process.out);

	if (how == 0) {
		(void)server_main();
	}
	return how == SERVED;
}
