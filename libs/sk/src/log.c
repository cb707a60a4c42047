/*
 * The log ring's writer (see sk/log.h). One lock serialises this process's
 * threads, since the ring allows one writer; it is never held while waiting.
 */
#include <stdbool.h>
#include <string.h>

#include <sk/byte_ring.h>
#include <sk/idl/kernel.h>
#include <sk/log.h>
#include <sk/process.h>
#include <sk/spin.h>
#include <sk/timer.h>

enum {
	WAIT_STEP_NS = 1000000,
	WAIT_STEPS = 20, /* without progress */
	REPORT_BYTES = 64,
};

static struct {
	struct sk_spin lock;
	bool never_wait;
	uint64_t lost;
	uint64_t lost_unreported;
	void (*divert)(const char *text, size_t bytes);
} sink;

static struct sk_byte_ring *find_ring(uint64_t *capacity)
{
	const struct sk_start_region *region = sk_start() == NULL ? NULL : sk_region_named("log");

	if (region == NULL || region->bytes / 2 < 256) {
		return NULL;
	}
	*capacity = sk_byte_ring_capacity(region->bytes / 2);
	return (struct sk_byte_ring *)(uintptr_t)region->address;
}

static void wake_console(void)
{
	sk_cap_t console = sk_cap_named_of_type("console", SK_OBJECT_TYPE_NOTIFICATION);

	if (console != SK_CAP_NONE) {
		(void)sk_signal(console, SK_SIGNAL_LOG);
	}
}

static size_t format_loss(char *text, uint64_t lost)
{
	static const char before[] = "\n[";
	static const char after[] = " bytes of log lost]\n";
	char digits[20];
	size_t count = 0;
	size_t length = sizeof(before) - 1;

	do {
		digits[count++] = (char)('0' + lost % 10);
		lost /= 10;
	} while (lost != 0);
	memcpy(text, before, length);
	while (count != 0) {
		text[length++] = digits[--count];
	}
	memcpy(text + length, after, sizeof(after) - 1);
	return length + sizeof(after) - 1;
}

/* An earlier loss comes first, or nothing does: the reader must see it where it happened. */
static bool report_loss(struct sk_byte_ring *ring, uint64_t capacity)
{
	char text[REPORT_BYTES];
	int was_empty;

	if (sink.lost_unreported == 0) {
		return true;
	}

	size_t length = format_loss(text, sink.lost_unreported);

	if (!sk_byte_ring_sane(ring, capacity) || capacity - sk_byte_ring_used(ring, capacity) < length) {
		return false;
	}
	(void)sk_byte_ring_write(ring, capacity, (const uint8_t *)text, length, &was_empty);
	sink.lost_unreported = 0;
	if (was_empty) {
		wake_console();
	}
	return true;
}

/*
 * A reader takes whole lines, and sleeps with the beginning of one before it: so the end of one wakes it too.
 */
static uint64_t put(struct sk_byte_ring *ring, uint64_t capacity, const char *text, uint64_t bytes)
{
	uint64_t count = 0;
	int was_empty = 0;

	sk_spin_lock(&sink.lock);
	if (report_loss(ring, capacity)) {
		count = sk_byte_ring_write(ring, capacity, (const uint8_t *)text, bytes, &was_empty);
	}
	sk_spin_unlock(&sink.lock);
	if (was_empty || memchr(text, '\n', count) != NULL) {
		wake_console();
	}
	return count;
}

static void drop(uint64_t bytes)
{
	sk_spin_lock(&sink.lock);
	sink.lost += bytes;
	sink.lost_unreported += bytes;
	sk_spin_unlock(&sink.lock);
}

void sk_log_write(const char *text, size_t bytes)
{
	uint64_t capacity = 0;
	struct sk_byte_ring *ring = find_ring(&capacity);

	if (sink.divert != NULL) {
		sink.divert(text, bytes);
		return;
	}
	if (ring == NULL) {
		drop(bytes);
		return;
	}

	uint64_t done = put(ring, capacity, text, bytes);
	/* Nor is a console waited for that was given up once and has read nothing since. */
	bool may_wait = !sink.never_wait && sink.lost_unreported == 0;

	for (unsigned step = 0; may_wait && done < bytes && step < WAIT_STEPS; step++) {
		if (!sk_sleep_until(sk_now_ns() + WAIT_STEP_NS)) {
			break;
		}
		uint64_t count = put(ring, capacity, text + done, bytes - done);
		done += count;
		if (count != 0) {
			step = 0;
		}
	}
	if (done < bytes) {
		drop(bytes - done);
	}
}

uint64_t sk_log_lost(void)
{
	return __atomic_load_n(&sink.lost, __ATOMIC_RELAXED);
}

void sk_log_divert(void (*write)(const char *text, size_t bytes))
{
	sink.divert = write;
}

void sk_log_never_wait(void)
{
	sink.never_wait = true;
}
