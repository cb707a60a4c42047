/* Networks: device servers and drivers are clients of a switch, each by a channel of its own (idl/net.idl). */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#define CHANNEL_KIB 1040u
#define NIC_DMA_KIB 544u
#define PORT_PREFIX "port:"
#define MAC_TEXT 17u /* characters */

static bool has_image(const struct manifest_server *server, const char *image)
{
	return strcmp(server->image, image) == 0;
}

static bool is_client(const struct manifest_server *server)
{
	return has_image(server, "virtio_net") || has_image(server, "net_driver");
}

/* The switch that a client may call as "switch". */
static uint32_t switch_of(const struct manifest *manifest, const struct manifest_server *client)
{
	for (uint32_t i = 0; i < client->use_count; i++) {
		if (strcmp(client->uses[i].name, "switch") == 0 &&
		    has_image(&manifest->servers[client->uses[i].server], "netswitch")) {
			return client->uses[i].server;
		}
	}
	return MANIFEST_NONE;
}

static const char *name_in(const struct manifest_channel *channel, uint32_t server)
{
	for (uint32_t i = 0; i < channel->member_count; i++) {
		if (channel->members[i] == server) {
			return channel->names[i];
		}
	}
	return NULL;
}

static void check_channel(struct system *system, const struct manifest_channel *channel, uint32_t client,
			  uint32_t switch_index)
{
	const char *port = name_in(channel, switch_index);
	if (channel->member_count != 2 || port == NULL || strncmp(port, PORT_PREFIX, strlen(PORT_PREFIX)) != 0) {
		CHECK_ERROR(system, channel->node, "names",
			    "gives `%s` the name `net`, but its switch `%s` no name that begins with `port:`; "
			    "expected a channel between the two, with names such as \"net\", \"port:%s\"",
			    system->manifest.servers[client].name, system->manifest.servers[switch_index].name,
			    system->manifest.servers[client].name);
	}
	if (channel->kib < CHANNEL_KIB) {
		CHECK_ERROR(system, channel->node, "kib", "is %u; expected %u for packets", channel->kib, CHANNEL_KIB);
	}
	if (!channel->persistent) {
		CHECK_ERROR(system, channel->node, "persistent",
			    "is missing: with either of its servers all packets, and where they are, would be "
			    "forgotten; expected it of a channel for packets");
	}
}

static void check_client(struct system *system, uint32_t index)
{
	const struct manifest *manifest = &system->manifest;
	const struct manifest_server *client = &manifest->servers[index];
	uint32_t switch_index = switch_of(manifest, client);
	uint32_t channels = 0;
	if (switch_index == MANIFEST_NONE) {
		CHECK_ERROR(system, client->node, "uses",
			    "lacks a switch; expected a server with image = \"netswitch\", named \"switch\" in "
			    "`uses-names`");
		return;
	}
	for (uint32_t i = 0; i < manifest->channel_count; i++) {
		const char *name = name_in(&manifest->channels[i], index);
		if (name != NULL && strcmp(name, "net") == 0) {
			check_channel(system, &manifest->channels[i], index, switch_index);
			channels++;
		}
	}
	if (channels == 0) {
		CHECK_ERROR(system, client->node, "image",
			    "is \"%s\", but no channel has the name `net` for `%s`; expected one with `%s`",
			    client->image, client->name, manifest->servers[switch_index].name);
	}
	if (has_image(client, "net_driver") && client->dma_kib < NIC_DMA_KIB) {
		CHECK_ERROR(system, client->node, "dma-kib",
			    "is %u; expected at least %u for the queues of a network interface",
			    client->dma_kib, NIC_DMA_KIB);
	}
}

static const char *mac_of(const struct manifest_server *server)
{
	uint32_t at = 0;
	while (at < server->args_bytes) {
		const char *argument = server->args + at;
		if (strncmp(argument, "mac=", 4) == 0) {
			return argument + 4;
		}
		at += (uint32_t)strlen(argument) + 1;
	}
	return NULL;
}

static bool is_hexadecimal(char digit)
{
	return strchr("0123456789abcdefABCDEF", digit) != NULL && digit != '\0';
}

/* Six bytes with colons between; not all of them zero, and not of a group. */
static bool is_station(const char *mac)
{
	bool zero = true;
	if (strlen(mac) != MAC_TEXT) {
		return false;
	}
	for (uint32_t i = 0; i < MAC_TEXT; i++) {
		if (i % 3 == 2 ? mac[i] != ':' : !is_hexadecimal(mac[i])) {
			return false;
		}
		zero = zero && (mac[i] == '0' || mac[i] == ':');
	}
	return !zero && strtoul(mac, NULL, 16) % 2 == 0;
}

static bool same_mac(const char *a, const char *b)
{
	for (uint32_t i = 0; i < MAC_TEXT; i += 3) {
		if (strtoul(a + i, NULL, 16) != strtoul(b + i, NULL, 16)) {
			return false;
		}
	}
	return true;
}

static void check_mac(struct system *system, uint32_t index)
{
	const struct manifest *manifest = &system->manifest;
	const char *mac = mac_of(&manifest->servers[index]);
	if (mac == NULL) {
		return;
	}
	if (!is_station(mac)) {
		CHECK_ERROR(system, manifest->servers[index].node, "args",
			    "has `mac=%s`, which is no address of a station; expected one such as "
			    "mac=52:54:00:12:34:56", mac);
		return;
	}
	for (uint32_t i = 0; i < index; i++) {
		const struct manifest_server *server = &manifest->servers[i];
		const char *other = has_image(server, "virtio_net") ? mac_of(server) : NULL;
		if (other != NULL && is_station(other) && same_mac(mac, other)) {
			CHECK_ERROR(system, manifest->servers[index].node, "args",
				    "has the address %s, as `%s`; expected one of its own", mac, server->name);
		}
	}
}

void check_network(struct system *system)
{
	for (uint32_t i = 0; i < system->manifest.server_count; i++) {
		if (is_client(&system->manifest.servers[i])) {
			check_client(system, i);
		}
		if (has_image(&system->manifest.servers[i], "virtio_net")) {
			check_mac(system, i);
		}
	}
}
