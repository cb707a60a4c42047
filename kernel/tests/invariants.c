/*
 * What must hold whenever no core is in the kernel: said once here, asked after
 * every step of the tests that matter. Each check looks at the structures from the
 * outside, by another way than the kernel keeps them.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			fail_msg(__VA_ARGS__); \
		} \
	} while (0)

/* Where each context was found; index into the object table. */
static uint8_t found[UINT16_MAX + 1u];

static bool is_context(uint32_t type)
{
	return type == OBJECT_THREAD || type == OBJECT_VCPU;
}

static struct context *context_in(uint32_t index)
{
	struct object *object = object_at(index);
	return is_context(object->type) ? object->body : NULL;
}

/* Does the pointer lead to a context that lives? */
static bool lives(const struct context *context)
{
	for (uint32_t i = 1; i < object_count; i++) {
		if (context_in(i) == context) {
			return true;
		}
	}
	return false;
}

/* Callers in the queue of an endpoint, or in a server's list of deferred ones. */
static void check_list(const struct context *first, const struct endpoint *endpoint, const struct context *server,
		       uint32_t core, const char *name)
{
	const struct context *previous = first != NULL ? first->previous : NULL;
	uint32_t length = 0;
	for (const struct context *c = first; c != NULL; c = c->next == first ? NULL : c->next) {
		CHECK(lives(c), "%s of core %u has a context that is gone", name, core);
		CHECK(c->state == (server != NULL ? CONTEXT_DEFERRED : CONTEXT_QUEUED),
		      "%s of core %u has a context in state %u", name, core, c->state);
		CHECK(c->previous == previous, "%s of core %u is linked wrongly", name, core);
		CHECK(c->server == server && (server != NULL || (c->at == endpoint && c->at_core == core)),
		      "context %u is not where it thinks", token_index(c->token));
		CHECK(++length <= object_count, "%s of core %u has a circle off its ring", name, core);
		found[token_index(c->token)]++;
		previous = c;
	}
	CHECK(first == NULL || first->previous == previous, "%s of core %u: wrong end", name, core);
}

static void check_endpoint(uint32_t index)
{
	const struct endpoint *endpoint = object_at(index)->body;
	CHECK(endpoint->object == object_at(index), "endpoint %u has another's entry", index);
	for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
		const struct context *receiver = endpoint->receiver[core];
		check_list(endpoint->queue[core], endpoint, NULL, core, "queue");
		if (receiver == NULL) {
			continue;
		}
		CHECK(lives(receiver), "endpoint %u has a receiver that is gone", index);
		CHECK(receiver->endpoint == endpoint && receiver->core == core, "receiver of endpoint %u is not its", index);
		CHECK((endpoint->served_cores >> core & 1u) != 0, "endpoint %u doesn't know its receiver's core", index);
		CHECK(receiver->state != CONTEXT_RECEIVING || endpoint->queue[core] == NULL,
		      "endpoint %u: calls are queued while the receiver waits for one", index);
	}
}

/* A thread as a server. */
static void check_service(const struct context *server)
{
	const struct context *caller = server->caller;
	check_list(server->deferred, server->endpoint, server, server->core, "deferred list");
	CHECK(server->deferred == NULL || server->endpoint->receiver[server->core] == server,
	      "thread %u owes replies and receives nothing", token_index(server->token));
	if (caller == NULL) {
		CHECK(server->plain_token == PLAIN_NONE, "thread %u has a token but no caller", token_index(server->token));
		CHECK(server->root == server && server->depth == 0, "thread %u serves nobody, but is in a chain",
		      token_index(server->token));
		return;
	}
	CHECK(lives(caller), "thread %u serves a context that is gone", token_index(server->token));
	CHECK(caller->state == CONTEXT_IN_SERVICE && caller->server == server,
	      "thread %u serves a context that doesn't wait for it", token_index(server->token));
	CHECK(server->plain_token == PLAIN_NONE || server->plain_token == caller->token,
	      "thread %u has a stale token", token_index(server->token));
	CHECK(caller->core == server->core || server->plain_token == PLAIN_NONE,
	      "thread %u could reply straight to another core", token_index(server->token));
	CHECK(server->state != CONTEXT_RECEIVING, "thread %u waits for a call and has one", token_index(server->token));
	CHECK(server->depth <= SK_CALL_DEPTH + 1u, "thread %u is too deep", token_index(server->token));
	found[token_index(caller->token)]++;
}

static void check_thread(uint32_t index)
{
	const struct thread *thread = object_at(index)->body;
	const struct context *context = &thread->context;
	CHECK(context->object == object_at(index) && token_index(context->token) == index, "thread %u has another's entry", index);
	check_service(context);
	uint32_t times = 0;
	for (const struct thread *t = context->space->threads; t != NULL; t = t->sibling) {
		times += t == thread ? 1u : 0u;
	}
	CHECK(times == 1, "thread %u is %u times in its process", index, times);
	if (context->bound != NULL) {
		CHECK(context->bound->bound == context && context->signals == &context->bound->bits,
		      "thread %u is bound to another's notification", index);
		CHECK(context->state != CONTEXT_RECEIVING || context->bound->bits == 0 || context->remote != 0 ||
		      context->bound->waiter != NULL, "thread %u sleeps over a signal", index);
	}
	if (context->state == CONTEXT_WAITING) {
		CHECK(context->waits_for != NULL && context->waits_for->waiter == context,
		      "thread %u waits where nobody knows", index);
		CHECK(context->waits_for->bits == 0 || context->remote != 0, "thread %u sleeps over a signal", index);
	}
	CHECK(!context->faulting || context->state == CONTEXT_QUEUED || context->state == CONTEXT_IN_SERVICE ||
	      context->state == CONTEXT_DEFERRED || context->state == CONTEXT_ANSWERED,
	      "thread %u is faulting in state %u", index, context->state);
	CHECK(thread->window_first + thread->window_count <= SK_CAP_SLOTS + 1u, "window of thread %u", index);
}

static void check_vcpu(uint32_t index)
{
	const struct vcpu *vcpu = object_at(index)->body;
	const struct context *context = &vcpu->context;
	CHECK(context->object == object_at(index), "vCPU %u has another's entry", index);
	CHECK(vcpu->index < context->space->vcpu_count && context->space->vcpus[vcpu->index] == vcpu,
	      "vCPU %u is not in its VM", index);
	CHECK(context->state != CONTEXT_BLOCKED || vcpu->life == VCPU_STATE_BLOCKED,
	      "vCPU %u is blocked in life %u", index, vcpu->life);
	CHECK(context->state != CONTEXT_READY || vcpu->life == VCPU_STATE_RUNNING ||
	      (vcpu->work & VCPU_WORK_PAUSED) != 0, "vCPU %u may run in life %u", index, vcpu->life);
	CHECK(vcpu->life != VCPU_STATE_RUNNING || context->state != CONTEXT_STOPPED, "vCPU %u is forgotten", index);
	for (uint32_t i = 0; i < SPACE_ROUTES; i++) {
		const struct route *route = &context->space->routes[i];
		CHECK(i < context->space->route_count ? route->bytes != 0 : route->bytes == 0,
		      "route %u of the VM of vCPU %u", i, index);
	}
}

/* Callers on their way to another core. */
static void find_travellers(const struct core *core)
{
	for (const struct context *c = core->calls; c != NULL; c = c->away_next) {
		CHECK(lives(c) && c->state == CONTEXT_QUEUED && c->at_core == core->index,
		      "core %u is sent a call of context %u in state %u", core->index, token_index(c->token), c->state);
		found[token_index(c->token)]++;
	}
	for (const struct context *c = core->inbox; c != NULL; c = c->remote_next) {
		CHECK(lives(c) && c->remote != 0, "inbox of core %u", core->index);
	}
}

static void check_places(void)
{
	for (uint32_t i = 1; i < object_count; i++) {
		const struct context *context = context_in(i);
		if (context == NULL) {
			continue;
		}
		bool calls = context->state == CONTEXT_QUEUED || context->state == CONTEXT_IN_SERVICE ||
			     context->state == CONTEXT_DEFERRED;
		CHECK(found[i] == (calls ? 1u : 0u), "context %u in state %u is in %u places", i, context->state, found[i]);
		CHECK(context->state != CONTEXT_ANSWERED || context->remote != 0, "nobody tells context %u of its answer", i);
	}
}

/* Who would run on a turn of the context; NULL: nobody here. */
static const struct context *at_work(const struct core *core, const struct context *context)
{
	for (uint32_t i = 0; i < SK_CALL_DEPTH + 2u && context != NULL; i++) {
		if (context->state == CONTEXT_READY) {
			return context;
		}
		if (context->state == CONTEXT_QUEUED && context->at_core == core->index) {
			context = context->at->receiver[core->index];
		} else if (context->state == CONTEXT_IN_SERVICE && context->server->core == core->index) {
			context = context->server;
		} else {
			return NULL;
		}
	}
	return NULL;
}

static void check_plan(const struct core *core)
{
	bool chosen = false;
	for (uint32_t i = 0; i < core->plan.count; i++) {
		const struct context *task = core->plan.slots[i].task;
		CHECK(lives(task), "slot %u of core %u names a context that is gone", i, core->index);
		CHECK(task->slot == (int8_t)i && task->core == core->index, "slot %u of core %u names context %u, slot %d",
		      i, core->index, token_index(task->token), task->slot);
		const struct context *worker = at_work(core, task);
		/* Of who runs already it is known: it may be on the turn of another. */
		CHECK(worker == NULL || worker == core->current || (core->ready >> i & 1u) != 0,
		      "slot %u of core %u has work and isn't ready", i, core->index);
		if (worker != NULL && !chosen) {
			chosen = true;
			CHECK(core->deciding || core->current == worker, "core %u should run slot %u, and runs %u", core->index, i,
			      core->current == NULL ? 0 : token_index(core->current->token));
		}
	}
	CHECK(chosen || core->deciding || core->arch.idle, "core %u runs for nobody", core->index);
	CHECK(core->plan.count == 64 || core->ready >> core->plan.count == 0, "core %u: ready slots beyond its plan",
	      core->index);
}

static void check_core(const struct core *core)
{
	CHECK(core->sync_request == 0, "core %u has a request left", core->index);
	if (!core->online) {
		CHECK(core->plan.count == 0 && core->current == NULL, "core %u is off and has something to do", core->index);
		return;
	}
	CHECK(core->current == NULL || lives(core->current), "core %u runs what is gone", core->index);
	CHECK(core->arch.idle == (core->current == NULL), "core %u: asleep?", core->index);
	CHECK(core->current == NULL || (core->current->state == CONTEXT_READY && core->loaded == core->current),
	      "core %u runs a context in state %u", core->index, core->current != NULL ? core->current->state : 0u);
	CHECK(core->loaded == NULL || lives(core->loaded), "core %u has loaded what is gone", core->index);
	CHECK(core->owner == NULL || lives(core->owner), "core %u's turn belongs to what is gone", core->index);
	CHECK(core->fp_owner == NULL || lives(core->fp_owner), "core %u: FP of what is gone", core->index);
	CHECK(core->resident == NULL || lives(&core->resident->context), "core %u: residue of what is gone", core->index);
	CHECK(core->owner == NULL || at_work(core, core->owner) == core->current, "core %u gives its turn to another",
	      core->index);
	check_plan(core);
}

static int by_base(const void *a, const void *b)
{
	const struct object *left = *(const struct object *const *)a;
	const struct object *right = *(const struct object *const *)b;
	return left->base < right->base ? -1 : left->base > right->base ? 1 : 0;
}

/* Memory that spaces have for tables has no type. */
static void find_donated(bool *donated)
{
	memset(donated, 0, object_count);
	for (uint32_t i = 1; i < object_count; i++) {
		if (object_at(i)->type == OBJECT_SPACE) {
			const struct space *space = object_at(i)->body;
			for (uint16_t at = space->donations; at != 0; at = object_at(at)->next_free) {
				CHECK(object_at(at)->type == OBJECT_NONE && !donated[at], "memory %u is given twice", at);
				donated[at] = true;
			}
		}
	}
}

/* RAM is in exactly one object each; from the first object's on, nothing is missing. */
static void check_ram(void)
{
	const struct object **ranges = calloc(object_count, sizeof(*ranges));
	assert_non_null(ranges);
	uint32_t count = 0;
	uint64_t low = (uint64_t)(uintptr_t)mock.ram;
	static bool donated[UINT16_MAX + 1u];
	find_donated(donated);
	for (uint32_t i = 1; i < object_count; i++) {
		const struct object *object = object_at(i);
		if (object->bytes != 0 && object->base >= low && object->base < low + MOCK_RAM_BYTES &&
		    (object->type != OBJECT_NONE || donated[i]) && object->type != OBJECT_MAPPING) {
			ranges[count++] = object;
		}
	}
	qsort(ranges, count, sizeof(*ranges), by_base);
	uint64_t total = 0;
	for (uint32_t i = 0; i < count; i++) {
		CHECK(i == 0 || ranges[i]->base >= ranges[i - 1u]->base + ranges[i - 1u]->bytes,
		      "objects %u and %u overlap", object_index(ranges[i - 1u]), object_index(ranges[i]));
		total += ranges[i]->bytes;
	}
	static uint64_t booted; /* what the kernel has kept for itself is the same in every world of one size */
	static uint32_t slots;
	if (slots != object_count) {
		slots = object_count;
		booted = total;
	}
	CHECK(total == booted, "RAM in objects: %zu, was %zu", (size_t)total, (size_t)booted);
	free(ranges);
}

static void check_mapping(uint32_t index)
{
	const struct object *entry = object_at(index);
	const struct object *memory = object_at(entry->mapping.memory);
	const struct object *space_object = object_at(entry->mapping.space);
	CHECK(space_object->type == OBJECT_SPACE, "mapping %u is of no space", index);
	CHECK(memory->type == OBJECT_MEMORY, "mapping %u shows an object of type %u", index, memory->type);
	CHECK(entry->base >= memory->base && entry->base + entry->bytes <= memory->base + memory->bytes,
	      "mapping %u shows more than its memory", index);
	uint32_t in_memory = 0;
	for (uint16_t i = memory->memory.mappings; i != 0; i = object_at(i)->mapping.next[OF_MEMORY]) {
		in_memory += i == index ? 1u : 0u;
	}
	const struct space *space = space_object->body;
	uint32_t in_space = 0;
	for (uint16_t i = space->mappings; i != 0; i = object_at(i)->mapping.next[OF_SPACE]) {
		in_space += i == index ? 1u : 0u;
	}
	CHECK(in_memory == 1 && in_space == 1, "mapping %u is %u and %u times listed", index, in_memory, in_space);
	for (uint64_t at = 0; at < entry->bytes; at += SK_PAGE_BYTES) {
		uint64_t physical = 0;
		uint32_t flags = 0;
		bool there = arch_query(space, entry->mapping.address + at, &physical, &flags);
		CHECK(there == (at < entry->mapping.done), "mapping %u and the tables differ", index);
		CHECK(!there || (physical == entry->base + at && flags == entry->mapping.flags), "mapping %u: wrong page",
		      index);
	}
}

static uint32_t leaves(const uint64_t *table, uint32_t level)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < 512; i++) {
		if (table[i] != 0) {
			count += level == 3 ? 1u : leaves((const uint64_t *)(uintptr_t)(table[i] & ~0xfffull), level + 1);
		}
	}
	return count;
}

static void check_space(uint32_t index)
{
	const struct space *space = object_at(index)->body;
	uint64_t pool = 0;
	for (const struct table_pages *run = space->pool; run != NULL; run = run->next) {
		CHECK(run->pages != 0 && run->pages <= space->pool_pages - pool, "pool of space %u is longer than it says",
		      index);
		pool += run->pages;
	}
	CHECK(pool == space->pool_pages, "pool of space %u: %zu of %zu pages", index, (size_t)pool,
	      (size_t)space->pool_pages);
	uint64_t pages = 0;
	for (uint16_t i = space->mappings; i != 0; i = object_at(i)->mapping.next[OF_SPACE]) {
		CHECK(object_at(i)->type == OBJECT_MAPPING, "space %u lists what is no mapping", index);
		pages += object_at(i)->mapping.done / SK_PAGE_BYTES;
	}
	CHECK(leaves(space->arch.root, 1) == pages, "tables of space %u map what no mapping says", index);
	for (uint32_t i = 0; space->slots != NULL && i <= SK_CAP_SLOTS; i++) {
		sk_status_t status;
		const struct object *object = object_resolve(space->slots[i], &status);
		CHECK(object == NULL || object->type != OBJECT_MAPPING, "slot %u of space %u names a mapping", i, index);
		CHECK(object == NULL || object->type != OBJECT_NONE || object->bytes != 0,
		      "slot %u of space %u resolves to nothing", i, index);
	}
}

static uint32_t pins_of(const struct object *memory)
{
	uint32_t pins = 0;
	for (uint32_t i = 1; i < object_count; i++) {
		const struct object *object = object_at(i);
		if (object->type == OBJECT_THREAD) {
			pins += ((const struct thread *)object->body)->buffer_object == memory ? 1u : 0u;
		} else if (object->type == OBJECT_VCPU) {
			pins += ((const struct vcpu *)object->body)->state_object == memory ? 1u : 0u;
		} else if (object->type == OBJECT_SPACE) {
			pins += ((const struct space *)object->body)->lines_object == memory ? 1u : 0u;
		}
	}
	return pins;
}

static void check_object(uint32_t index)
{
	const struct object *object = object_at(index);
	switch (object->type) {
	case OBJECT_MEMORY: {
		uint32_t count = 0;
		for (uint16_t i = object->memory.mappings; i != 0; i = object_at(i)->mapping.next[OF_MEMORY]) {
			CHECK(object_at(i)->type == OBJECT_MAPPING && ++count <= object_count, "mappings of memory %u", index);
		}
		CHECK(count == object->memory.mapping_count, "memory %u is mapped %u times", index, count);
		CHECK(pins_of(object) == object->memory.pins, "memory %u has %u pins", index, object->memory.pins);
		break;
	}
	case OBJECT_SPACE: check_space(index); break;
	case OBJECT_THREAD: check_thread(index); break;
	case OBJECT_VCPU: check_vcpu(index); break;
	case OBJECT_ENDPOINT: check_endpoint(index); break;
	case OBJECT_MAPPING: check_mapping(index); break;
	case OBJECT_INTERRUPT:
		CHECK(object->interrupt.bits == 0 || core_at(object->interrupt.core)->online,
		      "interrupt %u arrives at core %u, which is off", object->interrupt.number, object->interrupt.core);
		break;
	default: break;
	}
}

void invariants_check(void)
{
	memset(found, 0, sizeof found);
	for (uint32_t i = 0; i < core_count; i++) {
		find_travellers(core_at(i));
	}
	for (uint32_t i = 1; i < object_count; i++) {
		check_object(i);
	}
	check_places();
	for (uint32_t i = 0; i < core_count; i++) {
		check_core(core_at(i));
	}
	check_ram();
}
