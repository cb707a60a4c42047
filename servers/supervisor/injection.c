/*
 * What fault injection may do (idl/supervisor.idl, injection): one change at a time, each checked first. A word
 * is changed by one atomic operation, so no thread needs to be stopped for it.
 */
#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/supervisor_server.h>

#include "control.h"
#include "injection.h"
#include "grant.h"
#include "object.h"
#include "place.h"
#include "process.h"
#include "ram.h"
#include "standby.h"
#include "trap.h"

#define HELD_RANGES 32u

static struct {
	struct ram_range ranges[HELD_RANGES];
	uint32_t count;
	uint64_t bytes;
} held;

static struct server *server_at(uint32_t index)
{
	struct server *server = index < system_state.manifest.server_count ? &system_state.servers[index] : NULL;

	return server != NULL && server->unusable == NULL ? server : NULL;
}

sk_status_t injection_serve_target(const struct sk_caller *caller, uint32_t index, bool *running, uint32_t *threads,
				   uint32_t *interrupts, uint32_t *instance, uint32_t *stale)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	*running = server->state == SK_SERVER_STATE_RUNNING;
	*threads = server->config->core_count;
	*interrupts = server->interrupt_count;
	*instance = server->instance;
	*stale = SK_CAP_NONE;
	for (uint32_t i = 0; i < server->start->cap_count; i++) {
		if (strcmp(server->start->caps[i].name, INJECTION_STALE) == 0) {
			*stale = server->start->caps[i].slot;
		}
	}
	return SK_OK;
}

sk_status_t injection_serve_part(const struct sk_caller *caller, uint32_t index, enum sk_server_part part,
				 uint32_t number, uint64_t *address, uint64_t *bytes)
{
	const struct server *server = server_at(index);
	struct place place;

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (!place_part(server, part, number, &place)) {
		return INJECTION_ERROR_NO_SUCH_PART;
	}
	*address = place.address;
	*bytes = place.bytes;
	return SK_OK;
}

static sk_status_t find_word(const struct server *server, uint64_t address, struct place *place)
{
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	return place_find(server, address, sizeof(uint64_t), place) ? SK_OK : INJECTION_ERROR_BAD_ADDRESS;
}

sk_status_t injection_serve_word(const struct sk_caller *caller, uint32_t index, uint64_t address, uint64_t *value)
{
	struct place place;
	sk_status_t status = find_word(server_at(index), address, &place);

	(void)caller;
	if (status == SK_OK) {
		*value = __atomic_load_n((const uint64_t *)(const void *)place.view, __ATOMIC_ACQUIRE);
	}
	return status;
}

static void change(const struct server *server, const struct place *place, uint64_t clear, uint64_t flip,
		   uint64_t *before)
{
	uint64_t *word = (uint64_t *)(void *)place->view;
	uint64_t old = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	/* The server may write it at the same time, but not for ever. */
	for (uint32_t i = 0; i < 64 && !__atomic_compare_exchange_n(word, &old, (old & ~clear) ^ flip, false,
								    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	     i++) {
	}
	place_written(server, place);
	*before = old;
}

sk_status_t injection_serve_change_word(const struct sk_caller *caller, uint32_t index, uint64_t address,
					uint64_t clear, uint64_t flip, uint64_t *before)
{
	const struct server *server = server_at(index);
	struct place place;
	sk_status_t status = find_word(server, address, &place);

	(void)caller;
	if (status == SK_OK) {
		change(server, &place, clear, flip, before);
	}
	return status;
}

sk_status_t injection_serve_change_standby(const struct sk_caller *caller, uint32_t index, uint64_t address,
					   uint64_t clear, uint64_t flip, uint64_t *before)
{
	static struct server other;
	const struct server *server = server_at(index);
	struct place place;

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (!standby_is_ready(server)) {
		return INJECTION_ERROR_WRONG_STATE;
	}
	/* The layout is the same. */
	other = *server;
	other.view = server->standby.view;
	other.ram = server->standby.ram;

	sk_status_t status = find_word(&other, address, &place);

	if (status == SK_OK &&
	    (place.view < other.view || (uint64_t)(place.view - other.view) >= other.layout.private_bytes)) {
		status = INJECTION_ERROR_BAD_ADDRESS;
	}
	if (status == SK_OK) {
		change(&other, &place, clear, flip, before);
	}
	return status;
}

sk_status_t injection_serve_registers(const struct sk_caller *caller, uint32_t index, uint32_t thread,
				      uint64_t *registers)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (thread >= server->config->core_count) {
		return INJECTION_ERROR_NO_SUCH_THREAD;
	}
	return thread_read_registers(server->workers[thread].thread, registers) == SK_OK ? SK_OK
											 : INJECTION_ERROR_FAILED;
}

sk_status_t injection_serve_arm(const struct sk_caller *caller, uint32_t index, uint64_t address, uint32_t number,
				uint64_t clear, uint64_t flip, uint64_t delay_ns)
{
	const struct server *server = server_at(index);
	struct trap_change change = { .number = number, .clear = clear, .flip = flip, .delay_ns = delay_ns };

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (server->state != SK_SERVER_STATE_RUNNING) {
		return INJECTION_ERROR_WRONG_STATE;
	}
	switch (trap_arm(server, address, &change)) {
	case SK_OK:
		return SK_OK;
	case SK_BAD_STATE:
		return INJECTION_ERROR_BUSY;
	default:
		return INJECTION_ERROR_BAD_ADDRESS;
	}
}

sk_status_t injection_serve_disarm(const struct sk_caller *caller, bool *reached)
{
	(void)caller;
	*reached = trap_disarm();
	return SK_OK;
}

sk_status_t injection_serve_signal(const struct sk_caller *caller, uint32_t index, uint32_t thread, uint64_t bits)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (thread >= server->config->core_count) {
		return INJECTION_ERROR_NO_SUCH_THREAD;
	}
	return sk_signal(server->notifications[thread], bits) == SK_OK ? SK_OK : INJECTION_ERROR_FAILED;
}

sk_status_t injection_serve_interrupt(const struct sk_caller *caller, uint32_t index, uint32_t number, bool enabled)
{
	const struct server *server = server_at(index);

	(void)caller;
	if (server == NULL) {
		return INJECTION_ERROR_NO_SUCH_SERVER;
	}
	if (number >= server->interrupt_count) {
		return INJECTION_ERROR_NO_SUCH_INTERRUPT;
	}
	if (server->state != SK_SERVER_STATE_RUNNING) {
		return INJECTION_ERROR_WRONG_STATE;
	}

	sk_status_t status =
		enabled ? process_connect_interrupt(server, number) : interrupt_mask(server->interrupts[number]);

	return status == SK_OK ? SK_OK : INJECTION_ERROR_FAILED;
}

void injection_connect(void)
{
	sk_cap_t object;

	if (!system_state.manifest.fault_injection || object_make_notification(&object) != SK_OK) {
		return;
	}
	for (uint32_t i = 0; i < system_state.manifest.server_count; i++) {
		if (server_at(i) != NULL) {
			(void)grant_cap(server_at(i), INJECTION_STALE, SK_OBJECT_TYPE_NOTIFICATION, object,
					SK_RIGHT_CALL, 0);
		}
	}
	if (notification_destroy(object) == SK_OK) {
		object_reclaim(object);
	}
}

static void hold_all(void)
{
	struct ram_totals totals;

	ram_totals(&totals);
	while (totals.largest_bytes != 0 && held.count < HELD_RANGES &&
	       ram_take(totals.largest_bytes, SK_PAGE_BYTES, &held.ranges[held.count]) == SK_OK) {
		held.bytes += held.ranges[held.count].bytes;
		held.count++;
		ram_totals(&totals);
	}
}

sk_status_t injection_serve_hold_memory(const struct sk_caller *caller, bool hold, uint64_t *held_bytes)
{
	(void)caller;
	if (hold) {
		hold_all();
	} else {
		while (held.count != 0) {
			held.count--;
			(void)ram_give(&held.ranges[held.count]);
		}
		held.bytes = 0;
	}
	*held_bytes = held.bytes;
	return SK_OK;
}

sk_status_t injection_serve_say(const struct sk_caller *caller, const uint8_t *text, uint32_t text_bytes)
{
	(void)caller;
	for (uint32_t i = 0; i < text_bytes; i++) {
		if (text[i] < ' ' || text[i] >= 0x7f) {
			return SK_BAD_ARG;
		}
	}
	control_say("inject %.*s", (int)text_bytes, (const char *)text);
	return SK_OK;
}
