/*
 * A device server that looks for texts in all that it is given of its guest's memory, whenever the guest stores
 * anything to its range: the one that the guest keeps to itself, and the one that it has sent to a disk.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VM_EXIT_SERVE_SOME
#define VM_EXIT_SERVES_MMIO_READ
#define VM_EXIT_SERVES_MMIO_WRITE

#include <sk/idl/device_server.h>
#include <sk/idl/vm_exit_server.h>
#include <sk/mmio.h>
#include <sk/process.h>
#include <sk/server.h>

#define KEPT "what the guest keeps to itself"
#define SENT "what the guest has sent away"

static uint32_t count(const char *at, uint64_t bytes, const char *text)
{
	size_t length = strlen(text);
	const char *end = at + bytes;
	uint32_t found = 0;

	while (at + length <= end && (at = memchr(at, text[0], (size_t)(end - at) - length + 1)) != NULL) {
		found += memcmp(at, text, length) == 0 ? 1 : 0;
		at++;
	}
	return found;
}

static bool is_guest_memory(const struct sk_start_region *region)
{
	return strncmp(region->name, "memory@", 7) == 0 || strncmp(region->name, "pool@", 5) == 0;
}

static void look(void)
{
	for (uint32_t i = 0; i < sk_start()->region_count; i++) {
		const struct sk_start_region *region = &sk_start()->regions[i];
		const char *at = (const char *)(uintptr_t)region->address;

		if (is_guest_memory(region)) {
			(void)printf("%s: %" PRIu64 " KiB, kept %s, sent %s\n", region->name, region->bytes / 1024,
				     count(at, region->bytes, KEPT) == 0 ? "not found" : "FOUND",
				     count(at, region->bytes, SENT) == 0 ? "not found" : "found");
		}
	}
}

sk_status_t vm_exit_serve_mmio_read(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				    uint64_t *value)
{
	(void)caller;
	(void)address;
	(void)info;
	*value = 0;
	return SK_OK;
}

sk_status_t vm_exit_serve_mmio_write(const struct sk_caller *caller, sk_gpa_t address, sk_mmio_info_t info,
				     uint64_t value)
{
	(void)caller;
	(void)address;
	(void)info;
	(void)value;
	look();
	return SK_OK;
}

sk_status_t device_serve_reset(const struct sk_caller *caller)
{
	(void)caller;
	return SK_OK;
}

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case VM_EXIT_INTERFACE:
		return vm_exit_dispatch(caller, msg);
	case DEVICE_INTERFACE:
		return device_dispatch(caller, msg);
	default:
		return sk_server_other(caller, msg);
	}
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	sk_server_run();
}
