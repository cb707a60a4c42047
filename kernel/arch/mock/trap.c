/*
 * Traps of the mock machine: what the program on a core does becomes an entry into
 * the kernel, which runs until it would return to a program or put the core to
 * sleep. The way through is that of a real machine's trap code: the straight run's
 * decisions (kernel/fast.h) first, then the general path.
 */
#include <arch/mock.h>
#include <kernel/fast.h>
#include <setjmp.h>
#include <sk/idl/kernel.h>
#include <sk/idl/vm_exit_exit.h>
#include <sk/mmio.h>
#include <stdlib.h>
#include <string.h>

/* Where the current entry leaves the kernel to, and why it did. */
static _Thread_local jmp_buf *way_out;
static _Thread_local enum mock_end why_left;

_Noreturn void mock_leave(enum mock_end end)
{
	why_left = end;
	longjmp(*way_out, 1);
}

static void go_on(struct core *core, struct context *next)
{
	for (;;) {
		mock_switch(core, next);
		core->current = next;
		if (next->kind == CONTEXT_THREAD) {
			return;
		}
		struct vcpu *vcpu = vcpu_of(next);
		if (vcpu->work != 0) {
			struct context *prepared = vcpu_prepare(vcpu);
			/* An exit that nobody took comes back at once: its registers have left the hardware all the same. */
			if (prepared != next || core->loaded == NULL) {
				next = prepared;
				continue;
			}
		}
		if ((core->arch.pstate & MOCK_PSTATE_ILLEGAL) == 0) {
			return;
		}
		vm_exit_fail_entry_message(&vcpu->exit, core->arch.pstate);
		next = vcpu_exit(vcpu, VM_EXIT_METHOD_FAIL_ENTRY);
	}
}

_Noreturn void arch_resume(struct core *core, struct context *context)
{
	go_on(core, context);
	mock_leave(MOCK_LEFT);
}

/* Runs the kernel on a core, from an entry to where it leaves. False: the machine's life ended. */
static bool run(struct core *core, struct context *(*enter)(struct core *core, const void *argument),
		const void *argument)
{
	jmp_buf here;
	jmp_buf *const outer = way_out;
	struct core *const before = mock_this;
	way_out = &here;
	mock_this = core;
	if (setjmp(here) == 0) {
		core->arch.idle = false;
		arch_resume(core, enter(core, argument));
	}
	core->arch.idle = why_left == MOCK_ASLEEP;
	way_out = outer;
	mock_this = before;
	if (why_left == MOCK_ENDED && outer != NULL) {
		mock_leave(MOCK_ENDED);
	}
	return why_left != MOCK_ENDED;
}

static struct context *enter_boot(struct core *core, const void *argument)
{
	(void)core;
	kernel_main(argument);
}

bool mock_boot(const struct sk_boot_info *info)
{
	return run(core_at(0), enter_boot, info);
}

static struct context *enter_secondary(struct core *core, const void *argument)
{
	(void)argument;
	core_entered(core);
}

void mock_bring_up(struct core *core)
{
	core->arch.powered = false;
	(void)run(core, enter_secondary, NULL);
}

static struct context *enter_interrupt(struct core *core, const void *argument)
{
	const bool *slept = argument;
	core_count_event(core, COUNT_ENTRIES);
	mock_irq(core);
	return *slept ? plan_pick(core) : plan_continue(core);
}

bool mock_interrupt(uint32_t index)
{
	struct core *core = core_at(index);
	bool slept = core->arch.idle;
	if (!core->online || !mock_interrupt_waits(core)) {
		return false;
	}
	(void)run(core, enter_interrupt, &slept);
	return true;
}

void mock_settle(void)
{
	for (uint32_t round = 0; round < 10000; round++) {
		bool any = false;
		for (uint32_t i = 0; i < core_count; i++) {
			any |= mock_interrupt(i);
		}
		if (!any) {
			return;
		}
	}
	abort(); /* interrupts without end */
}

void mock_advance(uint64_t ticks)
{
	uint64_t end = mock.now + ticks;
	for (uint32_t round = 0; round < 100000; round++) {
		struct core *first = NULL;
		for (uint32_t i = 0; i < core_count; i++) {
			struct core *core = core_at(i);
			if (core->online && core->arch.timer <= end &&
			    (first == NULL || core->arch.timer < first->arch.timer)) {
				first = core;
			}
		}
		if (first == NULL) {
			mock.now = end;
			return;
		}
		mock.now = first->arch.timer > mock.now ? first->arch.timer : mock.now;
		(void)mock_interrupt(first->index);
	}
	abort(); /* the timer fires without end */
}

struct trap {
	uint64_t number;
	uint64_t x[8];
	uint32_t reason;
	uint64_t address;
	uint32_t size, target;
	bool write;
};

static struct context *syscall_general(struct core *core, uint64_t number)
{
	switch (number) {
	case SK_SYS_REPLY_WAIT:
		return ipc_reply_wait(core);
	case SK_SYS_CALL:
		return ipc_call(core);
	case SK_SYS_SIGNAL:
		return ipc_signal(core);
	case SK_SYS_WAIT:
		return ipc_wait(core);
	case SK_SYS_POLL:
		return ipc_poll(core);
	case SK_SYS_REPLY:
		return ipc_reply(core);
	default:
		arch_unload(core);
		thread_raise(core, thread_of(core->current), THREAD_FAULT_REASON_SYSTEM_CALL, number, 0,
			     core->current->frame->pc);
		return plan_continue(core);
	}
}

static struct context *settle_general(struct core *core, struct vcpu *vcpu, uint64_t tag, uint64_t w0, uint64_t w1)
{
	vcpu_settle(vcpu, tag, w0, w1);
	return vcpu->context.state == CONTEXT_READY && !core->reschedule ? &vcpu->context : plan_continue(core);
}

/* From a thread back into the guest whose exit it served. */
static struct context *reply_to_exit(struct core *core, struct context *server, struct vcpu *vcpu, uint64_t tag)
{
	uint64_t w0 = arch_argument(server->frame, 2);
	uint64_t w1 = arch_argument(server->frame, 3);
	uint32_t method = (uint32_t)vcpu->exit.tag & SK_TAG_METHOD_MASK;
	fast_give_back(core, server, tag, w0);
	if ((tag & 0xffffu) != 0) {
		return settle_general(core, vcpu, tag, w0, w1);
	}
	if (method == VM_EXIT_TAG_MMIO_READ || (method == VM_EXIT_TAG_SYSREG_READ && w1 == 0)) {
		arch_vcpu_read_done(vcpu, w0);
	} else if (method == VM_EXIT_TAG_MMIO_WRITE) {
		arch_vcpu_advance(vcpu);
	} else if (w0 != 0 || method == VM_EXIT_TAG_SYSREG_READ || method == VM_EXIT_TAG_SYSREG_WRITE) {
		return settle_general(core, vcpu, tag, w0, w1);
	}
	vcpu->context.state = CONTEXT_READY;
	return &vcpu->context;
}

static struct context *enter_syscall(struct core *core, const void *argument)
{
	const struct trap *trap = argument;
	struct context *current = core->current;
	struct arch_frame *from = current->frame;
	core_count_event(core, COUNT_ENTRIES);
	core->arch.pc += 4;
	memcpy(from->x, trap->x, sizeof trap->x);
	if (trap->number == SK_SYS_REPLY_WAIT) {
		struct context *caller = fast_reply_target(core, current, trap->x[0], trap->x[1]);
		if (caller == NULL) {
			return ipc_reply_wait(core);
		}
		mock_record(MOCK_FAST, token_index(current->token), token_index(caller->token));
		if (caller->kind == CONTEXT_VCPU) {
			return reply_to_exit(core, current, vcpu_of(caller), trap->x[1]);
		}
		fast_give_back(core, current, trap->x[1], trap->x[2]);
		arch_set_result(caller->frame, 0, trap->x[1] & 0xffffu);
		arch_put_words(caller->frame, arch_words(from));
		caller->state = CONTEXT_READY;
		return caller;
	}
	if (trap->number == SK_SYS_CALL) {
		capability cap;
		struct context *server = fast_call_target(core, current, trap->x[0], trap->x[1], &cap);
		if (server == NULL) {
			return ipc_call(core);
		}
		mock_record(MOCK_FAST, token_index(current->token), token_index(server->token));
		struct arch_frame *to = server->frame;
		arch_put_words(to, arch_words(from));
		arch_set_result(to, 0, capability_badge(cap));
		arch_set_result(to, 1, trap->x[1]);
		arch_set_result(to, 8, fast_hand_over(core, current, server, capability_badge(cap), current->root,
						      current->depth + 1u, trap->x[1], trap->x[2]));
		return server;
	}
	return syscall_general(core, trap->number);
}

/* A program can trap only on a core where it runs. */
static struct core *running(uint32_t index, enum context_kind kind)
{
	struct core *core = core_at(index);
	if (!core->online || core->arch.idle || core->current == NULL || core->current->kind != (uint8_t)kind ||
	    core->loaded != core->current) {
		abort();
	}
	return core;
}

void mock_syscall(uint32_t core, uint64_t number, const uint64_t x[8])
{
	struct trap trap = { .number = number };
	memcpy(trap.x, x, sizeof trap.x);
	(void)run(running(core, CONTEXT_THREAD), enter_syscall, &trap);
}

static struct context *enter_fault(struct core *core, const void *argument)
{
	const struct trap *trap = argument;
	core_count_event(core, COUNT_ENTRIES);
	arch_unload(core);
	thread_raise(core, thread_of(core->current), trap->reason, 0, trap->address, core->current->frame->pc);
	return plan_continue(core);
}

void mock_fault(uint32_t core, uint32_t reason, uint64_t address)
{
	struct trap trap = { .reason = reason, .address = address };
	(void)run(running(core, CONTEXT_THREAD), enter_fault, &trap);
}

/* The exit in vcpu->exit goes to `server`, which waits on this core. */
static struct context *exit_to(struct vcpu *vcpu, struct context *server, uint32_t reason, uint32_t badge)
{
	mock_record(MOCK_FAST, token_index(vcpu->context.token), token_index(server->token));
	vcpu->exit_counts[reason]++;
	arch_set_result(server->frame, 0, badge);
	arch_set_result(server->frame, 1, vcpu->exit.tag);
	arch_put_words(server->frame, vcpu->exit.w);
	arch_set_result(server->frame, 8, fast_hand_over(core_at(vcpu->context.core), &vcpu->context, server, badge,
						      &vcpu->context, 1, vcpu->exit.tag, vcpu->exit.w[0]));
	return server;
}

/* The PC of these is the next instruction's (vm_exit.idl). */
static bool is_past(uint32_t reason)
{
	return reason == VM_EXIT_METHOD_HYPERCALL || reason == VM_EXIT_METHOD_FIRMWARE_CALL ||
	       reason == VM_EXIT_METHOD_HALT || reason == VM_EXIT_METHOD_SEND_IPI;
}

static struct context *enter_exit(struct core *core, const void *argument)
{
	const struct trap *trap = argument;
	struct vcpu *vcpu = vcpu_of(core->current);
	core_count_event(core, COUNT_ENTRIES);
	core->arch.pc += is_past(trap->reason) ? 4u : 0u;
	if (trap->reason == VM_EXIT_METHOD_HALT && virq_pending(vcpu)) {
		return &vcpu->context;
	}
	vcpu->exit.tag = SK_TAG_METHOD(VM_EXIT_INTERFACE, trap->reason) | SK_TAG_IDEMPOTENT;
	memcpy(vcpu->exit.w, trap->x, sizeof vcpu->exit.w);
	vcpu->exit_info = (uint32_t)(SK_MMIO_WIDE | trap->target << SK_MMIO_REGISTER_SHIFT | 3u << SK_MMIO_SIZE_SHIFT);
	arch_unload(core);
	const struct exit_route *route = &vcpu->routes[trap->reason];
	struct context *server = fast_server(core, route->endpoint, route->generation);
	return server == NULL ? vcpu_exit(vcpu, trap->reason) : exit_to(vcpu, server, trap->reason, route->badge);
}

void mock_exit(uint32_t core, uint32_t reason, const uint64_t w[6])
{
	struct trap trap = { .reason = reason, .target = reason == VM_EXIT_METHOD_SYSREG_READ ? (uint32_t)w[1] : 0 };
	memcpy(trap.x, w, 6 * sizeof *w);
	(void)run(running(core, CONTEXT_VCPU), enter_exit, &trap);
}

static struct context *enter_mmio(struct core *core, const void *argument)
{
	const struct trap *trap = argument;
	struct vcpu *vcpu = vcpu_of(core->current);
	const struct route *route = vcpu->context.last_route;
	uint32_t reason = trap->write ? VM_EXIT_METHOD_MMIO_WRITE : VM_EXIT_METHOD_MMIO_READ;
	core_count_event(core, COUNT_ENTRIES);
	arch_unload(core);
	if (trap->address - route->address >= route->bytes) {
		route = space_route(vcpu->context.space, trap->address);
		if (route == NULL) {
			vm_exit_nested_page_fault_message(&vcpu->exit, trap->address,
							  trap->write ? SK_ACCESS_WRITE : SK_ACCESS_READ,
							  SK_FAULT_CAUSE_UNMAPPED, 0);
			return vcpu_exit(vcpu, VM_EXIT_METHOD_NESTED_PAGE_FAULT);
		}
		vcpu->context.last_route = route;
	}
	uint64_t size_log = (uint64_t)__builtin_ctz(trap->size);
	uint64_t info = SK_MMIO_WIDE | trap->target << SK_MMIO_REGISTER_SHIFT | size_log << SK_MMIO_SIZE_SHIFT;
	uint64_t vcpu_bits = (uint64_t)vcpu->index << SK_MMIO_VCPU_SHIFT;
	vcpu->exit_info = (uint32_t)info;
	if (trap->write) {
		uint32_t unused_bits = 64u - 8u * trap->size;
		uint64_t value = trap->target < 31u ? vcpu->context.frame->x[trap->target] : 0;
		vm_exit_mmio_write_message(&vcpu->exit, trap->address, info | vcpu_bits,
					   value << unused_bits >> unused_bits);
	} else {
		vm_exit_mmio_read_message(&vcpu->exit, trap->address, info | vcpu_bits);
	}
	struct context *server = fast_server(core, route->to.endpoint, route->to.generation);
	return server == NULL ? vcpu_exit(vcpu, reason) : exit_to(vcpu, server, reason, route->to.badge);
}

void mock_mmio(uint32_t core, uint64_t address, bool write, uint32_t size, uint32_t target)
{
	struct trap trap = { .address = address, .write = write, .size = size, .target = target };
	(void)run(running(core, CONTEXT_VCPU), enter_mmio, &trap);
}

int32_t mock_guest_take(uint32_t index)
{
	struct vcpu *vcpu = vcpu_of(running(index, CONTEXT_VCPU)->current);
	struct mock_list *best = NULL;
	for (uint32_t i = 0; i < vcpu->arch.list_used; i++) {
		struct mock_list *list = &vcpu->arch.lists[i];
		if (list->state == LIST_PENDING && (best == NULL || list->priority < best->priority)) {
			best = list;
		}
	}
	if (best == NULL) {
		return -1;
	}
	best->state = LIST_ACTIVE;
	return best->line;
}

static struct context *enter_maintenance(struct core *core, const void *argument)
{
	(void)argument;
	core_count_event(core, COUNT_ENTRIES);
	virq_arrived(core->resident);
	virq_flush(core->resident);
	return plan_continue(core);
}

void mock_guest_end(uint32_t index, uint32_t line)
{
	struct core *core = running(index, CONTEXT_VCPU);
	struct vcpu *vcpu = vcpu_of(core->current);
	uint32_t occupied = 0;
	bool notice = false;
	for (uint32_t i = 0; i < vcpu->arch.list_used; i++) {
		struct mock_list *list = &vcpu->arch.lists[i];
		if (list->line == line && (list->state & LIST_ACTIVE) != 0) {
			list->state &= (uint8_t)~(unsigned)LIST_ACTIVE;
			notice = list->state == LIST_EMPTY && list->notice;
		}
		occupied += list->state != LIST_EMPTY ? 1u : 0u;
	}
	if (notice || (vcpu->arch.underflow_notice && occupied <= 1u)) {
		(void)run(core, enter_maintenance, NULL);
	}
}

static struct context *enter_guest_timer(struct core *core, const void *argument)
{
	(void)argument;
	core_count_event(core, COUNT_ENTRIES);
	if (core->resident != NULL) {
		virq_pend(core->resident->context.space, core->resident, MOCK_TIMER_LINE);
	}
	return plan_continue(core);
}

void mock_guest_timer(uint32_t index)
{
	(void)run(core_at(index), enter_guest_timer, NULL);
}
