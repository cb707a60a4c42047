/*
 * A core at once with another one's change of a line's state: the moment before it is what the kernel's own file,
 * which is part of this one, is stopped at. tests/models/virq.pml has all moments.
 */
#include <stdbool.h>
#include <stdint.h>

static bool exchange(uint32_t *word, uint32_t *old, uint32_t value);

#define __atomic_compare_exchange_n(word, old, value, weak, success, failure) exchange((word), (old), (value))
#include "../virq.c"
#undef __atomic_compare_exchange_n

#include "world.h"

static void (*before_change)(void);

static bool exchange(uint32_t *word, uint32_t *old, uint32_t value)
{
	void (*now)(void) = before_change;
	before_change = NULL;
	if (now != NULL) {
		now();
	}
	return __atomic_compare_exchange_n(word, old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static struct actor vmm, device;
static uint32_t vm;

static void vmm_enables(void)
{
	world_lines(vm)[sk_line_index(0, 33)].config = SK_LINE_ENABLED;
	K_OK(vm, SPACE_TAG_LINE_UPDATE, 33, 0, SPACE_LINE_CHANGE_NONE);
	mock_settle();
}

/* The device has seen that the line is disabled, the vCPU that it isn't pending: it is woken all the same. */
static void a_line_is_enabled_while_it_comes(void **state)
{
	(void)state;
	world_boot(3);
	actor_make(&vmm, 1);
	actor_serve(&vmm);
	actor_make(&device, 2);
	vm = world_vm(8);
	uint32_t vcpu = world_vcpu(vm, 1);
	K_OK(vcpu, VCPU_TAG_ROUTE, 0, vmm.endpoint);
	uint32_t virq = world_slot();
	K_OK(vm, SPACE_TAG_CREATE_VIRQ, 33, virq);
	uint32_t slot = actor_give(&device, virq, SK_RIGHT_CALL, 0);
	world_vcpu_prepare(vcpu);
	world_plan(1, vmm.thread, vcpu, 0);
	world_plan(2, device.thread, 0);
	actor_start(&device);
	actor_start(&vmm);
	actor_reply_wait(&vmm, 0, 0, 0);
	K_OK(vcpu, VCPU_TAG_RUN);
	mock_settle();
	mock_exit(1, VM_EXIT_METHOD_HALT, (const uint64_t[6]){ 0 });
	actor_syscall(&vmm, SK_SYS_REPLY_WAIT, actor_token(&vmm), 0, SK_EXIT_ACTION_BLOCK, 0);
	assert_int_equal(world_vcpu_at(vcpu)->life, VCPU_STATE_BLOCKED);
	before_change = vmm_enables;
	actor_syscall(&device, SK_SYS_SIGNAL, slot, 0, 0, 0);
	mock_settle();
	assert_true(runs(&world_vcpu_at(vcpu)->context));
	assert_int_equal(mock_guest_take(1), 33);
	invariants_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_enabled_while_it_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
