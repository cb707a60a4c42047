/* See smp.h. */
#include <guest/mmu.h>
#include <guest/smccc.h>
#include <guest/smp.h>
#include <guest/timer.h>

int64_t smp_start(uint32_t index, void (*main)(struct cpu *cpu))
{
	struct cpu *cpu = &cpus[index];
	cpu->main = main;
	cpu->catching = false;
	cpu->irq = 0;
	/* It comes up without caches and reads this record before it turns them on. */
	cache_clean(cpu, sizeof(*cpu));
	return psci_call(PSCI_CPU_ON, cpu->mpidr, (uint64_t)guest_secondary, (uint64_t)cpu);
}

bool smp_wait_off(uint32_t index, uint64_t ticks)
{
	uint64_t end = timer_now() + ticks;
	while (psci_call(PSCI_AFFINITY_INFO, cpus[index].mpidr, 0, 0) != PSCI_STATE_OFF) {
		if (timer_now() > end) {
			return false;
		}
		cpu_relax();
	}
	return true;
}

bool smp_wait(const volatile uint64_t *word, uint64_t value, uint64_t ticks)
{
	uint64_t end = timer_now() + ticks;
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < value) {
		if (timer_now() > end) {
			return false;
		}
		cpu_relax();
	}
	return true;
}

void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
		cpu_relax();
	}
}

void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
