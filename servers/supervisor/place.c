#include "place.h"

#include <string.h>

#include <sk/idl/kernel_client.h>

/* The index-th segment with, or without, this right. */
static bool segment_part(const struct server *server, uint32_t right, uint32_t index, struct place *place)
{
	for (uint32_t i = 0; i < server->image.segment_count; i++) {
		const struct image_segment *segment = &server->image.segments[i];
		const struct layout_part *part = &server->layout.segments[i];

		if (segment->in_place || (segment->rights & right) == 0 || index-- != 0) {
			continue;
		}

		uint64_t inside = segment->address - part->address;

		*place = (struct place) {
			.address = segment->address,
			.bytes = segment->memory_bytes,
			.view = server->view + part->offset + inside,
			.text = (segment->rights & SK_RIGHT_EXECUTE) != 0 ? part->offset + inside : PLACE_NO_TEXT,
		};
		return true;
	}
	return false;
}

static bool own_part(const struct server *server, const struct layout_part *part, struct place *place)
{
	*place = (struct place) {
		.address = part->address,
		.bytes = part->bytes,
		.view = server->view + part->offset,
		.text = PLACE_NO_TEXT,
	};
	return part->bytes != 0;
}

/* The server's start page has the address, under the name that the manifest gives the channel there. */
static bool member_part(const struct server *server, uint32_t channel, const char *name, struct place *place)
{
	for (uint32_t i = 0; i < server->start->region_count; i++) {
		const struct sk_start_region *region = &server->start->regions[i];

		if (strncmp(region->name, name, sizeof(region->name) - 1) == 0) {
			*place = (struct place) {
				.address = region->address,
				.bytes = region->bytes,
				.view = system_state.channel_views[channel],
				.text = PLACE_NO_TEXT,
			};
			return place->view != NULL;
		}
	}
	return false;
}

static bool channel_part(const struct server *server, uint32_t index, struct place *place)
{
	for (uint32_t i = 0; i < system_state.manifest.channel_count; i++) {
		const struct manifest_channel *channel = &system_state.manifest.channels[i];

		for (uint32_t j = 0; j < channel->member_count; j++) {
			if (channel->members[j] == server->index && index-- == 0) {
				return member_part(server, i, channel->names[j], place);
			}
		}
	}
	return false;
}

bool place_part(const struct server *server, enum sk_server_part part, uint32_t index, struct place *place)
{
	const struct layout *layout = &server->layout;

	if (part != SK_SERVER_PART_TEXT && part != SK_SERVER_PART_DATA && part != SK_SERVER_PART_STACK &&
	    part != SK_SERVER_PART_CHANNEL && index != 0) {
		return false;
	}
	switch (part) {
	case SK_SERVER_PART_TEXT:
		return segment_part(server, SK_RIGHT_EXECUTE, index, place);
	case SK_SERVER_PART_DATA:
		return segment_part(server, SK_RIGHT_WRITE, index, place);
	case SK_SERVER_PART_HEAP:
		return own_part(server, &layout->heap, place);
	case SK_SERVER_PART_STACK:
		return index < server->config->core_count && own_part(server, &layout->stacks[index], place);
	case SK_SERVER_PART_PERSISTENT:
		return own_part(server, &layout->persistent, place);
	case SK_SERVER_PART_LOG:
		return own_part(server, &layout->log, place);
	case SK_SERVER_PART_STREAM:
		return own_part(server, &layout->stream, place);
	default:
		return channel_part(server, index, place);
	}
}

bool place_find(const struct server *server, uint64_t address, uint64_t bytes, struct place *place)
{
	for (uint32_t part = SK_SERVER_PART_TEXT; part <= SK_SERVER_PART_CHANNEL; part++) {
		for (uint32_t i = 0; place_part(server, (enum sk_server_part)part, i, place); i++) {
			uint64_t inside = address - place->address;

			if (address < place->address || inside >= place->bytes || bytes > place->bytes - inside) {
				continue;
			}
			place->address = address;
			place->bytes = bytes;
			place->view += inside;
			place->text += place->text == PLACE_NO_TEXT ? 0 : inside;
			return address % bytes == 0;
		}
	}
	return false;
}

void place_written(const struct server *server, const struct place *place)
{
	if (place->text != PLACE_NO_TEXT) {
		(void)memory_sync(server->ram, page_floor(place->text), SK_PAGE_BYTES);
	}
}
