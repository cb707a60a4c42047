/*
 * Takes the place of musl's arch/<arch>/syscall_arch.h: what would be a trap into
 * Linux is a call of the port. No vDSO, and no instruction of a kernel that isn't there.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

long sk_syscall(long number, long a, long b, long c, long d, long e, long f);

static inline long __syscall0(long n)
{
	return sk_syscall(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a)
{
	return sk_syscall(n, a, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a, long b)
{
	return sk_syscall(n, a, b, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a, long b, long c)
{
	return sk_syscall(n, a, b, c, 0, 0, 0);
}

static inline long __syscall4(long n, long a, long b, long c, long d)
{
	return sk_syscall(n, a, b, c, d, 0, 0);
}

static inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return sk_syscall(n, a, b, c, d, e, 0);
}

static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return sk_syscall(n, a, b, c, d, e, f);
}

#define IPC_64 0
