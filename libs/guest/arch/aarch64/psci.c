#include <guest/psci.h>

#include <guest/port.h>

#define SUSPEND_STATE_VALID 0x0301ffffu /* StateID, StateType, PowerLevel in the original format */
#define SUSPEND_POWERDOWN (1u << 16)
#define SUSPEND_LEVEL(state) ((state) >> 24 & 3u)
#define RESET2_VENDOR (1u << 31)
#define RESET2_WARM 0u
#define AFFINITY_LEVELS 4u

/* A start address that can work: an instruction in RAM. */
static bool entry_sane(const struct guest *guest, uint64_t entry)
{
	return entry % 4 == 0 && ram_holds(&guest->ram, entry, 4);
}

/* Takes `*power` from off to pending for the caller; false, and `*found` says what it was. */
static bool claim(uint32_t *power, uint32_t by, uint32_t *found)
{
	*found = __atomic_load_n(power, __ATOMIC_ACQUIRE);
	while ((*found & GUEST_POWER_MASK) == GUEST_POWER_OFF) {
		if (__atomic_compare_exchange_n(power, found, GUEST_POWER_ON_PENDING | by, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			return true;
		}
	}
	return false;
}

/* The caller has claimed it; it may be under way already, if the instance before this one came as far. */
static uint64_t switch_on(struct guest *guest, uint32_t vcpu, uint32_t by, const struct firmware_call *call)
{
	uint32_t pending = GUEST_POWER_ON_PENDING | by;
	bool started = port_vcpu_resting(vcpu) || port_vcpu_start(vcpu, call->argument[1], call->argument[2]);

	/* By now it may have run and called CPU_OFF: only what is still pending is settled here. */
	(void)__atomic_compare_exchange_n(&guest->vcpu[vcpu].power, &pending,
					  started ? GUEST_POWER_ON | by : GUEST_POWER_OFF, false, __ATOMIC_ACQ_REL,
					  __ATOMIC_ACQUIRE);
	return started ? PSCI_SUCCESS : PSCI_INTERNAL_FAILURE;
}

/*
 * A call that is delivered again, because the VMM died over it, finds its own claim and goes on from there, so that
 * the guest hears once what it would have heard without the death.
 */
static uint64_t cpu_on(struct guest *guest, const struct firmware_call *call)
{
	uint32_t vcpu = guest_vcpu_of(call->argument[0], guest->vcpus);
	uint32_t by = GUEST_POWER_BY(call->vcpu);
	uint32_t found;

	if (vcpu == GUEST_NO_VCPU) {
		return PSCI_INVALID_PARAMETERS;
	}
	if (!entry_sane(guest, call->argument[1])) {
		return PSCI_INVALID_ADDRESS;
	}
	uint32_t *power = &guest->vcpu[vcpu].power;
	if (!claim(power, by, &found)) {
		if (call->again && found == (GUEST_POWER_ON_PENDING | by)) {
			return switch_on(guest, vcpu, by, call);
		}
		if (call->again && found == (GUEST_POWER_ON | by)) {
			return PSCI_SUCCESS;
		}
		return (found & GUEST_POWER_MASK) == GUEST_POWER_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
	}
	if (port_vcpu_resting(vcpu)) { /* its CPU_OFF is not through yet: AFFINITY_INFO says so too */
		__atomic_store_n(power, GUEST_POWER_OFF, __ATOMIC_RELEASE);
		return PSCI_ALREADY_ON;
	}
	return switch_on(guest, vcpu, by, call);
}

static uint64_t vcpu_affinity_info(const struct guest *guest, uint32_t vcpu)
{
	switch (guest_power(guest, vcpu)) {
	case GUEST_POWER_ON:
		return PSCI_AFFINITY_ON;
	case GUEST_POWER_ON_PENDING:
		return PSCI_AFFINITY_ON_PENDING;
	default:
		return port_vcpu_resting(vcpu) ? PSCI_AFFINITY_ON : PSCI_AFFINITY_OFF;
	}
}

/* Levels above 0 ask for all vCPUs that share the affinity fields from `level` up: on if any is. */
static uint64_t affinity_info(const struct guest *guest, uint64_t target, uint64_t level)
{
	static const uint64_t ignored[AFFINITY_LEVELS] = { 0, 0xff, 0xffff, 0xffffff };
	uint64_t found = PSCI_INVALID_PARAMETERS;

	if (level >= AFFINITY_LEVELS || (target & ~GUEST_AFFINITY_MASK) != 0) {
		return PSCI_INVALID_PARAMETERS;
	}
	for (uint32_t vcpu = 0; vcpu < guest->vcpus; vcpu++) {
		if (((guest_affinity(vcpu) ^ target) & ~ignored[level]) != 0) {
			continue;
		}
		uint64_t info = vcpu_affinity_info(guest, vcpu);
		if (info == PSCI_AFFINITY_ON) {
			return PSCI_AFFINITY_ON;
		}
		found = found == PSCI_AFFINITY_ON_PENDING ? found : info;
	}
	return found;
}

/*
 * Standby, and a power-down whose wake-up event came before the power went: the
 * specification lets both return to the caller, which finds all of its state.
 */
static uint64_t cpu_suspend(const struct guest *guest, uint64_t state, uint64_t entry, struct firmware_answer *answer)
{
	if ((state & ~(uint64_t)SUSPEND_STATE_VALID) != 0 || SUSPEND_LEVEL(state) != 0) {
		return PSCI_INVALID_PARAMETERS;
	}
	if ((state & SUSPEND_POWERDOWN) != 0 && !entry_sane(guest, entry)) {
		return PSCI_INVALID_ADDRESS;
	}
	answer->request = FIRMWARE_SLEEP;
	answer->action = SK_EXIT_ACTION_BLOCK;
	return PSCI_SUCCESS;
}

static uint64_t features(uint32_t function)
{
	switch (function) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND: /* original state format, no OS-initiated mode */
	case PSCI_CPU_SUSPEND | FIRMWARE_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | FIRMWARE_64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | FIRMWARE_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | FIRMWARE_64:
	case FIRMWARE_SMCCC_VERSION:
		return PSCI_SUCCESS;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

static uint64_t system_reset2(uint64_t type, struct firmware_answer *answer)
{
	if (type != RESET2_WARM) {
		return (type & RESET2_VENDOR) != 0 ? PSCI_NOT_SUPPORTED : PSCI_INVALID_PARAMETERS;
	}
	answer->request = FIRMWARE_RESET;
	answer->action = SK_EXIT_ACTION_STOP;
	return PSCI_SUCCESS;
}

void psci_serve(struct guest *guest, const struct firmware_call *call, struct firmware_answer *answer)
{
	const uint64_t *argument = call->argument;

	*answer = (struct firmware_answer){ .count = 1 };
	switch (call->function) {
	case PSCI_VERSION:
		answer->x[0] = PSCI_VERSION_1_1;
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | FIRMWARE_64:
		answer->x[0] = cpu_suspend(guest, argument[0], argument[1], answer);
		break;
	case PSCI_CPU_OFF:
		__atomic_store_n(&guest->vcpu[call->vcpu].power, GUEST_POWER_OFF, __ATOMIC_RELEASE);
		answer->action = SK_EXIT_ACTION_STOP;
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | FIRMWARE_64:
		answer->x[0] = cpu_on(guest, call);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | FIRMWARE_64:
		answer->x[0] = affinity_info(guest, argument[0], argument[1]);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		answer->x[0] = PSCI_MIGRATE_NOT_NEEDED;
		break;
	case PSCI_SYSTEM_OFF:
		answer->request = FIRMWARE_POWER_OFF;
		answer->action = SK_EXIT_ACTION_STOP;
		break;
	case PSCI_SYSTEM_RESET:
		answer->request = FIRMWARE_RESET;
		answer->action = SK_EXIT_ACTION_STOP;
		break;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | FIRMWARE_64:
		answer->x[0] = system_reset2(argument[0], answer);
		break;
	case PSCI_FEATURES:
		answer->x[0] = features((uint32_t)argument[0]);
		break;
	default:
		answer->x[0] = PSCI_NOT_SUPPORTED;
		break;
	}
}
