/* See network.h. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535u

bool network_wanted(const struct options *options)
{
	if (options->net == NULL) {
		return !options->batch;
	}
	if (strcmp(options->net, "user") != 0 && strcmp(options->net, "none") != 0) {
		fatal(TOOL_BAD_INPUT, "--net is '%s'; expected user or none", options->net);
	}
	return strcmp(options->net, "user") == 0;
}

/* Reads the decimal port at `text`, up to `end`; 0: it is none. */
static uint32_t port_at(const char *text, char end, const char **behind)
{
	uint32_t port = 0;
	while (*text >= '0' && *text <= '9' && port <= PORT_MAX) {
		port = 10 * port + (uint32_t)(*text++ - '0');
	}
	*behind = text + 1;
	return *text == end && port <= PORT_MAX ? port : 0;
}

static void add_forward(struct bytes *backend, const char *given)
{
	const char *rest = given;
	uint32_t host = port_at(given, ':', &rest);
	uint32_t guest = host != 0 ? port_at(rest, '\0', &rest) : 0;
	if (guest == 0) {
		fatal(TOOL_BAD_INPUT,
		      "--forward is '%s'; expected two ports of 1 to %u, the host's and the guest's, such as 8080:80",
		      given, PORT_MAX);
	}
	char *text = text_print(",hostfwd=tcp:127.0.0.1:%u-:%u", host, guest);
	bytes_append(backend, text, strlen(text));
	free(text);
}

bool network_find(const struct system *system, struct network *network)
{
	const struct options *options = system->options;
	bool wanted = network_wanted(options);
	uint32_t nic = device_driven_by(&system->manifest, "net_driver", 0);
	if (options->forward_count != 0 && !wanted) {
		fatal(TOOL_BAD_INPUT, "--forward needs a network; expected --net user");
	}
	if (nic == MANIFEST_NONE && (options->net != NULL || options->forward_count != 0) && wanted) {
		fatal(TOOL_BAD_INPUT,
		      "'%s' has no driver for a network; expected a server with image = \"net_driver\" and a "
		      "virtio-mmio device, as in manifest/net.dts",
		      system->source.path);
	}
	if (!wanted || nic == MANIFEST_NONE) {
		return false;
	}
	struct bytes backend = { 0 };
	bytes_append(&backend, "user,id=net0", strlen("user,id=net0"));
	for (uint32_t i = 0; i < options->forward_count; i++) {
		add_forward(&backend, options->forward[i]);
	}
	bytes_append(&backend, "", 1);
	network->backend = (char *)backend.data;
	network->device = text_print("virtio-net-device,netdev=net0,bus=virtio-mmio-bus.%u",
				     device_transport(&system->manifest.platform.devices[nic]));
	return true;
}
