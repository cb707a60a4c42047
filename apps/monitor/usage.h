/* What servers and vCPUs have had of the cores, at one moment. */
#ifndef MONITOR_USAGE_H
#define MONITOR_USAGE_H

#include <stdint.h>

#define USAGE_SERVERS 64u
#define USAGE_VCPUS 64u

struct usage {
	uint64_t time_ns;
	uint64_t count; /* a server's calls served, a vCPU's exits */
};

/* All servers, in the manifest's order; returns how many. */
uint32_t usage_servers(struct usage usage[USAGE_SERVERS]);
/* The same for all vCPUs: those of the first VM, of the second one … */
uint32_t usage_vcpus(struct usage usage[USAGE_VCPUS]);

/* What has come to it. A restarted server's new threads count from zero again. */
uint64_t usage_since(uint64_t before, uint64_t now);

#endif
