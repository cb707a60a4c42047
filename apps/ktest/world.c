#include "world.h"

#include <sk/idl/kernel_client.h>
#include <sk/vcpu.h>

#include "pool.h"
#include "tap.h"

#define TABLE_PAGES 12u
#define SHARED_LINES 8u
#define INTERRUPT 201u

void world_make(struct world *world)
{
	sk_cap_t *objects = world->objects - SK_OBJECT_TYPE_MEMORY;
	sk_cap_t vm = pool_vm(TABLE_PAGES);
	sk_cap_t endpoint = pool_endpoint();

	objects[SK_OBJECT_TYPE_MEMORY] = pool_ram(8);
	objects[SK_OBJECT_TYPE_SPACE] = pool_process(TABLE_PAGES);
	objects[SK_OBJECT_TYPE_THREAD] = pool_ram(1);
	tap_need(memory_create_thread(objects[SK_OBJECT_TYPE_THREAD], objects[SK_OBJECT_TYPE_SPACE], pool.core_number,
				      pool_ram(1), objects[SK_OBJECT_TYPE_THREAD]),
		 "a thread");
	objects[SK_OBJECT_TYPE_VCPU] = pool_ram(1);
	tap_need(memory_create_vcpu(objects[SK_OBJECT_TYPE_VCPU], vm, pool.core_number, pool_ram(1), 0,
				    objects[SK_OBJECT_TYPE_VCPU]),
		 "a vCPU");
	objects[SK_OBJECT_TYPE_ENDPOINT] = pool_copy(endpoint, SK_RIGHTS_ALL & ~SK_RIGHT_CALL, 0);
	objects[SK_OBJECT_TYPE_NOTIFICATION] = pool_notification();
	objects[SK_OBJECT_TYPE_INTERRUPT] = pool_slot();
	tap_need(machine_claim_interrupt(pool.machine, INTERRUPT, false, objects[SK_OBJECT_TYPE_INTERRUPT]),
		 "an interrupt");
	tap_need(space_set_lines(vm, pool_ram(2), SHARED_LINES), "lines");
	objects[SK_OBJECT_TYPE_VIRQ] = pool_slot();
	tap_need(space_create_virq(vm, SK_PRIVATE_LINES, objects[SK_OBJECT_TYPE_VIRQ]), "a line");
	objects[SK_OBJECT_TYPE_CORE] = pool_copy(pool.core, SK_RIGHTS_ALL, 0);
	objects[SK_OBJECT_TYPE_MACHINE] = pool_copy(pool.machine, SK_RIGHT_READ, 0);
}

sk_cap_t world_object(const struct world *world, uint32_t interface)
{
	return interface >= SK_OBJECT_TYPE_MEMORY && interface < SK_OBJECT_TYPE_MEMORY + WORLD_OBJECTS
		       ? world->objects[interface - SK_OBJECT_TYPE_MEMORY]
		       : SK_CAP_NONE;
}

bool world_whole(const struct world *world)
{
	for (uint32_t i = 0; i < WORLD_OBJECTS; i++) {
		enum sk_object_type type = SK_OBJECT_TYPE_NONE;
		sk_rights_t rights;
		uint32_t badge;
		uint32_t object;
		uint32_t generation;

		if (space_cap_info(pool.space, world->objects[i], &type, &rights, &badge, &object, &generation) !=
			    SK_OK ||
		    (uint32_t)type != SK_OBJECT_TYPE_MEMORY + i) {
			return false;
		}
	}
	return true;
}
