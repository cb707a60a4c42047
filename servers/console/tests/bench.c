#include "bench.h"

#include <sk/idl/kernel.h>
#include <sk/process.h>

struct bench bench;

static struct sk_start start;
static struct manifest manifest = {
	.servers = {
		{ .name = "sched" },
		{ .name = "console" },
		{ .name = "uart0", .streams = 1 },
		{ .name = "monitor", .streams = 1, .operator = true },
		{ .name = "uart1", .streams = 1 },
	},
	.server_count = 5,
};

static const char *const names[BENCH_REGIONS] = {
	"control", "stream:uart0", "stream:monitor", "stream:uart1", "log", "log:uart0", "log:sched",
};

void pl011_port_open(struct pl011_port *port, volatile void *registers)
{
	port->registers = registers;
}

bool pl011_port_put(struct pl011_port *port, uint8_t character)
{
	(void)port;
	if (bench.line_room == 0) {
		return false;
	}
	bench.line_room--;
	assert_true(bench.sent_bytes < sizeof(bench.sent) - 1);
	bench.sent[bench.sent_bytes++] = (char)character;
	return true;
}

bool pl011_port_busy(struct pl011_port *port)
{
	(void)port;
	return false;
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(bits, SK_SIGNAL_STREAM);
	assert_true(slot < 64);
	bench.signals[slot]++;
	return SK_OK;
}

__attribute__((weak)) bool bench_answer(sk_cap_t to, struct sk_msg *msg)
{
	(void)to;
	(void)msg;
	return false;
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	if (!bench_answer(to, msg)) {
		fail_msg("no call to %u expected", (unsigned)to);
	}
	return sk_reply_status(msg->tag);
}

static void add_cap(const char *name, uint32_t slot)
{
	struct sk_start_cap *cap = &start.caps[start.cap_count++];

	(void)strncpy(cap->name, name, SK_NAME_BYTES - 1);
	cap->slot = slot;
	cap->type = SK_OBJECT_TYPE_NOTIFICATION;
}

static void open_console(void)
{
	const struct scroll_back back = { bench.back, sizeof(bench.back) };

	memset(&bench.console, 0, sizeof(bench.console));
	if (!console_open(&bench.console, &start, &bench.state, &back)) {
		console_begin(&bench.console, &manifest);
	}
	assert_int_not_equal(bench.console.stream_count, 0);
	output_open(&bench.console.output, bench.framed, &bench.state.half_framed);
}

static void boot(bool framed, bool further)
{
	manifest.servers[2].streams = further ? 2 : 1;
	manifest.servers[4].streams = further ? 0 : 1;
	memset(&bench, 0, sizeof(bench));
	memset(&start, 0, sizeof(start));
	bench.framed = framed;
	bench.line_room = UINT32_MAX;
	start.magic = SK_START_MAGIC;
	start.threads = 1;
	start.counter_hz = 1000000000;
	(void)strncpy(start.name, "console", SK_NAME_BYTES - 1);
	for (uint32_t i = 0; i < BENCH_REGIONS; i++) {
		struct sk_start_region *region = &start.regions[start.region_count++];

		(void)strncpy(region->name, further && i == UART1 ? "tty1:uart0" : names[i], SK_NAME_BYTES - 1);
		region->address = (uint64_t)(uintptr_t)bench.memory[i];
		region->bytes = sizeof(bench.memory[i]);
	}
	add_cap("stream:uart0", 1 + UART0);
	add_cap("stream:uart1", 1 + UART1);
	add_cap("stream:monitor", 1 + MONITOR);
	assert_true(sk_process_adopt(&start));
	open_console();
}

void bench_boot(bool framed)
{
	boot(framed, false);
}

void bench_boot_further(bool framed)
{
	boot(framed, true);
}

void bench_restart(void)
{
	start.instance++;
	open_console();
}

struct sk_byte_ring *bench_printed(enum bench_region region)
{
	return (struct sk_byte_ring *)(void *)bench.memory[region];
}

struct sk_byte_ring *bench_typed(enum bench_region region)
{
	return (struct sk_byte_ring *)(void *)(bench.memory[region] + BENCH_HALF_BYTES);
}

void bench_print_bytes(enum bench_region region, const void *bytes, size_t count)
{
	int was_empty;

	assert_int_equal(sk_byte_ring_write(bench_printed(region), BENCH_CAPACITY, bytes, count, &was_empty), count);
}

void bench_print(enum bench_region region, const char *text)
{
	bench_print_bytes(region, text, strlen(text));
}

void bench_type(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		input_byte(&bench.console, (uint8_t)text[i]);
	}
	input_signal(&bench.console);
}

enum mux_result bench_drain(void)
{
	enum mux_result result = MUX_MORE;

	for (uint32_t i = 0; result == MUX_MORE && i < 1000; i++) {
		result = mux_round(&bench.console);
	}
	return result;
}

void bench_assert_sent(const char *expected)
{
	bench.sent[bench.sent_bytes] = '\0';
	assert_string_equal(bench.sent, expected);
	bench.sent_bytes = 0;
}

void bench_assert_typed(enum bench_region region, const char *expected)
{
	char text[BENCH_CAPACITY + 1];
	uint64_t count = sk_byte_ring_read(bench_typed(region), BENCH_CAPACITY, (uint8_t *)text, BENCH_CAPACITY);

	text[count] = '\0';
	assert_string_equal(text, expected);
}
