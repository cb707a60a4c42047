/*
 * Manifests that are good but for what the input does to them. What is read keeps the rules that everybody relies on
 * who does not look again: counts are within bounds, references are to what there is, strings end in the blob.
 */
#include <string.h>

#include <fuzz/fuzz.h>
#include <fuzz/tree.h>
#include <skink/manifest.h>

static struct manifest manifest;
static const uint8_t *tree;
static size_t tree_bytes;
static bool good;

static void report(void *context, const struct manifest_error *error)
{
	(void)context;
	FUZZ_EXPECT(memchr(error->path, '\0', sizeof(error->path)) != NULL);
	FUZZ_EXPECT(memchr(error->text, '\0', sizeof(error->text)) != NULL && error->text[0] != '\0');
}

/* Of a good manifest a reference is to something; of a bad one it may be to nothing. */
static void expect_reference(uint32_t index, uint32_t count, bool may_be_none)
{
	FUZZ_EXPECT(index < count || (index == MANIFEST_NONE && (may_be_none || !good)));
}

/* Reads all of the string: it ends before the sanitizer minds. */
static void expect_string(const char *text)
{
	FUZZ_EXPECT(text != NULL && strlen(text) < FUZZ_TREE_ROOM);
}

static void expect_server(const struct manifest_server *server)
{
	expect_string(server->name);
	expect_string(server->image);
	FUZZ_EXPECT(server->core_count <= SK_MAX_CORES && server->use_count <= MANIFEST_SERVER_USES);
	FUZZ_EXPECT(server->device_count <= MANIFEST_SERVER_DEVICES &&
		    server->only_with_count <= MANIFEST_SERVER_DEVICES);
	if (server->args_bytes != 0 && good) {
		FUZZ_EXPECT(server->args[server->args_bytes - 1] == '\0');
	}
	for (uint32_t i = 0; i < server->device_count; i++) {
		expect_reference(server->devices[i].device, manifest.platform.device_count, false);
	}
	for (uint32_t i = 0; i < server->only_with_count; i++) {
		expect_reference(server->only_with[i], manifest.platform.device_count, false);
	}
	for (uint32_t i = 0; i < server->core_count && good; i++) {
		FUZZ_EXPECT(server->cores[i] < SK_MAX_CORES);
	}
}

static void expect_vm(const struct manifest_vm *vm)
{
	expect_string(vm->name);
	expect_string(vm->kernel);
	expect_string(vm->cmdline);
	expect_reference(vm->vmm, manifest.server_count, false);
	FUZZ_EXPECT(vm->vcpus <= SK_VM_VCPUS_MAX && vm->memory_count <= MANIFEST_VM_MEMORIES);
	FUZZ_EXPECT(vm->device_count <= MANIFEST_VM_DEVICES);
	for (uint32_t i = 0; i < vm->device_count; i++) {
		expect_string(vm->devices[i].name);
		expect_string(vm->devices[i].compatible);
		expect_reference(vm->devices[i].server, manifest.server_count, false);
		expect_reference(vm->devices[i].dma_by, manifest.server_count, true);
	}
	if (good) {
		FUZZ_EXPECT(vm->vcpus != 0 && vm->memory_count != 0);
	}
}

static void expect_sound(void)
{
	FUZZ_EXPECT(manifest.server_count <= MANIFEST_SERVERS && manifest.vm_count <= MANIFEST_VMS);
	FUZZ_EXPECT(manifest.channel_count <= MANIFEST_CHANNELS);
	FUZZ_EXPECT(manifest.platform.device_count <= MANIFEST_DEVICES);
	expect_string(manifest.model);
	for (uint32_t i = 0; i < manifest.server_count; i++) {
		expect_server(&manifest.servers[i]);
		(void)manifest_vm_of_vmm(&manifest, i);
		(void)manifest_vm_of_device(&manifest, i, NULL);
		(void)manifest_server_of_stream(&manifest, manifest_stream_id(&manifest, i, i % 3), NULL);
	}
	for (uint32_t i = 0; i < manifest.channel_count; i++) {
		const struct manifest_channel *channel = &manifest.channels[i];

		expect_string(channel->name);
		FUZZ_EXPECT(channel->member_count <= MANIFEST_CHANNEL_MEMBERS);
		for (uint32_t j = 0; j < channel->member_count; j++) {
			expect_reference(channel->members[j], manifest.server_count, false);
		}
	}
	for (uint32_t i = 0; i < manifest.vm_count; i++) {
		expect_vm(&manifest.vms[i]);
		(void)manifest_console_of_vm(&manifest, i);
	}
	for (uint32_t i = 0; i < SK_MAX_CORES; i++) {
		FUZZ_EXPECT(manifest.scheduling[i].window_count <= MANIFEST_WINDOWS);
	}
}

void fuzz_one(void)
{
	struct manifest_error error;

	tree = fuzz_tree(FUZZ_BASE, &tree_bytes);
	good = manifest_read(tree, tree_bytes, &manifest, &error);
	if (good) {
		expect_sound();
		return;
	}
	report(NULL, &error);
	FUZZ_EXPECT(manifest_read_all(tree, tree_bytes, &manifest, report, NULL) != 0);
	if (manifest.dtb != NULL) {
		expect_sound();
	}
}
