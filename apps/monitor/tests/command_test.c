/* Commands: what they ask, what they print, and what they say when something is wrong. */
#include <sk/idl/vm_exit.h>
#include <sk/trace.h>

#include "bench.h"

#include "../names.h"

static int program(void **unused)
{
	(void)unused;
	bench_open(false);
	return 0;
}

static void assert_answer(const char *line, const char *answer)
{
	command_run(line);
	bench_assert_printed(answer);
}

static void test_wrong_lines(void **unused)
{
	(void)unused;
	assert_answer("", "");
	assert_answer("    ", "");
	assert_answer("frobnicate", "no command \"frobnicate\"; `help` lists them\n");
	assert_answer("start", "too few arguments; usage: start VM\n");
	assert_answer("start linux now", "too many arguments; usage: start VM\n");
	assert_answer("vms 1", "too many arguments; usage: vms\n");
	assert_answer("start 1 2 3 4 5 6 7 8 9", "too many arguments; usage: start VM\n");
	assert_answer("start windows", "there is no VM \"windows\". There are: linux, zephyr\n");
	assert_answer("start 2", "there is no VM \"2\". There are: linux, zephyr\n");
	assert_answer("kill nobody",
		      "there is no server \"nobody\". There are: sched, console, monitor, uart0, uart1\n");
	assert_answer("crashes xyz", "\"xyz\" is not a number\n");
	assert_answer("crashes 0xg", "\"0xg\" is not a number\n");
	assert_answer("loglines maybe", "\"maybe\" is not a \"on\" or \"off\"\n");
	assert_answer("help nosuch", "\"nosuch\" is not a command\n");
	assert_string_equal(bench.orders, "");
}

static void test_orders(void **unused)
{
	(void)unused;
	assert_answer("start linux", "start linux: done\n");
	assert_answer("pause 1", "pause zephyr: done\n");
	assert_answer("resume zephyr", "resume zephyr: done\n");
	assert_answer("  stop   linux ", "stop linux: done\n");
	assert_answer("reset linux", "reset linux: done\n");
	assert_answer("destroy linux", "destroy linux: done\n");
	assert_answer("create linux", "create linux: done\n");
	assert_answer("kill uart0", "kill uart0: done\n");
	assert_answer("restart sched", "restart sched: done\n");
	assert_answer("loglines on", "log lines on: done\n");
	assert_answer("size 100 40", "size 100: done\n");
	assert_answer("size 65536 40", "size: expected numbers up to 65535\n");
	assert_answer("reboot", "machine reset: done\n");
	assert_answer("poweroff", "power off: done\n");
	assert_string_equal(bench.orders,
			    "vm_start 0;vm_pause 1;vm_resume 1;vm_stop 0;vm_reset 0;vm_destroy 0;vm_create 0;"
			    "server_kill 3;server_restart 0;show_log 1;resize 100040;machine_reset 0;power_off 0;");
}

static void test_refused_orders(void **unused)
{
	(void)unused;
	bench.order_status = 5;
	assert_answer("start linux", "start linux: not done: its state does not allow this (5)\n");
	bench.order_status = -4;
	assert_answer("kill uart0", "kill uart0: not done: this monitor lacks the right (-4)\n");
	bench.order_status = -99;
	assert_answer("kill uart0", "kill uart0: not done: ? (-99)\n");
}

static void test_supervisor_gone(void **unused)
{
	(void)unused;
	bench.dead = true;
	assert_answer("vms", "there are no VMs\n");
	assert_answer("system", "supervisor: nobody answers there (-12)\n");
	assert_answer("memory", "memory: nobody answers there (-12)\n");
	assert_answer("poweroff", "power off: not done: nobody answers there (-12)\n");
	assert_answer("counters", "the supervisor gave no counters\n");
}

static void test_lists(void **unused)
{
	(void)unused;
	assert_answer("vms", "name    state    vCPUs     memory  devices  starts  VMM\n"
			     "linux   running      2  256.0 MiB        2       1  -\n"
			     "zephyr  running      2  256.0 MiB        2       1  -\n");
	command_run("servers");
	bench_assert_contains("uart1    uart     failed          4        4  0 1           8  3.1 MiB"
			      "          1004  500.000 ms\n");
	assert_answer("vm linux", "linux: running, 256.0 MiB, 2 devices, started 1 times\n"
				  "vCPU  state    core  exits  CPU time  next timer\n"
				  "   0  running     0    100  3.000 ms           -\n"
				  "   1  running     1    100  3.000 ms           -\n");
	assert_answer("threads uart0", "server  thread  state      core  task  calls served  CPU time"
				       "  in service (badge, method)\n"
				       "uart0        0  receiving     1     7             5    1.5 us  -\n");
	assert_answer("caps uart0", "slot  type      rights    badge  object  generation\n"
				    "   3  endpoint  ---c--g  300000      17           2\n"
				    "   5  endpoint  ---c--g  300000      17           2\n");
	assert_answer("regions uart0", "region   address  bytes  access  kept  around it\n"
				       "heap    10000000  65536  rw--    -     nothing\n"
				       "heap    10000000  65536  rw--    -     more\n");
}

static void test_statistics(void **unused)
{
	(void)unused;
	assert_answer("exits", "VM     reason      exits   share\n"
			       "linux  mmio_write    150  75.0 %\n"
			       "linux  halt           50  25.0 %\n");
	assert_answer("exits zephyr", "no exits yet\n");
	command_run("counters");
	bench_assert_contains("counter          core 0  core 1\n"
			      "entries               0     100\n");
	command_run("cpu");
	bench_assert_contains("uart0    500.000 ms       25.0 %          1003\n");
	command_run("cpu 2");
	bench_assert_contains("uart0     1.000 s       50.0 %          2000\n");
	assert_answer("memory", "memory: 1024.0 MiB in all, 700.0 MiB free, the largest free piece 512.0 MiB\n"
				"kernel objects: 300 of 4096; the supervisor's capability slots: 90 of 511\n");
	assert_answer("system", "2 cores, 5 servers, 2 VMs; up 12.345 s; 3 crashes\n");
}

/* A program is told once; a person again and again, until a key is pressed. */
static void test_top(void **unused)
{
	static const char table[] = "together 75.0 % of one core in 2.000 s\n"
				    "server, vCPU  of one core  calls, exits a second\n"
				    "uart0              50.0 %                   1000\n"
				    "linux/0            25.0 %                    100\n"
				    "sched               0.0 %                      0\n"
				    "console             0.0 %                      0\n"
				    "monitor             0.0 %                      0\n"
				    "uart1               0.0 %                      0\n"
				    "linux/1             0.0 %                      0\n"
				    "zephyr/0            0.0 %                      0\n"
				    "zephyr/1            0.0 %                      0\n";

	(void)unused;
	assert_answer("top 2", table);
	assert_int_equal(bench.now_ns, BENCH_BEGIN_NS + 2000000000);
	bench_open(true);
	bench.key_after = 45; /* of ten a second: in the third round */
	command_run("top 2");
	assert_int_equal(bench.slept, 45);
	const char *shown = bench_printed();
	uint32_t rounds = 0;
	while ((shown = strstr(shown, "\033[H\033[Jtogether 75.0 % of one core in 2.000 s; any key ends this")) != NULL) {
		shown++;
		rounds++;
	}
	assert_int_equal(rounds, 2);
}

static void test_crashes(void **unused)
{
	(void)unused;
	assert_answer("crashes", "number  server  instance       at  reason  address  pc  what followed\n"
				 "     2  uart0          0  5.000 s  killed        0   0  restarted\n"
				 "     3  uart0          0  5.000 s  killed        0   0  restarted\n");
	assert_answer("crashes 2", "crash 2: uart0 killed\n  pc 400100\n"
				   "trace of core 1:\n"
				   "   1.000000001 1 call      linux/0 -> uart0/1 vm_exit.mmio_read address=0x9000018\n"
				   "   1.000000002 1 start     uart0/1\n");
	assert_answer("crashes 9", "crash: there is no such crash record (any more) (4)\n");
}

static void test_consoles(void **unused)
{
	(void)unused;
	command_run("console uart0");
	bench_assert_printed("console uart0: done\n");
	assert_answer("consoles", "key  name     printed  typed  waiting  typed in vain\n"
				  "0    control      100      5       10              0\n"
				  "1    uart0        100      5       10              0  on the terminal\n"
				  "M    monitor      100      5       10              0\n"
				  "log lines are shown\n");
	command_run("scrollback uart0");
	assert_int_equal(strlen(bench_printed()), 5001);
	command_run("log");
	assert_int_equal(bench_printed()[4999], 'l');
}

static uint32_t wrong_words(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < 64; i++) {
		count += bench.words[i] != 0 ? 1u : 0u;
	}
	return count;
}

static void test_faults(void **unused)
{
	(void)unused;
	assert_answer("settle", "there is no fault to settle\n");
	command_run("inject frobnicate uart0");
	bench_assert_contains("there is no type of fault \"frobnicate\". There are: kill, hang, flip-text, ");
	command_run("inject persistent uart0 5");
	bench_assert_contains("seed 5: place 0x1");
	assert_int_equal(wrong_words(), 1);
	/* The same again is the same. */
	uint64_t words[64];
	memcpy(words, bench.words, sizeof(words));
	assert_answer("settle", "the persistent before: kept\n");
	assert_int_equal(wrong_words(), 0);
	command_run("inject persistent uart0 5");
	assert_memory_equal(words, bench.words, sizeof(words));
	command_run("inject kill uart0");
	bench_assert_contains("the persistent before: kept\n");
	assert_int_equal(wrong_words(), 0);
	assert_string_equal(bench.orders, "server_kill 3;");
	command_run("inject persistent sched 2");
	bench_assert_contains("sched has nothing for persistent, or not with seed 2\n");
	bench.order_status = 6;
	command_run("inject persistent uart0 5");
	bench_assert_contains("inject uart0: not done: ");
	names_open(BENCH_SUPERVISOR, BENCH_CONSOLE, SK_CAP_NONE);
	assert_answer("inject kill uart0", "this system allows no fault injection: its manifest's /supervisor lacks "
					   "`fault-injection`\n");
}

static void test_trace(void **unused)
{
	static struct sk_trace_record rings[2][SK_TRACE_RECORDS];
	const uint32_t read = VM_EXIT_TAG_MMIO_READ;

	(void)unused;
	assert_answer("trace on", "trace on: done\n");
	assert_answer("trace off", "trace off: done\n");
	assert_string_equal(bench.orders, "trace 1;trace 0;");
	assert_answer("trace-show", "no trace: the manifest's /supervisor does not say `trace` (skink run --trace)\n");
	assert_answer("trace-dump", "no trace: the manifest's /supervisor does not say `trace` (skink run --trace)\n");
	for (uint32_t i = 0; i < 2; i++) {
		struct sk_start_region *region = &bench.start->regions[bench.start->region_count++];

		*region = (struct sk_start_region){ .address = (uint64_t)(uintptr_t)rings[i], .bytes = SK_TRACE_BYTES };
		(void)strcpy(region->name, i == 0 ? "trace0" : "trace1");
	}
	assert_answer("trace-show", "nothing was traced yet: trace on\n");
	assert_answer("trace-dump", "trace begin 2 1000000000\ntrace end 0\n");
	rings[0][0] = (struct sk_trace_record){ 1000000001, 0x10007, SK_TRACE_WHAT(SK_TRACE_CALL, read, 8), 0x9000018 };
	rings[0][1] = (struct sk_trace_record){ 1000000003, 0x10007, SK_TRACE_WHAT(SK_TRACE_REPLY, 0, 8), 0x90 };
	rings[1][0] = (struct sk_trace_record){ 1000000002, 0, SK_TRACE_WHAT(SK_TRACE_DISPATCH, 0, 0), 0 };
	rings[1][1] = (struct sk_trace_record){ 1000000004, 9, SK_TRACE_WHAT(SK_TRACE_START, 0, 0), 0 };
	assert_answer("trace-show", "   1.000000001 0 call      linux/0 -> uart0/1 vm_exit.mmio_read address=0x9000018\n"
				    "   1.000000002 1 dispatch  nobody\n"
				    "   1.000000003 0 reply     linux/0 <- uart0/1 vm_exit.mmio_read value=0x90\n"
				    "   1.000000004 1 start     object 9\n");
	assert_answer("trace-show 2", "   1.000000003 0 reply     linux/0 <- uart0/1 vm_exit.mmio_read value=0x90\n"
				      "   1.000000004 1 start     object 9\n");
	assert_answer("trace-dump", "trace begin 2 1000000000\n"
				    "trace who 7 2 0 linux\n"
				    "trace who 8 1 1 uart0\n"
				    "trace 0 3b9aca01 10007 1000800001001 9000018\n"
				    "trace 0 3b9aca03 10007 2000800000000 90\n"
				    "trace 1 3b9aca02 0 4000000000000 0\n"
				    "trace 1 3b9aca04 9 7000000000000 0\n"
				    "trace end 4\n");
	/* A ring that begins anew is shown from its oldest. */
	for (uint32_t i = 0; i < SK_TRACE_RECORDS; i++) {
		rings[1][(i + 5) % SK_TRACE_RECORDS] =
			(struct sk_trace_record){ 2000000000 + i, 7, SK_TRACE_WHAT(SK_TRACE_START, 0, 0), 0 };
	}
	assert_answer("trace-show 2", "   2.000008190 1 start     linux/0\n"
				      "   2.000008191 1 start     linux/0\n");
}

static void test_help(void **unused)
{
	const struct command *command = NULL;
	uint32_t count = 0;

	(void)unused;
	command_run("help");
	const char *all = bench_printed();
	for (; (command = command_at(count)) != NULL; count++) {
		assert_non_null(strstr(all, command->summary));
		assert_ptr_equal(command_named(command->name), command);
	}
	assert_true(count > 20);
	assert_answer("help stop", "stop VM: stop a VM at once\n"
				   "Like pulling the plug: the guest is not asked. Its memory stays until it is "
				   "started again.\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wrong_lines, program),
		cmocka_unit_test_setup(test_orders, program),
		cmocka_unit_test_setup(test_refused_orders, program),
		cmocka_unit_test_setup(test_supervisor_gone, program),
		cmocka_unit_test_setup(test_lists, program),
		cmocka_unit_test_setup(test_statistics, program),
		cmocka_unit_test_setup(test_crashes, program),
		cmocka_unit_test_setup(test_consoles, program),
		cmocka_unit_test_setup(test_faults, program),
		cmocka_unit_test_setup(test_top, program),
		cmocka_unit_test_setup(test_trace, program),
		cmocka_unit_test_setup(test_help, program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
