#include "fake_kernel.h"

#include <stdio.h>
#include <string.h>

#include <guest/sysreg.h>
#include <sk/idl/device.h>
#include <sk/idl/sched.h>
#include <sk/idl/supervisor.h>
#include <sk/server.h>

enum { CAP_VM = 1, CAP_TIMERS, CAP_SUPERVISOR, CAP_SELF, CAP_DEVICE, CAP_MEMORY, CAP_VCPU = 16 };

struct vmm vmm;
struct sk_process sk_process;
struct fake_kernel fake;
struct vmm_saved saved;
struct sk_vcpu_state states[SK_VM_VCPUS_MAX];
uint8_t message_page[4096];

static uint8_t ram[RAM_BYTES];
static uint8_t kernel[4096];
static struct sk_line lines[VGIC_LINES];
static struct manifest_vm vm;

/* One message in, its reply out: the loop is left by a jump when it comes back for more. */
static jmp_buf loop_end;
static uint64_t next_badge;
static struct sk_msg next_message;

uint64_t sk_wait(uint32_t slot, struct sk_msg *msg, struct sk_caller *caller)
{
	assert_int_equal(slot, SK_WAIT_ENDPOINT);
	*msg = next_message;
	caller->badge = next_badge;
	caller->token = FAKE_TOKEN;
	return next_badge;
}

uint64_t sk_reply_wait(uint64_t token, struct sk_msg *msg, struct sk_caller *caller)
{
	(void)caller;
	fake.reply_token = token;
	fake.reply = *msg;
	longjmp(loop_end, 1);
}

sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)
{
	(void)token;
	(void)msg;
	fail_msg("nothing is answered late");
	return SK_OK;
}

/* A moment at which the server may be killed. */
static void step(void)
{
	fake.steps++;
	if (fake.steps == fake.kill_at) {
		longjmp(loop_end, 2);
	}
}

sk_status_t sk_signal(sk_cap_t slot, uint64_t bits)
{
	assert_int_equal(slot, CAP_SELF);
	step();
	fake.signals |= bits;
	step();
	return SK_OK;
}

sk_status_t sk_poll(sk_cap_t slot, uint64_t *bits)
{
	(void)slot;
	*bits = 0;
	return SK_WOULD_BLOCK;
}

unsigned sk_thread_index(void)
{
	return 0;
}

void *sk_message_buffer(void)
{
	return message_page;
}

uint64_t sk_counter(void)
{
	return fake.counter;
}

_Noreturn void sk_exit(int code, const char *why)
{
	(void)code;
	fail_msg("%s", why);
	longjmp(loop_end, 1);
}

static sk_status_t call_vcpu(uint32_t vcpu, struct sk_msg *msg)
{
	bool runs = fake.vcpu[vcpu] == VCPU_STATE_RUNNING || fake.vcpu[vcpu] == VCPU_STATE_BLOCKED;

	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case VCPU_TAG_INFO:
		*msg = (struct sk_msg){ .w = { (uint64_t)fake.vcpu[vcpu], 0, 5, 0, fake.timer_deadline } };
		return SK_OK;
	case VCPU_TAG_SETUP:
	case VCPU_TAG_SET_ENTRY:
		return fake.vcpu[vcpu] == VCPU_STATE_CREATED ? SK_OK : SK_BAD_STATE;
	case VCPU_TAG_BIND:
		fake.vcpu[vcpu] = VCPU_STATE_READY;
		return SK_OK;
	case VCPU_TAG_RUN:
		if (fake.vcpu[vcpu] != VCPU_STATE_READY && fake.vcpu[vcpu] != VCPU_STATE_BLOCKED) {
			return SK_BAD_STATE;
		}
		fake.vcpu[vcpu] = VCPU_STATE_RUNNING;
		fake.runs[vcpu]++;
		return SK_OK;
	case VCPU_TAG_PAUSE:
		fake.vcpu[vcpu] = runs ? VCPU_STATE_READY : fake.vcpu[vcpu];
		fake.pauses[vcpu] += runs ? 1 : 0;
		return runs ? SK_OK : SK_BAD_STATE;
	default:
		fail_msg("vCPU method 0x%llx", (unsigned long long)(msg->tag & SK_TAG_METHOD_MASK));
		return SK_UNKNOWN_OP;
	}
}

static sk_status_t call(sk_cap_t to, struct sk_msg *msg)
{
	if (to >= CAP_VCPU && to < CAP_VCPU + VCPUS) {
		return call_vcpu(to - CAP_VCPU, msg);
	}
	switch (msg->tag & SK_TAG_METHOD_MASK) {
	case SPACE_TAG_LINE_UPDATE:
		assert_int_equal(to, CAP_VM);
		fake.line_updates++;
		return SK_OK;
	case MEMORY_TAG_SYNC:
		assert_int_equal(to, CAP_MEMORY);
		return SK_OK;
	case TIMERS_TAG_SET:
		assert_int_equal(to, CAP_TIMERS);
		fake.timer_set = msg->w[0];
		return SK_OK;
	case DEVICE_TAG_RESET:
		assert_int_equal(to, CAP_DEVICE);
		fake.device_resets++;
		return SK_OK;
	case VM_EVENTS_TAG_OFF:
		fake.events_off++;
		break;
	case VM_EVENTS_TAG_RESET:
		fake.events_reset++;
		break;
	case VM_EVENTS_TAG_FAILED:
		fake.events_failed++;
		break;
	default:
		fail_msg("method 0x%llx", (unsigned long long)(msg->tag & SK_TAG_METHOD_MASK));
	}
	assert_int_equal(to, CAP_SUPERVISOR);
	return fake.supervisor_gone ? SK_SERVER_DIED : SK_OK;
}

sk_status_t sk_call(sk_cap_t to, struct sk_msg *msg)
{
	step();
	sk_status_t status = call(to, msg);
	step();
	return status;
}

bool vmm_describe(void)
{
	fail_msg("the description is there");
	return false;
}

void vcpu_arch_identify(struct guest *guest, sk_cap_t vcpu)
{
	(void)guest;
	(void)vcpu;
}

sk_status_t vcpu_arch_reset(uint32_t vcpu, uint64_t entry, uint64_t context)
{
	(void)context;
	assert_int_equal(fake.vcpu[vcpu], VCPU_STATE_READY);
	step();
	fake.resets[vcpu]++;
	fake.entry[vcpu] = entry;
	step();
	return SK_OK;
}

sk_status_t vcpu_arch_set_offset(sk_cap_t vcpu, uint64_t offset)
{
	if (fake.vcpu[vcpu - CAP_VCPU] == VCPU_STATE_RUNNING) {
		return SK_BAD_STATE;
	}
	step();
	fake.offset[vcpu - CAP_VCPU] = offset;
	step();
	return SK_OK;
}

bool vcpu_arch_random(const struct guest *guest, uint64_t *word)
{
	(void)guest;
	(void)word;
	return false;
}

/* A new instance: what the process kept for itself is gone. */
static void restart(void)
{
	memset(vmm.again, 0, sizeof(vmm.again));
	memset(vmm.deadlines, 0, sizeof(vmm.deadlines));
	memset(vmm.wakes, 0, sizeof(vmm.wakes));
	memset(vmm.slept_after, 0, sizeof(vmm.slept_after));
	vmm.interrupted = 0;
	vmm.last_error = (struct guest_error){ 0 };
	vgic_adopt(&saved.guest.gic, lines);
	for (uint32_t i = 0; i < VCPUS; i++) {
		sysreg_timer_restore(&saved.guest, i);
	}
	vmm_adopt();
}

uint64_t fake_send(uint64_t badge, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2)
{
	next_badge = badge;
	next_message = (struct sk_msg){ .tag = tag, .w = { w0, w1, w2 } };
	switch (setjmp(loop_end)) {
	case 0:
		sk_server_serve();
	case 1:
		break;
	default:
		restart();
		if (next_badge == SK_BADGE_SIGNAL) {
			fake.reply_token = 0;
			break;
		}
		next_message.tag |= SK_TAG_REDELIVERED;
		if (setjmp(loop_end) == 0) {
			sk_server_serve();
		}
		break;
	}
	return fake.reply.tag & 0xffff;
}

void fake_set_up(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(&saved, 0, sizeof(saved));
	memset(lines, 0, sizeof(lines));
	memset(states, 0, sizeof(states));
	sk_process.ns_per_tick = 1ull << 32;
	vm = (struct manifest_vm){
		.name = "test",
		.vcpus = VCPUS,
		.memory = { { RAM_BASE, RAM_BYTES } },
		.memory_count = 1,
		.kernel_format = MANIFEST_KERNEL_FLAT,
		.kernel_address = ENTRY,
		.entry = ENTRY,
		.cmdline = "",
		.devices = { { .name = "uart@9000000", .compatible = "arm,pl011", .line = 33 } },
		.device_count = 1,
	};
	vmm = (struct vmm){
		.saved = &saved,
		.vm = &vm,
		.files.kernel = { "kernel", kernel, sizeof(kernel) },
		.space = CAP_VM,
		.memory = CAP_MEMORY,
		.timers = CAP_TIMERS,
		.supervisor = CAP_SUPERVISOR,
		.self = CAP_SELF,
		.device[0] = CAP_DEVICE,
	};
	saved.config.devices = 1;
	saved.guest.vcpus = VCPUS;
	saved.guest.ram = (struct guest_ram){ RAM_BASE, RAM_BYTES, ram };
	for (uint32_t i = 0; i < SK_VM_VCPUS_MAX; i++) {
		saved.guest.vcpu[i].state = &states[i];
		saved.guest.vcpu[i].power = GUEST_POWER_OFF;
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		vmm.vcpu[i] = CAP_VCPU + i;
		fake.vcpu[i] = VCPU_STATE_CREATED;
	}
	fake.timer_deadline = UINT64_MAX;
	fake.counter = 1000;
	vgic_init(&saved.guest.gic, lines, VCPUS, 32);
}
