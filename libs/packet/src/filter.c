/*
 * One word for the modes, stored at once. A table's number is `beyond` while its addresses are stored: an instance that
 * is killed there leaves a guest that sees more than it wants, never less.
 */
#include <packet/filter.h>

#include <string.h>

#define VIRTIO_NET_NO_LEGACY
#include <linux/virtio_net.h>

#define BROADCAST 0xffffffffffffull
#define BEYOND (PACKET_FILTER_ADDRESSES + 1u)

#define MODE(name) (1u << VIRTIO_NET_CTRL_RX_##name)
#define INVERTED MODE(PROMISC) /* so that zero is promiscuous */

#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

void packet_filter_reset(struct sk_packet_filter *filter)
{
	STORE(filter->modes, 0);
	STORE(filter->station_count, 0);
	STORE(filter->group_count, 0);
}

bool packet_filter_mode(struct sk_packet_filter *filter, uint8_t command, bool on)
{
	uint32_t modes = filter->modes ^ INVERTED;
	uint32_t bit;

	if (command > VIRTIO_NET_CTRL_RX_NOBCAST) {
		return false;
	}
	bit = 1u << command;
	STORE(filter->modes, ((modes & ~bit) | (on ? bit : 0u)) ^ INVERTED);
	return true;
}

/* A table at `*at`, of `bytes` that were sent and `there` that are there; goes behind it. False: it is cut off. */
static bool take_table(uint32_t *number, uint64_t *addresses, const uint8_t *data, uint64_t *at, uint32_t there,
		       uint64_t bytes)
{
	uint32_t count = 0;

	if (*at + sizeof(count) > bytes) {
		return false;
	}
	STORE(*number, BEYOND);
	if (*at + sizeof(count) > there) {
		*at = bytes; /* behind a table that was too long to look at: there is no telling */
		return true;
	}
	memcpy(&count, data + *at, sizeof(count));
	*at += sizeof(count);
	if (count > (bytes - *at) / PACKET_ADDRESS_BYTES) {
		return false;
	}
	if (count <= PACKET_FILTER_ADDRESSES && *at + (uint64_t)count * PACKET_ADDRESS_BYTES <= there) {
		for (uint32_t i = 0; i < count; i++) {
			STORE(addresses[i], packet_address(data + *at + i * PACKET_ADDRESS_BYTES));
		}
		STORE(*number, count);
	}
	*at += (uint64_t)count * PACKET_ADDRESS_BYTES;
	return true;
}

bool packet_filter_tables(struct sk_packet_filter *filter, const uint8_t *data, uint32_t there, uint64_t bytes)
{
	uint64_t at = 0;

	return take_table(&filter->station_count, filter->stations, data, &at, there, bytes) &&
	       take_table(&filter->group_count, filter->groups, data, &at, there, bytes);
}

static bool has(uint32_t count, const uint64_t *addresses, uint64_t address)
{
	if (count > PACKET_FILTER_ADDRESSES) {
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (addresses[i] == address) {
			return true;
		}
	}
	return false;
}

bool packet_filter_takes(const struct sk_packet_filter *filter, uint64_t own, uint64_t to)
{
	uint32_t modes = filter->modes ^ INVERTED;

	if ((modes & MODE(PROMISC)) != 0) {
		return true;
	}
	if (to == BROADCAST) {
		return (modes & MODE(NOBCAST)) == 0;
	}
	if (packet_address_is_group(to)) {
		return (modes & MODE(NOMULTI)) == 0 &&
		       ((modes & MODE(ALLMULTI)) != 0 || has(filter->group_count, filter->groups, to));
	}
	return (modes & MODE(NOUNI)) == 0 &&
	       ((modes & MODE(ALLUNI)) != 0 || to == own || has(filter->station_count, filter->stations, to));
}
