/* The order of things, and the account. */
#include "intruder.h"

#include <stdio.h>

#include <sk/process.h>
#include <sk/server.h>

#define ACCESSES 400u

struct intruder_record *intruder_record;

static const char *const class_names[INTRUDER_CLASSES] = {
	[INTRUDER_GRANTED] = "what is granted works",
	[INTRUDER_LOAD] = "no load reaches what is not granted",
	[INTRUDER_STORE] = "no store",
	[INTRUDER_FETCH] = "no fetch",
	[INTRUDER_INSTRUCTION] = "no privileged instruction is executed, no system register accessed",
	[INTRUDER_TIMER] = "no timer of a guest is read or set",
	[INTRUDER_EMPTY_SLOT] = "no slot that is empty answers to anything",
	[INTRUDER_KERNEL_CALL] = "no kernel object does what its capability does not allow",
	[INTRUDER_SERVER_CALL] = "no server does what its capability does not allow",
	[INTRUDER_SIGNAL] = "no signal arrives where it may not",
	[INTRUDER_WAIT] = "no notification of others is polled or waited for",
	[INTRUDER_TOKEN] = "no call of others is answered",
	[INTRUDER_MESSAGE] = "no message carries more than it may",
	[INTRUDER_EXIT] = "no register of a guest is seen",
	[INTRUDER_MEMORY] = "no memory of a guest that was not given",
};

void intruder_count(enum intruder_class class, bool held, const char *what, uint64_t first, uint64_t second)
{
	struct intruder_tally *tally = &intruder_record->tallies[class];

	tally->tried++;
	tally->held += held ? 1u : 0u;
	if (!held) {
		printf("breach: %s 0x%llx 0x%llx\n", what, (unsigned long long)first, (unsigned long long)second);
	}
}

const struct sk_start_region *intruder_guest_memory(void)
{
	const struct sk_start_region *pool = sk_region_named("pool@20000000");

	return pool != NULL ? pool : sk_region_named("memory@40000000");
}

_Noreturn void sk_server_serve(void)
{
	exits_serve();
}

static struct intruder_attempt attempt_at(uint32_t index)
{
	uint32_t places = places_count();

	if (index < places) {
		return places_at(index);
	}
	index -= places;
	return (struct intruder_attempt){
		.class = &forbidden_first[index] < forbidden_timers ? INTRUDER_INSTRUCTION : INTRUDER_TIMER,
		.subject = (uint64_t)(uintptr_t)&forbidden_first[index],
	};
}

static uint32_t attempt_count(void)
{
	return places_count() + (uint32_t)(forbidden_end - forbidden_first);
}

static void try(const struct intruder_attempt *attempt)
{
	volatile uint8_t *byte = (volatile uint8_t *)(uintptr_t)attempt->subject;

	switch (attempt->class) {
	case INTRUDER_LOAD:
		(void)*byte;
		break;
	case INTRUDER_STORE:
		*byte = 0x69;
		break;
	case INTRUDER_TIMER:
		exits_after_access();
		((void (*)(void))(uintptr_t)attempt->subject)();
		break;
	default:
		((void (*)(void))(uintptr_t)attempt->subject)();
		break;
	}
}

/* The host pairs these lines with the supervisor's about crashes. */
static const char *const attempt_names[] = {
	[INTRUDER_LOAD] = "load", [INTRUDER_STORE] = "store", [INTRUDER_FETCH] = "fetch",
	[INTRUDER_INSTRUCTION] = "execute", [INTRUDER_TIMER] = "timer",
};

/* What the instance before did not survive has been held. */
static void take_stock(void)
{
	if (intruder_record->under_way != 0) {
		struct intruder_attempt last = attempt_at((uint32_t)intruder_record->under_way - 1u);

		intruder_count(last.class, true, "", 0, 0);
		intruder_record->faults++;
		intruder_record->next = intruder_record->under_way;
		intruder_record->under_way = 0;
	}
}

static void try_all(void)
{
	while (intruder_record->next < attempt_count()) {
		struct intruder_attempt attempt = attempt_at((uint32_t)intruder_record->next);

		printf("%s 0x%llx\n", attempt_names[attempt.class], (unsigned long long)attempt.subject);
		__atomic_store_n(&intruder_record->under_way, intruder_record->next + 1u, __ATOMIC_RELEASE);
		try(&attempt);
		__atomic_store_n(&intruder_record->under_way, 0, __ATOMIC_RELEASE);
		intruder_count(attempt.class, false, attempt_names[attempt.class], attempt.subject, 0);
		intruder_record->next++;
	}
}

static void say_results(void)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < INTRUDER_CLASSES; i++) {
		const struct intruder_tally *tally = &intruder_record->tallies[i];
		bool held = tally->tried != 0 && tally->held == tally->tried;

		failed += held ? 0u : 1u;
		printf("%s %u - %s: %llu of %llu\n", held ? "ok" : "not ok", (unsigned)i + 1u, class_names[i],
		       (unsigned long long)tally->held, (unsigned long long)tally->tried);
	}
	printf("intruder: %u passed, %u failed, %llu instances ended\n", (unsigned)INTRUDER_CLASSES - failed,
	       (unsigned)failed, (unsigned long long)intruder_record->faults);
}

int main(void)
{
	const struct sk_start_region *kept = sk_region_named("persistent");

	if (kept == NULL || kept->bytes < sizeof(struct intruder_record)) {
		printf("no persistent region\n");
		return 1;
	}
	intruder_record = (struct intruder_record *)(uintptr_t)kept->address;
	places_find();
	take_stock();
	if (intruder_record->begun == 0) {
		exits_wait_for_guest();
		intruder_record->begun = 1;
	}
	try_all();
	exits_wait_for_guest();
	grants_try();
	calls_try();
	messages_try();
	exits_try(ACCESSES);
	say_results();
	exits_serve();
}
