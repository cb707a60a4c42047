/*
 * --net and --forward: what is behind the machine's network interface, a virtio-net device on a transport of its own.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "../system.h"

/* What QEMU is told about it. */
struct network {
	char *backend;
	char *device;
};

/* Whether the command line wants one. Ends the tool with TOOL_BAD_INPUT when --net makes no sense. */
bool network_wanted(const struct options *options);

/*
 * False: the machine has no network interface. Ends the tool with TOOL_BAD_INPUT when the command line asks for what
 * can't be, or for a network that no server of the manifest drives.
 */
bool network_find(const struct system *system, struct network *network);

#endif
