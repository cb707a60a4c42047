/*
 * --net and --forward: what is behind the machine's network interfaces, virtio-net devices on transports of their own.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "../system.h"

#define NETWORKS 4u

/* What QEMU is told about one of them. */
struct network {
	char *backend;
	char *device;
};

/* How many the command line wants at most. Ends the tool with TOOL_BAD_INPUT when --net makes no sense. */
uint32_t networks_wanted(const struct options *options);

/*
 * How many the machine has. Ends the tool with TOOL_BAD_INPUT when the command line asks for what can't be, or for
 * a network that no server of the manifest drives.
 */
uint32_t networks_find(const struct system *system, struct network networks[NETWORKS]);

#endif
