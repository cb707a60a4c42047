/*
 * Every reason for which a guest is left on AArch64, from the guest's side: does each come back as the architecture
 * says? Run on plain QEMU, where nothing traps, the same expectations hold: they are the hardware's.
 */
#include "exits.h"

#include <guest/boot.h>
#include <guest/program.h>
#include <guest/tap.h>

void guest_main(void)
{
	tap_note("exits: %u CPU(s), %s", boot.cpu_count, boot_has("native") ? "native" : "as a guest");
	test_mmio_sizes();
	test_mmio_registers();
	test_mmio_indexed();
	test_aborts();
	test_hypercall();
	test_psci();
	test_identification();
	test_undefined();
	test_debug();
	test_floating_point();
	test_user_mode();
	test_counter();
	test_timers();
	test_idle();
	test_sgi();
	test_gic_interface();
	test_gic_priorities();
	test_gic_distributor();
	test_gic_redistributor();
	test_device_lines();
	test_gic_many_active();
}
