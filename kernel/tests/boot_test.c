/*
 * Boot: what the supervisor finds, and boot images that are none.
 */
#include "world.h"
#include <string.h>

static void supervisor_has_everything(void **state)
{
	(void)state;
	struct context *context = &world.supervisor->context;
	assert_true(runs(context));
	assert_int_equal(context->frame->x[30], SK_VA_STACKS + 0x10000u);
	static const struct {
		uint32_t slot;
		enum object_type type;
	} wanted[] = {
		{ SK_BOOT_SLOT_MACHINE, OBJECT_MACHINE }, { SK_BOOT_SLOT_SPACE, OBJECT_SPACE },
		{ SK_BOOT_SLOT_THREAD, OBJECT_THREAD }, { SK_BOOT_SLOT_ENDPOINT, OBJECT_ENDPOINT },
		{ SK_BOOT_SLOT_ARCHIVE, OBJECT_MEMORY }, { SK_BOOT_SLOT_RAM, OBJECT_MEMORY },
		{ SK_BOOT_SLOT_NOTIFICATION, OBJECT_NOTIFICATION }, { SK_BOOT_SLOT_DEVICES, OBJECT_MEMORY },
	};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		assert_int_equal(world_object(wanted[i].slot)->type, wanted[i].type);
	}
	assert_true(world_object(SK_BOOT_SLOT_DEVICES)->memory.device);
	invariants_check();
}

static void segments_are_mapped(void **state)
{
	(void)state;
	static const struct {
		uint64_t address;
		uint32_t flags;
	} wanted[] = {
		{ SK_VA_START_PAGE, SK_MAP_FLAGS_READ }, { SK_VA_START_PAGE + SK_PAGE_BYTES, SK_MAP_FLAGS_READ },
		{ SK_VA_IMAGE, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_EXECUTE },
		{ SK_VA_IMAGE + SK_PAGE_BYTES, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE },
		{ SK_VA_IMAGE + 2u * SK_PAGE_BYTES, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE },
		{ SK_VA_MESSAGE_BUFFERS, SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE }, { SK_VA_ARCHIVE, SK_MAP_FLAGS_READ },
	};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		K_OK(SK_BOOT_SLOT_SPACE, SPACE_TAG_QUERY, wanted[i].address);
		assert_int_equal(world.reply.w[1], wanted[i].flags);
	}
	/* A writable segment is a copy: its file's bytes, then zero. */
	uint64_t physical;
	uint32_t flags;
	assert_true(arch_query(world.supervisor->context.space, SK_VA_IMAGE + SK_PAGE_BYTES, &physical, &flags));
	const uint8_t *data = (const uint8_t *)(uintptr_t)physical;
	assert_int_equal(data[99], 0x5a);
	assert_int_equal(data[100], 0);
	assert_int_equal(data[2u * SK_PAGE_BYTES - 1u], 0);
	assert_int_equal(K(SK_BOOT_SLOT_SPACE, SPACE_TAG_QUERY, SK_VA_STACKS), SK_BAD_ARG);
}

static void refuses(void (*spoil)(struct sk_boot_info *info), const char *why)
{
	world_boot(1); /* leaves a good image behind */
	struct sk_boot_info info = *(struct sk_boot_info *)(void *)mock.ram;
	mock_reset(1);
	spoil(&info);
	*(struct sk_boot_info *)(void *)mock.ram = info;
	assert_false(mock_boot((const struct sk_boot_info *)(void *)mock.ram));
	assert_true(mock.off);
	assert_non_null(strstr(mock.console, "KERNEL PANIC"));
	assert_non_null(strstr(mock.console, why));
}

static void spoil_magic(struct sk_boot_info *info) { info->magic++; }
static void spoil_version(struct sk_boot_info *info) { info->version++; }
static void spoil_no_cores(struct sk_boot_info *info) { info->core_count = 0; }
static void spoil_many_cores(struct sk_boot_info *info) { info->core_count = SK_MAX_CORES + 1u; }
static void spoil_few_objects(struct sk_boot_info *info) { info->object_slots = 255; }
static void spoil_many_objects(struct sk_boot_info *info) { info->object_slots = UINT16_MAX + 1u; }
static void spoil_little_ram(struct sk_boot_info *info) { info->ram_bytes = 12u * SK_PAGE_BYTES; }
static void spoil_image_bytes(struct sk_boot_info *info) { info->image_bytes = info->ram_bytes + SK_PAGE_BYTES; }
static void spoil_offset(struct sk_boot_info *info) { info->segments[1].offset = info->image_bytes + SK_PAGE_BYTES; }
static void spoil_file_bytes(struct sk_boot_info *info) { info->segments[2].file_bytes = UINT64_MAX; }
static void spoil_memory_bytes(struct sk_boot_info *info) { info->segments[2].memory_bytes = 99; }
static void spoil_overlap(struct sk_boot_info *info) { info->segments[2].address = SK_VA_IMAGE; }
static void spoil_alignment(struct sk_boot_info *info) { info->segments[2].address += 8; }

static void bad_images_panic_with_the_reason(void **state)
{
	(void)state;
	refuses(spoil_magic, "no boot information");
	refuses(spoil_version, "no boot information");
	refuses(spoil_no_cores, "no boot information");
	refuses(spoil_many_cores, "no boot information");
	refuses(spoil_few_objects, "no boot information");
	refuses(spoil_many_objects, "no boot information");
	refuses(spoil_little_ram, "too little for the boot image");
	refuses(spoil_image_bytes, "too little for the boot image");
	refuses(spoil_offset, "supervisor segment 1 lies outside");
	refuses(spoil_file_bytes, "supervisor segment 2 lies outside");
	refuses(spoil_memory_bytes, "supervisor segment 2 lies outside");
	refuses(spoil_overlap, "overlaps another or is misaligned");
	refuses(spoil_alignment, "overlaps another or is misaligned");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(supervisor_has_everything, world_setup),
		cmocka_unit_test_setup(segments_are_mapped, world_setup),
		cmocka_unit_test(bad_images_panic_with_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
