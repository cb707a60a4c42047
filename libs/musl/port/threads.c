/*
 * Worker threads as musl must see them. The supervisor, not pthread_create, makes
 * threads, so their descriptors and thread-local storage are made here, all before any worker runs.
 * This file is compiled with musl's own headers: it follows src/thread/pthread_create.c
 * of musl 1.2.3, whose invariants it must leave behind (list of threads, need_locks, stdio locks).
 */
#include <stdlib.h>

#include "libc.h"
#include "pthread_impl.h"
#include "stdio_impl.h"

#include "thread.h"

enum { WORKERS_MAX = 8 };

static pthread_t workers[WORKERS_MAX];

/* Present only in a program that uses them. */
extern weak hidden volatile size_t __pthread_tsd_size;
extern weak hidden void *__pthread_tsd_main[];
extern weak hidden FILE *volatile __stdin_used;
extern weak hidden FILE *volatile __stdout_used;
extern weak hidden FILE *volatile __stderr_used;

static void lock_from_now_on(FILE *file)
{
	if (file != NULL && file->lock < 0) {
		file->lock = 0;
	}
}

static FILE *standard_file(FILE *volatile *file)
{
	return file == NULL ? NULL : *file;
}

static void become_threaded(pthread_t self)
{
	if (libc.threaded) {
		return;
	}
	for (FILE *file = *__ofl_lock(); file != NULL; file = file->next) {
		lock_from_now_on(file);
	}
	__ofl_unlock();
	lock_from_now_on(standard_file(&__stdin_used));
	lock_from_now_on(standard_file(&__stdout_used));
	lock_from_now_on(standard_file(&__stderr_used));
	if (&__pthread_tsd_size != NULL) {
		self->tsd = __pthread_tsd_main;
	}
	libc.threaded = 1;
}

static pthread_t make_worker(pthread_t self, unsigned index)
{
	size_t tsd_bytes = &__pthread_tsd_size == NULL ? 0 : __pthread_tsd_size;
	unsigned char *memory = calloc(1, libc.tls_size + tsd_bytes);

	if (memory == NULL) {
		return NULL;
	}

	pthread_t worker = __copy_tls(memory);

	worker->self = worker;
	worker->tsd = (void **)(void *)(memory + libc.tls_size);
	worker->locale = &libc.global_locale;
	worker->detach_state = DT_DETACHED;
	worker->robust_list.head = &worker->robust_list.head;
	worker->canary = self->canary;
	worker->sysinfo = self->sysinfo;
	worker->tid = self->tid + (int)index;

	worker->next = self->next;
	worker->prev = self;
	worker->next->prev = worker;
	worker->prev->next = worker;
	libc.threads_minus_1++;
	libc.need_locks = 1;
	return worker;
}

bool sk_libc_prepare_workers(unsigned count)
{
	pthread_t self = __pthread_self();

	if (count > WORKERS_MAX) {
		return false;
	}
	become_threaded(self);
	for (unsigned i = 1; i < count; i++) {
		workers[i] = make_worker(self, i);
		if (workers[i] == NULL) {
			return false;
		}
	}
	return true;
}

bool sk_libc_enter_worker(unsigned index)
{
	if (index >= WORKERS_MAX || workers[index] == NULL) {
		return false;
	}
	return __set_thread_area(TP_ADJ(workers[index])) == 0;
}
