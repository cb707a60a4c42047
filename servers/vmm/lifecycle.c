/*
 * The VM's life: interface vmm, and what the guest asks of its firmware. The
 * state is one word; whoever moves it from one of the allowed states to `busy` by
 * compare-and-swap owns the VM until it stores the next one, so two orders at once, from the
 * supervisor and from the guest, can't mix.
 *
 * The word names the order too, and outlives this process. The kernel delivers the order that the VMM died over to
 * the next instance, which finds in the word how far the earlier one was: busy with it (each order can be carried
 * out again from its beginning), or through with it but for the answer.
 *
 * The supervisor is told only of what the guest did; what it ordered itself it
 * learns from the reply. (A call to it from inside its own call could never be answered.)
 *
 * A guest that switches itself off or resets itself does so from a vCPU that waits
 * for our answer. So the answer comes first (it stops that vCPU), and worker 0 is signalled to do the rest.
 */
#include <inttypes.h>
#include <string.h>

#include <guest/port.h>
#include <guest/sysreg.h>
#include <sk/idl/device_client.h>
#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor_client.h>
#include <sk/idl/vmm_server.h>

#include "vcpu.h"
#include "vmm.h"

#define IN(state) (1u << (state))

/* Whose doing the state is. */
enum order {
	ORDER_NONE, ORDER_LOAD, ORDER_START, ORDER_PAUSE, ORDER_RESUME, ORDER_STOP, ORDER_RESET,
	ORDER_OFF, ORDER_GUEST_RESET, ORDER_FAIL, /* the guest's */
};

#define ORDER_SHIFT 8
#define STATE_MASK 0xffu
#define WORD(state, order) ((uint32_t)(state) | (uint32_t)(order) << ORDER_SHIFT)

enum claim {
	CLAIM_REFUSED, /* the state does not allow the order */
	CLAIM_NEW,
	CLAIM_AGAIN,   /* an earlier instance was in the middle of it: from the beginning */
	CLAIM_DONE,    /* an earlier instance was through with it: only the answer is missing */
};

static uint32_t word_now(void)
{
	return __atomic_load_n(&vmm.saved->state, __ATOMIC_SEQ_CST);
}

static enum vmm_state state_now(void)
{
	return (enum vmm_state)(word_now() & STATE_MASK);
}

/* `again`: an earlier instance may have begun. On CLAIM_NEW and CLAIM_AGAIN the VM is the caller's until release(). */
static enum claim claim(uint32_t allowed, enum order order, bool again)
{
	uint32_t word = word_now();
	uint32_t interrupted = order;

	if (word == WORD(VMM_STATE_BUSY, order) &&
	    __atomic_compare_exchange_n(&vmm.interrupted, &interrupted, ORDER_NONE, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		return CLAIM_AGAIN;
	}
	if (again && (word & STATE_MASK) != VMM_STATE_BUSY && word >> ORDER_SHIFT == (uint32_t)order) {
		return CLAIM_DONE;
	}
	while ((allowed & IN(word & STATE_MASK)) != 0) {
		if (__atomic_compare_exchange_n(&vmm.saved->state, &word, WORD(VMM_STATE_BUSY, order), false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			return CLAIM_NEW;
		}
	}
	return CLAIM_REFUSED;
}

static enum claim claim_order(uint32_t allowed, enum order order)
{
	return claim(allowed, order, vmm.again[sk_thread_index()]);
}

static void release(enum vmm_state state)
{
	__atomic_store_n(&vmm.saved->state, WORD(state, word_now() >> ORDER_SHIFT), __ATOMIC_SEQ_CST);
}

void vmm_adopt(void)
{
	uint32_t word = word_now();

	vmm.interrupted = (word & STATE_MASK) == VMM_STATE_BUSY ? word >> ORDER_SHIFT : ORDER_NONE;
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		if (vmm.saved->requests[i] != VMM_REQUEST_NOTHING) {
			vmm.saved->requests[i] |= VMM_REQUEST_AGAIN;
			(void)sk_signal(vmm.self, VMM_SIGNAL_REQUEST);
		}
	}
	vmm_wake_sleepers();
}

bool vmm_runs(void)
{
	return state_now() == VMM_STATE_RUNNING;
}

/* BAD_STATE is how the kernel says that a vCPU does not run anyhow. */
static void pause_all(void)
{
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		(void)vcpu_pause(vmm.vcpu[i]);
	}
}

static void reset_devices(void)
{
	for (uint32_t i = 0; i < vmm.saved->config.devices; i++) {
		if (vmm.device[i] != SK_CAP_NONE && device_reset(vmm.device[i]) != SK_OK) {
			port_log("device %s could not be reset", vmm.saved->config.device[i]);
		}
	}
}

/* What images left in the caches must be in memory: the guest starts with its caches off. */
static void sync_memory(void)
{
	const struct boot_layout *layout = &vmm.saved->layout;
	uint64_t base = vmm.saved->guest.ram.base;
	uint64_t start = (layout->kernel.low - base) & ~(uint64_t)(SK_PAGE_BYTES - 1);
	uint64_t end = layout->dtb_end > layout->kernel.high ? layout->dtb_end : layout->kernel.high;
	uint64_t bytes = (end - base + SK_PAGE_BYTES - 1) / SK_PAGE_BYTES * SK_PAGE_BYTES - start;

	if (vmm.memory != SK_CAP_NONE) {
		(void)memory_sync(vmm.memory, start, bytes);
	}
}

static bool load(void)
{
	struct guest *guest = &vmm.saved->guest;
	struct boot_layout *layout = &vmm.saved->layout;

	vgic_reset(&guest->gic);
	guest->logged = 0;
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		guest->vcpu[i].power = GUEST_POWER_OFF;
		sysreg_reset(guest, i);
	}
	if ((vmm.vm == NULL && !vmm_describe()) ||
	    !boot_load(&guest->ram, vmm.vm, &vmm.files, vmm.seed, vmm.seed_bytes, layout, &vmm.last_error)) {
		port_log("%s", vmm.last_error.text);
		return false;
	}
	sync_memory();
	port_log("kernel %s at 0x%" PRIx64 "..0x%" PRIx64 ", entry 0x%" PRIx64 ", initrd 0x%" PRIx64 "..0x%" PRIx64
		 ", device tree 0x%" PRIx64, vmm.files.kernel.name, layout->kernel.low, layout->kernel.high,
		 layout->kernel.entry, layout->initrd_start, layout->initrd_end, layout->dtb);
	return true;
}

/*
 * Pending is what it is until it is known to run; an instance that died in between leaves it so. By then it may
 * have called CPU_OFF: that stays.
 */
static bool start_first_vcpu(void)
{
	uint32_t *power = &vmm.saved->guest.vcpu[0].power;
	uint32_t pending = GUEST_POWER_ON_PENDING;

	if (__atomic_load_n(power, __ATOMIC_ACQUIRE) != pending || port_vcpu_resting(0) ||
	    port_vcpu_start(0, vmm.saved->layout.kernel.entry, vmm.saved->layout.dtb)) {
		(void)__atomic_compare_exchange_n(power, &pending, GUEST_POWER_ON, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE);
		return true;
	}
	(void)guest_fail(&vmm.last_error, "the first vCPU can't be started");
	release(VMM_STATE_FAILED);
	return false;
}

/* The guest may exit before this returns, so the state says `running` before it does. */
static bool start(void)
{
	struct guest *guest = &vmm.saved->guest;

	(void)sysreg_set_counter(guest, 0);
	guest->vcpu[0].power = GUEST_POWER_ON_PENDING;
	vmm.saved->boots++;
	release(VMM_STATE_RUNNING);
	return start_first_vcpu();
}

static void stop(void)
{
	pause_all();
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		port_timer_set(i, UINT64_MAX);
	}
}

sk_status_t vmm_serve_load(const struct sk_caller *caller)
{
	enum claim how = claim_order(IN(VMM_STATE_EMPTY) | IN(VMM_STATE_READY) | IN(VMM_STATE_STOPPED) |
				     IN(VMM_STATE_FAILED), ORDER_LOAD);

	(void)caller;
	if (how == CLAIM_REFUSED) {
		return VMM_ERROR_BAD_STATE;
	}
	if (how != CLAIM_DONE) {
		release(load() ? VMM_STATE_READY : VMM_STATE_FAILED);
	}
	return state_now() == VMM_STATE_FAILED ? VMM_ERROR_LOAD_FAILED : SK_OK;
}

/* An earlier instance said `running`, and may have died before the first vCPU did. */
static sk_status_t finish_start(void)
{
	return state_now() == VMM_STATE_RUNNING && start_first_vcpu() ? SK_OK : VMM_ERROR_VCPU_FAILED;
}

sk_status_t vmm_serve_start(const struct sk_caller *caller)
{
	(void)caller;
	switch (claim_order(IN(VMM_STATE_READY), ORDER_START)) {
	case CLAIM_REFUSED:
		return VMM_ERROR_BAD_STATE;
	case CLAIM_DONE:
		return finish_start();
	default:
		return start() ? SK_OK : VMM_ERROR_VCPU_FAILED;
	}
}

sk_status_t vmm_serve_pause(const struct sk_caller *caller)
{
	enum claim how = claim_order(IN(VMM_STATE_RUNNING), ORDER_PAUSE);

	(void)caller;
	if (how == CLAIM_REFUSED) {
		return VMM_ERROR_BAD_STATE;
	}
	if (how != CLAIM_DONE) {
		vmm.saved->paused_counter = sysreg_counter(&vmm.saved->guest);
		pause_all();
		release(VMM_STATE_PAUSED);
	}
	return SK_OK;
}

/* Done again, it finds some that run already. */
static bool resume_vcpu(uint32_t vcpu)
{
	struct guest *guest = &vmm.saved->guest;

	if (guest_power(guest, vcpu) != GUEST_POWER_ON || port_vcpu_resting(vcpu)) {
		return true;
	}
	bool good = vcpu_arch_set_offset(vmm.vcpu[vcpu], guest->counter_offset) == SK_OK;

	sysreg_timer_restore(guest, vcpu);
	return vcpu_run(vmm.vcpu[vcpu]) == SK_OK && good;
}

sk_status_t vmm_serve_resume(const struct sk_caller *caller)
{
	struct guest *guest = &vmm.saved->guest;
	enum claim how = claim_order(IN(VMM_STATE_PAUSED), ORDER_RESUME);
	bool good = true;

	(void)caller;
	if (how == CLAIM_REFUSED) {
		return VMM_ERROR_BAD_STATE;
	}
	if (how != CLAIM_DONE) {
		(void)sysreg_set_counter(guest, vmm.saved->paused_counter);
		release(VMM_STATE_RUNNING);
	}
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		good = resume_vcpu(i) && good;
	}
	return good ? SK_OK : VMM_ERROR_VCPU_FAILED;
}

sk_status_t vmm_serve_stop(const struct sk_caller *caller)
{
	enum claim how = claim_order(IN(VMM_STATE_RUNNING) | IN(VMM_STATE_PAUSED) | IN(VMM_STATE_READY), ORDER_STOP);

	(void)caller;
	if (how == CLAIM_REFUSED) {
		return VMM_ERROR_BAD_STATE;
	}
	if (how != CLAIM_DONE) {
		stop();
		release(VMM_STATE_STOPPED);
	}
	return SK_OK;
}

/* In state busy. Stops, loads and starts again. */
static sk_status_t reset(void)
{
	stop();
	reset_devices();
	if (!load()) {
		release(VMM_STATE_FAILED);
		return VMM_ERROR_LOAD_FAILED;
	}
	return start() ? SK_OK : VMM_ERROR_VCPU_FAILED;
}

sk_status_t vmm_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	switch (claim_order(IN(VMM_STATE_RUNNING) | IN(VMM_STATE_PAUSED) | IN(VMM_STATE_STOPPED), ORDER_RESET)) {
	case CLAIM_REFUSED:
		return VMM_ERROR_BAD_STATE;
	case CLAIM_DONE:
		return finish_start();
	default:
		return reset();
	}
}

sk_status_t vmm_serve_info(const struct sk_caller *caller, enum vmm_state *state, uint32_t *vcpus, uint64_t *vcpus_on,
			   uint64_t *boots)
{
	const struct guest *guest = &vmm.saved->guest;

	(void)caller;
	*state = state_now();
	*vcpus = guest->vcpus;
	*vcpus_on = 0;
	*boots = vmm.saved->boots;
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		*vcpus_on |= guest_power(guest, i) == GUEST_POWER_ON ? 1ull << i : 0;
	}
	return SK_OK;
}

sk_status_t vmm_serve_last_error(const struct sk_caller *caller, uint8_t *text, uint32_t *text_bytes)
{
	uint32_t length = (uint32_t)strlen(vmm.last_error.text);

	(void)caller;
	length = length < *text_bytes ? length : *text_bytes;
	memcpy(text, vmm.last_error.text, length);
	*text_bytes = length;
	return SK_OK;
}

/* What the guest did to the VM, up to where the supervisor is told of it. False: an order was there first. */
static bool guest_stops(enum order order, enum vmm_state after, bool again)
{
	enum claim how = claim(IN(VMM_STATE_RUNNING), order, again);

	if (how == CLAIM_NEW || how == CLAIM_AGAIN) {
		stop();
		release(after);
	}
	return how != CLAIM_REFUSED;
}

/*
 * A supervisor that was told before answers that the VM's state is another by now; so its refusal means that there is
 * nobody to do it only when it is told for the first time.
 */
static void guest_reset(bool again)
{
	port_log("resets itself");
	if (vm_events_reset(vmm.supervisor) != SK_OK && !again &&
	    claim(IN(VMM_STATE_STOPPED), ORDER_GUEST_RESET, false) != CLAIM_REFUSED) {
		(void)reset(); /* the devices whose servers we know, and we ourselves */
	}
}

static void guest_failed(void)
{
	static const char why[] = "the hardware refused to enter a vCPU";

	(void)guest_fail(&vmm.last_error, "%s", why);
	(void)vm_events_failed(vmm.supervisor, (const uint8_t *)why, sizeof(why) - 1);
}

void vmm_request(uint32_t vcpu, enum vmm_request request)
{
	__atomic_store_n(&vmm.saved->requests[vcpu], request, __ATOMIC_RELEASE);
	(void)sk_signal(vmm.self, VMM_SIGNAL_REQUEST);
}

static void serve_request(enum vmm_request request, bool again)
{
	switch (request) {
	case VMM_REQUEST_NOTHING:
		break;
	case VMM_REQUEST_OFF:
		if (guest_stops(ORDER_OFF, VMM_STATE_STOPPED, again)) {
			port_log("switched itself off");
			(void)vm_events_off(vmm.supervisor);
		}
		break;
	case VMM_REQUEST_RESET:
		if (guest_stops(ORDER_GUEST_RESET, VMM_STATE_STOPPED, again)) {
			guest_reset(again);
		}
		break;
	case VMM_REQUEST_FAILED:
		if (guest_stops(ORDER_FAIL, VMM_STATE_FAILED, again)) {
			guest_failed();
		}
		break;
	}
}

void vmm_serve_requests(void)
{
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		uint32_t *request = &vmm.saved->requests[i];
		uint32_t asked = __atomic_load_n(request, __ATOMIC_ACQUIRE);

		if (asked == VMM_REQUEST_NOTHING) {
			continue;
		}
		if (port_vcpu_resting(i)) {
			(void)sk_signal(vmm.self, VMM_SIGNAL_REQUEST); /* another core's worker is about to answer it */
			continue;
		}
		serve_request((enum vmm_request)(asked & ~VMM_REQUEST_AGAIN), (asked & VMM_REQUEST_AGAIN) != 0);
		(void)__atomic_compare_exchange_n(request, &asked, VMM_REQUEST_NOTHING, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED);
	}
}
