/* What judging a call is made of: see model.h. */
#ifndef FUZZ_JUDGE_H
#define FUZZ_JUDGE_H

#include <stddef.h>

#include <sk/idl/kernel.h>

#include "model.h"

static inline struct model_object *self_of(const struct model_call *call)
{
	return &model.objects[call->self];
}

static inline void wrong_if(struct model_call *call, bool condition, sk_status_t status)
{
	call->wrong |= condition ? MODEL_BIT(status) : 0;
}

/* A parameter that is 32 bits wide. */
static inline void narrow(struct model_call *call, uint32_t word)
{
	wrong_if(call, call->w[word] > UINT32_MAX, SK_BAD_ARG);
}

/* A slot that must have something: its object, or 0. */
static inline uint32_t take(struct model_call *call, uint32_t word, uint32_t type, uint32_t rights)
{
	const struct model_cap *cap = model_slot(call->w[word]);
	const struct model_object *object = cap == NULL ? NULL : model_named(cap);

	wrong_if(call, call->w[word] > SK_CAP_SLOTS, SK_BAD_ARG);
	if (cap == NULL || cap->object == 0) {
		wrong_if(call, true, SK_BAD_CAP);
		return 0;
	}
	if (type == 0 && model_donated(cap)) {
		object = &model.objects[cap->object]; /* it can still be handed on */
	}
	if (object == NULL) {
		wrong_if(call, true, SK_STALE);
		wrong_if(call, model_donated(cap), SK_BAD_TYPE); /* a space's tables: it is no memory, for now */
		return 0;
	}
	wrong_if(call, type != 0 && object->type != type, SK_BAD_TYPE);
	wrong_if(call, (cap->rights & rights) != rights, SK_NO_RIGHT);
	return call->wrong == 0 ? cap->object : 0;
}

/* A slot for the result. */
static inline void destination(struct model_call *call, uint32_t word, bool self)
{
	const struct model_cap *cap = model_slot(call->w[word]);

	wrong_if(call, cap == NULL, SK_BAD_ARG);
	wrong_if(call, cap != NULL && model_taken(cap) && !(self && call->w[word] == call->slot), SK_NO_SLOT);
}

static inline void put(uint64_t slot, uint32_t object, uint32_t rights, uint32_t badge)
{
	*model_slot(slot) = (struct model_cap){ object, model.objects[object].era, rights, badge };
}

/* After the call, what was made of memory is memory again. */
void is_memory_again(const struct model_call *call);
/* For methods that take any arguments; that change nothing the model knows of. */
void nothing(struct model_call *call);
void unchanged(const struct model_call *call);

/* model_members.c: threads, vCPUs, endpoints, notifications, lines. */
void configure(struct model_call *call);
void bind_endpoint(struct model_call *call);
void bind_endpoint_done(const struct model_call *call);
void bind_notification(struct model_call *call);
void bind_notification_done(const struct model_call *call);
void set_fault_endpoint(struct model_call *call);
void set_receive_window(struct model_call *call);
void start_done(const struct model_call *call);
void stop_done(const struct model_call *call);
void take_over(struct model_call *call);
void take_over_done(const struct model_call *call);
void set_entry(struct model_call *call);
void set_entry_done(const struct model_call *call);
void setup(struct model_call *call);
void is_free(const struct model_call *call);
void bind(struct model_call *call);
void bind_done(const struct model_call *call);
void when_ready(struct model_call *call);
void run_done(const struct model_call *call);
void when_running(struct model_call *call);
void is_ready(const struct model_call *call);
void set_gpr(struct model_call *call);
void inject(struct model_call *call);
void vcpu_destroy(struct model_call *call);
void vcpu_destroy_done(const struct model_call *call);
void unserved_or_stopped(struct model_call *call);
void next_generation(const struct model_call *call);
void endpoint_destroy(struct model_call *call);
void notification_destroy(struct model_call *call);
void set_level(struct model_call *call);
void virq_destroy_done(const struct model_call *call);

#endif
