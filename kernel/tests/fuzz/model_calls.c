/* What calls on memory and spaces need and do, and which method is which: see model.h. */
#include "judge.h"

#include <sk/vcpu.h>

#define PAGE_MASK (SK_PAGE_BYTES - 1ull)
#define SPACE_LIMIT (1ull << 39)

static bool in_use(uint32_t memory)
{
	return model_mappings_of(memory) != 0 || model.objects[memory].pins != 0;
}

static bool is_range(const struct model_object *memory, uint64_t offset, uint64_t size)
{
	return ((offset | size) & PAGE_MASK) == 0 && size != 0 && offset < memory->bytes && size <= memory->bytes - offset;
}

static void unmap(struct model_mapping *mapping)
{
	*mapping = (struct model_mapping){ 0 };
}

/* Memory. */

static void split(struct model_call *call)
{
	const struct model_object *self = self_of(call);

	wrong_if(call, (call->w[0] & PAGE_MASK) != 0 || call->w[0] == 0 || call->w[0] >= self->bytes, SK_BAD_ARG);
	narrow(call, 1);
	destination(call, 1, false);
	wrong_if(call, in_use(call->self), SK_BAD_STATE);
}

static void split_done(const struct model_call *call)
{
	struct model_object *self = self_of(call);
	struct model_object *upper = model_add((uint32_t)call->w[1], SK_OBJECT_TYPE_MEMORY, self->base + call->w[0],
					       self->bytes - call->w[0]);

	upper->device = self->device;
	self->bytes = call->w[0];
	model_slot(call->w[1])->rights = call->rights; /* the rest is no more its holder's than the whole was */
}

static void merge(struct model_call *call)
{
	const struct model_object *self = self_of(call);
	const struct model_object *upper = &model.objects[take(call, 0, SK_OBJECT_TYPE_MEMORY, SK_RIGHT_CONTROL)];

	call->other = model_index(upper);
	wrong_if(call, upper->base != self->base + self->bytes || upper->device != self->device, SK_BAD_ARG);
	wrong_if(call, in_use(call->self) || in_use(call->other), SK_BAD_STATE);
}

static void merge_done(const struct model_call *call)
{
	struct model_object *upper = &model.objects[call->other];

	self_of(call)->bytes += upper->bytes;
	*model_slot(call->w[0]) = (struct model_cap){ 0 };
	upper->type = SK_OBJECT_TYPE_NONE;
}

static void clear(struct model_call *call)
{
	wrong_if(call, !is_range(self_of(call), call->w[0], call->w[1]) || self_of(call)->device, SK_BAD_ARG);
	call->maybe |= call->w[1] == 0 ? MODEL_BIT(SK_BAD_ARG) : 0;
}

static void unmap_all_done(const struct model_call *call)
{
	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		if (model.mappings[i].memory == call->self) {
			unmap(&model.mappings[i]);
		}
	}
}

/* What memory must be to become something of so many pages; the word of the result's slot. */
static void retype(struct model_call *call, uint32_t pages, uint32_t dest)
{
	const struct model_object *self = self_of(call);

	narrow(call, dest);
	destination(call, dest, true);
	wrong_if(call, self->device, SK_BAD_ARG);
	wrong_if(call, self->bytes < pages * SK_PAGE_BYTES, SK_NO_MEMORY);
	wrong_if(call, in_use(call->self), SK_BAD_STATE);
}

static struct model_object *retyped(const struct model_call *call, uint32_t type, uint32_t dest)
{
	struct model_object *self = self_of(call);

	*self = (struct model_object){ .type = type, .era = self->era + 1, .base = self->base, .bytes = self->bytes };
	put(call->w[dest], call->self, SK_RIGHTS_ALL, 0);
	return self;
}

/* One page of RAM that another object uses. */
static void shared_page(struct model_call *call, uint32_t page)
{
	const struct model_object *memory = &model.objects[page];

	wrong_if(call, memory->device || memory->bytes != SK_PAGE_BYTES || page == call->self, SK_BAD_ARG);
}

static void create_space(struct model_call *call)
{
	wrong_if(call, call->w[0] != SK_SPACE_KIND_PROCESS && call->w[0] != SK_SPACE_KIND_VM, SK_BAD_ARG);
	retype(call, SK_SPACE_PAGES, 1);
}

static void create_space_done(const struct model_call *call)
{
	retyped(call, SK_OBJECT_TYPE_SPACE, 1)->vm = call->w[0] == SK_SPACE_KIND_VM;
}

static void create_member(struct model_call *call, bool vm, uint32_t dest)
{
	call->other = take(call, 0, SK_OBJECT_TYPE_SPACE, SK_RIGHT_CONTROL);
	call->third = take(call, 2, SK_OBJECT_TYPE_MEMORY, SK_RIGHT_CONTROL);
	wrong_if(call, model.objects[call->other].vm != vm || call->w[1] >= MODEL_CORES, SK_BAD_ARG);
	narrow(call, 1);
	shared_page(call, call->third);
	retype(call, 1, dest);
}

static struct model_object *member_created(const struct model_call *call, uint32_t type, uint32_t dest)
{
	struct model_object *self = retyped(call, type, dest);

	self->owner = call->other;
	self->core = (uint32_t)call->w[1];
	self->uses = call->third;
	model.objects[call->other].members++;
	model.objects[call->third].pins++;
	return self;
}

static void create_thread(struct model_call *call)
{
	create_member(call, false, 3);
}

static void create_thread_done(const struct model_call *call)
{
	member_created(call, SK_OBJECT_TYPE_THREAD, 3)->state = THREAD_STATE_STOPPED;
}

static void create_vcpu(struct model_call *call)
{
	create_member(call, true, 4);
	wrong_if(call, model.objects[call->other].vcpus == SK_VM_VCPUS_MAX, SK_BAD_ARG);
	call->maybe |= MODEL_BIT(SK_BAD_ARG); /* `config` is the architecture's */
}

static void create_vcpu_done(const struct model_call *call)
{
	struct model_object *self = member_created(call, SK_OBJECT_TYPE_VCPU, 4);

	self->state = VCPU_STATE_CREATED;
	self->number = model.objects[call->other].vcpus++;
}

static void create_small(struct model_call *call)
{
	retype(call, 1, 0);
}

static void create_endpoint_done(const struct model_call *call)
{
	(void)retyped(call, SK_OBJECT_TYPE_ENDPOINT, 0);
}

static void create_notification_done(const struct model_call *call)
{
	(void)retyped(call, SK_OBJECT_TYPE_NOTIFICATION, 0);
}

/* What was made of memory is memory again, in the slot that named it. */
void is_memory_again(const struct model_call *call)
{
	struct model_object *self = self_of(call);

	if (self->uses != 0) {
		model.objects[self->uses].pins--;
	}
	if (self->type == SK_OBJECT_TYPE_THREAD || self->type == SK_OBJECT_TYPE_VCPU) {
		model.objects[self->owner].members--;
	}
	*self = (struct model_object){ .type = SK_OBJECT_TYPE_MEMORY, .era = self->era + 1, .base = self->base,
				       .bytes = self->bytes };
	put(call->slot, call->self, SK_RIGHTS_ALL, 0);
}

/* Spaces. */

static struct model_cap *own_slot(const struct model_call *call, uint32_t word)
{
	if (call->self == model.supervisor) {
		return model_slot(call->w[word]);
	}
	return call->w[word] <= MODEL_OWN_SLOTS ? &self_of(call)->own[call->w[word]] : NULL;
}

static void cap_grant(struct model_call *call)
{
	const struct model_cap *from = model_slot(call->w[0]);
	const struct model_cap *to = own_slot(call, 1);
	uint32_t badge = (uint32_t)call->w[3];

	call->other = take(call, 0, 0, SK_RIGHT_GRANT);
	narrow(call, 1);
	wrong_if(call, self_of(call)->vm || to == NULL || call->w[1] == 0, SK_BAD_ARG);
	wrong_if(call, call->w[2] > SK_RIGHTS_ALL || call->w[3] >> SK_BADGE_BITS != 0, SK_BAD_ARG);
	wrong_if(call, to != NULL && model_taken(to), SK_NO_SLOT);
	if (call->other != 0 && badge != 0) {
		uint32_t type = model.objects[call->other].type;

		wrong_if(call, type != SK_OBJECT_TYPE_ENDPOINT && type != SK_OBJECT_TYPE_NOTIFICATION, SK_BAD_ARG);
		wrong_if(call, from->badge != 0, SK_BAD_ARG);
	}
}

static void cap_grant_done(const struct model_call *call)
{
	const struct model_cap *from = model_slot(call->w[0]);
	struct model_cap *to = own_slot(call, 1);

	*to = *from;
	to->rights &= (uint32_t)call->w[2];
	to->badge = call->w[3] != 0 ? (uint32_t)call->w[3] : from->badge;
}

static void cap_delete(struct model_call *call)
{
	wrong_if(call, self_of(call)->vm || call->w[0] > SK_CAP_SLOTS, SK_BAD_ARG);
}

static void cap_delete_done(const struct model_call *call)
{
	if (own_slot(call, 0) != NULL) {
		*own_slot(call, 0) = (struct model_cap){ 0 };
	}
}

static void donate(struct model_call *call)
{
	call->other = take(call, 0, SK_OBJECT_TYPE_MEMORY, SK_RIGHT_CONTROL);
	wrong_if(call, model.objects[call->other].device, SK_BAD_ARG);
	wrong_if(call, in_use(call->other), SK_BAD_STATE);
}

/* It has no type while it is the space's: see space_destroy_done(). */
static void donate_done(const struct model_call *call)
{
	model.objects[call->other].type = SK_OBJECT_TYPE_NONE;
	model.objects[call->other].owner = call->self;
}

static void map(struct model_call *call)
{
	const struct model_object *memory;
	uint64_t address = call->w[1];
	uint64_t size = call->w[3];
	uint32_t rights = (uint32_t)call->w[4] & (SK_RIGHT_READ | SK_RIGHT_WRITE | SK_RIGHT_EXECUTE);

	call->other = take(call, 0, SK_OBJECT_TYPE_MEMORY, rights);
	memory = &model.objects[call->other];
	wrong_if(call, call->w[4] > SK_MAP_FLAGS_MASK || rights == 0, SK_BAD_ARG);
	wrong_if(call, (rights & SK_RIGHT_WRITE) != 0 && (rights & SK_RIGHT_EXECUTE) != 0 && !self_of(call)->vm,
		 SK_BAD_ARG);
	wrong_if(call, !is_range(memory, call->w[2], size) || (address & PAGE_MASK) != 0, SK_BAD_ARG);
	wrong_if(call, address > SPACE_LIMIT || size > SPACE_LIMIT - address, SK_BAD_ARG);
	wrong_if(call, (call->wrong & MODEL_BIT(SK_BAD_ARG)) == 0 && model_mapped(call->self, address, size) != NULL,
		 SK_OVERLAP);
	/* What is in the supervisor's own space the model doesn't know; how many tables it takes is the architecture's. */
	call->maybe |= call->self == model.supervisor ? MODEL_BIT(SK_OVERLAP) : 0;
	call->maybe |= MODEL_BIT(SK_NO_MEMORY);
}

static void map_done(const struct model_call *call)
{
	uint32_t at = 0;

	while (at < MODEL_MAPPINGS && model.mappings[at].space != 0) {
		at++;
	}
	if (at < MODEL_MAPPINGS) {
		model.mappings[at] = (struct model_mapping){ call->self, call->other, call->w[1], call->w[2], call->w[3],
							     (uint32_t)call->w[4] };
		model.mappings[at].flags |= model.objects[call->other].device ? SK_MAP_FLAGS_DEVICE : 0;
	}
}

static void space_unmap(struct model_call *call)
{
	const struct model_mapping *mapping = model_mapped(call->self, call->w[0], 1);

	wrong_if(call, mapping == NULL || mapping->address != call->w[0], SK_BAD_ARG);
}

static void space_unmap_done(const struct model_call *call)
{
	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		if (model.mappings[i].space == call->self && model.mappings[i].address == call->w[0]) {
			unmap(&model.mappings[i]);
		}
	}
}

static void set_lines(struct model_call *call)
{
	const struct model_object *table;

	call->other = take(call, 0, SK_OBJECT_TYPE_MEMORY, SK_RIGHT_CONTROL);
	table = &model.objects[call->other];
	narrow(call, 1);
	wrong_if(call, !self_of(call)->vm || table->device || call->w[1] > SK_SHARED_LINES_MAX, SK_BAD_ARG);
	wrong_if(call, call->w[1] <= SK_SHARED_LINES_MAX && table->bytes < sk_line_table_bytes((uint32_t)call->w[1]),
		 SK_BAD_ARG);
	wrong_if(call, self_of(call)->uses != 0, SK_BAD_STATE);
}

static void set_lines_done(const struct model_call *call)
{
	self_of(call)->uses = call->other;
	self_of(call)->shared_lines = (uint32_t)call->w[1];
	model.objects[call->other].pins++;
}

static void create_virq(struct model_call *call)
{
	const struct model_object *self = self_of(call);

	narrow(call, 1);
	destination(call, 1, false);
	wrong_if(call, self->uses == 0 || call->w[0] < SK_PRIVATE_LINES ||
			       call->w[0] - SK_PRIVATE_LINES >= self->shared_lines, SK_BAD_ARG);
}

static void create_virq_done(const struct model_call *call)
{
	struct model_object *virq = model_add((uint32_t)call->w[1], SK_OBJECT_TYPE_VIRQ, 0, 0);

	virq->owner = call->self;
	virq->number = (uint32_t)call->w[0];
	self_of(call)->members++;
}

static void space_destroy(struct model_call *call)
{
	wrong_if(call, self_of(call)->members != 0 || call->self == model.supervisor, SK_BAD_STATE);
}

static void space_destroy_done(const struct model_call *call)
{
	for (uint32_t i = 0; i < MODEL_MAPPINGS; i++) {
		if (model.mappings[i].space == call->self) {
			unmap(&model.mappings[i]);
		}
	}
	for (uint32_t i = 1; i < model.count; i++) {
		if (model.objects[i].type == SK_OBJECT_TYPE_NONE && model.objects[i].owner == call->self) {
			model.objects[i].type = SK_OBJECT_TYPE_MEMORY;
			model.objects[i].owner = 0;
		}
	}
	is_memory_again(call);
}

void nothing(struct model_call *call)
{
	(void)call;
}

void unchanged(const struct model_call *call)
{
	(void)call;
}

static const struct method {
	uint64_t tag;
	uint32_t rights;
	void (*judge)(struct model_call *call);
	void (*apply)(const struct model_call *call);
} methods[] = {
	{ MEMORY_TAG_SPLIT, SK_RIGHT_CONTROL, split, split_done },
	{ MEMORY_TAG_MERGE, SK_RIGHT_CONTROL, merge, merge_done },
	{ MEMORY_TAG_CLEAR, SK_RIGHT_WRITE, clear, unchanged },
	{ MEMORY_TAG_SYNC, SK_RIGHT_WRITE, clear, unchanged },
	{ MEMORY_TAG_UNMAP_ALL, SK_RIGHT_CONTROL, nothing, unmap_all_done },
	{ MEMORY_TAG_CREATE_SPACE, SK_RIGHT_CONTROL, create_space, create_space_done },
	{ MEMORY_TAG_CREATE_THREAD, SK_RIGHT_CONTROL, create_thread, create_thread_done },
	{ MEMORY_TAG_CREATE_VCPU, SK_RIGHT_CONTROL, create_vcpu, create_vcpu_done },
	{ MEMORY_TAG_CREATE_ENDPOINT, SK_RIGHT_CONTROL, create_small, create_endpoint_done },
	{ MEMORY_TAG_CREATE_NOTIFICATION, SK_RIGHT_CONTROL, create_small, create_notification_done },
	{ SPACE_TAG_CAP_GRANT, SK_RIGHT_CONTROL, cap_grant, cap_grant_done },
	{ SPACE_TAG_CAP_DELETE, SK_RIGHT_CONTROL, cap_delete, cap_delete_done },
	{ SPACE_TAG_DONATE, SK_RIGHT_CONTROL, donate, donate_done },
	{ SPACE_TAG_MAP, SK_RIGHT_CONTROL, map, map_done },
	{ SPACE_TAG_UNMAP, SK_RIGHT_CONTROL, space_unmap, space_unmap_done },
	{ SPACE_TAG_SET_LINES, SK_RIGHT_CONTROL, set_lines, set_lines_done },
	{ SPACE_TAG_CREATE_VIRQ, SK_RIGHT_CONTROL, create_virq, create_virq_done },
	{ SPACE_TAG_DESTROY, SK_RIGHT_CONTROL, space_destroy, space_destroy_done },
	{ THREAD_TAG_CONFIGURE, SK_RIGHT_CONTROL, configure, unchanged },
	{ THREAD_TAG_BIND_ENDPOINT, SK_RIGHT_CONTROL, bind_endpoint, bind_endpoint_done },
	{ THREAD_TAG_BIND_NOTIFICATION, SK_RIGHT_CONTROL, bind_notification, bind_notification_done },
	{ THREAD_TAG_SET_FAULT_ENDPOINT, SK_RIGHT_CONTROL, set_fault_endpoint, unchanged },
	{ THREAD_TAG_SET_RECEIVE_WINDOW, SK_RIGHT_CONTROL, set_receive_window, unchanged },
	{ THREAD_TAG_SET_CALL_BUDGET, SK_RIGHT_CONTROL, nothing, unchanged },
	{ THREAD_TAG_START, SK_RIGHT_WRITE, configure, start_done },
	{ THREAD_TAG_STOP, SK_RIGHT_CONTROL, nothing, stop_done },
	{ THREAD_TAG_TAKE_OVER, SK_RIGHT_CONTROL, take_over, take_over_done },
	{ THREAD_TAG_DESTROY, SK_RIGHT_CONTROL, nothing, is_memory_again },
	{ VCPU_TAG_SET_ENTRY, SK_RIGHT_WRITE, set_entry, set_entry_done },
	{ VCPU_TAG_SETUP, SK_RIGHT_WRITE, setup, is_free },
	{ VCPU_TAG_BIND, SK_RIGHT_WRITE, bind, bind_done },
	{ VCPU_TAG_UNBIND, SK_RIGHT_WRITE, when_ready, is_free },
	{ VCPU_TAG_RUN, SK_RIGHT_WRITE, when_ready, run_done },
	{ VCPU_TAG_PAUSE, SK_RIGHT_WRITE, when_running, is_ready },
	{ VCPU_TAG_SET_GPR, SK_RIGHT_WRITE, set_gpr, unchanged },
	{ VCPU_TAG_INJECT, SK_RIGHT_WRITE, inject, unchanged },
	{ VCPU_TAG_KICK, SK_RIGHT_WRITE, when_running, unchanged },
	{ VCPU_TAG_DESTROY, SK_RIGHT_CONTROL, vcpu_destroy, vcpu_destroy_done },
	{ ENDPOINT_TAG_RETIRE, SK_RIGHT_CONTROL, unserved_or_stopped, next_generation },
	{ ENDPOINT_TAG_ABANDON, SK_RIGHT_CONTROL, unserved_or_stopped, next_generation },
	{ ENDPOINT_TAG_DESTROY, SK_RIGHT_CONTROL, endpoint_destroy, is_memory_again },
	{ NOTIFICATION_TAG_DESTROY, SK_RIGHT_CONTROL, notification_destroy, is_memory_again },
	{ VIRQ_TAG_SET_LEVEL, SK_RIGHT_CALL, set_level, unchanged },
	{ VIRQ_TAG_DESTROY, SK_RIGHT_CONTROL, nothing, virq_destroy_done },
};

static const struct method *find(uint64_t tag)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (methods[i].tag == (tag & SK_TAG_METHOD_MASK)) {
			return &methods[i];
		}
	}
	return NULL;
}

void model_judge(struct model_call *call)
{
	const struct method *method = find(call->tag);
	const struct model_cap *cap = model_slot(call->slot);
	const struct model_object *self = cap == NULL ? NULL : model_named(cap);
	/* A number that is no method's needs the right to control. */
	uint32_t rights = method == NULL ? SK_RIGHT_CONTROL : method->rights;

	call->wrong = 0;
	call->maybe = 0;
	if (cap == NULL || cap->object == 0 || self == NULL) {
		wrong_if(call, true, cap == NULL || cap->object == 0 ? SK_BAD_CAP : SK_STALE);
		if (cap != NULL && model_donated(cap)) {
			call->wrong |= MODEL_BIT(SK_BAD_TYPE) | MODEL_BIT(SK_NO_RIGHT) | MODEL_BIT(SK_UNKNOWN_OP);
		}
		return;
	}
	call->self = cap->object;
	call->rights = cap->rights;
	if (self->type == SK_OBJECT_TYPE_ENDPOINT && (cap->rights & SK_RIGHT_CALL) != 0) {
		/* Who may call an endpoint calls its server, whatever the tag says. */
		wrong_if(call, true, SK_NO_RECEIVER);
		return;
	}
	/* Interfaces are numbered as types are. */
	wrong_if(call, (call->tag >> 8 & 0xffu) != self->type, SK_BAD_TYPE);
	wrong_if(call, (cap->rights & rights) != rights, SK_NO_RIGHT);
	wrong_if(call, method == NULL, SK_UNKNOWN_OP);
	if (call->wrong == 0) {
		method->judge(call);
	}
}

void model_apply(const struct model_call *call)
{
	find(call->tag)->apply(call);
}
