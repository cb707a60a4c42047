/*
 * The guest's entropy device (virtio 1.2, section 5.4), one process per VM: each chain that
 * the guest makes available comes back full of random bytes.
 *
 * Where they come from, in plain words: a generator (libs/random) that is fed with 32 bytes from the driver of a hardware
 * source (capability "driver"), waited for at the start, and with what that has before further exits of the guest are
 * served. Where the manifest names no driver, or that one has no hardware, what remains is what is mixed in anyway: the argument `seed=`
 * (any text; different for each machine, or left out), the instance's number, the machine's counter as it is read around
 * work of varying length, at the start and before each chain, and, with the argument `rndr`, the CPU's own
 * random bits. Without driver, `rndr` and a good seed it is as unpredictable as the counter's timing, which on an emulator
 * or a quiet machine is not much: enough to keep guests apart, not for keys.
 * `rndr` must not be given where a core lacks FEAT_RNG: the server would fault.
 *
 * No state but the queue's survives: a chain that was being filled when the server was killed is filled anew.
 */
#include <stdio.h>
#include <string.h>

#include <random/arch/hardware.h>
#include <random/drbg.h>
#include <sk/idl/entropy_client.h>
#include <sk/idl/kernel.h>
#include <sk/process.h>
#include <sk/server.h>
#include <virtio/server.h>

#define QUEUE_SIZE 64u
#define CHAIN_BYTES_MAX 256u /* of a chain are filled; the guest is told how many */
#define CHAINS_MAX 64u       /* at a time: while they are filled, the guest's vCPU waits */
#define START_SAMPLES 64u

static struct {
	struct virtio_mmio device;
	struct random_drbg drbg;
	bool hardware;
	sk_cap_t driver; /* of a source of entropy; SK_CAP_NONE: there is none */
	bool used;       /* since bytes of the driver were mixed in */
} rng;

/* Four readings of the counter, with work between them whose length depends on the ones before. */
static void mix_counter(void)
{
	uint64_t samples[4];

	for (uint32_t i = 0; i < 4; i++) {
		samples[i] = sk_counter();
		for (volatile uint64_t work = samples[i] & 15u; work != 0; work--) {
		}
	}
	random_drbg_mix(&rng.drbg, samples, sizeof(samples));
}

static void mix_hardware(void)
{
	uint64_t words[4] = { 0 };

	for (uint32_t i = 0; i < 4; i++) {
		(void)random_hardware(&words[i]);
	}
	random_drbg_mix(&rng.drbg, words, sizeof(words));
}

/* Up to 32 bytes; how many. A driver that has no hardware, or is gone, is not asked again in this process's life. */
static uint32_t draw(bool wait, uint64_t words[4])
{
	uint32_t bytes = 0;
	sk_status_t status = entropy_draw(rng.driver, wait, &bytes, &words[0], &words[1], &words[2], &words[3]);

	if (status != SK_OK) {
		rng.driver = SK_CAP_NONE;
		(void)printf("no entropy from the driver: %s\n",
			     status == ENTROPY_ERROR_NO_SOURCE ? "it has no hardware" : "it does not answer");
		return 0;
	}
	return bytes <= 4 * sizeof(words[0]) ? bytes : 0;
}

/* Not under the device's lock: a call may wait. */
static void mix_more(void)
{
	uint64_t words[4];
	uint32_t bytes = draw(false, words);

	virtio_server_lock();
	rng.used = false;
	random_drbg_mix(&rng.drbg, words, bytes);
	virtio_server_unlock();
}

static void seed(void)
{
	const char *text = sk_argument("seed");
	uint32_t instance = sk_start()->instance;

	rng.hardware = sk_argument("rndr") != NULL;
	if (text != NULL) {
		random_drbg_mix(&rng.drbg, text, strlen(text));
	}
	random_drbg_mix(&rng.drbg, &instance, sizeof(instance));
	rng.driver = sk_cap_named_of_type("driver", SK_OBJECT_TYPE_ENDPOINT);
	if (rng.driver != SK_CAP_NONE) {
		uint64_t words[4];
		uint32_t bytes = draw(true, words);

		random_drbg_mix(&rng.drbg, words, bytes);
	}
	for (uint32_t i = 0; i < START_SAMPLES; i += 4) {
		mix_counter();
	}
}

static uint32_t fill(const struct virtio_chain *chain)
{
	uint8_t bytes[CHAIN_BYTES_MAX];
	uint32_t count = chain->writable_bytes < sizeof(bytes) ? (uint32_t)chain->writable_bytes : sizeof(bytes);

	rng.used = true;
	mix_counter();
	if (rng.hardware) {
		mix_hardware();
	}
	random_drbg_fill(&rng.drbg, bytes, count);
	return virtio_chain_write(chain, 0, bytes, count);
}

static bool serve(struct virtio_mmio *device, uint32_t index)
{
	struct virtio_queue *queue = &device->queues[index];
	struct virtio_chain chain;
	uint32_t chains = 0;
	bool more = true;

	while (more && chains < CHAINS_MAX) {
		switch (virtio_queue_next(queue, &chain)) {
		case VIRTIO_TAKEN:
			virtio_queue_complete(queue, &chain, fill(&chain));
			chains++;
			break;
		case VIRTIO_EMPTY:
			more = virtio_queue_arm(queue);
			break;
		case VIRTIO_BROKEN:
			virtio_mmio_break(device);
			return false;
		}
	}
	virtio_mmio_notify(device, index);
	return more;
}

static const struct virtio_operations operations = { .serve = serve };

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	if (rng.used && rng.driver != SK_CAP_NONE) {
		mix_more();
	}
	return virtio_server_dispatch(caller, msg);
}

SK_SERVER(dispatch, virtio_server_signalled)

int main(void)
{
	rng.device = (struct virtio_mmio){
		.operations = &operations,
		.id = VIRTIO_ID_RNG,
		.queue_count = 1,
		.queue_size_max = QUEUE_SIZE,
	};
	seed();
	virtio_server_open(&rng.device);
	virtio_server_run();
}
