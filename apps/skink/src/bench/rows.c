/* The figures, and what they must reach on a Cortex-A53 with one core (two for ipi_roundtrip). */
#include "bench.h"

#include <string.h>

#define INSTRUCTIONS "instructions"
#define LINES "lines"
#define BYTES "bytes"
#define OF_BARE "of bare"
#define NONE BENCH_NO_TARGET

/* One that repeats exactly; one that the host has a part in, who answers the disk; one of a part that has to be named. */
#define FIGURE(is_exact, is_optional, name_, unit_, target_, aim_, what_) \
	{ .name = name_, .unit = unit_, .target = target_, .aim = aim_, .what = what_, .exact = is_exact, \
	  .optional = is_optional, .baseline = BENCH_NO_BASELINE }
#define ROW(...) FIGURE(true, false, __VA_ARGS__)
#define LOOSE(...) FIGURE(false, false, __VA_ARGS__)
#define LONG(...) FIGURE(true, true, __VA_ARGS__)

const char *const bench_machines[] = { "bare", "kvm" };

struct bench_row bench_rows[] = {
	ROW("hvc_roundtrip", INSTRUCTIONS, 350, 220, "guest HVC, VMM process, back"),
	ROW("mmio_read_roundtrip", INSTRUCTIONS, 380, 240, "guest load from a device, its process, register written"),
	ROW("mmio_read_uart_flags", INSTRUCTIONS, NONE, NONE, "the same from the UART's flag register"),
	ROW("mmio_read_clock", INSTRUCTIONS, NONE, NONE, "the same from the clock, which reads the counter"),
	ROW("mmio_write_roundtrip", INSTRUCTIONS, NONE, NONE, "guest store to a device, its process, back"),
	ROW("idreg_read", INSTRUCTIONS, 350, 220, "guest reads an identification register"),
	ROW("firmware_call", INSTRUCTIONS, NONE, NONE, "guest asks PSCI for its version"),
	ROW("sysreg_write", INSTRUCTIONS, NONE, NONE, "guest writes a debug register (trapped)"),
	ROW("ipc_roundtrip", INSTRUCTIONS, 320, 200, "call and reply between two processes"),
	ROW("sgi_self", INSTRUCTIONS, 1500, 1000, "guest interrupts itself, until its handler is done"),
	ROW("timer_lateness", INSTRUCTIONS, 1200, 700, "guest's timer, from the deadline to the handler"),
	ROW("timer_lateness_asleep", INSTRUCTIONS, NONE, NONE, "the same while it waits for it in WFI"),
	ROW("line_latency", INSTRUCTIONS, NONE, NONE, "store to a device whose server raises its line, to the guest's handler"),
	ROW("ipi_roundtrip", INSTRUCTIONS, 2500, 1500, "vCPU interrupts one on another core, and back"),
	ROW("kernel_entries_per_exit", "entries", 2, 2, "of an MMIO access"),
	ROW("tlbi_per_exit", "operations", 0, 0, "TLB maintenance, of an MMIO access"),
	ROW("trace_record", INSTRUCTIONS, 15, NONE, "the kernel's trace: what a record costs while it is on"),
	ROW("boot_to_guest", INSTRUCTIONS, 20000000, NONE, "reset to the guest's first, a 0.2 MiB image copied"),
	ROW("console_character", INSTRUCTIONS, 1200, NONE, "guest's loop, UART, console and line"),
	ROW("restart_uart", INSTRUCTIONS, 100000, NONE, "UART server killed, to the next access's end"),
	ROW("restart_device", INSTRUCTIONS, 100000, NONE, "device server crashes in an access, to its end"),
	ROW("restart_sched_stall", INSTRUCTIONS, 20000, NONE, "scheduler killed, until the guest runs on"),
	ROW("restart_vmm", INSTRUCTIONS, 200000, NONE, "VMM killed, to the end of the next access to the GIC"),
	ROW("restart_console", INSTRUCTIONS, 100000, NONE, "console killed, until it answers a call"),
	ROW("restart_monitor", INSTRUCTIONS, 100000, NONE, "monitor killed, until it has greeted"),
	ROW("restart_uart_standby", INSTRUCTIONS, 16000, NONE, "UART server with a standby killed, to the next access's end"),
	ROW("restart_device_standby", INSTRUCTIONS, 11000, NONE, "restart_device with a standby"),
	ROW("restart_sched_standby", INSTRUCTIONS, 20000, NONE, "restart_sched_stall with a standby"),
	ROW("restart_vmm_standby", INSTRUCTIONS, 40000, NONE, "restart_vmm with a standby"),
	LOOSE("blk_read", INSTRUCTIONS, 22000, NONE, "4 KiB read from the guest's disk, one at a time, idle time apart"),
	LOOSE("blk_notifications", "per request", 0.2, NONE, "guest's stores to QueueNotify with 32 reads at a time"),
	LOOSE("blk_read_linux", INSTRUCTIONS, 30000, 22000, "4 KiB read by a program in a Linux guest, all of it"),
	LOOSE("blk_read_linux_asleep", INSTRUCTIONS, NONE, NONE, "the same if everybody sleeps when it is answered"),
	LOOSE("rng_read", INSTRUCTIONS, NONE, NONE, "64 bytes from the guest's entropy device"),
	LOOSE("blk_notifications_1", "per request", NONE, NONE, "the same with one at a time"),
	LOOSE("blk_read_32", INSTRUCTIONS, NONE, NONE, "4 KiB read with 32 at a time, idle time apart"),
	ROW("net_packet", INSTRUCTIONS, 6000, NONE, "device server, switch and driver, of 1514 bytes, 32 at a time"),
	ROW("net_packet_small", INSTRUCTIONS, NONE, NONE, "the same of 60 bytes"),
	ROW("net_packet_1", INSTRUCTIONS, NONE, NONE, "of 1514 bytes, one at a time"),
	ROW("net_notifications", "per packet", 0.2, NONE, "guest's stores to QueueNotify with 32 sent at a time"),
	ROW("net_notifications_1", "per packet", NONE, NONE, "the same with one at a time"),
	ROW("restart_virtio_net", INSTRUCTIONS, 100000, NONE, "network device's server killed, to the next packet"),
	ROW("restart_netswitch", INSTRUCTIONS, 100000, NONE, "switch killed, until the next packet arrives"),
	ROW("restart_net_driver", INSTRUCTIONS, 100000, NONE, "network driver killed, until the next packet arrives"),
	LOOSE("restart_virtio_console", INSTRUCTIONS, 100000, NONE, "virtio console's server killed, to the next text"),
	LOOSE("restart_virtio_blk", INSTRUCTIONS, 100000, NONE, "disk server killed, to the end of the next read"),
	LOOSE("restart_blk_driver", INSTRUCTIONS, 100000, NONE, "disk driver killed, to the end of the next read"),
	LOOSE("restart_virtio_rng", INSTRUCTIONS, 100000, NONE, "entropy server killed, to the end of the next read"),
	LOOSE("loss_blk", "ppm", 10000, NONE, "of reads, 32 at a time: a server killed every 10^9 instructions"),
	/* A difference of two runs: one batch of packets that a kill comes before or behind is more than 2 % of it. */
	LOOSE("loss_net", "ppm", 10000, NONE, "the same of packets of 1514 bytes, 32 at a time"),
	ROW("linux_boot_console", INSTRUCTIONS, NONE, NONE, "Debian's kernel, from its entry to init"),
	ROW("linux_boot_console_ratio", OF_BARE, 1.05, NONE, "that, divided by the bare machine's"),
	ROW("linux_boot_quiet", INSTRUCTIONS, NONE, NONE, "the same with `quiet`"),
	ROW("linux_boot_quiet_ratio", OF_BARE, 1.02, NONE, "that, divided by the bare machine's"),
	ROW("linux_loop", INSTRUCTIONS, NONE, NONE, "a loop of two instructions in a Linux guest"),
	ROW("linux_loop_ratio", OF_BARE, 1.002, NONE, ""),
	ROW("linux_getppid", INSTRUCTIONS, NONE, NONE, "the shortest system call"),
	ROW("linux_getppid_ratio", OF_BARE, 1.002, NONE, ""),
	ROW("linux_pipe", INSTRUCTIONS, NONE, NONE, "a byte to another process and back"),
	ROW("linux_pipe_ratio", OF_BARE, 1.002, NONE, ""),
	ROW("linux_fork", INSTRUCTIONS, NONE, NONE, "a new process, and its end"),
	ROW("linux_fork_ratio", OF_BARE, 1.002, NONE, ""),
	ROW("linux_pages", INSTRUCTIONS, NONE, NONE, "a fresh page is touched, of 16 MiB"),
	ROW("linux_pages_ratio", OF_BARE, 1.02, NONE, ""),
	FIGURE(false, true, "scale_exit", INSTRUCTIONS, NONE, NONE, "of one step, while it is measured"),
	FIGURE(false, true, "scale_free", BYTES, NONE, NONE, "likewise"),
	LONG("scale_exit_1x1", INSTRUCTIONS, NONE, NONE, "of the machine for an exit: 1 VM on 1 core makes them all the time"),
	LONG("scale_exit_2x1", INSTRUCTIONS, NONE, NONE, "2 VMs on 1 core"),
	LONG("scale_exit_4x1", INSTRUCTIONS, NONE, NONE, "4 VMs on 1 core"),
	LONG("scale_exit_8x1", INSTRUCTIONS, NONE, NONE, "8 VMs on 1 core"),
	LONG("scale_exit_2x2", INSTRUCTIONS, NONE, NONE, "2 VMs on 2 cores"),
	LONG("scale_exit_4x4", INSTRUCTIONS, NONE, NONE, "4 VMs on 4 cores"),
	LONG("scale_exit_8x4", INSTRUCTIONS, NONE, NONE, "8 VMs on 4 cores"),
	LONG("scale_exit_8x8", INSTRUCTIONS, NONE, NONE, "8 VMs on 8 cores"),
	LONG("scale_flat", "of least", 1.05, NONE, "the most of these, divided by the least"),
	FIGURE(false, true, "scale_exits_per_s", "exits", NONE, NONE, "of virtual time, 8 VMs on 8 cores"),
	LONG("vcpu_bytes", BYTES, 16384, NONE, "memory for a vCPU more"),
	LONG("vm_bytes", BYTES, NONE, NONE, "memory for a VM more, its VMM in, its RAM out"),
	ROW("kernel_sloc", LINES, 6000, NONE, "kernel, generic and AArch64, with headers and assembly"),
	ROW("kernel_text_bytes", BYTES, 65536, NONE, "code in the kernel's image"),
	ROW("vmm_sloc", LINES, 4000, NONE, "the VMM server and its library, libs/guest"),
	ROW("uart_sloc", LINES, 600, NONE, "the UART's server and device model"),
	ROW("rtc_sloc", LINES, 600, NONE, "the clock's server and device model"),
	ROW("watchdog_sloc", LINES, 100, NONE, "the server that servers/GUIDE.md shows"),
	ROW("device_server_sloc", LINES, 600, NONE, "the largest server of a virtio device"),
	ROW("server_footprint_bytes", BYTES, 262144, NONE, "a small server, kernel objects in, buffers out"),
};
const size_t bench_row_count = sizeof(bench_rows) / sizeof(bench_rows[0]);

struct bench_row *bench_row_named(const char *name, size_t length)
{
	for (size_t i = 0; i < bench_row_count; i++) {
		if (strlen(bench_rows[i].name) == length && strncmp(bench_rows[i].name, name, length) == 0) {
			return &bench_rows[i];
		}
	}
	return NULL;
}

struct bench_figure *bench_row_at(struct bench_row *row, enum bench_machine machine)
{
	return machine == BENCH_SKINK ? &row->skink : &row->other[machine];
}

void bench_row_set(struct bench_row *row, enum bench_machine machine, double min, double median, double max)
{
	*bench_row_at(row, machine) = (struct bench_figure){ true, min, median, max };
}

void bench_ratios(void)
{
	static const char suffix[] = "_ratio";
	for (size_t i = 0; i < bench_row_count; i++) {
		struct bench_row *row = &bench_rows[i];
		size_t length = strlen(row->name);
		if (length < sizeof(suffix) || strcmp(row->name + length - (sizeof(suffix) - 1), suffix) != 0) {
			continue;
		}
		const struct bench_row *of = bench_row_named(row->name, length - (sizeof(suffix) - 1));
		if (of != NULL && of->skink.measured && of->other[BENCH_BARE].measured && of->other[BENCH_BARE].median > 0) {
			double ratio = of->skink.median / of->other[BENCH_BARE].median;
			bench_row_set(row, BENCH_SKINK, ratio, ratio, ratio);
		}
	}
}

bool bench_row_missed(const struct bench_row *row)
{
	return row->target >= 0 && (row->skink.measured ? row->skink.median > row->target : !row->optional);
}

bool bench_row_kept(const struct bench_row *row)
{
	return row->exact && strcmp(row->unit, LINES) != 0;
}
