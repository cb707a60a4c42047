#include "control.h"

#include <stdarg.h>
#include <stdio.h>

#include <sk/boot.h>
#include <sk/byte_ring.h>
#include <sk/idl/kernel_client.h>
#include <sk/log.h>
#include <sk/process.h>

#include "grant.h"
#include "object.h"

#define CONTROL_BYTES 8192u
#define LINE_BYTES 200u
#define PRINT_BYTES 256u /* of one machine.print */

static struct {
	struct sk_byte_ring *ring; /* NULL: there is no console */
	uint64_t capacity;
	sk_cap_t console;          /* its notification, for both kinds of bits */
	struct sk_start start;     /* the start page as the boot image gave it, and what was added since */
} control;

static void print(const char *text, size_t bytes)
{
	while (bytes != 0) {
		size_t piece = bytes < PRINT_BYTES ? bytes : PRINT_BYTES;

		(void)machine_print(SK_BOOT_SLOT_MACHINE, (const uint8_t *)text, (uint32_t)piece);
		text += piece;
		bytes -= piece;
	}
}

void control_begin(void)
{
	control.start = *sk_start();
	control.ring = NULL;
	sk_log_never_wait();
	sk_log_divert(print);
}

/* A stream of the supervisor's own, seen by itself at `*view` and by the console as region `name`. */
static sk_status_t make_stream(struct server *console, const char *name, uint64_t bytes, void **view)
{
	struct ram_range range;
	sk_status_t status = ram_take(bytes, SK_PAGE_BYTES, &range);

	if (status != SK_OK) {
		return status;
	}

	struct grant_memory memory = {
		.memory = range.memory,
		.bytes = range.bytes,
		.access = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE,
		.flags = SK_REGION_SHARED | SK_REGION_PERSISTENT,
	};

	status = memory_clear(range.memory, 0, range.bytes);
	if (status == SK_OK) {
		status = grant_region(console, name, &memory);
	}
	if (status == SK_OK) {
		*view = object_view(range.memory, range.bytes);
		status = *view == NULL ? SK_NO_MEMORY : SK_OK;
	}
	return status;
}

/* Lets the library's log find its region and the console in the start page. */
static void switch_log(void *view)
{
	struct sk_start *start = &control.start;

	if (start->region_count == SK_START_REGIONS || start->cap_count == SK_START_CAPS) {
		return;
	}
	start->regions[start->region_count++] = (struct sk_start_region){
		.name = "log",
		.address = (uint64_t)(uintptr_t)view,
		.bytes = LAYOUT_LOG_BYTES,
		.flags = SK_REGION_WRITABLE | SK_REGION_SHARED,
	};
	start->caps[start->cap_count++] = (struct sk_start_cap){
		.name = "console",
		.slot = control.console,
		.type = SK_OBJECT_TYPE_NOTIFICATION,
	};
	if (sk_process_adopt(start)) {
		sk_log_divert(NULL);
	}
}

sk_status_t control_attach(void)
{
	void *log = NULL;
	void *stream = NULL;

	if (system_state.console == MANIFEST_NONE) {
		return SK_OK;
	}

	struct server *console = &system_state.servers[system_state.console];
	sk_status_t status = make_stream(console, "log:supervisor", LAYOUT_LOG_BYTES, &log);

	if (status == SK_OK) {
		status = make_stream(console, "control", CONTROL_BYTES, &stream);
	}
	if (status != SK_OK) {
		return status;
	}
	control.console = console->notifications[0];
	control.capacity = sk_byte_ring_capacity(CONTROL_BYTES / 2);
	control.ring = stream;
	switch_log(log);
	return SK_OK;
}

void control_say(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;
	int was_empty = 0;

	va_start(arguments, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, arguments);

	va_end(arguments);
	if (n < 0) {
		return;
	}

	size_t bytes = (size_t)n < sizeof(line) - 2 ? (size_t)n : sizeof(line) - 2;

	printf("%.*s\n", (int)bytes, line);
	if (control.ring != NULL) {
		line[bytes] = '\n';
		(void)sk_byte_ring_write(control.ring, control.capacity, (const uint8_t *)line, bytes + 1, &was_empty);
		if (was_empty) {
			(void)sk_signal(control.console, SK_SIGNAL_STREAM);
		}
	}
}
