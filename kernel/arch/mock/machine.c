/*
 * The mock machine: cores, time, RAM and the log. See arch/mock.h.
 */
#include <arch/mock.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

_Thread_local struct core *mock_this;
struct mock mock;

static uint64_t ram_base(void)
{
	return (uint64_t)(uintptr_t)mock.ram;
}

void mock_reset(uint32_t core_total)
{
	uint8_t *ram = mock.ram != NULL ? mock.ram : aligned_alloc(SK_PAGE_BYTES, MOCK_RAM_BYTES);
	if (ram == NULL) {
		abort();
	}
	/* What nobody has cleared is not zero. */
	memset(ram, 0xa5, MOCK_RAM_BYTES);
	mock = (struct mock){
		.ram = ram, .now = 1000, .map_piece_pages = 16, .list_registers = 4, .refused_line = -1,
		.stopping = 2,
	};
	memset(cores, 0, sizeof cores);
	core_count = core_total;
	for (uint32_t i = 0; i < core_total; i++) {
		cores[i].index = i;
		cores[i].arch.timer = UINT64_MAX;
	}
	memset(interrupt_owner, 0, sizeof interrupt_owner);
	mock_this = core_at(0);
	kernel_unlock(); /* the last machine may have ended in the middle of a call */
}

void mock_record(enum mock_event event, uint64_t a, uint64_t b)
{
	if (!mock.threaded) {
		mock.log[mock.log_count++ % MOCK_LOG] = (struct mock_record){ event, mock_this->index, a, b };
	}
}

uint32_t mock_count(enum mock_event event)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < mock.log_count && i < MOCK_LOG; i++) {
		count += mock.log[i].event == event ? 1u : 0u;
	}
	return count;
}

void mock_log_clear(void)
{
	mock.log_count = 0;
}

uint64_t arch_ticks(void)
{
	return __atomic_load_n(&mock.now, __ATOMIC_RELAXED);
}

uint64_t arch_ticks_to_ns(uint64_t ticks)
{
	return ticks / (MOCK_HZ / 1000000000u);
}

uint64_t arch_ns_to_ticks(uint64_t ns)
{
	return ns > UINT64_MAX / (MOCK_HZ / 1000000000u) ? UINT64_MAX : ns * (MOCK_HZ / 1000000000u);
}

void arch_timer_set(uint64_t ticks)
{
	mock_record(MOCK_TIMER, ticks, 0);
	mock_this->arch.timer = ticks;
}

bool mock_interrupt_waits(const struct core *core)
{
	if (__atomic_load_n(&core->arch.poked, __ATOMIC_ACQUIRE) != 0 || core->arch.timer <= arch_ticks()) {
		return true;
	}
	for (uint32_t i = 0; i < MOCK_LINES; i++) {
		const struct mock_line *line = &mock.lines[i];
		if (line->enabled && line->pending && !line->active && line->core == core->index) {
			return true;
		}
	}
	return false;
}

bool arch_interrupt_pending(void)
{
	if (mock.polls_to_interrupt != 0 && ++mock.polls >= mock.polls_to_interrupt) {
		mock.polls = 0;
		return true;
	}
	return mock_interrupt_waits(mock_this);
}

void mock_irq(struct core *core)
{
	core_count_event(core, COUNT_INTERRUPTS);
	if (__atomic_exchange_n(&core->arch.poked, 0, __ATOMIC_ACQ_REL) != 0) {
		core_drain(core);
	}
	if (core->arch.timer <= arch_ticks()) {
		plan_tick(core);
	}
	for (uint32_t i = 0; i < MOCK_LINES; i++) {
		struct mock_line *line = &mock.lines[i];
		if (line->enabled && line->pending && !line->active && line->core == core->index) {
			line->pending = false;
			line->active = true;
			interrupt_arrived(32u + i);
		}
	}
}

void arch_idle(void)
{
	if (!mock_interrupt_waits(mock_this)) {
		mock_leave(MOCK_ASLEEP);
	}
	mock_irq(mock_this);
}

void arch_core_poke(uint32_t core)
{
	/* What one core does for another, such as a method that is done at home, has nothing done elsewhere in its turn. */
	if (__atomic_load_n(&mock_this->sync_request, __ATOMIC_ACQUIRE) == SYNC_RUNNING &&
	    __atomic_load_n(&core_at(core)->sync_request, __ATOMIC_ACQUIRE) == SYNC_ASKED) {
		abort();
	}
	mock_record(MOCK_POKE, core, 0);
	__atomic_store_n(&core_at(core)->arch.poked, 1, __ATOMIC_RELEASE);
}

/* The kernel waits for another core: those that have been asked for something do it now. */
void arch_core_relax(void)
{
	if (mock.threaded) {
		(void)sched_yield();
		return;
	}
	bool progress = mock.meanwhile != NULL;
	if (mock.meanwhile != NULL) {
		mock.meanwhile();
	}
	for (uint32_t i = 0; i < core_count; i++) {
		struct core *core = core_at(i);
		if (core == mock_this) {
			continue;
		}
		progress |= core->arch.stopping != 0;
		if (core->arch.powered) {
			mock_bring_up(core);
			progress = true;
		} else if (core->arch.poked != 0) {
			progress |= mock_interrupt(i);
		}
	}
	if (!progress) {
		arch_console_write("a core waits for what nobody will do", 36);
		mock.off = true;
		mock_leave(MOCK_ENDED);
	}
}

sk_status_t arch_core_online(uint32_t core)
{
	mock_record(MOCK_ONLINE, core, 0);
	if (core_at(core)->arch.stopping != 0) {
		return SK_BAD_STATE;
	}
	if (mock.online_status == SK_OK) {
		core_at(core)->arch.powered = true;
	}
	return mock.online_status;
}

void arch_core_offline(void)
{
	mock_record(MOCK_OFFLINE, mock_this->index, 0);
	mock_this->arch = (struct arch_core){ .timer = UINT64_MAX, .stopping = mock.stopping };
	mock_leave(MOCK_LEFT);
}

bool arch_core_is_off(uint32_t core)
{
	uint32_t *stopping = &core_at(core)->arch.stopping;
	return *stopping == 0 || --*stopping == 0;
}

sk_status_t arch_virtualisation_enable(struct core *core)
{
	mock_record(MOCK_ENABLE, core->index, 0);
	if (mock.unsupported) {
		return SK_UNSUPPORTED;
	}
	core->arch.vectors = true;
	return SK_OK;
}

sk_status_t arch_virtualisation_disable(struct core *core)
{
	mock_record(MOCK_DISABLE, core->index, 0);
	core->arch.vectors = false;
	return SK_OK;
}

bool arch_virtualisation_supported(void)
{
	return !mock.unsupported;
}

_Noreturn void arch_power_off(void)
{
	mock.off = true;
	mock_leave(MOCK_ENDED);
}

_Noreturn void arch_reset(void)
{
	mock.reset = true;
	mock_leave(MOCK_ENDED);
}

void arch_console_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (mock.console_length == sizeof mock.console - 1u) {
			memmove(mock.console, mock.console + 1, sizeof mock.console - 1u);
			mock.console_length--;
		}
		mock.console[mock.console_length++] = text[i];
		mock.console[mock.console_length] = '\0';
	}
}

/* The kernel may touch RAM and nothing else. */
static void in_ram(uint64_t address, uint64_t bytes)
{
	if (address < ram_base() || bytes > MOCK_RAM_BYTES || address - ram_base() > MOCK_RAM_BYTES - bytes) {
		abort();
	}
}

void arch_clear_page(void *page)
{
	in_ram((uint64_t)(uintptr_t)page, SK_PAGE_BYTES);
	mock_record(MOCK_CLEAR, (uint64_t)(uintptr_t)page, SK_PAGE_BYTES);
	memset(page, 0, SK_PAGE_BYTES);
}

void arch_sync_memory(uint64_t base, uint64_t bytes)
{
	in_ram(base, bytes);
	mock_record(MOCK_SYNC, base, bytes);
}
