#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sk/start.h>
#include <sk/syscall.h>

#define PRINT_BYTES 512

static struct {
	struct sk_byte_ring *ring;
	uint64_t capacity;
	sk_cap_t console;
	sk_cap_t self;
	bool terminal;
	struct sk_byte_ring *typed;
	uint64_t typed_capacity;
} screen;

void screen_open(struct sk_byte_ring *ring, uint64_t capacity, sk_cap_t console, sk_cap_t self, bool terminal)
{
	screen.ring = ring;
	screen.capacity = capacity;
	screen.console = console;
	screen.self = self;
	screen.terminal = terminal;
}

void screen_open_keys(struct sk_byte_ring *typed, uint64_t capacity)
{
	screen.typed = typed;
	screen.typed_capacity = capacity;
}

bool screen_key(void)
{
	uint8_t byte;

	return screen.terminal && screen.typed != NULL &&
	       sk_byte_ring_read(screen.typed, screen.typed_capacity, &byte, 1) == 1;
}

bool screen_is_terminal(void)
{
	return screen.terminal;
}

/* The console signals when a full ring has room again. What else was signalled is added to `*others`. */
static bool wait_for_room(uint64_t *others)
{
	struct sk_msg msg;
	struct sk_caller caller;

	(void)sk_signal(screen.console, SK_SIGNAL_STREAM);
	if (screen.self == SK_CAP_NONE || sk_wait(screen.self, &msg, &caller) != SK_BADGE_SIGNAL) {
		return false;
	}
	*others |= msg.w[0];
	return true;
}

static void put(const char *text, size_t bytes)
{
	uint64_t others = 0;
	bool waited = true;

	while (bytes != 0 && waited) {
		int was_empty;
		uint64_t n = sk_byte_ring_write(screen.ring, screen.capacity, (const uint8_t *)text, bytes, &was_empty);

		if (was_empty) {
			(void)sk_signal(screen.console, SK_SIGNAL_STREAM);
		}
		text += n;
		bytes -= n;
		waited = bytes == 0 || wait_for_room(&others);
	}
	/* A key may have been among them: the serve loop looks at the input again. */
	if (others != 0) {
		(void)sk_signal(screen.self, others);
	}
}

void screen_write(const char *text, size_t bytes)
{
	while (bytes != 0) {
		const char *end = screen.terminal ? memchr(text, '\n', bytes) : NULL;
		size_t n = end == NULL ? bytes : (size_t)(end - text);

		put(text, n);
		if (end != NULL) {
			put("\r\n", 2);
			n++;
		}
		text += n;
		bytes -= n;
	}
}

void screen_text(const char *text)
{
	screen_write(text, strlen(text));
}

void screen_print(const char *format, ...)
{
	char text[PRINT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (n > 0) {
		screen_write(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	}
}
