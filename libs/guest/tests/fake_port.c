#include "fake_port.h"

#include <string.h>

struct fake fake;

static struct sk_vcpu_state states[SK_VM_VCPUS_MAX];

void fake_guest(struct guest *guest, uint32_t vcpus, uint32_t shared)
{
	memset(&fake, 0, sizeof(fake));
	memset(states, 0, sizeof(states));
	memset(guest, 0, sizeof(*guest));
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		fake.deadline[i] = UINT64_MAX;
		guest->vcpu[i].state = &states[i];
		guest->vcpu[i].power = i == 0 ? GUEST_POWER_ON : GUEST_POWER_OFF;
	}
	guest->vcpus = vcpus;
	guest->ram = (struct guest_ram){ .base = 0x40000000, .bytes = 0x10000000 };
	vgic_init(&guest->gic, fake.lines, vcpus, shared);
	fake_forget();
}

void fake_forget(void)
{
	fake.update_count = 0;
}

uint32_t fake_count(uint32_t vcpu, uint32_t line, uint32_t change)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fake.update_count; i++) {
		const struct fake_update *update = &fake.updates[i];
		count += update->line == line && update->vcpu == vcpu && update->change == change;
	}
	return count;
}

void port_line_update(uint32_t line, uint32_t vcpu, uint32_t change)
{
	assert_true(fake.update_count < FAKE_UPDATES);
	assert_true(vcpu < SK_VM_VCPUS_MAX);
	assert_true(line < SK_PRIVATE_LINES + SK_SHARED_LINES_MAX);
	fake.updates[fake.update_count++] = (struct fake_update){ line, vcpu, change };

	uint32_t *state = &fake.lines[sk_line_index(vcpu, line)].state;
	switch (change) {
	case SPACE_LINE_CHANGE_SET_PENDING:
		*state |= SK_LINE_PENDING;
		break;
	case SPACE_LINE_CHANGE_CLEAR_PENDING:
		*state &= ~SK_LINE_PENDING;
		break;
	case SPACE_LINE_CHANGE_SET_ACTIVE:
		*state |= SK_LINE_ACTIVE;
		break;
	case SPACE_LINE_CHANGE_CLEAR_ACTIVE:
		*state &= ~SK_LINE_ACTIVE;
		break;
	default:
		break;
	}
}

uint64_t port_counter(void)
{
	return fake.counter;
}

void port_timer_set(uint32_t vcpu, uint64_t deadline)
{
	fake.deadline[vcpu] = deadline;
}

bool port_vcpu_start(uint32_t vcpu, uint64_t entry, uint64_t context)
{
	if (fake.start_fails) {
		return false;
	}
	fake.started++;
	fake.start_vcpu = vcpu;
	fake.start_entry = entry;
	fake.start_context = context;
	if (fake.starts_and_ends != NULL) {
		fake.starts_and_ends->vcpu[vcpu].power = GUEST_POWER_OFF;
	}
	return true;
}

bool port_vcpu_resting(uint32_t vcpu)
{
	return (fake.resting >> vcpu & 1u) != 0;
}

bool port_entropy(uint64_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		words[i] = UINT64_MAX;
	}
	return !fake.no_entropy;
}

void port_log_character(char character)
{
	if (fake.text_length + 1 < sizeof(fake.text)) {
		fake.text[fake.text_length++] = character;
	}
}

void port_log(const char *format, ...)
{
	(void)format;
	fake.logged++;
}
