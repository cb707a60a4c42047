/*
 * From the first instruction to main(), in C: arch/ code comes here with a stack and the start page.
 *
 * The C library is started the way its own start code does it, by __libc_start_main with the vector
 * of words that a process of a Unix begins with: argument strings, an empty environment, and the
 * auxiliary vector. argv[0] is the server's name, the rest are the manifest's `args`.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include <sk/arch/exit.h>
#include <sk/process.h>
#include <sk/server.h>

#include "thread.h"

enum {
	ARGUMENTS_MAX = 64,
	SEED_WORDS = 2,
};

/* The initial image of thread-local variables; symbols of the linker script, of which only addresses count. */
extern const char sk_tls_start[];
extern const char sk_tls_file_bytes[];
extern const char sk_tls_bytes[];
extern const char sk_tls_align[];

int main(int argc, char **argv, char **envp);
int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*linker)(void));
void sk_start_thread(uintptr_t argument);

/* A program without workers need not define it. */
#pragma weak sk_server_serve

static Elf64_Phdr tls_header;
static uint64_t seed[SEED_WORDS];
static uintptr_t vector[ARGUMENTS_MAX + 32];

/*
 * Sixteen bytes that the library takes its stack canary and heap secrets from. They are hard
 * to guess for a remote client and for nobody else: there is no entropy here.
 */
static void make_seed(const struct sk_start *start)
{
	uint64_t x = sk_counter() ^ (uint64_t)start->instance << 32 ^ (uint64_t)(uintptr_t)start;

	for (unsigned i = 0; i < SEED_WORDS; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		x *= 0x2545f4914f6cdd1dull;
		seed[i] = x;
	}
}

static size_t put_auxiliary(uintptr_t *at)
{
	const uintptr_t entries[][2] = {
		{ AT_PAGESZ, SK_PAGE_BYTES },
		{ AT_PHDR, (uintptr_t)&tls_header },
		{ AT_PHENT, sizeof(tls_header) },
		{ AT_PHNUM, 1 },
		{ AT_RANDOM, (uintptr_t)seed },
		{ AT_NULL, 0 },
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		at[count++] = entries[i][0];
		at[count++] = entries[i][1];
	}
	return count;
}

static int put_arguments(const struct sk_start *start, uintptr_t *at)
{
	int count = 0;

	at[count++] = (uintptr_t)start->name;
	for (const char *arg = sk_argument_next(NULL); arg != NULL && count < ARGUMENTS_MAX;
	     arg = sk_argument_next(arg)) {
		at[count++] = (uintptr_t)arg;
	}
	return count;
}

static bool waits;

/* The C library is ready. What is the server's for good, such as its persistent region, main() looks at. */
static int enter(int argc, char **argv, char **envp)
{
	if (waits) {
		sk_arch_standby();
	}
	return main(argc, argv, envp);
}

_Noreturn static void enter_main(const struct sk_start *start)
{
	int argc = put_arguments(start, vector);
	size_t end = (size_t)argc;

	vector[end++] = 0; /* of the arguments */
	vector[end++] = 0; /* of the environment */
	make_seed(start);
	tls_header = (Elf64_Phdr){
		.p_type = PT_TLS,
		.p_flags = PF_R,
		.p_vaddr = (uintptr_t)sk_tls_start,
		.p_filesz = (uintptr_t)sk_tls_file_bytes,
		.p_memsz = (uintptr_t)sk_tls_bytes,
		.p_align = (uintptr_t)sk_tls_align,
	};
	(void)put_auxiliary(vector + end);
	(void)__libc_start_main(enter, argc, (char **)vector, NULL, NULL, NULL);
	sk_exit(1, "main did not exit");
}

/* Each thread's first C function. Thread 0 is alone until it starts the others. */
void sk_start_thread(uintptr_t argument)
{
	const struct sk_start *start = (const struct sk_start *)(argument & ~(uintptr_t)SK_START_STANDBY);
	unsigned index = sk_thread_index();

	if (index == 0) {
		waits = (argument & SK_START_STANDBY) != 0;
		if (!sk_process_adopt(start)) {
			sk_exit(1, "not a start page");
		}
		enter_main(start);
	}
	if (sk_server_serve == NULL || !sk_libc_enter_worker(index)) {
		sk_exit(1, "a worker was started that nobody prepared");
	}
	sk_server_serve();
}
