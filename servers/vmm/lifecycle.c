/*
 * The VM's life: interface vmm, and what the guest asks of its firmware. The
 * state is one word; whoever moves it from one of the allowed states to `busy` by
 * compare-and-swap owns the VM until it stores the next one, so two orders at once, from the
 * supervisor and from the guest, can't mix.
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

static bool take(uint32_t allowed)
{
	uint32_t state = __atomic_load_n(&vmm.saved->state, __ATOMIC_SEQ_CST);

	while ((allowed & IN(state)) != 0) {
		if (__atomic_compare_exchange_n(&vmm.saved->state, &state, VMM_STATE_BUSY, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			return true;
		}
	}
	return false;
}

static void release(enum vmm_state state)
{
	__atomic_store_n(&vmm.saved->state, state, __ATOMIC_SEQ_CST);
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
	for (uint32_t i = 0; i < vmm.vm->device_count; i++) {
		if (vmm.device[i] != SK_CAP_NONE && device_reset(vmm.device[i]) != SK_OK) {
			port_log("device %s could not be reset", vmm.vm->devices[i].name);
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
	if (!boot_load(&guest->ram, vmm.vm, &vmm.files, vmm.seed, vmm.seed_bytes, layout, &vmm.last_error)) {
		port_log("%s", vmm.last_error.text);
		return false;
	}
	sync_memory();
	port_log("kernel %s at 0x%" PRIx64 "..0x%" PRIx64 ", entry 0x%" PRIx64 ", initrd 0x%" PRIx64 "..0x%" PRIx64
		 ", device tree 0x%" PRIx64, vmm.files.kernel.name, layout->kernel.low, layout->kernel.high,
		 layout->kernel.entry, layout->initrd_start, layout->initrd_end, layout->dtb);
	return true;
}

/* The guest may exit before this returns, so the state says `running` before it does. */
static bool start(void)
{
	struct guest *guest = &vmm.saved->guest;

	(void)sysreg_set_counter(guest, 0);
	guest->vcpu[0].power = GUEST_POWER_ON;
	vmm.saved->boots++;
	release(VMM_STATE_RUNNING);
	if (port_vcpu_start(0, vmm.saved->layout.kernel.entry, vmm.saved->layout.dtb)) {
		return true;
	}
	(void)guest_fail(&vmm.last_error, "the first vCPU can't be started");
	release(VMM_STATE_FAILED);
	return false;
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
	(void)caller;
	if (!take(IN(VMM_STATE_EMPTY) | IN(VMM_STATE_READY) | IN(VMM_STATE_STOPPED) | IN(VMM_STATE_FAILED))) {
		return VMM_ERROR_BAD_STATE;
	}
	bool loaded = load();
	release(loaded ? VMM_STATE_READY : VMM_STATE_FAILED);
	return loaded ? SK_OK : VMM_ERROR_LOAD_FAILED;
}

sk_status_t vmm_serve_start(const struct sk_caller *caller)
{
	(void)caller;
	if (!take(IN(VMM_STATE_READY))) {
		return VMM_ERROR_BAD_STATE;
	}
	return start() ? SK_OK : VMM_ERROR_VCPU_FAILED;
}

sk_status_t vmm_serve_pause(const struct sk_caller *caller)
{
	(void)caller;
	if (!take(IN(VMM_STATE_RUNNING))) {
		return VMM_ERROR_BAD_STATE;
	}
	vmm.saved->paused_counter = sysreg_counter(&vmm.saved->guest);
	pause_all();
	release(VMM_STATE_PAUSED);
	return SK_OK;
}

sk_status_t vmm_serve_resume(const struct sk_caller *caller)
{
	struct guest *guest = &vmm.saved->guest;
	bool good = true;

	(void)caller;
	if (!take(IN(VMM_STATE_PAUSED))) {
		return VMM_ERROR_BAD_STATE;
	}
	uint64_t offset = sysreg_set_counter(guest, vmm.saved->paused_counter);
	release(VMM_STATE_RUNNING);
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		if (__atomic_load_n(&guest->vcpu[i].power, __ATOMIC_ACQUIRE) == GUEST_POWER_ON) {
			good = vcpu_arch_set_offset(vmm.vcpu[i], offset) == SK_OK && good;
			sysreg_timer_restore(guest, i);
			good = vcpu_run(vmm.vcpu[i]) == SK_OK && good;
		}
	}
	return good ? SK_OK : VMM_ERROR_VCPU_FAILED;
}

sk_status_t vmm_serve_stop(const struct sk_caller *caller)
{
	(void)caller;
	if (!take(IN(VMM_STATE_RUNNING) | IN(VMM_STATE_PAUSED) | IN(VMM_STATE_READY))) {
		return VMM_ERROR_BAD_STATE;
	}
	stop();
	release(VMM_STATE_STOPPED);
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
	if (!take(IN(VMM_STATE_RUNNING) | IN(VMM_STATE_PAUSED) | IN(VMM_STATE_STOPPED))) {
		return VMM_ERROR_BAD_STATE;
	}
	return reset();
}

sk_status_t vmm_serve_info(const struct sk_caller *caller, enum vmm_state *state, uint32_t *vcpus, uint64_t *vcpus_on,
			   uint64_t *boots)
{
	const struct guest *guest = &vmm.saved->guest;

	(void)caller;
	*state = (enum vmm_state)__atomic_load_n(&vmm.saved->state, __ATOMIC_SEQ_CST);
	*vcpus = guest->vcpus;
	*vcpus_on = 0;
	*boots = vmm.saved->boots;
	for (uint32_t i = 0; i < guest->vcpus; i++) {
		bool on = __atomic_load_n(&guest->vcpu[i].power, __ATOMIC_RELAXED) == GUEST_POWER_ON;
		*vcpus_on |= on ? 1ull << i : 0;
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

static void guest_off(void)
{
	if (!take(IN(VMM_STATE_RUNNING))) {
		return; /* stopped or paused by the supervisor at the same moment: its order counts */
	}
	stop();
	release(VMM_STATE_STOPPED);
	port_log("switched itself off");
	(void)vm_events_off(vmm.supervisor);
}

static void guest_reset(void)
{
	if (!take(IN(VMM_STATE_RUNNING))) {
		return;
	}
	stop();
	release(VMM_STATE_STOPPED);
	port_log("resets itself");
	if (vm_events_reset(vmm.supervisor) != SK_OK && take(IN(VMM_STATE_STOPPED))) {
		(void)reset(); /* nobody there to do it: the devices whose servers we know, and we ourselves */
	}
}

static void guest_failed(void)
{
	static const char why[] = "the hardware refused to enter a vCPU";

	if (!take(IN(VMM_STATE_RUNNING))) {
		return;
	}
	stop();
	release(VMM_STATE_FAILED);
	(void)guest_fail(&vmm.last_error, "%s", why);
	(void)vm_events_failed(vmm.supervisor, (const uint8_t *)why, sizeof(why) - 1);
}

void vmm_request(uint32_t vcpu, enum vmm_request request)
{
	__atomic_store_n(&vmm.requests[vcpu], request, __ATOMIC_RELEASE);
	(void)sk_signal(vmm.self, VMM_SIGNAL_REQUEST);
}

static void serve_request(enum vmm_request request)
{
	switch (request) {
	case VMM_REQUEST_NOTHING:
		break;
	case VMM_REQUEST_OFF:
		guest_off();
		break;
	case VMM_REQUEST_RESET:
		guest_reset();
		break;
	case VMM_REQUEST_FAILED:
		guest_failed();
		break;
	}
}

void vmm_serve_requests(void)
{
	for (uint32_t i = 0; i < vmm.saved->guest.vcpus; i++) {
		if (__atomic_load_n(&vmm.requests[i], __ATOMIC_ACQUIRE) == VMM_REQUEST_NOTHING) {
			continue;
		}
		if (port_vcpu_resting(i)) {
			(void)sk_signal(vmm.self, VMM_SIGNAL_REQUEST); /* another core's worker is about to answer it */
			continue;
		}
		serve_request((enum vmm_request)__atomic_exchange_n(&vmm.requests[i], VMM_REQUEST_NOTHING,
								    __ATOMIC_ACQ_REL));
	}
}
