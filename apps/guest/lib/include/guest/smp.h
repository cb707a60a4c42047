/* Starting and stopping the other CPUs, and waiting for one another. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <guest/cpu.h>

/*
 * Switches CPU `index` on to run `main` with translation on, its own stack and its GIC interface ready; when
 * `main` returns, the CPU switches itself off. Returns PSCI's answer; doesn't wait for the CPU.
 */
int64_t smp_start(uint32_t index, void (*main)(struct cpu *cpu));

/* Waits until PSCI says that CPU `index` is off, at most `ticks`. */
bool smp_wait_off(uint32_t index, uint64_t ticks);

/* Waits until *word is at least `value`, at most `ticks` of the counter. */
bool smp_wait(const volatile uint64_t *word, uint64_t value, uint64_t ticks);

static inline uint64_t smp_add(volatile uint64_t *word, uint64_t value)
{
	return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}

struct spinlock {
	uint32_t held;
};

/*
 * Whoever comes first. Not fair by design: with more virtual CPUs than real ones, a ticket lock waits for a CPU
 * that isn't running at each turn.
 */
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

#endif
