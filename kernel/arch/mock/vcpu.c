/*
 * The mock machine's registers: threads' frames, what of a vCPU stays in the
 * hardware, floating point, and list registers.
 */
#include <arch/mock.h>
#include <kernel/call.h>
#include <sk/mmio.h>
#include <string.h>

void arch_unload(struct core *core)
{
	struct context *loaded = core->loaded;
	if (loaded != NULL) {
		mock_record(MOCK_UNLOAD, token_index(loaded->token), 0);
		loaded->frame->pc = core->arch.pc;
		loaded->frame->pstate = core->arch.pstate;
		core->loaded = NULL;
	}
}

void mock_switch(struct core *core, struct context *to)
{
	if (core->loaded == to) {
		return;
	}
	arch_unload(core);
	if (to->kind == CONTEXT_VCPU && core->resident != vcpu_of(to)) {
		struct vcpu *vcpu = vcpu_of(to);
		arch_vcpu_save(core);
		mock_record(MOCK_VCPU_LOAD, token_index(to->token), 0);
		memcpy(core->arch.registers, vcpu->arch.registers, sizeof core->arch.registers);
		core->resident = vcpu;
		vcpu->work = (vcpu->work & ~VCPU_WORK_LOAD) | VCPU_WORK_LINES;
		core_count_event(core, COUNT_VCPU_SWITCHES);
	}
	core->arch.pc = to->frame->pc;
	core->arch.pstate = to->frame->pstate;
	core->loaded = to;
}

uint64_t mock_pc(const struct context *context)
{
	const struct core *core = core_at(context->core);
	return core->loaded == context ? core->arch.pc : context->frame->pc;
}

/* The mock's frame has no stack pointer: the last general register is as good. */
void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument)
{
	thread->registers = (struct arch_frame){ .pc = entry };
	thread->registers.x[0] = argument;
	thread->registers.x[30] = stack;
}

void arch_restart_call(struct thread *thread)
{
	mock_record(MOCK_RESTART, token_index(thread->context.token), 0);
	if (mock_this->loaded == &thread->context) {
		arch_unload(mock_this);
	}
	thread->registers.pc -= 4;
}

void arch_registers_read(const struct thread *thread, uint64_t *registers)
{
	memcpy(registers, thread->registers.x, sizeof thread->registers.x);
	registers[31] = 0;
	registers[32] = thread->registers.pc;
	registers[33] = thread->registers.pstate;
}

void arch_registers_write(struct thread *thread, const uint64_t *registers)
{
	memcpy(thread->registers.x, registers, sizeof thread->registers.x);
	thread->registers.pc = registers[32];
	thread->registers.pstate = registers[33] & ~MOCK_PSTATE_ILLEGAL;
}

sk_status_t arch_vcpu_init(struct vcpu *vcpu, uint64_t config)
{
	if (config > UINT32_MAX) {
		return SK_BAD_ARG;
	}
	*vcpu->context.frame = (struct arch_frame){ .pstate = 5 };
	vcpu->arch.config = config;
	vcpu->arch.timer_deadline = UINT64_MAX;
	return SK_OK;
}

void arch_vcpu_setup(struct vcpu *vcpu, uint64_t flags)
{
	mock_record(MOCK_VCPU_SETUP, token_index(vcpu->context.token), flags);
	vcpu->arch.flags = flags;
}

void arch_vcpu_entry(struct vcpu *vcpu, uint64_t entry)
{
	mock_record(MOCK_VCPU_ENTRY, token_index(vcpu->context.token), entry);
	vcpu->context.frame->pc = entry;
}

sk_status_t arch_vcpu_set_gpr(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	if (index > 30) {
		return SK_BAD_ARG;
	}
	vcpu->context.frame->x[index] = value;
	return SK_OK;
}

sk_status_t arch_vcpu_read(struct vcpu *vcpu, uint32_t group, uint64_t *registers)
{
	mock_record(MOCK_VCPU_READ, token_index(vcpu->context.token), group);
	if (group != MOCK_EL1) {
		return SK_UNSUPPORTED;
	}
	memcpy(registers, vcpu->arch.registers, sizeof vcpu->arch.registers);
	return SK_OK;
}

sk_status_t arch_vcpu_write(struct vcpu *vcpu, uint32_t group, const uint64_t *registers)
{
	mock_record(MOCK_VCPU_WRITE, token_index(vcpu->context.token), group);
	if (group != MOCK_EL1) {
		return SK_UNSUPPORTED;
	}
	memcpy(vcpu->arch.registers, registers, sizeof vcpu->arch.registers);
	return SK_OK;
}

void arch_vcpu_save(struct core *core)
{
	struct vcpu *vcpu = core->resident;
	if (vcpu != NULL) {
		mock_record(MOCK_VCPU_SAVE, token_index(vcpu->context.token), 0);
		virq_spill(vcpu);
		memcpy(vcpu->arch.registers, core->arch.registers, sizeof vcpu->arch.registers);
		vcpu->work |= VCPU_WORK_LOAD;
		core->resident = NULL;
	}
}

void arch_vcpu_read_done(struct vcpu *vcpu, uint64_t value)
{
	uint64_t info = vcpu->exit_info;
	uint32_t unused_bits = 64u - 8u * sk_mmio_size(info);
	value <<= unused_bits;
	value = (info & SK_MMIO_SIGN) != 0 ? (uint64_t)((int64_t)value >> unused_bits) : value >> unused_bits;
	if (sk_mmio_register(info) < 31u) {
		vcpu->context.frame->x[sk_mmio_register(info)] = (info & SK_MMIO_WIDE) != 0 ? value : (uint32_t)value;
	}
	vcpu->context.frame->pc += 4;
}

sk_status_t arch_identification(uint32_t encoding, uint64_t *value)
{
	*value = 0x1d00u + encoding;
	return encoding < 8u ? SK_OK : SK_BAD_ARG;
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	vcpu->context.frame->pc += 4;
}

void arch_vcpu_exception(struct vcpu *vcpu, enum guest_exception exception)
{
	vcpu->arch.undefined_taken |= exception == GUEST_UNDEFINED;
	vcpu->arch.abort_taken |= exception == GUEST_ABORT;
}

void arch_vcpu_trap_halt(struct vcpu *vcpu, bool trap)
{
	vcpu->arch.traps_halt = trap;
}

uint64_t arch_vcpu_timer_deadline(const struct vcpu *vcpu)
{
	return vcpu->arch.timer_deadline;
}

void arch_fp_save(struct core *core)
{
	if (core->fp_owner != NULL) {
		mock_record(MOCK_FP_SAVE, token_index(core->fp_owner->token), 0);
		memcpy(core->fp_owner->fp->v, core->arch.fp, sizeof core->arch.fp);
		core->fp_owner = NULL;
	}
}

uint64_t mock_use_fp(uint32_t index, uint32_t word, uint64_t value)
{
	struct core *core = core_at(index);
	struct core *before = mock_this;
	mock_this = core;
	if (core->fp_owner != core->current) {
		arch_fp_save(core);
		mock_record(MOCK_FP_LOAD, token_index(core->current->token), 0);
		memcpy(core->arch.fp, core->current->fp->v, sizeof core->arch.fp);
		core->fp_owner = core->current;
		core_count_event(core, COUNT_FP_SWITCHES);
	}
	mock_this = before;
	uint64_t old = core->arch.fp[word];
	core->arch.fp[word] = value;
	return old;
}

uint32_t arch_list_registers(void)
{
	return mock.list_registers;
}

bool arch_list_take(struct vcpu *vcpu, uint32_t *line, enum list_state *state)
{
	if (vcpu->arch.list_used == 0) {
		return false;
	}
	struct mock_list *list = &vcpu->arch.lists[--vcpu->arch.list_used];
	mock_record(MOCK_LIST_TAKE, list->line, (uint64_t)list->state);
	*line = list->line;
	*state = (enum list_state)list->state;
	*list = (struct mock_list){ .state = LIST_EMPTY };
	return true;
}

bool arch_list_put(struct vcpu *vcpu, uint32_t line, uint32_t priority, enum list_state state, bool end_notice)
{
	mock_record(MOCK_LIST_PUT, line, (uint64_t)state);
	if (mock.listing != NULL) {
		mock.listing();
	}
	if ((int32_t)line == mock.refused_line) {
		return false;
	}
	if (mock_this->resident != vcpu) {
		panic("line %u for a vCPU that is not resident", line);
	}
	for (uint32_t i = 0; i < vcpu->arch.list_used; i++) {
		if (vcpu->arch.lists[i].line == line || i + 1u == mock.list_registers) {
			panic("line %u is in a list register already, or there is none for it", line);
		}
	}
	vcpu->arch.lists[vcpu->arch.list_used++] = (struct mock_list){
		.line = (uint16_t)line, .priority = (uint8_t)priority, .state = (uint8_t)state, .notice = end_notice,
	};
	return true;
}

void arch_list_filled(struct vcpu *vcpu, bool more)
{
	vcpu->arch.underflow_notice = more;
}
