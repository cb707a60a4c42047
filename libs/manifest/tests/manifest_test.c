/*
 * The typed reader on the manifests that the project ships, on small wrong ones,
 * and on damaged blobs. Diagnostics with file and line are tested with the host tool.
 * Argument: the folder of the manifests.
 */
#define _POSIX_C_SOURCE 200809L /* popen */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include <skink/manifest.h>

#define BLOB_BYTES 65536u

static const char *manifests;
static uint64_t blob[BLOB_BYTES / 8];
static struct manifest manifest;
static struct manifest_error error;

/* What `command` prints, in `blob`; returns its size. */
static size_t read_command(const char *command)
{
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t size = fread(blob, 1, sizeof(blob), pipe);
	assert_int_equal(pclose(pipe), 0);
	return size;
}

static size_t compile_file(const char *name)
{
	char command[512];
	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb '%s/%s'", manifests, name);
	return read_command(command);
}

/* one.dts with further text behind it, which changes parts of it. */
static size_t compile_changed(const char *change)
{
	char command[2048];
	snprintf(command, sizeof(command), "{ cat '%s/one.dts'; printf '%%s' '%s'; } | dtc -q -I dts -O dtb -",
		 manifests, change);
	return read_command(command);
}

static void expect_error(const char *change, const char *path, const char *property, const char *text)
{
	size_t size = compile_changed(change);
	memset(&error, 0, sizeof(error));
	assert_false(manifest_read(blob, size, &manifest, &error));
	assert_string_equal(error.path, path);
	if (property == NULL) {
		assert_null(error.property);
	} else {
		assert_string_equal(error.property, property);
	}
	if (strstr(error.text, text) == NULL) {
		fail_msg("\"%s\" lacks \"%s\"", error.text, text);
	}
}

static void test_one(void **state)
{
	(void)state;
	size_t size = compile_file("one.dts");
	assert_true(manifest_read(blob, size, &manifest, &error));
	assert_int_equal(manifest.platform.cores, 2);
	assert_int_equal(manifest.platform.memory.base, 0x40000000);
	assert_int_equal(manifest.platform.gic_redistributors, 0x080a0000);
	assert_int_equal(manifest.platform.core_mpidr[1], 1);
	assert_int_equal(manifest.platform.panic_console, 0);

	uint32_t console = manifest_find_server(&manifest, "console");
	const struct manifest_server *server = &manifest.servers[console];
	assert_string_equal(server->image, "console");
	assert_int_equal(server->device_count, 1);
	assert_string_equal(server->devices[0].name, "pl011");
	assert_int_equal(server->persistent_kib, 64);
	assert_int_equal(server->restart.policy, MANIFEST_RESTART_ALWAYS);

	uint32_t sched = manifest_find_server(&manifest, "sched");
	assert_int_equal(manifest.servers[sched].core_count, 2);
	assert_int_equal(manifest.servers[sched].restart.backoff_count, 4);
	assert_int_equal(manifest.servers[sched].restart.backoff_ms[3], 40);

	const struct manifest_server *monitor = &manifest.servers[manifest_find_server(&manifest, "monitor")];
	assert_int_equal(monitor->uses[0].server, sched);
	assert_string_equal(monitor->uses[1].name, "console");
	assert_true(monitor->operator);

	const struct manifest_vm *vm = &manifest.vms[manifest_find_vm(&manifest, "linux")];
	assert_string_equal(manifest.servers[vm->vmm].name, "vmm0");
	assert_int_equal(vm->memory[0].bytes, 0x10000000);
	assert_int_equal(vm->entry, 0x40000000);
	assert_int_equal(vm->device_count, 2);
	assert_int_equal(vm->devices[0].line, 33);
	assert_true(vm->devices[0].level);
	assert_true(vm->autostart);
	assert_null(vm->dtb);
	assert_int_equal(manifest.scheduling[7].slice_us, 5000);
	assert_false(manifest.chosen.framed);
}

static void test_questions(void **state)
{
	(void)state;
	assert_true(manifest_read(blob, compile_file("one.dts"), &manifest, &error));
	uint32_t uart = manifest_find_server(&manifest, "uart0");
	uint32_t monitor = manifest_find_server(&manifest, "monitor");
	uint32_t device = MANIFEST_NONE;
	assert_int_equal(manifest_console_of_vm(&manifest, 0), uart);
	assert_int_equal(manifest_stream_id(&manifest, uart, 0), '1');
	assert_int_equal(manifest_stream_id(&manifest, monitor, 0), 'M');
	assert_int_equal(manifest_stream_id(&manifest, manifest_find_server(&manifest, "rtc0"), 0), 0);
	assert_int_equal(manifest_stream_id(&manifest, MANIFEST_NONE, 0), 0);
	assert_int_equal(manifest_server_of_stream(&manifest, 'M', NULL), monitor);
	assert_int_equal(manifest_server_of_stream(&manifest, '1', NULL), uart);
	assert_int_equal(manifest_server_of_stream(&manifest, '2', NULL), MANIFEST_NONE);
	assert_int_equal(manifest_server_of_stream(&manifest, 0, NULL), MANIFEST_NONE);
	assert_int_equal(manifest_vm_of_vmm(&manifest, manifest_find_server(&manifest, "vmm0")), 0);
	/* Servers with several: theirs follow each other, but for the monitor's first one. */
	uint32_t stream = 7;
	manifest.servers[monitor].streams = 2;
	manifest.servers[uart].streams = 3;
	manifest.servers[manifest_find_server(&manifest, "rtc0")].streams = 1;
	assert_int_equal(manifest_stream_id(&manifest, monitor, 0), 'M');
	assert_int_equal(manifest_stream_id(&manifest, monitor, 1), '1');
	assert_int_equal(manifest_stream_id(&manifest, uart, 0), '2');
	assert_int_equal(manifest_stream_id(&manifest, uart, 2), '4');
	assert_int_equal(manifest_stream_id(&manifest, uart, 3), 0);
	assert_int_equal(manifest_stream_id(&manifest, manifest_find_server(&manifest, "rtc0"), 0), '5');
	assert_int_equal(manifest_server_of_stream(&manifest, '4', &stream), uart);
	assert_int_equal(stream, 2);
	assert_int_equal(manifest_vm_of_vmm(&manifest, uart), MANIFEST_NONE);
	assert_int_equal(manifest_vm_of_vmm(&manifest, MANIFEST_NONE), MANIFEST_NONE);
	assert_int_equal(manifest_vm_of_device(&manifest, manifest_find_server(&manifest, "rtc0"), &device), 0);
	assert_int_equal(device, 1);
	assert_int_equal(manifest_vm_of_device(&manifest, monitor, NULL), MANIFEST_NONE);
	assert_int_equal(manifest_find_server(&manifest, "linux"), MANIFEST_NONE);
	assert_int_equal(manifest_find_vm(&manifest, ""), MANIFEST_NONE);
	assert_int_equal(manifest_console_of_vm(&manifest, 1), MANIFEST_NONE);
}

static void test_optional(void **state)
{
	(void)state;
	assert_true(manifest_read(blob, compile_file("default.dts"), &manifest, &error));
	const struct manifest_server *net = &manifest.servers[manifest_find_server(&manifest, "net0")];
	const struct manifest_server *root = &manifest.servers[manifest_find_server(&manifest, "blk0")];
	const struct manifest_device *devices = manifest.platform.devices;
	assert_int_equal(net->only_with_count, 1);
	assert_int_equal(net->only_with[0], net->devices[0].device);
	assert_null(devices[net->only_with[0]].image);
	assert_int_equal(root->only_with_count, 0);
	assert_string_equal(devices[root->devices[0].device].image, "root.img");
}

static void test_defaults(void **state)
{
	(void)state;
	assert_true(manifest_read(
		blob,
		compile_changed("/ { platform { cores = <4>; }; servers { s { image = \"i\"; args = \"a\", "
				"\"b\"; }; }; vms { linux { vcpus = <6>; /delete-property/ vcpu-cores; }; "
				"}; scheduling { core@1 { reg = <1>; policy = \"fixed-priority\"; }; }; "
				"chosen { skink,console = \"framed\"; skink,exit-with-first-vm; }; };"),
		&manifest, &error));
	const struct manifest_server *server = &manifest.servers[manifest_find_server(&manifest, "s")];
	assert_int_equal(server->core_count, 4);
	assert_int_equal(server->cores[3], 3);
	assert_int_equal(server->args_bytes, 4);
	assert_int_equal(server->call_budget_us, 1000000);
	assert_int_equal(server->restart.max, 10);
	assert_int_equal(server->restart.node, -1);
	assert_int_equal(manifest.vms[0].vcpu_cores[5], 1);
	assert_int_equal(manifest.scheduling[0].policy, MANIFEST_ROUND_ROBIN);
	assert_int_equal(manifest.scheduling[1].policy, MANIFEST_FIXED_PRIORITY);
	assert_int_equal(manifest.scheduling[1].slice_us, 5000);
	assert_true(manifest.chosen.framed);
	assert_true(manifest.chosen.exit_with_first_vm);
}

static void test_channels(void **state)
{
	(void)state;
	assert_true(manifest_read(blob,
				  compile_changed("/ { channels { queue { kib = <64>; between = <&uart0 &rtc0>; "
						  "names = \"tail\", \"head\"; }; }; };"),
				  &manifest, &error));
	assert_int_equal(manifest.channel_count, 1);
	assert_string_equal(manifest.channels[0].names[1], "head");
	assert_int_equal(manifest.channels[0].members[0], manifest_find_server(&manifest, "uart0"));
	expect_error("/ { channels { queue { kib = <63>; between = <&uart0 &rtc0>; }; }; };", "/channels/queue", "kib",
		     "multiple of 4");
	expect_error("/ { channels { queue { kib = <64>; between = <&uart0>; }; }; };", "/channels/queue", "between",
		     "one server");
}

static void test_wrong(void **state)
{
	(void)state;
	expect_error("&uart0 { prioritty = <3>; };", "/servers/uart0", "prioritty", "did you mean `priority`?");
	expect_error("&uart0 { priority = <300>; };", "/servers/uart0", "priority", "is 300; expected 0 (most urgent)");
	expect_error("&uart0 { priority = \"high\"; };", "/servers/uart0", "priority", "has 5 bytes");
	expect_error("&uart0 { cores = <0 2>; };", "/servers/uart0", "cores", "names core 2; expected 0 to 1");
	expect_error("&uart0 { cores = <1 1>; };", "/servers/uart0", "cores", "twice");
	expect_error("&uart0 { uses = <&pl011>; };", "/servers/uart0", "uses", "`pl011@9000000`, which is no server");
	expect_error("&uart0 { uses = <77>; };", "/servers/uart0", "uses", "`nothing`");
	expect_error("&uart0 { uses = <&sched>; uses-names = \"a\", \"b\"; };", "/servers/uart0", "uses-names",
		     "1 names");
	expect_error("&uart0 { stream = <1>; };", "/servers/uart0", "stream", "has a value");
	expect_error("&uart0 { streams = <8>; };", "/servers/uart0", "streams", "expected 1 to 7");
	expect_error("&uart0 { /delete-property/ image; };", "/servers/uart0", NULL, "lacks `image`");
	expect_error("&uart0 { image = [ff]; };", "/servers/uart0", "image", "no text");
	expect_error("&uart0 { image = \"a\", \"b\"; };", "/servers/uart0", "image", "several");
	expect_error("&uart0 { restat { }; };", "/servers/uart0/restat", NULL, "did you mean `restart`?");
	expect_error("&uart0 { restart { policy = \"allways\"; }; };", "/servers/uart0/restart", "policy",
		     "did you mean `always`?");
	expect_error("/ { servers { a-name-that-is-too-long-for-it { image = \"i\"; }; }; };",
		     "/servers/a-name-that-is-too-long-for-it", NULL, "is no name");
	expect_error("/ { vms { linux { memory = <0 0 0 0>; }; }; };", "/vms/linux", "memory", "size 0x0");
	expect_error("/ { vms { linux { vcpus = <2>; vcpu-cores = <0>; }; }; };", "/vms/linux", "vcpu-cores",
		     "names 1 cores");
	expect_error("/ { platform { gic-v3 = <0 1>; }; };", "/platform", "gic-v3", "one address");
	expect_error("/ { compatible = \"skink,system-2\"; };", "/", "compatible", "skink,system-1");
	expect_error("/ { virtual-machines { }; };", "/virtual-machines", NULL, "is not a node");
	expect_error("/ { scheduling { core@5 { reg = <5>; }; }; };", "/scheduling/core@5", "reg", "names core 5");
	expect_error(
		"/delete-node/ &sched;/ { servers { monitor { uses = <>; }; vmm0 { /delete-property/ uses; }; }; };",
		"/servers/monitor", "uses", "has 0 bytes");
}

static uint32_t reported;

static void count_report(void *context, const struct manifest_error *one)
{
	(void)context;
	reported++;
	assert_true(strlen(one->text) > 0 && strlen(one->text) < MANIFEST_TEXT_BYTES);
}

static void test_several(void **state)
{
	(void)state;
	size_t size = compile_changed("&uart0 { x = <1>; priority = <999>; }; &rtc0 { y; image = <0>; };");
	reported = 0;
	assert_int_equal(manifest_read_all(blob, size, &manifest, count_report, NULL), 4);
	assert_int_equal(reported, 4);
}

static void test_cut_off(void **state)
{
	(void)state;
	static uint64_t part[BLOB_BYTES / 8];
	size_t size = compile_file("one.dts");
	for (size_t length = 0; length < size; length++) {
		memcpy(part, blob, length);
		assert_false(manifest_read(part, length, &manifest, &error));
	}
	assert_false(manifest_read((const char *)blob + 1, size - 1, &manifest, &error));
}

/* Whatever a flipped bit does, reading ends and stays in bounds (the sanitised build would tell). */
static void test_damaged(void **state)
{
	(void)state;
	size_t size = compile_file("one.dts");
	uint8_t *bytes = (uint8_t *)blob;
	uint32_t refused = 0;
	for (size_t bit = 0; bit < size * 8; bit += 3) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused += manifest_read_all(blob, size, &manifest, NULL, NULL) != 0 ? 1 : 0;
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(refused > size);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: manifest_test MANIFESTS\n");
		return 2;
	}
	manifests = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),	 cmocka_unit_test(test_questions), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_channels), cmocka_unit_test(test_wrong),	   cmocka_unit_test(test_several),
		cmocka_unit_test(test_cut_off),	 cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
