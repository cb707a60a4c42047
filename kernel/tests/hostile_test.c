/*
 * Every method of every kernel object with any argument: an answer comes, an
 * error changes nothing, and the kernel's structures hold. The numbers come from
 * a seed; SKINK_SEED runs another one.
 */
#include "world.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 60u
#define CALLS_PER_ROUND 150u
#define METHODS 33u

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static uint32_t below(uint32_t limit)
{
	return (uint32_t)(next_random() >> 32) % limit;
}

static uint32_t objects[64], object_total;
static struct actor actors[3];

static void have(uint32_t slot)
{
	objects[object_total++] = slot;
}

/* One of everything, in several states. */
static void populate(void)
{
	object_total = 0;
	uint32_t endpoint = world_endpoint();
	have(endpoint);
	have(world_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0));
	have(world_notification());
	have(world_memory(1));
	have(world_memory(1));
	have(world_memory(5));
	have(world_memory(200));
	have(world_space(SK_SPACE_KIND_PROCESS, 3));
	uint32_t vm = world_vm(16);
	have(vm);
	for (uint32_t i = 0; i < 2; i++) {
		have(world_vcpu(vm, 1 + i));
	}
	uint32_t ready = world_vcpu(vm, 2);
	world_vcpu_prepare(ready);
	have(ready);
	uint32_t virq = world_slot();
	K_OK(vm, SPACE_TAG_CREATE_VIRQ, 40, virq);
	have(virq);
	uint32_t interrupt = world_slot();
	K_OK(SK_BOOT_SLOT_MACHINE, MACHINE_TAG_CLAIM_INTERRUPT, 50, 1, interrupt);
	have(interrupt);
	for (uint32_t i = 0; i < 3; i++) {
		actor_make(&actors[i], 1 + i % 2u);
		have(actors[i].thread);
		have(actors[i].space);
		have(actors[i].buffer);
	}
	actor_serve(&actors[0]);
	actor_listen(&actors[1]);
	have(actors[0].endpoint);
	have(actors[1].notification);
	have(world.core[0]);
	have(world.core[1]);
	have(world.core[2]);
	have(SK_BOOT_SLOT_MACHINE);
	have(SK_BOOT_SLOT_DEVICES);
	have(SK_BOOT_SLOT_THREAD);
	have(SK_BOOT_SLOT_ENDPOINT);
	have(world_copy(endpoint, SK_RIGHT_READ, 0));
	have(world_slot());
	have(0);
}

static uint64_t argument(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 7, 31, 32, 33, 40, 64, 255, 511, 512, 513, 4095, 4096, 4097, 8192, 0x10000, 0x30000000,
		0x30001000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7ffffff000, 0x8000000000, 0x8000001000,
		0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};
	switch (below(8)) {
	case 0: case 1: case 2: return objects[below(object_total)];
	case 3: case 4: case 5: return odd[below(sizeof odd / sizeof odd[0])];
	case 6: return below(20);
	default: return next_random();
	}
}

static bool ends_the_machine(uint64_t tag)
{
	return tag == MACHINE_TAG_POWER_OFF || tag == MACHINE_TAG_RESET;
}

/* A wrong argument is found before the first write; what is too small, taken or used may be found a look later. */
static void one_call(void)
{
	uint32_t slot = objects[below(object_total)];
	const struct object *object = world_object(slot);
	uint32_t interface = below(16) == 0 ? below(256) : object->type;
	uint64_t tag = SK_TAG_METHOD(interface, below(METHODS)) | SK_TAG_BYTES(below(3) == 0 ? below(4096) : 0);
	static const uint16_t lengths[] = { 272, 512, 1536 };
	if (below(4) == 0) {
		tag = (tag & SK_TAG_METHOD_MASK) | SK_TAG_BYTES(lengths[below(3)]);
	}
	uint32_t rights = capability_rights(world.supervisor->context.space->slots[slot]);
	if (ends_the_machine(tag & SK_TAG_METHOD_MASK) ||
	    (object->type == OBJECT_ENDPOINT && (rights & SK_RIGHT_CALL) != 0)) {
		return; /* who may call an endpoint calls its server */
	}
	for (uint32_t i = 0; i < SK_PAGE_BYTES / 8u; i++) {
		((uint64_t *)world_buffer())[i] = argument();
	}
	mock.polls_to_interrupt = below(2) != 0 ? 1 + below(3) : 0;
	const uint64_t w[SK_WORDS] = { argument(), argument(), argument(), argument(), argument(), argument() };
	struct snapshot *before = snapshot_take();
	sk_status_t status = world_call(slot, tag, w);
	mock.polls_to_interrupt = 0;
	char name[128];
	(void)snprintf(name, sizeof name, "method %#" PRIx64 " of object %u: %d", tag, object_index(object), (int)status);
	if (status > 0 || status < SK_UNSUPPORTED) {
		snapshot_free(before);
		fail_msg("%s", name);
	}
	if (status == SK_OK || world.restarts != 0) {
		snapshot_free(before);
	} else {
		snapshot_check(before, name);
	}
	mock_settle();
	invariants_check();
}

static void any_method_with_any_argument(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		world_boot(3);
		populate();
		for (uint32_t i = 0; i < CALLS_PER_ROUND; i++) {
			one_call();
			if (world.supervisor->context.state != CONTEXT_READY || !core_at(0)->online ||
			    core_at(0)->plan.count == 0 || !runs(&world.supervisor->context)) {
				break; /* it has stopped itself, or planned itself away */
			}
		}
	}
}

int main(void)
{
	const char *given = getenv("SKINK_SEED");
	seed = given != NULL ? strtoull(given, NULL, 0) : 0x5eed0f5c1a11ull;
	printf("SKINK_SEED=%#" PRIx64 "\n", seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_method_with_any_argument),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
