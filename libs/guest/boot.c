#include <guest/boot.h>

#include <inttypes.h>
#include <string.h>

#include <guest/machine.h>

#define INITRD_OFFSET_MAX 0x8000000ull /* 128 MiB */
#define INITRD_ALIGN 0x1000ull
#define DTB_ALIGN 0x200000ull
#define DTB_ROOM_MAX 0x200000ull /* what Linux maps for it (booting.rst) */

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static bool load_kernel(const struct guest_ram *ram, const struct manifest_vm *vm, const struct guest_file *file,
			struct image_place *place, struct guest_error *error)
{
	switch (vm->kernel_format) {
	case MANIFEST_KERNEL_IMAGE:
		return image_load_linux(ram, file, place, error);
	case MANIFEST_KERNEL_ELF:
		return image_load_elf(ram, file, GUEST_ELF_MACHINE, place, error);
	case MANIFEST_KERNEL_FLAT:
		return image_load_flat(ram, file, vm->kernel_address, vm->entry, place, error);
	}
	return guest_fail(error, "%s: unknown kernel format %d", file->name, (int)vm->kernel_format);
}

static bool load_initrd(const struct guest_ram *ram, const struct guest_file *file, struct boot_layout *layout,
			struct guest_error *error)
{
	uint64_t half = ram->bytes / 2;
	uint64_t start = ram->base + (half < INITRD_OFFSET_MAX ? half : INITRD_OFFSET_MAX);

	if (start < layout->kernel.high) {
		start = layout->kernel.high;
	}
	start = align_up(start, INITRD_ALIGN);
	layout->initrd_start = start;
	layout->initrd_end = start;
	if (file->bytes == NULL) {
		return true;
	}
	uint8_t *to = ram_at(ram, start, file->size);
	if (to == NULL) {
		return guest_fail(error, "%s: its 0x%" PRIx64 " bytes at 0x%" PRIx64
				  ", above the kernel, go beyond the VM's memory (end 0x%" PRIx64 ")", file->name,
				  file->size, start, ram_end(ram));
	}
	memcpy(to, file->bytes, file->size);
	layout->initrd_end = start + file->size;
	return true;
}

static bool load_devtree(const struct guest_ram *ram, const struct devtree_input *input, const struct guest_file *given,
			 struct boot_layout *layout, struct guest_error *error)
{
	uint64_t at = align_up(layout->initrd_end, DTB_ALIGN);
	uint64_t room = at < ram_end(ram) ? ram_end(ram) - at : 0;
	uint32_t size = 0;

	if (room > DTB_ROOM_MAX) {
		room = DTB_ROOM_MAX;
	}
	if (room == 0) {
		return guest_fail(error, "no room for the device tree: its place, 0x%" PRIx64
				  ", is beyond the VM's memory (end 0x%" PRIx64 ")", at, ram_end(ram));
	}
	void *buffer = ram_at(ram, at, room);
	bool done = given->bytes != NULL ? devtree_patch(input, given, buffer, (uint32_t)room, &size, error)
					 : devtree_build(input, buffer, (uint32_t)room, &size, error);
	layout->dtb = at;
	layout->dtb_end = at + size;
	return done;
}

bool boot_load(const struct guest_ram *ram, const struct manifest_vm *vm, const struct boot_files *files,
	       const void *seed, uint32_t seed_bytes, struct boot_layout *layout, struct guest_error *error)
{
	if (ram->base > UINT64_MAX / 2 || ram->bytes > UINT64_MAX / 4) {
		return guest_fail(error, "the VM's memory (0x%" PRIx64 " bytes at 0x%" PRIx64 ") can't be addressed",
				  ram->bytes, ram->base);
	}
	if (!load_kernel(ram, vm, &files->kernel, &layout->kernel, error) ||
	    !load_initrd(ram, &files->initrd, layout, error)) {
		return false;
	}
	struct devtree_input input = {
		.vm = vm,
		.initrd_start = layout->initrd_start,
		.initrd_end = layout->initrd_end,
		.seed = seed,
		.seed_bytes = seed_bytes,
	};
	return load_devtree(ram, &input, &files->dtb, layout, error);
}
