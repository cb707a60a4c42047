/*
 * Threads' faults: the kernel calls the supervisor on behalf of the thread that
 * faulted. The badge's client id says which thread of which server, and of which of its two bodies (standby.h).
 */
#ifndef SUPERVISOR_FAULT_H
#define SUPERVISOR_FAULT_H

#include <stdint.h>

#include <sk/abi.h>

static inline uint32_t fault_client(uint32_t server, uint32_t thread, uint32_t body)
{
	return (server * 2u + body) * SK_MAX_CORES + thread;
}

static inline uint32_t fault_client_server(uint32_t client)
{
	return client / SK_MAX_CORES / 2u;
}

static inline uint32_t fault_client_body(uint32_t client)
{
	return client / SK_MAX_CORES % 2u;
}

static inline uint32_t fault_client_thread(uint32_t client)
{
	return client % SK_MAX_CORES;
}

#endif
