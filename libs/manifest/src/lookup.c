/*
 * Questions that several readers of a manifest ask.
 */
#include "reader.h"

uint32_t manifest_find_server(const struct manifest *manifest, const char *name)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (text_equal(manifest->servers[i].name, name)) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

uint32_t manifest_find_vm(const struct manifest *manifest, const char *name)
{
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		if (text_equal(manifest->vms[i].name, name)) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

uint32_t manifest_vm_of_vmm(const struct manifest *manifest, uint32_t server)
{
	for (uint32_t i = 0; i < manifest->vm_count; i++) {
		if (server != MANIFEST_NONE && manifest->vms[i].vmm == server) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

uint32_t manifest_vm_of_device(const struct manifest *manifest, uint32_t server, uint32_t *device)
{
	for (uint32_t i = 0; server != MANIFEST_NONE && i < manifest->vm_count; i++) {
		for (uint32_t j = 0; j < manifest->vms[i].device_count; j++) {
			if (manifest->vms[i].devices[j].server == server) {
				if (device != NULL) {
					*device = j;
				}
				return i;
			}
		}
	}
	return MANIFEST_NONE;
}

/* The operator's server is 'M' if it has a stream at all; only the first one of them is. */
static uint32_t stream_monitor(const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (manifest->servers[i].operator&& manifest->servers[i].streams != 0) {
			return i;
		}
	}
	return MANIFEST_NONE;
}

char manifest_stream_id(const struct manifest *manifest, uint32_t server, uint32_t stream)
{
	static const char ids[] = "123456789abcdefghijklmnopqrstuvwxyz";
	uint32_t monitor = stream_monitor(manifest);
	uint32_t number = stream;
	if (server >= manifest->server_count || stream >= manifest->servers[server].streams) {
		return 0;
	}
	if (server == monitor && stream == 0) {
		return 'M';
	}
	for (uint32_t i = 0; i < server; i++) {
		number += manifest->servers[i].streams;
	}
	number -= monitor <= server ? 1u : 0u;
	return number < MANIFEST_STREAMS ? ids[number] : (char)0;
}

uint32_t manifest_server_of_stream(const struct manifest *manifest, char id, uint32_t *stream)
{
	for (uint32_t i = 0; id != 0 && i < manifest->server_count; i++) {
		for (uint32_t j = 0; j < manifest->servers[i].streams; j++) {
			if (manifest_stream_id(manifest, i, j) == id) {
				if (stream != NULL) {
					*stream = j;
				}
				return i;
			}
		}
	}
	return MANIFEST_NONE;
}

uint32_t manifest_console_of_vm(const struct manifest *manifest, uint32_t vm)
{
	if (vm >= manifest->vm_count) {
		return MANIFEST_NONE;
	}
	for (uint32_t i = 0; i < manifest->vms[vm].device_count; i++) {
		uint32_t server = manifest->vms[vm].devices[i].server;
		if (server != MANIFEST_NONE && manifest->servers[server].streams != 0) {
			return server;
		}
	}
	return MANIFEST_NONE;
}
