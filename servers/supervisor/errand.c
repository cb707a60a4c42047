#include "errand.h"

#include <sk/boot.h>
#include <sk/idl/kernel_client.h>
#include <sk/syscall.h>

#include "layout.h"
#include "object.h"

#define CALLER_INDEX 1u /* the thread's, among the supervisor's stacks and message buffers */
#define CALLER_STACK_BYTES 8192u

static struct errand queue[ERRANDS];
static uint32_t first;
static uint32_t count;
static bool under_way; /* queue[first] is with the caller thread */

/* Between the two threads: written by one while the other waits. */
static struct {
	sk_cap_t wake; /* the caller thread's notification */
	sk_cap_t to;
	uint64_t tag;
	uint64_t word;
	sk_status_t status;
	uint32_t finished; /* atomic */
} mailbox;

void errand_call(void)
{
	struct sk_msg msg = { .tag = mailbox.tag, .w = { mailbox.word } };

	mailbox.status = sk_call(mailbox.to, &msg);
	__atomic_store_n(&mailbox.finished, 1, __ATOMIC_RELEASE);
	(void)sk_signal(SK_BOOT_SLOT_NOTIFICATION, ERRAND_SIGNAL);
}

_Noreturn static void call_for_ever(void)
{
	for (;;) {
		struct sk_msg msg;
		struct sk_caller caller;

		if (sk_wait(mailbox.wake, &msg, &caller) == SK_BADGE_SIGNAL) {
			errand_call();
		}
	}
}

sk_status_t errand_init(sk_cap_t *thread)
{
	struct ram_range stack = { 0 };
	sk_cap_t buffer;
	const sk_map_flags_t writable = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE;
	uint64_t top = layout_stack_top(CALLER_INDEX);
	sk_status_t status = object_make_notification(&mailbox.wake);

	if (status == SK_OK) {
		status = object_make_thread(SK_BOOT_SLOT_SPACE, 0, thread, &buffer);
	}
	if (status == SK_OK) {
		status = object_map(SK_BOOT_SLOT_SPACE, buffer, layout_message_buffer(CALLER_INDEX), 0, SK_PAGE_BYTES,
				    writable);
	}
	if (status == SK_OK) {
		status = ram_take(CALLER_STACK_BYTES, SK_PAGE_BYTES, &stack);
	}
	if (status == SK_OK) {
		status = object_map(SK_BOOT_SLOT_SPACE, stack.memory, top - CALLER_STACK_BYTES, 0, CALLER_STACK_BYTES,
				    writable);
	}
	if (status == SK_OK) {
		/* A step below the top: sk_thread_index() goes by the address. */
		status = thread_configure(*thread, (uint64_t)(uintptr_t)call_for_ever, top - 16, 0,
					  layout_message_buffer(CALLER_INDEX));
	}
	return status != SK_OK ? status : thread_start(*thread);
}

static void send(void)
{
	if (under_way || count == 0) {
		return;
	}

	const struct errand *errand = &queue[first];

	under_way = true;
	mailbox.to = errand->to;
	mailbox.tag = errand->tag;
	mailbox.word = errand->word;
	mailbox.finished = 0;
	if (errand->sent != NULL) {
		errand->sent(errand->subject);
	}
	(void)sk_signal(mailbox.wake, 1);
}

bool errand_add(const struct errand *errand)
{
	if (count == ERRANDS) {
		return false;
	}
	queue[(first + count) % ERRANDS] = *errand;
	count++;
	send();
	return true;
}

void errand_finish(void)
{
	if (!under_way || __atomic_load_n(&mailbox.finished, __ATOMIC_ACQUIRE) == 0) {
		return;
	}

	struct errand errand = queue[first];

	first = (first + 1) % ERRANDS;
	count--;
	under_way = false;
	errand.done(&errand, mailbox.status);
	send();
}
