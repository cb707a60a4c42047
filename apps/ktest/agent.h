/*
 * Agents: further threads of this process, each made for one case, that run a function of the test's. They have no
 * thread-local storage: system calls, their own record and shared memory, nothing of the C library.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>

#define AGENTS 12u
#define AGENT_SEEN 12u /* messages that an agent can remember */

/* A message or a signal, as the agent got it. */
struct agent_message {
	uint64_t badge;
	uint64_t token;
	struct sk_msg msg;
};

struct agent {
	sk_cap_t thread;
	uint32_t index;   /* of its stack and its message buffer */
	uint32_t core;
	void (*run)(struct agent *agent);
	uint64_t in[8];   /* the test's, for the function */
	uint64_t out[8];  /* the function's */
	sk_status_t status;
	struct sk_msg answer;
	struct agent_message seen[AGENT_SEEN];
	uint32_t seen_count; /* atomic */
	uint32_t done;    /* atomic: `run` has returned */
};

/* Once: stacks and message buffers. */
void agent_init(void);
/* Forgets the agents of the case before. */
void agent_begin(void);

/* A stopped thread on `core`, bound to nothing, with no place in a plan. */
struct agent *agent_make(uint32_t core, void (*run)(struct agent *agent));
/* Starts it (again) from the beginning. */
void agent_start(struct agent *agent);
/* Waits until `run` has returned: not for ever. */
bool agent_finished(const struct agent *agent);
/* Waits until it has seen `count` messages. */
bool agent_saw(const struct agent *agent, uint32_t count);
/* Its thread's state, as the kernel tells it. */
uint32_t agent_state(const struct agent *agent);
/* Waits until that is `state`. */
bool agent_becomes(const struct agent *agent, uint32_t state);

/* The spare core's plan: these agents, the most urgent first. */
void agent_plan(uint32_t count, struct agent *const *agents);
/* The same for threads and vCPUs by their slots. */
void agent_plan_slots(uint32_t count, const sk_cap_t *tasks);
/* The usual case: one or two agents on the spare core. */
void agent_plan_one(struct agent *agent);
void agent_plan_two(struct agent *first, struct agent *second);

/* Its message buffer, as this process sees it. */
void *agent_buffer(const struct agent *agent);

/* Waits, not for ever, for something that another core does. */
bool agent_until(bool (*holds)(const void *context), const void *context);

/*
 * Lets other cores work. This core sleeps meanwhile: where one host thread runs all cores in turns (-icount), one that
 * only looks and looks takes the others' time.
 */
void agent_rest(uint64_t ns);
/* Time for another core to do what it should not. */
void agent_linger(void);

/*
 * Functions for servers. Each notes every message it gets in seen[], and then
 *   agent_echo    answers with the words it got
 *   agent_answer  answers with agent->answer
 *   agent_keep    answers nothing and waits for the next; on a signal it answers the token in in[1] with agent->answer,
 *                 and `status` is what the kernel said to that
 *   agent_busy    never comes back from its first message
 */
void agent_echo(struct agent *agent);
void agent_answer(struct agent *agent);
void agent_keep(struct agent *agent);
void agent_busy(struct agent *agent);
/* Waits for the notification in slot in[0], for ever, and notes each signal. */
void agent_wait(struct agent *agent);
/* Makes one call on slot in[0] with `answer` as the message; the reply goes to `answer`, the status to `status`. */
void agent_call(struct agent *agent);

#endif
