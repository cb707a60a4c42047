/*
 * /channels: memory that servers share.
 */
#include "reader.h"

static const struct property channel_properties[] = {
	{ "kib", "KiB in multiples of 4, 4 to 1048576", true },
	{ "between", "references to 2 to 4 servers", true },
	{ "names", "the region's name in each member's start page", false },
	{ "persistent", "no value", false },
};
static const struct schema channel_schema = { "a channel", SCHEMA_PROPERTIES(channel_properties), schema_no_children };

static void channel_names(const struct section *section, struct manifest_channel *channel)
{
	uint32_t bytes = 0;
	const char *names = value_strings(section, "names", &bytes);
	for (uint32_t i = 0; i < channel->member_count; i++) {
		const char *name = names != NULL ? strings_at(names, bytes, i) : channel->name;
		channel->names[i] = name != NULL ? name : channel->name;
		if (name == NULL || strlen(name) >= SK_NAME_BYTES) {
			reader_fail(section->reader, section->node, "names",
				    "has no good name for member %u; expected a name of at most %u characters for each",
				    i, SK_NAME_BYTES - 1);
		}
	}
	if (names != NULL && strings_at(names, bytes, channel->member_count) != NULL) {
		reader_fail(section->reader, section->node, "names", "has too many names; expected %u",
			    channel->member_count);
	}
}

static void channel_read(struct reader *reader, int node)
{
	struct manifest *manifest = reader->manifest;
	if (manifest->channel_count == MANIFEST_CHANNELS) {
		reader_fail(reader, node, NULL, "is one channel too many; expected at most %u", MANIFEST_CHANNELS);
		return;
	}
	struct manifest_channel *channel = &manifest->channels[manifest->channel_count++];
	struct section section = section_open(reader, node, &channel_schema);
	channel->node = node;
	channel->name = section_name(reader, node, "a channel", SK_NAME_BYTES - 1, false);
	value_u32(&section, "kib", (struct bounds){ 4, 1u << 20 }, &channel->kib);
	if (channel->kib % 4 != 0) {
		reader_fail(reader, node, "kib", "is %u KiB; expected a multiple of 4 (a page)", channel->kib);
	}
	value_servers(&section, "between", channel->members, MANIFEST_CHANNEL_MEMBERS, &channel->member_count);
	if (channel->member_count == 1) {
		reader_fail(reader, node, "between", "names one server; expected 2 to 4");
	}
	value_flag(&section, "persistent", &channel->persistent);
	channel_names(&section, channel);
}

void channels_read(struct reader *reader, int node)
{
	int child;
	fdt_for_each_subnode(child, reader->fdt, node)
	{
		channel_read(reader, child);
	}
}
