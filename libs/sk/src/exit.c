/*
 * The end of a process (see sk/process.h).
 */
#include <sk/arch/exit.h>
#include <sk/process.h>

void sk_exit(int code, const char *why)
{
	sk_arch_exit(code, why);
}
