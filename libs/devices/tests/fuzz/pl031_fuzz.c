/*
 * A clock that its guest programs in any way, while time goes on and its server is killed. What was written is read
 * back, time is what it was set to and what went by since, and an alarm that was due is raised.
 */
#include <string.h>

#include <devices/pl031.h>
#include <fuzz/fuzz.h>

static struct pl031 rtc;
static struct sk_rtc_state state;
static uint64_t now_ns;
static uint32_t epoch_s;

struct store {
	uint32_t offset;
	uint32_t value;
};

static void begin(void *unused)
{
	(void)unused;
	pl031_open(&rtc, &state, epoch_s);
	pl031_poll(&rtc, now_ns);
}

static void perform(void *argument)
{
	const struct store *store = argument;

	pl031_write(&rtc, store->offset, store->value, now_ns);
}

static void write(uint32_t offset, uint32_t value)
{
	struct store store = { offset, value };

	if (!fuzz_run(perform, &store, fuzz_some_kill())) {
		while (!fuzz_run(begin, NULL, fuzz_some_kill())) {
		}
		(void)fuzz_run(perform, &store, FUZZ_NEVER);
	}
}

static uint32_t get(uint32_t offset)
{
	return pl031_read(&rtc, offset, now_ns);
}

static void expect_sound(void)
{
	FUZZ_EXPECT(pl031_line(&rtc) == ((get(PL031_RIS) & get(PL031_IMSC)) != 0));
	FUZZ_EXPECT(get(PL031_MIS) == (get(PL031_RIS) & get(PL031_IMSC)));
	pl031_poll(&rtc, now_ns);
	FUZZ_EXPECT(pl031_alarm_ns(&rtc) == 0 || pl031_alarm_ns(&rtc) > now_ns);
}

static void go_on(void)
{
	uint32_t before = get(PL031_DR);
	uint64_t second = now_ns / 1000000000u;

	now_ns += fuzz_edge() >> 8;
	FUZZ_EXPECT(get(PL031_DR) == (uint32_t)(before + (now_ns / 1000000000u - second)));
}

void fuzz_one(void)
{
	memset(&state, 0, sizeof(state));
	memset(&rtc, 0, sizeof(rtc));
	now_ns = 1;
	epoch_s = fuzz_u32();
	fuzz_watch(&state, sizeof(state), true, false);
	(void)fuzz_run(begin, NULL, FUZZ_NEVER);
	while (fuzz_more()) {
		uint8_t what = fuzz_u8();
		uint32_t value = (uint32_t)fuzz_edge();

		switch (what % 8u) {
		case 0:
			write(PL031_LR, value);
			FUZZ_EXPECT(get(PL031_DR) == value && get(PL031_LR) == value);
			break;
		case 1:
			write(PL031_MR, get(PL031_DR) + value);
			break;
		case 2:
			write(PL031_IMSC, value);
			FUZZ_EXPECT(get(PL031_IMSC) == (value & 1u));
			break;
		case 3:
			write(what * 16u, value);
			break;
		case 4:
			write(fuzz_u16() % PL031_BYTES, value);
			(void)get(fuzz_u16() % PL031_BYTES);
			break;
		case 5:
			(void)fuzz_run(begin, NULL, FUZZ_NEVER);
			break;
		default:
			if (now_ns < 1ull << 60) {
				go_on();
			}
			break;
		}
		expect_sound();
	}
}
