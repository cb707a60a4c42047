#include <guest/image.h>

#include <inttypes.h>
#include <string.h>

bool image_load_flat(const struct guest_ram *ram, const struct guest_file *file, uint64_t address, uint64_t entry,
		     struct image_place *place, struct guest_error *error)
{
	if (file->size == 0) {
		return guest_fail(error, "%s: is empty", file->name);
	}
	uint8_t *to = ram_at(ram, address, file->size);
	if (to == NULL) {
		return guest_fail(error, "%s: its 0x%" PRIx64 " bytes at 0x%" PRIx64
				  " do not lie in the VM's memory (0x%" PRIx64 " bytes at 0x%" PRIx64 ")", file->name,
				  file->size, address, ram->bytes, ram->base);
	}
	if (entry - address >= file->size || entry % 4 != 0) {
		return guest_fail(error, "%s: entry 0x%" PRIx64 " is not an instruction of it (0x%" PRIx64 " bytes at 0x%"
				  PRIx64 ")", file->name, entry, file->size, address);
	}
	memcpy(to, file->bytes, file->size);
	*place = (struct image_place){ .low = address, .high = address + file->size, .entry = entry };
	return true;
}
