/* What calls on threads, vCPUs, endpoints, notifications and lines need and do: see model.h. */
#include "judge.h"

#include <sk/vcpu.h>

/* Threads. */

static void when(struct model_call *call, uint32_t states)
{
	wrong_if(call, (1u << self_of(call)->state & states) == 0, SK_BAD_STATE);
}

#define STOPPED (1u << THREAD_STATE_STOPPED)

void configure(struct model_call *call)
{
	when(call, STOPPED);
}

void bind_endpoint(struct model_call *call)
{
	const struct model_object *self = self_of(call);

	when(call, STOPPED);
	call->other = take(call, 0, SK_OBJECT_TYPE_ENDPOINT, SK_RIGHT_WAIT);
	if (call->other == 0 || self->endpoint == call->other) {
		return;
	}
	wrong_if(call, self->endpoint != 0, SK_BAD_STATE);
	for (uint32_t i = 1; i < model.count; i++) {
		const struct model_object *thread = &model.objects[i];

		wrong_if(call, thread->type == SK_OBJECT_TYPE_THREAD && thread->endpoint == call->other &&
				       thread->core == self->core, SK_BAD_STATE);
	}
}

void bind_endpoint_done(const struct model_call *call)
{
	self_of(call)->endpoint = call->other;
	model.objects[call->other].served = true;
}

/* Is a thread bound to the notification? */
static bool is_bound(uint32_t notification)
{
	for (uint32_t i = 1; i < model.count; i++) {
		if (model.objects[i].type == SK_OBJECT_TYPE_THREAD && model.objects[i].notification == notification) {
			return true;
		}
	}
	return false;
}

void bind_notification(struct model_call *call)
{
	when(call, STOPPED);
	call->other = take(call, 0, SK_OBJECT_TYPE_NOTIFICATION, SK_RIGHT_WAIT);
	wrong_if(call, call->other != 0 && (self_of(call)->notification != 0 || is_bound(call->other)), SK_BAD_STATE);
}

void bind_notification_done(const struct model_call *call)
{
	self_of(call)->notification = call->other;
}

void set_fault_endpoint(struct model_call *call)
{
	(void)take(call, 0, SK_OBJECT_TYPE_ENDPOINT, SK_RIGHT_CALL);
}

void set_receive_window(struct model_call *call)
{
	narrow(call, 0);
	narrow(call, 1);
	wrong_if(call, call->w[1] > SK_WINDOW_SLOTS || call->w[0] == 0 || call->w[0] > SK_CAP_SLOTS + 1 - call->w[1],
		 SK_BAD_ARG);
}

void start_done(const struct model_call *call)
{
	self_of(call)->state = THREAD_STATE_READY;
}

void stop_done(const struct model_call *call)
{
	self_of(call)->state = THREAD_STATE_STOPPED;
}

void take_over(struct model_call *call)
{
	const struct model_object *self = self_of(call);
	const struct model_object *from;

	when(call, STOPPED);
	call->other = take(call, 0, SK_OBJECT_TYPE_THREAD, SK_RIGHT_CONTROL);
	from = &model.objects[call->other];
	wrong_if(call, call->other != 0 && (from->state != THREAD_STATE_STOPPED || from->endpoint == 0 ||
					    from->core != self->core || self->endpoint != 0 || self->notification != 0),
		 SK_BAD_STATE);
}

void take_over_done(const struct model_call *call)
{
	struct model_object *from = &model.objects[call->other];

	self_of(call)->endpoint = from->endpoint;
	self_of(call)->notification = from->notification;
	from->endpoint = 0;
	from->notification = 0;
}

/* vCPUs. */

#define CREATED (1u << VCPU_STATE_CREATED)
#define FREE (1u << VCPU_STATE_FREE)
#define READY (1u << VCPU_STATE_READY)
#define RUNNING (1u << VCPU_STATE_RUNNING)

void set_entry(struct model_call *call)
{
	when(call, CREATED);
	wrong_if(call, self_of(call)->entry_set, SK_BAD_STATE);
}

void set_entry_done(const struct model_call *call)
{
	self_of(call)->entry_set = true;
}

void setup(struct model_call *call)
{
	when(call, CREATED);
	wrong_if(call, call->w[0] > 1, SK_BAD_ARG);
}

void is_free(const struct model_call *call)
{
	self_of(call)->state = VCPU_STATE_FREE;
}

void bind(struct model_call *call)
{
	when(call, FREE);
	narrow(call, 0);
	wrong_if(call, call->w[0] >= MODEL_CORES, SK_BAD_ARG);
}

void bind_done(const struct model_call *call)
{
	self_of(call)->state = VCPU_STATE_READY;
	self_of(call)->core = (uint32_t)call->w[0];
}

void when_ready(struct model_call *call)
{
	when(call, READY);
}

void run_done(const struct model_call *call)
{
	self_of(call)->state = VCPU_STATE_RUNNING;
}

void when_running(struct model_call *call)
{
	when(call, RUNNING);
}

void is_ready(const struct model_call *call)
{
	self_of(call)->state = VCPU_STATE_READY;
}

void set_gpr(struct model_call *call)
{
	narrow(call, 0);
	wrong_if(call, call->w[0] > 30, SK_BAD_ARG);
	wrong_if(call, self_of(call)->state == VCPU_STATE_RUNNING, SK_BAD_STATE);
}

void inject(struct model_call *call)
{
	const struct model_object *vm = &model.objects[self_of(call)->owner];

	when(call, FREE | READY | RUNNING);
	narrow(call, 0);
	wrong_if(call, call->w[0] >= SK_PRIVATE_LINES, SK_BAD_ARG);
	wrong_if(call, vm->uses == 0, SK_BAD_STATE);
}

void vcpu_destroy(struct model_call *call)
{
	wrong_if(call, self_of(call)->number + 1 != model.objects[self_of(call)->owner].vcpus, SK_BAD_STATE);
}

void vcpu_destroy_done(const struct model_call *call)
{
	model.objects[self_of(call)->owner].vcpus--;
	is_memory_again(call);
}

/* Endpoints, notifications, lines. */

void unserved_or_stopped(struct model_call *call)
{
	wrong_if(call, model_endpoint_state(call->self) == ENDPOINT_STATE_SERVED, SK_BAD_STATE);
}

void next_generation(const struct model_call *call)
{
	self_of(call)->generation++;
}

void endpoint_destroy(struct model_call *call)
{
	wrong_if(call, model_endpoint_state(call->self) != ENDPOINT_STATE_UNSERVED, SK_BAD_STATE);
}

void notification_destroy(struct model_call *call)
{
	wrong_if(call, is_bound(call->self), SK_BAD_STATE);
}

void set_level(struct model_call *call)
{
	wrong_if(call, call->w[0] > 1, SK_BAD_ARG);
}

void virq_destroy_done(const struct model_call *call)
{
	struct model_object *self = self_of(call);

	model.objects[self->owner].members--;
	self->type = SK_OBJECT_TYPE_NONE;
	self->owner = 0;
	*model_slot(call->slot) = (struct model_cap){ 0 };
}
