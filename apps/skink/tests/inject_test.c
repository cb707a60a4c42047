/* How a campaign judges: a load is verified, what is heard decides each fault's outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inject/campaign.h"
#include "inject/record.h"
#include "run/demux.h"

#define TEXT "the quick brown fox jumps over the lazy dog 0123456789"

static struct manifest manifest;
static struct record record;
static uint64_t number; /* of the load's last line */
static uint64_t sum;

/* uart0 and vmm0 use sched, which vmm0's client uses through it; rtc0 uses nobody. */
static void make_manifest(void)
{
	static const char *const names[] = { "sched", "vmm0", "uart0", "rtc0", "client", "virtio_console" };
	memset(&manifest, 0, sizeof(manifest));
	for (uint32_t i = 0; i < 6; i++) {
		manifest.servers[i].name = names[i];
		manifest.servers[i].image = names[i];
	}
	manifest.server_count = 6;
	manifest.servers[1].restart.fallback = MANIFEST_FALLBACK_STOP_VM;
	manifest.servers[5].streams = 1;
	manifest.servers[1].uses[0].server = 0;
	manifest.servers[1].use_count = 1;
	manifest.servers[4].uses[0].server = 1;
	manifest.servers[4].use_count = 1;
	manifest.servers[2].streams = 1;
	manifest.vm_count = 1;
	manifest.vms[0].device_count = 1;
	manifest.vms[0].devices[0].server = 2;
}

static void hear(char stream, const char *text)
{
	record_observe(&record, stream, (const uint8_t *)text, strlen(text));
}

static void control(const char *text)
{
	hear(DEMUX_CONTROL, text);
}

static void load_line(void)
{
	char text[200];
	number++;
	sum = (sum * 31 + number) % 1000003;
	snprintf(text, sizeof(text), "load %llu %llu " TEXT "\r\n", (unsigned long long)number,
		 (unsigned long long)sum);
	hear('1', text);
}

static void load_ends(void)
{
	char text[200];
	snprintf(text, sizeof(text), "load ends %llu %llu\r\n", (unsigned long long)number, (unsigned long long)sum);
	hear('1', text);
}

#define FAULT(number, type, target) \
	"inject fault " number " " type " " target " at=1000 place=0x400 clear=0 flip=0x8 register=99 delay=0\n" \
	"inject made " number " status=0\n"

static void begin(uint32_t faults)
{
	struct row common = { .seed = 5, .load = "console", .boot = 3 };
	make_manifest();
	record_begin(&record, &manifest, &common, faults);
	number = 0;
	sum = 1;
	control("boot\ninject begin seed=5 boot=3 faults=2\n");
	hear('1', "[    0.1] Linux\r\nload begins\r\n");
	load_line();
}

static void end(void)
{
	load_line();
	load_ends();
	control("inject end\nvm linux off\nhalt\n");
	assert_true(record_judge(&record, false, false));
}

/* The outcome of one fault, into uart0, with this between it and the end. */
static enum outcome outcome_of(const char *lines)
{
	begin(1);
	control(FAULT("0", "flip-data", "uart0"));
	control(lines);
	end();
	return record.rows[0].outcome;
}

static void quiet_faults(void **state)
{
	(void)state;
	assert_int_equal(outcome_of("inject after 0 kept\n"), OUTCOME_NO_EFFECT);
	assert_int_equal(outcome_of("inject after 0 unreached\n"), OUTCOME_NO_EFFECT);
	assert_int_equal(outcome_of("inject after 0 reached\n"), OUTCOME_MASKED);
	assert_int_equal(outcome_of("inject after 0 overwritten\n"), OUTCOME_MASKED);
	assert_string_equal(record.rows[0].state, "overwritten");
	assert_int_equal(record.rows[0].place, 0x400);
	assert_int_equal(record.rows[0].flip, 8);
	assert_int_equal(record.rows[0].seed, 5);
	assert_int_equal(record.rows[0].boot, 3);
}

static void crashes(void **state)
{
	(void)state;
	assert_int_equal(outcome_of("crash 1 uart0 memory restarted at=3000 delay=20 took=400 pc=0x1 address=0\n"
				    "crash 2 uart0 budget restarted at=9000 delay=0 took=1 pc=0x1 address=0\n"),
			 OUTCOME_RECOVERED);
	assert_int_equal(record.rows[0].crashes, 2);
	assert_string_equal(record.rows[0].reason, "memory");
	assert_int_equal(record.rows[0].detect_ns, 2000);
	assert_int_equal(record.rows[0].recovery_ns, 420);
	assert_int_equal(outcome_of("crash 1 uart0 memory gave_up at=3000 delay=0 took=0 pc=0x1 address=0\n"
				    "server uart0 failed memory fault\n"),
			 OUTCOME_DEGRADED);
	assert_int_equal(outcome_of("crash 1 rtc0 memory restarted at=3000 delay=0 took=9 pc=0x1 address=0\n"),
			 OUTCOME_CROSS_DOMAIN);
	assert_string_equal(record.rows[0].detail, "rtc0 crashed: memory");
	assert_int_equal(outcome_of("vm linux failed killed\n"), OUTCOME_VM_LOST);
	assert_int_equal(outcome_of("vm linux reset\n"), OUTCOME_VM_LOST);
}

/* Those who use the target, also through others, may crash with it. */
static void dependants(void **state)
{
	static const char *const fault = FAULT("0", "kill", "vmm0");
	(void)state;
	begin(1);
	control(fault);
	control("crash 1 vmm0 killed restarted at=3000 delay=0 took=9 pc=0x1 address=0\n"
		"crash 2 client heartbeat restarted at=3000 delay=0 took=9 pc=0x1 address=0\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_RECOVERED);
	begin(1);
	control(fault);
	control("crash 1 uart0 heartbeat restarted at=3000 delay=0 took=9 pc=0x1 address=0\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
	begin(1);
	control(FAULT("0", "nop", "sched"));
	control("crash 1 uart0 heartbeat restarted at=3000 delay=0 took=9 pc=0x1 address=0\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_MASKED); /* who is never given a turn */
}

/* A fault may lie in a server for long; its crash is nobody else's. */
static void what_lay_there_is_its_own(void **state)
{
	(void)state;
	begin(3);
	control(FAULT("0", "flip-register", "rtc0") "inject after 0 reached\n");
	load_line();
	control(FAULT("1", "nop", "uart0"));
	control("crash 1 rtc0 memory restarted at=3000 delay=0 took=9 pc=0x1 address=0\ninject after 1 kept\n");
	load_line();
	control(FAULT("2", "nop", "uart0"));
	control("crash 2 rtc0 memory restarted at=4000 delay=0 took=9 pc=0x1 address=0\ninject after 2 kept\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_RECOVERED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NO_EFFECT);
	assert_int_equal(record.rows[2].outcome, OUTCOME_CROSS_DOMAIN); /* it was grown again in between */
}

#define CRASH(number, server) \
	"crash " number " " server " heartbeat restarted at=30000 delay=0 took=9 pc=0x1 address=0\n"

/* A console that was hit took the control stream's lines for somebody else's: the log still has them. */
static void what_went_astray_is_in_the_log(void **state)
{
	static const char fault[] = "[supervisor] inject fault 1 branch vmm0 at=20000 place=0x400 clear=0 flip=0x8 "
				    "register=99 delay=0\n";
	(void)state;
	begin(2);
	control(FAULT("0", "flip-text", "uart0") "inject after 0 kept\n");
	load_line();
	hear('L', fault);
	control(CRASH("1", "vmm0") "inject after 1 restarted\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_NO_EFFECT);
	assert_int_equal(record.rows[1].outcome, OUTCOME_RECOVERED);
	assert_string_equal(record.rows[1].target, "vmm0");
	assert_int_equal(record.rows[1].seed, 5);
	assert_int_equal(record.rows[1].detect_ns, 10000);
	begin(2);
	control(FAULT("0", "flip-text", "uart0") "inject after 0 kept\n");
	hear('L', fault);
	hear('L', "[supervisor] inject made 1 status=0\n");
	control("inject after 1 kept\n");
	end();
	assert_int_equal(record.rows[1].outcome, OUTCOME_NO_EFFECT);
	begin(2); /* it is not made earlier than it was */
	control(FAULT("0", "flip-text", "uart0"));
	hear('L', fault);
	control("crash 1 vmm0 heartbeat restarted at=19999 delay=0 took=9 pc=0x1 address=0\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NOT_INJECTED);
	begin(2); /* nor by the word of anybody else */
	control(FAULT("0", "flip-text", "uart0"));
	hear('L', "[vmm0] inject fault 1 branch vmm0 at=20000 place=0 clear=0 flip=0x8 register=99 delay=0\n");
	control(CRASH("1", "vmm0"));
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
}

#define WAS(number, type, target) \
	"inject was " number " " type " " target " at=20000 place=0x400 clear=0 flip=0x8 register=99 delay=0\n"

/* Both streams lost the announcement, and the console its crash between the two: the fault's end says what it was. */
static void what_was_lost_is_said_again(void **state)
{
	(void)state;
	begin(2);
	control(FAULT("0", "descriptors", "rtc0") "inject after 0 done\n");
	load_line();
	control(CRASH("1", "uart0"));
	number++;
	load_line(); /* one is missing */
	control(WAS("1", "hang", "uart0") "inject after 1 restarted\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_MASKED);
	assert_string_equal(record.rows[1].target, "uart0");
	assert_int_equal(record.rows[1].crashes, 1);
	assert_int_equal(record.rows[1].detect_ns, 10000);
	assert_int_equal(record.rows[1].outcome, OUTCOME_GUEST_VISIBLE);
	begin(2); /* what was before it is the one's before it */
	control(FAULT("0", "flip-data", "uart0") "inject after 0 kept\n");
	control("crash 1 uart0 memory restarted at=19999 delay=0 took=9 pc=0x1 address=0\n");
	control(WAS("1", "flip-text", "rtc0") "inject after 1 kept\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_RECOVERED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NO_EFFECT);
	begin(2); /* so is all of it if the next one was announced */
	control(FAULT("0", "flip-data", "rtc0") "inject after 0 kept\n");
	control(CRASH("1", "uart0"));
	control(FAULT("1", "flip-text", "uart0") "inject was 1 flip-text uart0 at=1000 place=0x400 clear=0 flip=0x8 "
		"register=99 delay=0\ninject after 1 kept\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NO_EFFECT);
}

/* What happens is the last fault's before it. */
static void each_fault_has_its_own(void **state)
{
	(void)state;
	begin(3);
	control(FAULT("0", "kill", "uart0"));
	load_line();
	control("crash 1 uart0 killed restarted at=3000 delay=0 took=9 pc=0x1 address=0\ninject after 0 done\n");
	control("inject skipped 1 a server is down\n");
	load_line();
	control(FAULT("2", "nop", "rtc0"));
	hear('1', "[   1.5] rcu: INFO: stall, \"a\"\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_RECOVERED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NOT_INJECTED);
	assert_string_equal(record.rows[1].detail, "a server is down");
	assert_int_equal(record.rows[2].outcome, OUTCOME_GUEST_VISIBLE);
	assert_string_equal(record.rows[2].detail, "line 4 was due; found: [   1.5] rcu: INFO: stall. .a.");
}

/* A line that is missing shows when the next one comes. If none was right since a fault, it was that one. */
static void damage_that_shows_late_is_the_earlier_faults(void **state)
{
	(void)state;
	begin(2);
	control(FAULT("0", "source", "uart0") "inject after 0 kept\n" FAULT("1", "flip-text", "rtc0"));
	number = 30;
	load_line();
	control("inject after 1 kept\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NO_EFFECT);
	begin(2);
	control(FAULT("0", "source", "uart0") "inject after 0 kept\n");
	load_line();
	control(FAULT("1", "flip-text", "rtc0"));
	number = 30;
	load_line();
	control("inject after 1 kept\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_NO_EFFECT);
	assert_int_equal(record.rows[1].outcome, OUTCOME_GUEST_VISIBLE);
}

static void a_fault_that_was_refused_was_none(void **state)
{
	(void)state;
	begin(1);
	control("inject fault 0 arm uart0 at=1000 place=0x400 clear=0 flip=0x8 register=1 delay=0\n"
		"inject made 0 status=5\ninject after 0 unreached\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_NOT_INJECTED);
}

/* Every way in which the load's lines can be wrong. */
static enum outcome outcome_with(const char *console)
{
	begin(1);
	control(FAULT("0", "reply", "uart0"));
	hear('1', console);
	end();
	return record.rows[0].outcome;
}

static void the_load_is_verified(void **state)
{
	(void)state;
	assert_int_equal(outcome_with(""), OUTCOME_MASKED);
	assert_int_equal(outcome_with("x\r\n"), OUTCOME_GUEST_VISIBLE);
	assert_int_equal(outcome_with("\r\n"), OUTCOME_GUEST_VISIBLE);
	assert_int_equal(outcome_with("load 1 32 " TEXT "\n"), OUTCOME_GUEST_VISIBLE); /* twice */
	assert_int_equal(outcome_with("load 3 0 " TEXT "\n"), OUTCOME_GUEST_VISIBLE);
	assert_int_equal(outcome_with("load 2 995 " TEXT "\n"), OUTCOME_GUEST_VISIBLE); /* a wrong sum */
	assert_int_equal(outcome_with("l"), OUTCOME_GUEST_VISIBLE); /* a character more in the next line */
	begin(1);
	control(FAULT("0", "reply", "uart0"));
	hear('1', "load 2 994 the quick brown fax\n");
	number = 2;
	sum = 994;
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
	assert_string_equal(record.rows[0].detail, "line 2 says: the quick brown fax");
}

/* A line of the load that says `text`, and then one that is right. */
static void says(const char *text)
{
	char line[200];
	number++;
	sum = (sum * 31 + number) % 1000003;
	snprintf(line, sizeof(line), "load %llu %llu %s\n", (unsigned long long)number, (unsigned long long)sum, text);
	hear('1', line);
}

static enum outcome outcome_saying(const char *text)
{
	begin(1);
	control(FAULT("0", "reply", "uart0"));
	says(text);
	end();
	return record.rows[0].outcome;
}

static void what_the_guest_says(void **state)
{
	(void)state;
	assert_int_equal(outcome_saying("wrong disk block 3 word 0: not write 7"), OUTCOME_GUEST_VISIBLE);
	assert_string_equal(record.rows[0].detail, "line 2 says: wrong disk block 3 word 0: not write 7");
	assert_int_equal(outcome_saying("lost net0"), OUTCOME_GUEST_VISIBLE);
	assert_int_equal(outcome_saying("note net0 damaged frame of 60 bytes"), OUTCOME_MASKED);
	assert_string_equal(record.rows[0].detail, "note net0 damaged frame of 60 bytes");
	assert_int_equal(outcome_saying("waits disk"), OUTCOME_MASKED);
	assert_int_equal(outcome_saying("failed disk"), OUTCOME_GUEST_VISIBLE); /* none said so */
	begin(1);
	control(FAULT("0", "reply", "uart0") "server rtc0 failed memory fault\n");
	says("failed clock");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_DEGRADED);
}

/* As long as something is waited for, who made it late is to blame for what comes of it. */
static void who_waits_still_waits(void **state)
{
	(void)state;
	begin(3);
	control(FAULT("0", "branch", "uart0"));
	says("waits net0");
	control("inject after 0 kept\n");
	load_line();
	control(FAULT("1", "kill", "rtc0") "inject after 1 done\n");
	hear('2', "load begins\nload 1 32 " TEXT "\n");
	says("lost net0");
	says("goes on net0");
	control(FAULT("2", "kill", "rtc0"));
	says("lost disk");
	control("inject after 2 done\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
	assert_int_equal(record.rows[1].outcome, OUTCOME_MASKED);
	assert_int_equal(record.rows[2].outcome, OUTCOME_GUEST_VISIBLE);
}

/* One damage, seen in slot after slot. */
static void what_is_broken_stays_broken(void **state)
{
	(void)state;
	begin(4);
	control(FAULT("0", "persistent", "uart0"));
	says("wrong disk request: result 1");
	control("inject after 0 kept\n");
	load_line();
	control(FAULT("1", "kill", "rtc0") "inject after 1 done\n");
	says("wrong disk request: result 1");
	load_line();
	control(FAULT("2", "kill", "rtc0") "inject after 2 done\n");
	load_line();
	control(FAULT("3", "kill", "rtc0"));
	says("wrong disk request: result 1");
	control("inject after 3 done\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
	assert_int_equal(record.rows[1].outcome, OUTCOME_MASKED);
	assert_int_equal(record.rows[2].outcome, OUTCOME_MASKED);
	assert_int_equal(record.rows[3].outcome, OUTCOME_GUEST_VISIBLE);
}

static void the_second_console_is_verified(void **state)
{
	(void)state;
	begin(1);
	hear('2', "load begins\nload 1 32 " TEXT "\n");
	control(FAULT("0", "reply", "virtio_console"));
	hear('2', "load 2 994 " TEXT "\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_MASKED);
	begin(1);
	hear('2', "load begins\nload 1 32 " TEXT "\n");
	control(FAULT("0", "reply", "virtio_console"));
	hear('2', "load 3 30817 " TEXT "\n");
	end();
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
}

/* A load that falls silent: the fault before which it was last well did that, and those behind it show nothing. */
static void who_silenced_the_load(void **state)
{
	(void)state;
	begin(3);
	control(FAULT("0", "kill", "uart0") "inject after 0 done\n");
	load_line();
	control(FAULT("1", "source", "uart0") "inject after 1 kept\n");
	control(FAULT("2", "nop", "rtc0") "inject after 2 kept\n");
	control("inject end\ninject deadline\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_MASKED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_VM_LOST);
	assert_int_equal(record.rows[2].outcome, OUTCOME_NOT_INJECTED);
}

/* A VM that is stopped because the manifest says so is no VM that was lost. */
static void a_declared_end_is_degraded(void **state)
{
	(void)state;
	begin(2);
	control(FAULT("0", "kill", "vmm0") "server vmm0 failed killed\nvm linux failed killed\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_DEGRADED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NOT_INJECTED);
	begin(1);
	control(FAULT("0", "kill", "uart0") "server uart0 failed killed\nvm linux failed killed\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_true(record.rows[0].outcome > OUTCOME_DEGRADED);
}

static void the_clock_goes_forward(void **state)
{
	static const struct {
		const char *text;
		enum outcome outcome;
	} rows[] = {
		{ "load 2 994 clock 100\nload 3 30817 clock 100\n", OUTCOME_MASKED },
		{ "load 2 994 clock 100\nload 3 30817 clock 102\n", OUTCOME_MASKED },
		{ "load 2 994 clock 100\nload 3 30817 clock 99\n", OUTCOME_GUEST_VISIBLE },
		{ "load 2 994 clock 100\nload 3 30817 clock 5000\n", OUTCOME_GUEST_VISIBLE },
		{ "load 2 994 clock 100x\nload 3 30817 clock 100\n", OUTCOME_GUEST_VISIBLE },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(1);
		control(FAULT("0", "reply", "rtc0"));
		hear('1', rows[i].text);
		number = 3;
		sum = 30817;
		end();
		assert_int_equal(record.rows[0].outcome, rows[i].outcome);
	}
}

/* Runs that did not come to their end: the last fault's doing. */
static void ends(void **state)
{
	(void)state;
	begin(2);
	control(FAULT("0", "kill", "uart0") FAULT("1", "nop", "uart0") "halt\n");
	assert_true(record_judge(&record, true, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_MASKED);
	assert_int_equal(record.rows[1].outcome, OUTCOME_KERNEL);
	begin(1);
	control(FAULT("0", "nop", "uart0"));
	assert_true(record_judge(&record, false, false)); /* no `halt` */
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
	begin(1);
	control(FAULT("0", "nop", "uart0"));
	assert_true(record_judge(&record, false, true));
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN); /* and `inject` never came to its end */
	begin(1);
	control(FAULT("0", "nop", "uart0") "inject end\ninject deadline\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_VM_LOST);
	begin(1);
	control(FAULT("0", "nop", "uart0") "inject end\nvm linux off\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_GUEST_VISIBLE);
	assert_string_equal(record.rows[0].detail, "the load did not finish");
}

static void inject_itself_may_be_hit(void **state)
{
	(void)state;
	begin(2);
	control(FAULT("0", "flip-data", "uart0"));
	control("vm linux off\nhalt\n"); /* the guest crashed: its VM is gone, and the machine with it */
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_VM_LOST);
	begin(2);
	control(FAULT("0", "flip-register", "rtc0"));
	load_line();
	load_ends();
	control("vm linux off\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_CROSS_DOMAIN);
	assert_int_equal(record.rows[1].outcome, OUTCOME_NOT_INJECTED);
	assert_string_equal(record.rows[1].detail, "its time did not come");
	begin(1);
	control(FAULT("0", "flip-register", "sched")); /* whose timers all wait for */
	load_line();
	load_ends();
	control("vm linux off\nhalt\n");
	assert_true(record_judge(&record, false, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_VM_LOST);
}

static void trouble_before_the_first_fault_is_the_boots(void **state)
{
	(void)state;
	begin(1);
	control("server rtc0 failed its image is not in the archive\n" FAULT("0", "kill", "uart0"));
	load_line();
	load_ends();
	control("inject end\nvm linux off\nhalt\n");
	assert_false(record_judge(&record, false, false));
	begin(1);
	assert_false(record_judge(&record, true, false));
	assert_int_equal(record.rows[0].outcome, OUTCOME_NOT_INJECTED);
}

static void garbage_is_no_harm(void **state)
{
	(void)state;
	assert_int_equal(
		outcome_of("inject fault 99 a b at=1 place=1 clear=1 flip=1 register=1 delay=1\ninject after 77 x\n"
			   "inject\ninject after\ncrash\ncrash 1 x\nserver\nvm\nvm x\ninject after 0 kept\n"),
		OUTCOME_NO_EFFECT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_faults),
		cmocka_unit_test(crashes),
		cmocka_unit_test(dependants),
		cmocka_unit_test(what_lay_there_is_its_own),
		cmocka_unit_test(what_went_astray_is_in_the_log),
		cmocka_unit_test(what_was_lost_is_said_again),
		cmocka_unit_test(each_fault_has_its_own),
		cmocka_unit_test(damage_that_shows_late_is_the_earlier_faults),
		cmocka_unit_test(a_fault_that_was_refused_was_none),
		cmocka_unit_test(the_load_is_verified),
		cmocka_unit_test(what_the_guest_says),
		cmocka_unit_test(who_waits_still_waits),
		cmocka_unit_test(what_is_broken_stays_broken),
		cmocka_unit_test(the_second_console_is_verified),
		cmocka_unit_test(a_declared_end_is_degraded),
		cmocka_unit_test(who_silenced_the_load),
		cmocka_unit_test(the_clock_goes_forward),
		cmocka_unit_test(ends),
		cmocka_unit_test(inject_itself_may_be_hit),
		cmocka_unit_test(trouble_before_the_first_fault_is_the_boots),
		cmocka_unit_test(garbage_is_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
