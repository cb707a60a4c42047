/*
 * A booted mock machine for tests, and a supervisor to make things with. The
 * supervisor is the only program on core 0; what a test is about happens on the
 * other cores. Everything is made by system calls, as a real supervisor would.
 *
 * An actor is a process with one thread: a server, a client, or both.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arch/mock.h>
#include <kernel/call.h>
#include <kernel/ipc.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit.h>

#define WORLD_RIGHTS SK_RIGHTS_ALL

struct world {
	struct thread *supervisor;
	uint32_t ram;         /* slot: memory that nobody has taken yet */
	uint32_t next_slot;
	uint32_t core[SK_MAX_CORES]; /* slots of the cores */
	struct sk_msg reply;  /* of the supervisor's last call */
	uint32_t restarts;    /* that it took */
};

extern struct world world;

/* Boots a machine with `total` cores, all online. */
void world_boot(uint32_t total);
/* The same with the number of entries in the object table; and for tests' setup: three cores. */
void world_boot_with(uint32_t total, uint32_t online, uint32_t object_slots);
int world_setup(void **state);

/* The supervisor calls; it makes the call again as long as the kernel restarts it. */
sk_status_t world_call(uint32_t slot, uint64_t tag, const uint64_t w[SK_WORDS]);
#define K(slot, tag, ...) world_call((slot), (tag), (const uint64_t[SK_WORDS]){ __VA_ARGS__ })
/* The same for a call that must succeed. */
#define K_OK(slot, tag, ...) assert_int_equal(K((slot), (tag), __VA_ARGS__), SK_OK)

/* And for one that must fail, and change nothing. */
void world_refused(const char *call, sk_status_t wanted, uint32_t slot, uint64_t tag, const uint64_t w[SK_WORDS]);
#define K_REFUSED(status, slot, tag, ...) \
	world_refused(#tag "(" #__VA_ARGS__ ")", (status), (slot), (tag), (const uint64_t[SK_WORDS]){ __VA_ARGS__ })

/* The supervisor's message buffer. */
void *world_buffer(void);

uint32_t world_slot(void);
uint32_t world_memory(uint32_t pages);
uint32_t world_space(enum sk_space_kind kind, uint32_t pool_pages);
uint32_t world_endpoint(void);
uint32_t world_notification(void);
/* A VM with a line table of `shared` lines, 0: without one. */
uint32_t world_vm(uint32_t shared);
struct sk_line *world_lines(uint32_t vm);
/* A vCPU in state CREATED. */
uint32_t world_vcpu(uint32_t vm, uint32_t core);
/* Takes a vCPU in state CREATED to READY on its core. */
void world_vcpu_prepare(uint32_t vcpu);
struct object *world_object(uint32_t slot);
void *world_body(uint32_t slot);
struct vcpu *world_vcpu_at(uint32_t slot);
/* Slots of the supervisor for a plan without budgets; the last one is 0. */
void world_plan(uint32_t core, ...);
sk_status_t world_commit(uint32_t core, uint64_t wake_time_ns, uint32_t count, const struct core_plan_slot *slots);
/* Copies the supervisor's slot, with other rights and badge; returns the copy's slot. */
uint32_t world_copy(uint32_t slot, uint32_t rights, uint32_t badge);
/* The core's time goes to nobody. */
bool world_idle(uint32_t core);

struct actor {
	uint32_t core;
	uint32_t space, thread, buffer, endpoint, notification; /* supervisor's slots; 0: has none */
	uint32_t next_slot;   /* in its own table */
	struct thread *t;
	struct context *c;
};

/* A process with a thread that has not started yet. */
void actor_make(struct actor *actor, uint32_t core);
/* One more thread in the process of `first`. */
void actor_sibling(struct actor *actor, const struct actor *first, uint32_t core);
/* It receives from an endpoint of its own; from that of another actor; it is bound to a notification. */
void actor_serve(struct actor *actor);
void actor_join(struct actor *actor, const struct actor *other);
void actor_listen(struct actor *actor);
void actor_start(const struct actor *actor);
/* Gives it what the supervisor has in `slot`; returns where. */
uint32_t actor_give(struct actor *actor, uint32_t slot, uint32_t rights, uint32_t badge);
/* It may call the other's endpoint: returns the slot. */
uint32_t actor_client(struct actor *actor, const struct actor *server, uint32_t badge);

/* `count` clients of the server on `core`, less urgent one after the other, all started; `slots`: of its endpoint. */
void actor_crowd(struct actor *server, struct actor *clients, uint32_t *slots, uint32_t count, uint32_t core);
/* Fails the test unless the server has the client's call, with badge 0x42, 5 and words from `w0` up. */
void actor_delivered(const struct actor *server, const struct actor *client, uint64_t tag, uint64_t w0);

/* Its thread, which must be running, makes a system call. */
void actor_syscall(const struct actor *actor, uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
static inline void actor_call(const struct actor *actor, uint64_t slot, uint64_t tag, uint64_t w0)
{
	actor_syscall(actor, SK_SYS_CALL, slot, tag, w0, w0 + 1);
}
static inline void actor_reply_wait(const struct actor *actor, uint64_t token, uint64_t tag, uint64_t w0)
{
	actor_syscall(actor, SK_SYS_REPLY_WAIT, token, tag, w0, w0 + 1);
}
static inline void actor_wait(const struct actor *actor)
{
	actor_syscall(actor, SK_SYS_WAIT, SK_WAIT_ENDPOINT, 0, 0, 0);
}

static inline uint64_t actor_x(const struct actor *actor, unsigned index)
{
	return actor->t->registers.x[index];
}
static inline int64_t actor_status(const struct actor *actor)
{
	return (int64_t)actor->t->registers.x[0];
}
static inline uint64_t actor_token(const struct actor *actor)
{
	return actor->t->registers.x[8];
}
static inline bool runs(const struct context *context)
{
	const struct core *core = core_at(context->core);
	return core->current == context && !core->arch.idle;
}

#define assert_runs(actor) assert_true(runs((actor)->c))
#define assert_state(actor, wanted) assert_int_equal((actor)->c->state, (wanted))

/* Everything that the kernel knows, but for counters, times and the supervisor's registers. */
struct snapshot;
struct snapshot *snapshot_take(void);
/* Fails the test when anything has changed since; frees it. */
void snapshot_check(struct snapshot *snapshot, const char *what);
void snapshot_free(struct snapshot *snapshot);

/* Fails the test where the kernel's structures contradict each other (invariants.c). */
void invariants_check(void);

#endif
