/* See network.h. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535u

enum kind { NONE, USER, HUB };

static enum kind wanted_kind(const struct options *options)
{
	static const char *const kinds[] = { [NONE] = "none", [USER] = "user", [HUB] = "hub" };
	if (options->net == NULL) {
		return options->batch ? NONE : USER;
	}
	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(options->net, kinds[i]) == 0) {
			return (enum kind)i;
		}
	}
	fatal(TOOL_BAD_INPUT, "--net is '%s'; expected user, hub or none", options->net);
}

uint32_t networks_wanted(const struct options *options)
{
	static const uint32_t most[] = { [NONE] = 0, [USER] = 1, [HUB] = NETWORKS };
	return most[wanted_kind(options)];
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

static char *user_backend(const struct options *options)
{
	struct bytes backend = { 0 };
	bytes_append(&backend, "user,id=net0", strlen("user,id=net0"));
	for (uint32_t i = 0; i < options->forward_count; i++) {
		add_forward(&backend, options->forward[i]);
	}
	bytes_append(&backend, "", 1);
	return (char *)backend.data;
}

/*
 * An interface sends when the host's main loop comes to it. With instruction counting that would be at another
 * instruction each time, so there it is a timer of the machine's own time that sends.
 */
static struct network describe(const struct options *options, uint32_t index, const struct manifest_device *device)
{
	bool user = wanted_kind(options) == USER;
	char *properties = text_print("netdev=net%u,%s", index, !user && options->icount ? "tx=timer," : "");
	struct network network = {
		.backend = user ? user_backend(options) : text_print("hubport,id=net%u,hubid=0", index),
		.device = device_for_qemu(device, "net", properties),
	};
	free(properties);
	return network;
}

uint32_t networks_find(const struct system *system, struct network networks[NETWORKS])
{
	const struct options *options = system->options;
	const struct manifest *manifest = &system->manifest;
	uint32_t wanted = networks_wanted(options);
	uint32_t count = 0;
	uint32_t nic;
	if (options->forward_count != 0 && wanted_kind(options) != USER) {
		fatal(TOOL_BAD_INPUT, "--forward needs a network; expected --net user");
	}
	while (count < wanted && (nic = device_driven_by(manifest, "net_driver", count)) != MANIFEST_NONE) {
		networks[count] = describe(options, count, &manifest->platform.devices[nic]);
		count++;
	}
	if (wanted != 0 && count == 0 && (options->net != NULL || options->forward_count != 0)) {
		fatal(TOOL_BAD_INPUT,
		      "'%s' has no driver for a network; expected a server with image = \"net_driver\" and a "
		      "virtio device, as in manifest/net.dts",
		      system->source.path);
	}
	return count;
}
