/* The small devices: a source of entropy, and a console of virtio whose lines the host verifies as it does the UART's. */
#include "load.h"

#define ENTROPY_BYTES 32u
#define LINE_BYTES 100u
#define TRANSMIT 1u
#define MODULUS 1000003u

struct device entropy_device = {.name = "entropy", .base = 0x0a000600u, .intid = 51, .id = VIRTIO_ID_RNG, .queues = 1};
struct device lines_device = {.name = "lines", .base = 0x0a000800u, .intid = 52, .id = VIRTIO_ID_CONSOLE, .queues = 2};

static struct patience entropy_patience = {.name = "entropy"};
static struct patience lines_patience = {.name = "lines"};
static volatile uint8_t bytes[ENTROPY_BYTES];
static uint64_t last_sum;
static char line[LINE_BYTES];
static uint32_t line_bytes;
static uint64_t number;
static uint64_t sum = 1;

static bool begin(struct device *device)
{
	bool fine = device_begin(device);
	if (!fine) {
		say("wrong %s: it can't be begun", device->name);
	}
	return fine;
}

static void broken(struct device *device)
{
	if (device_agree(device)) {
		say("lost %s: it needed a reset", device->name);
		(void)begin(device);
	} else {
		device_give_up(device);
	}
}

bool entropy_begin(void)
{
	return begin(&entropy_device);
}

static void ask_entropy(void)
{
	const struct piece piece = {bytes, ENTROPY_BYTES, true};
	for (uint32_t i = 0; i < ENTROPY_BYTES; i++) {
		bytes[i] = 0;
	}
	ring_offer(&entropy_device.rings[0], 0, &piece, 1);
	ring_kick(&entropy_device, 0);
	if (!entropy_patience.late) {
		patience_renew(&entropy_patience, true);
	}
}

/* Random bytes are neither all zero nor twice the same. */
static void take_entropy(uint32_t length)
{
	uint64_t all = 0;
	for (uint32_t i = 0; i < ENTROPY_BYTES; i++) {
		all = all * 257u + bytes[i];
	}
	if (length == 0 || length > ENTROPY_BYTES || all == 0 || all == last_sum) {
		say("wrong entropy: %u bytes, sum %llx", length, (unsigned long long)all);
	}
	last_sum = all;
}

void entropy_round(void)
{
	if (entropy_device.there && patience_is_over(&entropy_patience)) {
		(void)begin(&entropy_device);
	}
	if (entropy_device.there && entropy_device.rings[0].given == 0) {
		ask_entropy();
	}
}

void entropy_look(void)
{
	uint32_t slot, length;
	if (!device_was_interrupted(&entropy_device)) {
		return;
	}
	if (device_is_broken(&entropy_device)) {
		broken(&entropy_device);
		return;
	}
	for (enum taken taken = ring_take(&entropy_device.rings[0], &slot, &length); taken != TAKEN_NONE;
	     taken = ring_take(&entropy_device.rings[0], &slot, &length)) {
		if (taken == TAKEN_WRONG) {
			say("wrong entropy: request %u ended twice", slot);
			continue;
		}
		patience_renew(&entropy_patience, false);
		take_entropy(length);
	}
}

static void put(const char *text)
{
	while (*text != '\0' && line_bytes < LINE_BYTES) {
		line[line_bytes++] = *text++;
	}
}

static void put_number(uint64_t value)
{
	char digits[21];
	uint32_t at = sizeof(digits) - 1;
	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	put(&digits[at]);
}

static void send_line(void)
{
	const struct piece piece = {line, line_bytes, false};
	ring_offer(&lines_device.rings[TRANSMIT], 0, &piece, 1);
	ring_kick(&lines_device, TRANSMIT);
	if (!lines_patience.late) {
		patience_renew(&lines_patience, true);
	}
}

static void next_line(void)
{
	line_bytes = 0;
	if (number == 0) {
		put("load begins\n");
	}
	number++;
	sum = (sum * 31u + number) % MODULUS;
	put("load ");
	put_number(number);
	put(" ");
	put_number(sum);
	put(" the quick brown fox jumps over the lazy dog 0123456789\n");
	send_line();
}

bool lines_begin(void)
{
	return begin(&lines_device);
}

void lines_round(void)
{
	if (lines_device.there && patience_is_over(&lines_patience)) {
		(void)begin(&lines_device);
	}
	if (lines_device.there && lines_device.rings[TRANSMIT].given == 0) {
		next_line();
	}
}

void lines_look(void)
{
	uint32_t slot, length;
	if (!device_was_interrupted(&lines_device)) {
		return;
	}
	if (device_is_broken(&lines_device)) {
		broken(&lines_device);
		return;
	}
	for (enum taken taken = ring_take(&lines_device.rings[TRANSMIT], &slot, &length); taken != TAKEN_NONE;
	     taken = ring_take(&lines_device.rings[TRANSMIT], &slot, &length)) {
		if (taken == TAKEN_WRONG) {
			say("wrong lines: request %u ended twice", slot);
			continue;
		}
		patience_renew(&lines_patience, false);
	}
}
