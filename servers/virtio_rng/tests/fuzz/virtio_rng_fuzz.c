/*
 * The entropy device as a whole server: exits come by its dispatcher, each instance boots by its main(). The line is
 * what the device's state says after each exit, and an honest guest gets each chain back once, full.
 */
#include <fuzz/fuzz.h>

#include "host.h"

#define main server_main
int server_main(void);
#include "../../main.c"
#undef main
#include <server.c>

#include "guest_fuzz.h"

#define CHAINS 10u
#define PLACE(chain) (GUEST_DATA + (chain)*0x200ull)

static uint32_t in_flight;
static uint8_t driver_manner;

/* The driver's answers may be anything. */
sk_status_t host_driver(struct sk_msg *msg)
{
	*msg = (struct sk_msg){ .tag = driver_manner % 8u == 7 ? ENTROPY_ERROR_NO_SOURCE : SK_OK,
				.w = { driver_manner / 4u, 1, 2, 3, 4 } };
	driver_manner ^= (uint8_t)(driver_manner / 2u);
	return SK_OK;
}

static void instance(void *unused)
{
	(void)unused;
	memset(&rng, 0, sizeof(rng));
	memset(&server, 0, sizeof(server));
	FUZZ_EXPECT(host_process_run(server_main));
	FUZZ_EXPECT(host.level == virtio_mmio_line(&rng.device));
}

static void exit_by(uint32_t offset, uint32_t bytes, uint64_t value, bool again)
{
	struct sk_caller caller = { .badge = SK_BADGE(VM_EXIT_INTERFACE, 0), .token = ++host.token };
	struct sk_msg msg = {
		.tag = VM_EXIT_TAG_MMIO_WRITE | (again ? SK_TAG_REDELIVERED : 0),
		.w = { 0x0a000200 + offset, (uint64_t)__builtin_ctz(bytes) << SK_MMIO_SIZE_SHIFT, value },
	};

	FUZZ_EXPECT(dispatch(&caller, &msg) && msg.tag == SK_OK);
	FUZZ_EXPECT(host.level == virtio_mmio_line(&rng.device));
}

static void time_comes(void *unused)
{
	(void)unused;
	virtio_server_signalled(SK_SIGNAL_TIMER);
}

/* Any message to the dispatcher, of a caller who may be anybody. */
static void hostile_call(void)
{
	struct sk_caller caller = { .badge = fuzz_u8() % 2u == 0 ? SK_BADGE(VM_EXIT_INTERFACE, 0)
								 : SK_BADGE(DEVICE_INTERFACE, 0),
				    .token = ++host.token };
	struct sk_msg msg = { .tag = SK_TAG_METHOD(SK_BADGE_IFACE(caller.badge), fuzz_u8() % 8u) };

	msg.w[0] = 0x0a000200u + fuzz_u16();
	for (uint32_t i = 1; i < SK_WORDS; i++) {
		msg.w[i] = fuzz_edge();
	}
	(void)dispatch(&caller, &msg);
	host.replies = 0;
}

static void used(uint32_t queue, uint16_t head, uint32_t bytes)
{
	const uint8_t *at = guest_at(fuzz_guest.memory, PLACE(head));
	uint8_t all = 0;

	FUZZ_EXPECT(queue == 0 && head < CHAINS && (in_flight >> head & 1u) != 0);
	FUZZ_EXPECT(bytes >= 16 && bytes <= CHAIN_BYTES_MAX);
	for (uint32_t i = 0; i < bytes; i++) {
		all |= at[i];
	}
	FUZZ_EXPECT(all != 0);
	in_flight &= ~(1u << head);
}

static void offer(void)
{
	uint32_t chain = (uint32_t)__builtin_ctz(~in_flight);
	struct guest_piece piece = { PLACE(chain), 16u + fuzz_u8(), VRING_DESC_F_WRITE };

	if (chain < CHAINS) {
		in_flight |= 1u << chain;
		memset(guest_at(fuzz_guest.memory, PLACE(chain)), 0, 0x200);
		fuzz_guest_offer(0, (uint16_t)chain, 0, &piece, 1);
	}
}

static void honest(void)
{
	fuzz_guest_start(1);
	while (fuzz_more()) {
		switch (fuzz_u8() % 4u) {
		case 0:
			fuzz_guest_interrupt();
			break;
		case 1:
			fuzz_guest_run(time_comes, NULL);
			break;
		default:
			offer();
			break;
		}
		FUZZ_EXPECT(host.level == virtio_mmio_line(&rng.device));
	}
	fuzz_guest_settle();
	fuzz_guest_interrupt();
	fuzz_guest_interrupt();
	FUZZ_EXPECT(in_flight == 0 && fuzz_guest.state->status == 15);
}

void fuzz_one(void)
{
	const struct fuzz_guest guest = {
		.device = &rng.device,
		.queue_count = 1,
		.instance = instance,
		.exit = exit_by,
		.used = used,
	};

	host.memory = fuzz_pages(0, FUZZ_GUEST_BYTES);
	host_reset(NULL, 0);
	driver_manner = fuzz_u8();
	if (driver_manner % 4u == 0) {
		host_without_driver();
	}
	in_flight = 0;
	fuzz_guest_begin(&guest, virtio_state_fields(host.persistent));
	if (fuzz_guest.honest) {
		honest();
		return;
	}
	while (fuzz_more()) {
		if (fuzz_once_in(8)) {
			hostile_call();
		}
		fuzz_guest_hostile_move();
	}
}
