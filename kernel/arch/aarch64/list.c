/*
 * A vCPU's virtual CPU interface: its list registers and what belongs to them
 * (Arm IHI 0069, 12.4). They are in the hardware while the vCPU is resident on its
 * core, else in its structure; the functions work on either, on its core only.
 *
 * list_used and list_line[] remember the line of each list register also after the
 * guest ended it without notice, until virq.c has looked.
 *
 * The guest timer's line: between the physical interrupt and the guest's end of the
 * virtual one the physical line is active, on behalf of the resident vCPU. Either
 * arch.timer_masked says so (not listed yet), or the list register with HW set
 * does, and then the guest's end deactivates both at once. When the vCPU leaves
 * the hardware the active state goes with it.
 */
#include <arch/machine.h>
#include <arch/sysreg.h>

#define LIST_FIRST(M) M(0) M(1) M(2) M(3)  /* what most machines have: reached without a jump table */
#define LIST_OTHERS(M) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
#define LIST_READ(n) if (index == (n)) { return read_sysreg(ich_lr##n##_el2); }
#define LIST_WRITE(n) if (index == (n)) { write_sysreg(ich_lr##n##_el2, value); return; }

static uint32_t count;

static __attribute__((noinline)) uint64_t hardware_read_other(uint32_t index)
{
	LIST_OTHERS(LIST_READ)
	return 0;
}

static __attribute__((noinline)) void hardware_write_other(uint32_t index, uint64_t value)
{
	LIST_OTHERS(LIST_WRITE)
}

static inline uint64_t hardware_read(uint32_t index)
{
	LIST_FIRST(LIST_READ)
	return hardware_read_other(index);
}

static inline void hardware_write(uint32_t index, uint64_t value)
{
	LIST_FIRST(LIST_WRITE)
	hardware_write_other(index, value);
}

static inline bool is_resident(const struct vcpu *vcpu)
{
	return core_this()->resident == vcpu;
}

static inline uint64_t list_read(const struct vcpu *vcpu, uint32_t index)
{
	return is_resident(vcpu) ? hardware_read(index) : vcpu->arch.list[index];
}

static inline void list_write(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	if (is_resident(vcpu)) {
		hardware_write(index, value);
	} else {
		vcpu->arch.list[index] = value;
	}
}

static enum list_state state_of(uint64_t list)
{
	return (enum list_state)field_get(list, ICH_LR_STATE);
}

static uint64_t usable_saved(const struct vcpu *vcpu)
{
	uint64_t bits = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t list = vcpu->arch.list[i];
		bool notice = (list & ICH_LR_HW) == 0 && (list & ICH_LR_EOI) != 0;
		bits |= state_of(list) == LIST_EMPTY && !notice ? 1ull << i : 0;
	}
	return bits;
}

/* Bit per list register that holds nothing and owes no notice. */
static inline uint64_t usable(const struct vcpu *vcpu)
{
	return is_resident(vcpu) ? read_sysreg(ich_elrsr_el2) : usable_saved(vcpu);
}

static inline bool is_used(const struct vcpu *vcpu, uint32_t index)
{
	return (vcpu->arch.list_used & 1u << index) != 0;
}

void list_core_init(void)
{
	count = (uint32_t)field_get(read_sysreg(ich_vtr_el2), ICH_VTR_LISTREGS) + 1u;
	count = count < LIST_REGISTERS_MAX ? count : LIST_REGISTERS_MAX;
	write_sysreg(ich_hcr_el2, 0);
	for (uint32_t i = 0; i < count; i++) {
		hardware_write(i, 0);
	}
}

void gic_vcpu_init(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	for (uint32_t i = 0; i < LIST_REGISTERS_MAX; i++) {
		arch->list[i] = 0;
	}
	arch->list_used = 0;
	arch->ich_hcr = ICH_HCR_EN;
	arch->ich_vmcr = ICH_VMCR_VFIQEN;
	arch->ich_ap0r0 = 0;
	arch->ich_ap1r0 = 0;
	arch->timer_masked = false;
}

/* Is the physical timer line active for this vCPU? From its registers as saved. */
static bool holds_timer(const struct vcpu *vcpu)
{
	bool holds = vcpu->arch.timer_masked;
	for (uint32_t i = 0; i < count; i++) {
		holds |= (vcpu->arch.list[i] & ICH_LR_HW) != 0 && state_of(vcpu->arch.list[i]) != LIST_EMPTY;
	}
	return holds;
}

void gic_vcpu_save(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	for (uint32_t i = 0; i < count; i++) {
		arch->list[i] = hardware_read(i);
	}
	arch->ich_vmcr = read_sysreg(ich_vmcr_el2);
	arch->ich_ap0r0 = read_sysreg(ich_ap0r0_el2);
	arch->ich_ap1r0 = read_sysreg(ich_ap1r0_el2);
	write_sysreg(ich_hcr_el2, 0);
	if (holds_timer(vcpu)) {
		gic_timer_hold(core_this(), false);
	}
}

void gic_vcpu_load(struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	if (holds_timer(vcpu)) {
		gic_timer_hold(core_this(), true);
	}
	for (uint32_t i = 0; i < count; i++) {
		hardware_write(i, arch->list[i]);
	}
	write_sysreg(ich_vmcr_el2, arch->ich_vmcr);
	write_sysreg(ich_ap0r0_el2, arch->ich_ap0r0);
	write_sysreg(ich_ap1r0_el2, arch->ich_ap1r0);
	write_sysreg(ich_hcr_el2, arch->ich_hcr);
}

uint32_t arch_list_registers(void)
{
	return count;
}

int32_t arch_list_free(const struct vcpu *vcpu)
{
	uint64_t free = usable(vcpu);
	return free == 0 ? -1 : __builtin_ctzll(free);
}

int32_t arch_list_find(const struct vcpu *vcpu, uint32_t line)
{
	for (uint64_t used = vcpu->arch.list_used & ~usable(vcpu); used != 0; used &= used - 1u) {
		int32_t index = __builtin_ctzll(used);
		if (vcpu->arch.list_line[index] == line) {
			return index;
		}
	}
	return -1;
}

enum list_state arch_list_state(const struct vcpu *vcpu, uint32_t index, uint32_t *line)
{
	*line = vcpu->arch.list_line[index];
	return state_of(list_read(vcpu, index));
}

uint32_t arch_list_used(const struct vcpu *vcpu)
{
	return vcpu->arch.list_used;
}

static inline void list_put(struct vcpu *vcpu, uint32_t index, uint32_t line, uint64_t list)
{
	vcpu->arch.list_line[index] = (uint16_t)line;
	vcpu->arch.list_used |= (uint16_t)(1u << index);
	list_write(vcpu, index, list);
}

/* Does the guest's timer want an interrupt at this moment? */
static bool timer_asserted(void)
{
	return (read_sysreg(cntv_ctl_el0) & (CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) ==
	       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
}

/* The physical line waits, active, and is linked now, unless the guest has set its timer anew meanwhile. */
static bool list_timer(struct vcpu *vcpu, uint32_t index, uint64_t list, enum list_state state)
{
	vcpu->arch.timer_masked = false;
	if (is_resident(vcpu) && !timer_asserted()) {
		gic_deactivate(TIMER_LINE);
		return false;
	}
	state = state == LIST_BOTH ? LIST_PENDING : state; /* a linked line can't be both */
	list_put(vcpu, index, TIMER_LINE, list | ICH_LR_HW | field_put(TIMER_LINE, ICH_LR_PINTID) |
		 field_put(state, ICH_LR_STATE));
	return true;
}

bool arch_list_set(struct vcpu *vcpu, uint32_t index, uint32_t line, uint32_t priority, enum list_state state,
		   bool end_notice)
{
	uint64_t list = field_put(line, ICH_LR_VINTID) | field_put(priority, ICH_LR_PRIORITY) | ICH_LR_GROUP1;
	if (line == TIMER_LINE) {
		if (is_used(vcpu, index)) {
			arch_list_clear(vcpu, index); /* a physical line must not stay active without its list register */
		}
		if (vcpu->arch.timer_masked) {
			return list_timer(vcpu, index, list, state);
		}
	}
	list_put(vcpu, index, line, list | field_put(state, ICH_LR_STATE) | (end_notice ? ICH_LR_EOI : 0));
	return true;
}

void arch_list_clear(struct vcpu *vcpu, uint32_t index)
{
	if (vcpu->arch.list_line[index] == TIMER_LINE) {
		uint64_t list = list_read(vcpu, index);
		if ((list & ICH_LR_HW) != 0 && state_of(list) != LIST_EMPTY && is_resident(vcpu)) {
			gic_deactivate(TIMER_LINE); /* if the timer still wants to interrupt, it does so again */
		}
	}
	vcpu->arch.list_used &= (uint16_t)~(1u << index);
	list_write(vcpu, index, 0);
}

void arch_list_underflow_notice(struct vcpu *vcpu, bool on)
{
	uint64_t value = on ? vcpu->arch.ich_hcr | ICH_HCR_UIE : vcpu->arch.ich_hcr & ~ICH_HCR_UIE;
	if (value != vcpu->arch.ich_hcr) {
		vcpu->arch.ich_hcr = value;
		if (is_resident(vcpu)) {
			write_sysreg(ich_hcr_el2, value);
		}
	}
}
