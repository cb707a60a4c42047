/*
 * The interrupt controller, register by register (Arm IHI 0069, 12.9 to 12.11), over a fake kernel that keeps the line
 * table's states.
 */
#include "fake_port.h"

#include <stdlib.h>

#define GICD GUEST_GICD_BASE
#define GICR(vcpu) (GUEST_GICR_BASE + (vcpu) * GUEST_GICR_BYTES)
#define SGI_FRAME(vcpu) (GICR(vcpu) + 0x10000)
#define VCPUS 4u
#define SHARED 96u

#define CTLR 0x000
#define TYPER 0x004
#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ICFGR 0xc00
#define IROUTER 0x6000

static struct guest guest;

static int set_up(void **state)
{
	(void)state;
	fake_guest(&guest, VCPUS, SHARED);
	return 0;
}

static uint64_t get(uint64_t address, uint32_t size)
{
	uint64_t value = UINT64_MAX;
	assert_true(vgic_read(&guest.gic, address, size, &value));
	return value;
}

static uint32_t get32(uint64_t address)
{
	uint64_t value = get(address, 4);
	assert_true(value <= UINT32_MAX);
	return (uint32_t)value;
}

static void put(uint64_t address, uint32_t size, uint64_t value)
{
	assert_true(vgic_write(&guest.gic, address, size, value));
}

static void put32(uint64_t address, uint32_t value)
{
	put(address, 4, value);
}

static uint32_t config(uint32_t vcpu, uint32_t line)
{
	return fake.lines[sk_line_index(vcpu, line)].config;
}

static uint32_t *line_state(uint32_t vcpu, uint32_t line)
{
	return &fake.lines[sk_line_index(vcpu, line)].state;
}

static void switch_on(void)
{
	put32(GICD + CTLR, 2);
	fake_forget();
}

static void identifies_itself(void **state)
{
	(void)state;
	assert_int_equal(get32(GICD + CTLR), 0x50);
	assert_int_equal(get32(GICD + TYPER), SHARED / 32 | 9u << 19 | 1u << 25);
	assert_int_equal(get32(GICD + 0x008) & 0xfff, 0x43b);
	assert_int_equal(get32(GICD + 0xffe8), 0x3b);
	assert_int_equal(get32(GICD + 0xfff0), 0x0d);
	assert_int_equal(get32(GICD + 0xfffc), 0xb1);
	assert_int_equal(get32(GICR(1) + 0xffe8), 0x3b);
	assert_int_equal(get32(SGI_FRAME(1) + 0xffe8), 0x3b);
}

static void redistributors_name_their_vcpus(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VCPUS; i++) {
		uint64_t typer = (uint64_t)i << 32 | (uint64_t)i << 8 | (i == VCPUS - 1 ? 0x10 : 0);
		assert_int_equal(get(GICR(i) + 8, 8), typer);
		assert_int_equal(get32(GICR(i) + 8), (uint32_t)typer);
		assert_int_equal(get32(GICR(i) + 12), typer >> 32);
	}
	uint64_t value;
	assert_false(vgic_read(&guest.gic, GICR(VCPUS), 4, &value));
}

static void wakes_and_sleeps(void **state)
{
	(void)state;
	assert_int_equal(get32(GICR(2) + 0x14), 6);
	put32(GICR(2) + 0x14, 0);
	assert_int_equal(get32(GICR(2) + 0x14), 0);
	assert_int_equal(get32(GICR(1) + 0x14), 6);
	put32(GICR(2) + 0x14, 0xffffffff);
	assert_int_equal(get32(GICR(2) + 0x14), 6);
}

static void reset_state(void **state)
{
	(void)state;
	assert_int_equal(get32(SGI_FRAME(0) + IGROUPR), 0xffffffff);
	assert_int_equal(get32(GICD + IGROUPR + 4), 0xffffffff);
	assert_int_equal(get32(SGI_FRAME(0) + ISENABLER), 0);
	assert_int_equal(get32(SGI_FRAME(0) + ICFGR), 0xaaaaaaaa);
	assert_int_equal(get32(SGI_FRAME(0) + ICFGR + 4), 0);
	assert_int_equal(get32(GICD + ICFGR + 8), 0);
	assert_int_equal(get32(GICD + IPRIORITYR + 32), 0);
	assert_int_equal(fake.update_count, 0);
}

static void enables_shared_lines(void **state)
{
	(void)state;
	switch_on();
	put32(GICD + ISENABLER + 4, 0x80000002);
	assert_int_equal(get32(GICD + ISENABLER + 4), 0x80000002);
	assert_int_equal(get32(GICD + ICENABLER + 4), 0x80000002);
	assert_true((config(0, 33) & SK_LINE_ENABLED) != 0);
	assert_true((config(0, 32) & SK_LINE_ENABLED) == 0);
	assert_int_equal(fake.update_count, 2);
	assert_int_equal(fake_count(0, 33, SPACE_LINE_CHANGE_NONE), 1);
	assert_int_equal(fake_count(0, 63, SPACE_LINE_CHANGE_NONE), 1);
	put32(GICD + ISENABLER + 4, 2); /* nothing new: nobody is told */
	assert_int_equal(fake.update_count, 2);
	put32(GICD + ICENABLER + 4, 2);
	assert_int_equal(get32(GICD + ISENABLER + 4), 0x80000000);
	assert_int_equal(fake_count(0, 33, SPACE_LINE_CHANGE_NONE), 2);
}

static void enables_private_lines_of_one_vcpu(void **state)
{
	(void)state;
	switch_on();
	put32(SGI_FRAME(2) + ISENABLER, 1u << 27 | 1);
	assert_int_equal(get32(SGI_FRAME(2) + ISENABLER), 1u << 27 | 1);
	assert_int_equal(get32(SGI_FRAME(1) + ISENABLER), 0);
	assert_int_equal(fake_count(2, 27, SPACE_LINE_CHANGE_NONE), 1);
	assert_true((config(2, 27) & (SK_LINE_ENABLED | SK_LINE_PHYSICAL)) == (SK_LINE_ENABLED | SK_LINE_PHYSICAL));
	assert_true((config(2, 26) & SK_LINE_PHYSICAL) == 0);
}

/* With affinity routing the distributor's view of private lines reads as zero. */
static void distributor_has_no_private_lines(void **state)
{
	(void)state;
	switch_on();
	put32(SGI_FRAME(0) + ISENABLER, 0xffff);
	put32(GICD + ISENABLER, 0xff0000);
	put32(GICD + IPRIORITYR, 0xf0f0f0f0);
	put32(GICD + ICFGR + 4, 0xffffffff);
	assert_int_equal(get32(GICD + ISENABLER), 0);
	assert_int_equal(get32(GICD + IPRIORITYR), 0);
	assert_int_equal(get32(GICD + ICFGR), 0);
	assert_int_equal(get32(SGI_FRAME(0) + ISENABLER), 0xffff);
	assert_int_equal(get32(SGI_FRAME(0) + IPRIORITYR), 0);
}

/* The distributor's switch for the group is part of what the kernel sees, not of what the guest set. */
static void group_switch_gates(void **state)
{
	(void)state;
	put32(GICD + ISENABLER + 4, 1);
	put32(SGI_FRAME(3) + ISENABLER, 1);
	assert_int_equal(fake.update_count, 0);
	assert_true((config(0, 32) & SK_LINE_ENABLED) == 0);
	put32(GICD + CTLR, 2);
	assert_int_equal(get32(GICD + CTLR), 0x52);
	assert_true((config(0, 32) & SK_LINE_ENABLED) != 0);
	assert_true((config(3, 0) & SK_LINE_ENABLED) != 0);
	assert_int_equal(fake.update_count, 2);
	put32(GICD + IGROUPR + 4, 0xfffffffe); /* to group 0, which is off */
	assert_true((config(0, 32) & SK_LINE_ENABLED) == 0);
	assert_int_equal(get32(GICD + ISENABLER + 4), 1);
	put32(GICD + CTLR, 3);
	assert_true((config(0, 32) & (SK_LINE_ENABLED | SK_LINE_GROUP1)) == SK_LINE_ENABLED);
	put32(GICD + CTLR, 0);
	assert_true((config(0, 32) & SK_LINE_ENABLED) == 0);
	assert_true((config(3, 0) & SK_LINE_ENABLED) == 0);
	put32(GICD + CTLR, 0xffffffff);
	assert_int_equal(get32(GICD + CTLR), 0x53);
}

static void priorities(void **state)
{
	(void)state;
	put32(GICD + IPRIORITYR + 40, 0x10a0ff07);
	assert_int_equal(get32(GICD + IPRIORITYR + 40), 0x10a0f800);
	assert_int_equal(get(GICD + IPRIORITYR + 42, 1), 0xa0);
	put(GICD + IPRIORITYR + 42, 1, 0x38);
	assert_int_equal(get32(GICD + IPRIORITYR + 40), 0x1038f800);
	assert_int_equal(config(0, 42) >> SK_LINE_PRIORITY_SHIFT & 0xff, 0x38);
	put(SGI_FRAME(1) + IPRIORITYR + 27, 1, 0x20);
	assert_int_equal(config(1, 27) >> SK_LINE_PRIORITY_SHIFT & 0xff, 0x20);
	assert_int_equal(config(0, 27) >> SK_LINE_PRIORITY_SHIFT & 0xff, 0);
	put32(SGI_FRAME(1) + IPRIORITYR + 32, 0xffffffff); /* beyond the private lines */
	assert_int_equal(get32(SGI_FRAME(1) + IPRIORITYR + 32), 0);
	assert_int_equal(get32(GICD + IPRIORITYR + 32), 0);
	put32(GICD + IPRIORITYR + 32 + SHARED, 0xffffffff); /* beyond the shared ones */
	assert_int_equal(get32(GICD + IPRIORITYR + 32 + SHARED), 0);
	assert_int_equal(fake.update_count, 0); /* nothing is enabled */
}

static void triggers(void **state)
{
	(void)state;
	put32(GICD + ICFGR + 8, 0xffffffff);
	assert_int_equal(get32(GICD + ICFGR + 8), 0xaaaaaaaa);
	assert_true((config(0, 32) & SK_LINE_LEVEL) == 0);
	put32(GICD + ICFGR + 8, 0x55555555);
	assert_int_equal(get32(GICD + ICFGR + 8), 0);
	assert_true((config(0, 47) & SK_LINE_LEVEL) != 0);
	put32(SGI_FRAME(0) + ICFGR, 0);
	assert_int_equal(get32(SGI_FRAME(0) + ICFGR), 0xaaaaaaaa);
	put32(SGI_FRAME(0) + ICFGR + 4, 2);
	assert_int_equal(get32(SGI_FRAME(0) + ICFGR + 4), 2);
	assert_true((config(0, 16) & SK_LINE_LEVEL) == 0);
}

static void routes(void **state)
{
	(void)state;
	switch_on();
	put32(GICD + ISENABLER + 4, 2);
	fake_forget();
	put(GICD + IROUTER + 33 * 8, 8, 3);
	assert_int_equal(get(GICD + IROUTER + 33 * 8, 8), 3);
	assert_int_equal(config(0, 33) >> SK_LINE_VCPU_SHIFT & 0xff, 3);
	assert_int_equal(fake.update_count, 1);
	put32(GICD + IROUTER + 33 * 8 + 4, 0x1ff); /* an affinity that nobody has: delivered to nobody */
	assert_int_equal(get(GICD + IROUTER + 33 * 8, 8), 0xff00000003);
	assert_true((config(0, 33) & SK_LINE_ENABLED) == 0);
	assert_int_equal(get32(GICD + ISENABLER + 4), 2);
	put32(GICD + IROUTER + 33 * 8 + 4, 0);
	put32(GICD + IROUTER + 33 * 8, 0x80000001); /* 1-of-N is not offered */
	assert_int_equal(get32(GICD + IROUTER + 33 * 8), 1);
	assert_true((config(0, 33) & SK_LINE_ENABLED) != 0);
	put(GICD + IROUTER + 31 * 8, 8, 1); /* private lines have no route */
	assert_int_equal(get(GICD + IROUTER + 31 * 8, 8), 0);
	put(GICD + IROUTER + (32 + SHARED) * 8, 8, 1);
	assert_int_equal(get(GICD + IROUTER + (32 + SHARED) * 8, 8), 0);
	put(GICD + IROUTER + 1019 * 8, 8, 1);
	put(GICD + IROUTER + 1020 * 8, 8, 1);
}

static void pending_and_active(void **state)
{
	(void)state;
	put32(GICD + ISPENDR + 4, 4);
	assert_int_equal(fake_count(0, 34, SPACE_LINE_CHANGE_SET_PENDING), 1);
	assert_int_equal(get32(GICD + ISPENDR + 4), 4);
	assert_int_equal(get32(GICD + ICPENDR + 4), 4);
	assert_int_equal(fake_count(0, 34, SPACE_LINE_CHANGE_NONE), 2); /* each read had the kernel look */
	put32(GICD + ICPENDR + 4, 4);
	assert_int_equal(get32(GICD + ISPENDR + 4), 0);
	put32(SGI_FRAME(1) + ISACTIVER, 1u << 20);
	assert_int_equal(fake_count(1, 20, SPACE_LINE_CHANGE_SET_ACTIVE), 1);
	assert_int_equal(get32(SGI_FRAME(1) + ICACTIVER), 1u << 20);
	*line_state(1, 20) = 0; /* the kernel may not have seen it yet: still cleared by a call */
	put32(SGI_FRAME(1) + ICACTIVER, 1u << 20);
	assert_int_equal(fake_count(1, 20, SPACE_LINE_CHANGE_CLEAR_ACTIVE), 1);
	/* A level that a device holds is pending; an edge line's level is nothing. */
	*line_state(0, 40) = SK_LINE_ASSERTED;
	assert_int_equal(get32(GICD + ISPENDR + 4), 1u << 8);
	put32(GICD + ICFGR + 8, 0xffffffff);
	assert_int_equal(get32(GICD + ISPENDR + 4), 0);
}

/* What every OS does first must not cost a call a line. */
static void start_of_an_os_is_quiet(void **state)
{
	(void)state;
	for (uint32_t row = 4; row <= 4 * SHARED / 32; row += 4) {
		put32(GICD + ICACTIVER + row, 0xffffffff);
		put32(GICD + ICENABLER + row, 0xffffffff);
		put32(GICD + ICPENDR + row, 0xffffffff);
		put32(GICD + IGROUPR + row, 0xffffffff);
	}
	for (uint32_t i = 0; i < SHARED; i += 4) {
		put32(GICD + IPRIORITYR + 32 + i, 0xa0a0a0a0);
	}
	for (uint32_t i = 0; i < SHARED; i++) {
		put(GICD + IROUTER + (32 + i) * 8, 8, 0);
	}
	put32(GICD + CTLR, 0x12);
	put32(SGI_FRAME(0) + ICACTIVER, 0xffffffff);
	put32(SGI_FRAME(0) + ICENABLER, 0xffffffff);
	assert_int_equal(fake.update_count, 0);
}

static void reset_forgets(void **state)
{
	(void)state;
	switch_on();
	put32(GICD + ISENABLER + 4, 1);
	put32(SGI_FRAME(1) + ISENABLER, 1);
	put(GICD + IROUTER + 32 * 8, 8, 2);
	put32(GICD + ISPENDR + 4, 8);
	vgic_reset(&guest.gic);
	assert_int_equal(get32(GICD + CTLR), 0x50);
	assert_int_equal(get32(GICD + ISENABLER + 4), 0);
	assert_int_equal(get32(SGI_FRAME(1) + ISENABLER), 0);
	assert_int_equal(get(GICD + IROUTER + 32 * 8, 8), 0);
	assert_int_equal(get32(GICD + ISPENDR + 4), 0);
	assert_true((config(0, 32) & SK_LINE_ENABLED) == 0);
	assert_int_equal(fake_count(1, 0, SPACE_LINE_CHANGE_CLEAR_ACTIVE), 1);
}

/* A new instance over an old one's model: same registers, and the kernel looks at what is enabled. */
static void adoption_goes_on(void **state)
{
	(void)state;
	switch_on();
	put32(GICD + ISENABLER + 4, 1);
	put32(SGI_FRAME(1) + ISENABLER, 0x10);
	guest.gic.lock.taken = 1; /* died holding it */
	fake_forget();
	vgic_adopt(&guest.gic, fake.lines);
	assert_int_equal(fake.update_count, 2);
	assert_int_equal(fake_count(0, 32, SPACE_LINE_CHANGE_NONE), 1);
	assert_int_equal(fake_count(1, 4, SPACE_LINE_CHANGE_NONE), 1);
	assert_int_equal(get32(GICD + ISENABLER + 4), 1);
}

static uint64_t sgi(uint64_t aff3, uint64_t aff2, uint64_t aff1, uint64_t range, uint64_t list, uint64_t intid)
{
	return aff3 << 48 | range << 44 | aff2 << 32 | intid << 24 | aff1 << 16 | list;
}

static uint64_t send(uint32_t vcpu, uint64_t value, uint32_t encoding, uint64_t *line)
{
	fake_forget();
	*line = 99;
	return vgic_send(&guest.gic, vcpu, value, encoding, line);
}

static void sgi_to_one_costs_no_call(void **state)
{
	(void)state;
	for (uint32_t sender = 0; sender < VCPUS; sender++) {
		for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
			uint64_t line = 99;
			assert_int_equal(send(sender, sgi(0, 0, 0, 0, 1u << vcpu, 7), SYSREG_ICC_SGI1R_EL1, &line),
					 SK_EXIT_ACTION_INJECT);
			assert_int_equal(line, 7 | (vcpu + 1) << 8);
		}
	}
	assert_int_equal(fake.update_count, 0);
	uint64_t line = 99;
	assert_int_equal(send(1, sgi(0, 0, 0, 0, 2, 0) | VGIC_SGI_RESERVED, SYSREG_ICC_SGI1R_EL1, &line),
			 SK_EXIT_ACTION_INJECT);
	assert_int_equal(line, 0 | 2 << 8);
}

static void sgi_targets(void **state)
{
	uint64_t line;

	(void)state;
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 0xffff, 5), SYSREG_ICC_SGI1R_EL1, &line), SK_EXIT_ACTION_INJECT);
	assert_int_equal(line, 5);
	assert_int_equal(fake.update_count, VCPUS - 1);
	for (uint32_t vcpu = 1; vcpu < VCPUS; vcpu++) {
		assert_int_equal(fake_count(vcpu, 5, SPACE_LINE_CHANGE_SET_PENDING), 1);
	}
	assert_int_equal(send(2, sgi(0, 0, 0, 0, 0x9, 15), SYSREG_ICC_SGI1R_EL1, &line), 0);
	assert_int_equal(fake.update_count, 2);
	assert_int_equal(fake_count(0, 15, SPACE_LINE_CHANGE_SET_PENDING), 1);
	assert_int_equal(fake_count(3, 15, SPACE_LINE_CHANGE_SET_PENDING), 1);
}

static void sgi_broadcast_leaves_out_the_sender(void **state)
{
	uint64_t line;

	(void)state;
	assert_int_equal(send(1, 1ull << 40 | 3ull << 24 | 0xffff, SYSREG_ICC_SGI1R_EL1, &line), 0);
	assert_int_equal(fake.update_count, VCPUS - 1);
	assert_int_equal(fake_count(1, 3, SPACE_LINE_CHANGE_SET_PENDING), 0);
}

static void sgi_to_nobody(void **state)
{
	const uint64_t values[] = {
		sgi(0, 0, 0, 0, 0, 1), sgi(0, 0, 0, 0, 0xfff0, 1), sgi(0, 0, 0, 1, 1, 1), sgi(0, 0, 0, 15, 0xffff, 1),
		sgi(0, 0, 1, 0, 0xffff, 1), sgi(0, 1, 0, 0, 0xffff, 1), sgi(1, 0, 0, 0, 0xffff, 1),
		sgi(255, 255, 255, 15, 0xffff, 15),
	};
	uint64_t line;

	(void)state;
	for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(send(0, values[i], SYSREG_ICC_SGI1R_EL1, &line), 0);
		assert_int_equal(fake.update_count, 0);
	}
}

/* One security state: SGI1R reaches both groups, the other two only group 0. */
static void sgi_groups(void **state)
{
	uint64_t line;

	(void)state;
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 3, 1), SYSREG_ICC_SGI0R_EL1, &line), 0);
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 3, 1), SYSREG_ICC_ASGI1R_EL1, &line), 0);
	assert_int_equal(fake.update_count, 0);
	put32(SGI_FRAME(0) + IGROUPR, 0xfffffffd);
	put32(SGI_FRAME(1) + IGROUPR, 0xfffffffd);
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 3, 1), SYSREG_ICC_SGI0R_EL1, &line), SK_EXIT_ACTION_INJECT);
	assert_int_equal(fake_count(1, 1, SPACE_LINE_CHANGE_SET_PENDING), 1);
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 2, 1), SYSREG_ICC_ASGI1R_EL1, &line), 0);
	assert_int_equal(fake_count(1, 1, SPACE_LINE_CHANGE_SET_PENDING), 1);
	assert_int_equal(send(0, sgi(0, 0, 0, 0, 3, 1), SYSREG_ICC_SGI1R_EL1, &line), SK_EXIT_ACTION_INJECT);
}

/* Wrong sizes and alignments are answered like reserved space. */
static void odd_accesses_are_harmless(void **state)
{
	(void)state;
	switch_on();
	put32(GICD + ISENABLER + 4, 0xff);
	assert_int_equal(get(GICD + ISENABLER + 4, 8), 0);
	assert_int_equal(get(GICD + ISENABLER + 4, 2), 0);
	assert_int_equal(get(GICD + ISENABLER + 4, 1), 0);
	assert_int_equal(get(GICD + ISENABLER + 5, 4), 0);
	assert_int_equal(get(GICD + ISENABLER + 4, 0), 0);
	assert_int_equal(get(GICD + ISENABLER + 4, 3), 0);
	assert_int_equal(get(GICD + ISENABLER + 4, 15), 0);
	put(GICD + ICENABLER + 4, 1, 0xff);
	put(GICD + ICENABLER + 4, 8, UINT64_MAX);
	put(GICD + ICENABLER + 6, 4, UINT32_MAX);
	put(GICD + IPRIORITYR + 32, 2, 0xffff);
	assert_int_equal(get32(GICD + ISENABLER + 4), 0xff);
	assert_int_equal(get32(GICD + IPRIORITYR + 32), 0);
	assert_int_equal(get(GICR(0) + 8, 4), 0);
	assert_int_equal(get(GICR(0) + 8, 2), 0);
	uint64_t value;
	assert_false(vgic_read(&guest.gic, GICD - 4, 4, &value));
	assert_false(vgic_read(&guest.gic, GICD + 0x10000, 4, &value));
	assert_false(vgic_write(&guest.gic, UINT64_MAX - 3, 4, 0));
}

/* Anything, anywhere: no crash, no update outside the table (the fake asserts that), no line that is not there. */
static void random_accesses_are_harmless(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t base = rand() % 2 ? GICD : GICR((uint32_t)rand() % (VCPUS + 1));
		uint64_t address = base + (uint64_t)rand() % 0x20000;
		uint64_t value = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 8 ^ (uint64_t)rand();
		uint32_t size = sizes[rand() % 4];
		if (rand() % 2) {
			(void)vgic_write(&guest.gic, address, size, value);
		} else {
			(void)vgic_read(&guest.gic, address, size, &value);
		}
		fake_forget();
	}
	for (uint32_t vcpu = VCPUS; vcpu < SK_VM_VCPUS_MAX; vcpu++) {
		for (uint32_t line = 0; line < SK_PRIVATE_LINES; line++) {
			assert_true((config(vcpu, line) & SK_LINE_ENABLED) == 0);
		}
	}
	for (uint32_t line = 32 + SHARED; line < 32 + SK_SHARED_LINES_MAX; line++) {
		assert_int_equal(config(0, line), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identifies_itself, set_up),
		cmocka_unit_test_setup(redistributors_name_their_vcpus, set_up),
		cmocka_unit_test_setup(wakes_and_sleeps, set_up),
		cmocka_unit_test_setup(reset_state, set_up),
		cmocka_unit_test_setup(enables_shared_lines, set_up),
		cmocka_unit_test_setup(enables_private_lines_of_one_vcpu, set_up),
		cmocka_unit_test_setup(distributor_has_no_private_lines, set_up),
		cmocka_unit_test_setup(group_switch_gates, set_up),
		cmocka_unit_test_setup(priorities, set_up),
		cmocka_unit_test_setup(triggers, set_up),
		cmocka_unit_test_setup(routes, set_up),
		cmocka_unit_test_setup(pending_and_active, set_up),
		cmocka_unit_test_setup(start_of_an_os_is_quiet, set_up),
		cmocka_unit_test_setup(reset_forgets, set_up),
		cmocka_unit_test_setup(adoption_goes_on, set_up),
		cmocka_unit_test_setup(sgi_to_one_costs_no_call, set_up),
		cmocka_unit_test_setup(sgi_targets, set_up),
		cmocka_unit_test_setup(sgi_broadcast_leaves_out_the_sender, set_up),
		cmocka_unit_test_setup(sgi_to_nobody, set_up),
		cmocka_unit_test_setup(sgi_groups, set_up),
		cmocka_unit_test_setup(odd_accesses_are_harmless, set_up),
		cmocka_unit_test_setup(random_accesses_are_harmless, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
