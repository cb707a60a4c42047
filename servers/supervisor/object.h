/*
 * Making kernel objects: RAM is taken and retyped, and its slot then names the
 * object. What was taken comes back when anything fails.
 *
 * Destroying: the kernel leaves a capability to the memory in the object's slot,
 * which goes back to the allocator.
 */
#ifndef SUPERVISOR_OBJECT_H
#define SUPERVISOR_OBJECT_H

#include <stdint.h>

#include <sk/idl/kernel.h>

#include "ram.h"

/* Asks the kernel how large objects are. Once, first. */
void object_init(void);

/* `table_pages`: for translation tables, beside the object itself. */
sk_status_t object_make_space(enum sk_space_kind kind, uint32_t table_pages, sk_cap_t *space);
/* `*buffer`: memory of the message buffer page, to be mapped into the process. */
sk_status_t object_make_thread(sk_cap_t space, uint32_t core, sk_cap_t *thread, sk_cap_t *buffer);
/* `state`: one page of RAM, the state page. */
sk_status_t object_make_vcpu(sk_cap_t vm, uint32_t core, sk_cap_t state, uint64_t config, sk_cap_t *vcpu);
/*
 * `*control` is another capability to it, for its own methods: a call through `*endpoint` goes to whoever serves there.
 */
sk_status_t object_make_endpoint(sk_cap_t *endpoint, sk_cap_t *control);
sk_status_t object_make_notification(sk_cap_t *notification);

/*
 * After a destroy: the slot names memory again, which is free. SK_CAP_NONE is ignored. The same for RAM that
 * was never retyped: its mappings are removed first.
 */
void object_reclaim(sk_cap_t slot);

/* Bytes of RAM that objects have taken so far: callers take differences. */
uint64_t object_bytes(void);

/* A VM's space goes, and what it was given for its tables comes back. */
void object_destroy_vm(sk_cap_t space);

/*
 * Puts a badged copy of one of the supervisor's own capabilities into a free slot
 * of its own. Drop it with object_drop() when the kernel has noted it.
 */
sk_status_t object_badge(sk_cap_t from, sk_rights_t rights, uint32_t badge, sk_cap_t *copy);
void object_drop(sk_cap_t slot);

/* space.map, which gives the space more table pages when it runs out of them. */
sk_status_t object_map(sk_cap_t space, sk_cap_t memory, uint64_t address, uint64_t offset, uint64_t bytes,
		       sk_map_flags_t flags);

/*
 * Maps RAM into the supervisor itself, for reading and writing. NULL: no.
 */
void *object_view(sk_cap_t memory, uint64_t bytes);
/* The same with `bytes` of another object, from the same offset on, behind `first_bytes` of the first. */
void *object_view_pair(sk_cap_t first, uint64_t first_bytes, sk_cap_t second, uint64_t bytes);
void object_unview(void *view);
/* The same for the page of a device's registers that `offset` lies in, for good: where that is. */
volatile uint32_t *object_view_register(sk_cap_t memory, uint64_t offset);

#endif
