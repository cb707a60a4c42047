/*
 * Workers: each has its own errno and thread-local variables, and the heap and stdio
 * are shared between them. With one worker there is nothing to see.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/server.h>

#include "check.h"

enum {
	ROUNDS = 500,
	PATIENCE = 2000000000, /* ns */
};

static _Thread_local int local_number = 17;
static _Thread_local char local_text[32];

/* By worker: how many of its checks failed, plus 1 when it is done. */
static int results[SK_MAX_CORES];
static int *errno_at[SK_MAX_CORES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static int guarded;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;

static void count_once(void)
{
	once_count++;
}

static int exercise(unsigned index)
{
	int failures = 0;

	errno_at[index] = &errno;
	failures += local_number != 17 || local_text[0] != '\0';
	local_number = (int)index;
	failures += pthread_once(&once, count_once) != 0;
	failures += pthread_setspecific(key, &results[index]) != 0;
	for (int i = 0; i < ROUNDS; i++) {
		size_t bytes = (size_t)(i * 7 % 400 + 1);
		char *block = malloc(bytes);
		failures += block == NULL;
		if (block != NULL) {
			memset(block, (int)index, bytes);
			(void)pthread_mutex_lock(&mutex);
			guarded++;
			(void)pthread_mutex_unlock(&mutex);
			failures += block[bytes - 1] != (char)index;
			free(block);
		}
		errno = (int)index;
		(void)snprintf(local_text, sizeof(local_text), "%u %.1f", index, (double)i / 2);
		failures += errno != (int)index;
	}
	failures += local_number != (int)index;
	failures += pthread_getspecific(key) != &results[index];
	printf("# worker %u\n", index);
	return failures;
}

static bool refuse(const struct sk_caller *caller, struct sk_msg *msg)
{
	(void)caller;
	return sk_server_refuse(msg);
}

static void ignore(uint64_t bits)
{
	(void)bits;
}

void sk_server_serve(void)
{
	unsigned index = sk_thread_index();

	__atomic_store_n(&results[index], exercise(index) + 1, __ATOMIC_RELEASE);
	sk_server_loop(refuse, ignore);
}

static bool wait_for(unsigned index)
{
	uint64_t deadline = sk_now_ns() + PATIENCE;

	while (__atomic_load_n(&results[index], __ATOMIC_ACQUIRE) == 0) {
		if (sk_now_ns() > deadline) {
			return false;
		}
	}
	return true;
}

static void workers(void)
{
	unsigned count = sk_start()->threads;

	if (count < 2) {
		check_skip("this process has one worker");
		return;
	}
	CHECK(pthread_key_create(&key, NULL) == 0);
	sk_server_start_workers();
	CHECK(exercise(0) == 0);
	for (unsigned i = 1; i < count; i++) {
		CHECK(wait_for(i));
		CHECK(results[i] == 1);
		CHECK(errno_at[i] != errno_at[0]);
	}
	CHECK(guarded == (int)count * ROUNDS);
	CHECK(once_count == 1);
	CHECK(local_number == 0);
}

static void locks(void)
{
	pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;

	CHECK(pthread_mutex_lock(&own) == 0 && pthread_mutex_trylock(&own) == EBUSY);
	CHECK(pthread_mutex_unlock(&own) == 0 && pthread_mutex_trylock(&own) == 0);
	CHECK(pthread_mutex_unlock(&own) == 0);
}

void check_threads(void)
{
	static const struct check_case cases[] = {
		{ "a mutex excludes", locks },
		{ "workers have their own errno and share the heap", workers },
	};

	CHECK_CASES("threads", cases);
}
