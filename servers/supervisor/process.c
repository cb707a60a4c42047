#include "process.h"

#include <string.h>

#include <sk/idl/kernel_client.h>
#include <sk/idl/vm_exit.h>
#include <sk/process.h>

#include "fault.h"
#include "grant.h"
#include "hardware.h"
#include "object.h"
#include "standby.h"

static bool unusable(struct server *server, const char *why)
{
	server->unusable = why;
	return false;
}

static bool read_image(struct server *server)
{
	const struct sk_archive *archive = &system_state.archive;
	struct sk_archive_file file;

	if (sk_archive_find(archive, server->config->image, &file) != SK_ARCHIVE_FILE) {
		return unusable(server, "its image is not in the archive");
	}

	const char *error = image_read(archive->base, (uint64_t)(file.data - archive->base), file.bytes,
				       &server->image);

	/* Text that faults are put into is nobody else's, and each start makes it anew. */
	for (uint32_t i = 0; system_state.manifest.fault_injection && i < server->image.segment_count; i++) {
		server->image.segments[i].in_place = false;
	}
	return error == NULL || unusable(server, error);
}

struct symbols process_program(const char *name)
{
	struct sk_archive_file file;
	uint32_t index = manifest_find_server(&system_state.manifest, name);

	if (index == MANIFEST_NONE ||
	    sk_archive_find(&system_state.archive, system_state.manifest.servers[index].image, &file) !=
		    SK_ARCHIVE_FILE) {
		return (struct symbols){ 0 };
	}
	return (struct symbols){ .data = file.data, .bytes = file.bytes };
}

/* The map flags have the bits of the rights. */
static sk_status_t map_segment(const struct server *server, uint32_t index, sk_cap_t space, sk_cap_t ram)
{
	const struct image_segment *segment = &server->image.segments[index];
	const struct layout_part *part = &server->layout.segments[index];

	if (!segment->in_place) {
		return object_map(space, ram, part->address, part->offset, part->bytes, segment->rights);
	}

	uint64_t first = page_floor(segment->archive_offset);
	uint64_t bytes = page_ceil(segment->archive_offset + segment->file_bytes) - first;

	if ((segment->rights & SK_RIGHT_EXECUTE) != 0) {
		(void)memory_sync(SK_BOOT_SLOT_ARCHIVE, first, bytes);
	}
	return object_map(space, SK_BOOT_SLOT_ARCHIVE, page_floor(segment->address), first, bytes, segment->rights);
}

static sk_status_t map_part(sk_cap_t space, sk_cap_t ram, const struct layout_part *part, sk_map_flags_t flags)
{
	return part->bytes == 0 ? SK_OK : object_map(space, ram, part->address, part->offset, part->bytes, flags);
}

sk_status_t process_map(const struct server *server, sk_cap_t space, sk_cap_t ram)
{
	const struct layout *layout = &server->layout;
	const sk_map_flags_t writable = SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE;
	const struct layout_part *kept[] = { &layout->persistent, &layout->log, &layout->stream };
	sk_status_t status = map_part(space, server->kept, &layout->start, SK_MAP_FLAGS_READ);

	for (uint32_t i = 0; status == SK_OK && i < server->image.segment_count; i++) {
		status = map_segment(server, i, space, ram);
	}
	for (uint32_t i = 0; status == SK_OK && i < server->config->core_count; i++) {
		status = map_part(space, ram, &layout->stacks[i], writable);
	}
	if (status == SK_OK) {
		status = map_part(space, ram, &layout->heap, writable);
	}
	for (uint32_t i = 0; status == SK_OK && i < sizeof(kept) / sizeof(kept[0]); i++) {
		status = map_part(space, server->kept, kept[i], writable);
	}
	return status;
}

static sk_status_t make_ram(struct server *server)
{
	struct ram_range range;
	sk_status_t status = ram_take(server->layout.ram_bytes, SK_PAGE_BYTES, &range);

	if (status != SK_OK) {
		return status;
	}
	server->ram = range.memory;
	server->kept = range.memory;
	server->view = object_view(server->ram, range.bytes);
	if (server->view == NULL) {
		return SK_NO_MEMORY;
	}
	server->start = (struct sk_start *)(server->view + server->layout.start.offset);
	return memory_clear(server->ram, 0, range.bytes);
}

/* A worker's own notification: every server's first worker has one, and each of the scheduler's. */
static sk_status_t make_notification(struct server *server, uint32_t index)
{
	if (index != 0 && server->index != system_state.sched) {
		return SK_OK;
	}

	sk_status_t status = object_make_notification(&server->notifications[index]);

	return status != SK_OK ? status
			       : thread_bind_notification(server->workers[index].thread, server->notifications[index]);
}

static sk_status_t set_fault_endpoint(const struct server *server, uint32_t index, uint32_t body, sk_cap_t thread)
{
	uint32_t badge = SK_BADGE(THREAD_FAULT_INTERFACE, fault_client(server->index, index, body));
	sk_cap_t handler;
	sk_status_t status = object_badge(SK_BOOT_SLOT_ENDPOINT, SK_RIGHT_CALL, badge, &handler);

	if (status == SK_OK) {
		status = thread_set_fault_endpoint(thread, handler);
		object_drop(handler);
	}
	return status;
}

sk_status_t process_make_worker(const struct server *server, uint32_t index, uint32_t body, sk_cap_t space,
				struct worker *worker)
{
	worker->core = server->config->cores[index];

	sk_status_t status = object_make_thread(space, worker->core, &worker->thread, &worker->buffer);

	if (status == SK_OK) {
		status = object_map(space, worker->buffer, layout_message_buffer(index), 0, SK_PAGE_BYTES,
				    SK_MAP_FLAGS_READ | SK_MAP_FLAGS_WRITE);
	}
	if (status == SK_OK) {
		status = set_fault_endpoint(server, index, body, worker->thread);
	}
	if (status == SK_OK) {
		status = thread_set_call_budget(worker->thread, server->config->call_budget_us * 1000ull);
	}
	return status;
}

void process_set_call_budget(const struct server *server, uint64_t budget_us)
{
	for (uint32_t i = 0; i < server->config->core_count; i++) {
		(void)thread_set_call_budget(server->workers[i].thread, budget_us * 1000u);
		if (server->standby.workers[i].thread != SK_CAP_NONE) {
			(void)thread_set_call_budget(server->standby.workers[i].thread, budget_us * 1000u);
		}
	}
}

static sk_status_t make_worker(struct server *server, uint32_t index)
{
	struct worker *worker = &server->workers[index];
	sk_status_t status = process_make_worker(server, index, 0, server->space, worker);

	if (status == SK_OK) {
		status = thread_bind_endpoint(worker->thread, server->endpoint);
	}
	return status != SK_OK ? status : make_notification(server, index);
}

static sk_status_t list_own(struct server *server)
{
	const struct layout *layout = &server->layout;
	struct sk_start *start = server->start;
	sk_status_t status = grant_own(server, "heap", &layout->heap, 0);

	if (status == SK_OK) {
		status = grant_own(server, "persistent", &layout->persistent, SK_REGION_PERSISTENT);
	}
	if (status == SK_OK) {
		status = grant_own(server, "log", &layout->log, SK_REGION_PERSISTENT | SK_REGION_SHARED);
	}
	for (uint32_t i = 0; status == SK_OK && i < server->config->streams; i++) {
		const struct layout_part stream = layout_stream(layout, i);
		char name[] = "stream0";

		name[sizeof(name) - 2] = i == 0 ? '\0' : (char)('0' + i);
		status = grant_own(server, name, &stream, SK_REGION_PERSISTENT | SK_REGION_SHARED);
	}
	if (status == SK_OK) {
		status = grant_cap(server, "notification", SK_OBJECT_TYPE_NOTIFICATION, server->notifications[0],
				   SK_RIGHT_CALL | SK_RIGHT_WAIT, 0);
	}
	for (uint32_t i = 1; status == SK_OK && i < start->threads; i++) {
		char name[] = "thread0";

		name[sizeof(name) - 2] = (char)('0' + i);
		status = grant_cap(server, name, SK_OBJECT_TYPE_THREAD, server->workers[i].thread, SK_RIGHT_WRITE, 0);
		standby_own_thread(server, server->next_slot - 1, i);
	}
	return status;
}

static void write_start(struct server *server)
{
	const struct manifest_server *config = server->config;
	struct sk_start *start = server->start;

	*start = (struct sk_start){
		.magic = SK_START_MAGIC,
		.threads = config->core_count,
		.counter_hz = sk_start()->counter_hz,
		.image_base = server->image.base,
	};
	for (uint32_t i = 0; i < config->core_count; i++) {
		start->message_buffer[i] = layout_message_buffer(i);
		start->stack_top[i] = layout_stack_top(i);
		start->thread_core[i] = config->cores[i];
	}
	strncpy(start->name, config->name, sizeof(start->name) - 1);
	if (config->args_bytes < SK_START_ARGS_BYTES) {
		memcpy(start->args, config->args, config->args_bytes);
	}
}

bool process_build(struct server *server)
{
	uint64_t before = object_bytes();

	server->next_slot = 1;
	if (!read_image(server)) {
		return false;
	}
	layout_plan(server->config, &server->image, &server->layout);
	if (make_ram(server) != SK_OK) {
		return unusable(server, "no memory for its image and regions");
	}
	write_start(server);
	if (object_make_space(SK_SPACE_KIND_PROCESS, PROCESS_TABLE_PAGES, &server->space) != SK_OK ||
	    object_make_endpoint(&server->endpoint, &server->endpoint_control) != SK_OK) {
		return unusable(server, "no memory for its space");
	}
	for (uint32_t i = 0; i < server->config->core_count; i++) {
		if (make_worker(server, i) != SK_OK) {
			return unusable(server, "a thread could not be made");
		}
	}
	if (process_map(server, server->space, server->ram) != SK_OK) {
		return unusable(server, "its memory could not be mapped");
	}
	standby_build(server);
	if (list_own(server) != SK_OK) {
		return unusable(server, "its start page is full");
	}
	server->ram_bytes += server->layout.ram_bytes + (object_bytes() - before);
	return true;
}

/* What was written has to be fetched as instructions. */
static void sync_text(const struct server *server, sk_cap_t ram)
{
	for (uint32_t i = 0; i < server->image.segment_count; i++) {
		const struct image_segment *segment = &server->image.segments[i];
		const struct layout_part *part = &server->layout.segments[i];

		if (!segment->in_place && (segment->rights & SK_RIGHT_EXECUTE) != 0) {
			(void)memory_sync(ram, part->offset, part->bytes);
		}
	}
}

void process_write(const struct server *server, uint8_t *view, sk_cap_t ram)
{
	const uint8_t *archive = system_state.archive.base;
	const struct layout *layout = &server->layout;
	uint64_t written = 0; /* of the fresh part; what lies between is zero */

	for (uint32_t i = 0; i < server->image.segment_count; i++) {
		const struct image_segment *segment = &server->image.segments[i];

		if (segment->in_place) {
			continue;
		}

		uint64_t at = layout->segments[i].offset + segment->address % SK_PAGE_BYTES;

		memset(view + written, 0, at - written);
		memcpy(view + at, archive + segment->archive_offset, segment->file_bytes);
		written = at + segment->file_bytes;
	}
	memset(view + written, 0, layout->fresh_bytes - written);
	sync_text(server, ram);
}

static void begin_instance(const struct server *server)
{
	server->start->instance = server->instance;
	server->start->flags = server->last ? SK_START_LAST : 0;
}

void process_fill(struct server *server)
{
	process_write(server, server->view, server->ram);
	begin_instance(server);
}

void process_forget(struct server *server)
{
	memset(server->view + server->layout.persistent.offset, 0, server->layout.persistent.bytes);
}

/*
 * Enables the line. One that an earlier instance took and never acknowledged is ended first: if the device still
 * asserts it, it comes again.
 */
sk_status_t process_connect_interrupt(const struct server *server, uint32_t index)
{
	(void)interrupt_acknowledge(server->interrupts[index]);
	return interrupt_bind(server->interrupts[index], server->notifications[0], SK_SIGNAL_INTERRUPT,
			      server->workers[0].core);
}

sk_status_t process_aim(const struct server *server, const struct worker *workers, uint64_t argument)
{
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; status == SK_OK && i < server->config->core_count; i++) {
		status = thread_configure(workers[i].thread, server->image.entry, layout_stack_top(i), argument,
					  layout_message_buffer(i));
	}
	return status;
}

/* Its place is ready: its interrupts may come, and its first thread runs. */
static sk_status_t go(struct server *server)
{
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; status == SK_OK && server->abandoned && i < server->config->core_count; i++) {
		status = thread_bind_endpoint(server->workers[i].thread, server->endpoint);
	}
	server->abandoned = false;
	for (uint32_t i = 0; status == SK_OK && i < server->interrupt_count; i++) {
		status = process_connect_interrupt(server, i);
	}
	return status != SK_OK ? status : thread_start(server->workers[0].thread);
}

sk_status_t process_start(struct server *server)
{
	sk_status_t status = process_aim(server, server->workers, SK_VA_START_PAGE);

	return status != SK_OK ? status : go(server);
}

sk_status_t process_switch(struct server *server)
{
	struct standby *standby = &server->standby;
	const struct standby old = {
		.state = SK_STANDBY_STATE_EMPTY, .bytes = standby->bytes, .body = standby->body ^ 1u,
		.ram = server->ram, .view = server->view, .space = server->space,
	};
	struct worker workers[SK_MAX_CORES];
	sk_status_t status = SK_OK;

	for (uint32_t i = 0; status == SK_OK && i < server->config->core_count; i++) {
		status = thread_take_over(standby->workers[i].thread, server->workers[i].thread);
	}
	memcpy(workers, server->workers, sizeof(workers));
	memcpy(server->workers, standby->workers, sizeof(workers));
	server->ram = standby->ram;
	server->view = standby->view;
	server->space = standby->space;
	*standby = old;
	memcpy(standby->workers, workers, sizeof(workers));
	begin_instance(server);
	return status != SK_OK ? status : go(server);
}

void process_stop(struct server *server)
{
	for (uint32_t i = 0; i < server->config->core_count; i++) {
		(void)thread_stop(server->workers[i].thread);
	}
	for (uint32_t i = 0; i < server->interrupt_count; i++) {
		(void)interrupt_mask(server->interrupts[i]);
	}
	hardware_stop(server);
	(void)endpoint_retire(server->endpoint_control);
}

void process_abandon(struct server *server)
{
	(void)endpoint_abandon(server->endpoint_control);
	server->abandoned = true;
}

static const void *peek_part(const struct server *server, const struct layout_part *part, uint64_t address,
			     uint64_t bytes)
{
	if (address < part->address || address - part->address >= part->bytes ||
	    bytes > part->bytes - (address - part->address)) {
		return NULL;
	}
	return server->view + part->offset + (address - part->address);
}

const void *process_peek(const struct server *server, uint64_t address, uint64_t bytes)
{
	const struct layout *layout = &server->layout;
	const void *found = peek_part(server, &layout->heap, address, bytes);

	for (uint32_t i = 0; found == NULL && i < server->config->core_count; i++) {
		found = peek_part(server, &layout->stacks[i], address, bytes);
	}
	for (uint32_t i = 0; found == NULL && i < server->image.segment_count; i++) {
		const struct image_segment *segment = &server->image.segments[i];

		if (!segment->in_place) {
			found = peek_part(server, &layout->segments[i], address, bytes);
		} else if (address >= segment->address && address - segment->address < segment->file_bytes &&
			   bytes <= segment->file_bytes - (address - segment->address)) {
			found = system_state.archive.base + segment->archive_offset + (address - segment->address);
		}
	}
	return found;
}
