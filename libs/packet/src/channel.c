#include <packet/channel.h>

#include <string.h>

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)
#define STORE_RELEASE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

_Static_assert(sizeof(struct net_packet) == 2 * sizeof(uint64_t), "a description is two words, each copied once");

static void set_read(struct packet_port *port, uint64_t read)
{
	port->read = read;
	STORE_RELEASE(port->in->ring.read, read);
	port->received = true;
}

/* Slots that are filled. None if the indices can't be: everything is dropped then. */
static uint32_t filled(struct packet_port *port)
{
	uint64_t written = LOAD_ACQUIRE(port->in->ring.written);

	if (written - port->read > PACKET_SLOTS) {
		set_read(port, written);
	}
	return (uint32_t)(written - port->read);
}

void packet_port_open(struct packet_port *port, struct packet_channel *channel, bool client)
{
	*port = (struct packet_port){
		.out = client ? &channel->to_switch : &channel->from_switch,
		.in = client ? &channel->from_switch : &channel->to_switch,
	};
	port->written = LOAD(port->out->ring.written);
	port->read = LOAD(port->in->ring.read);
	(void)filled(port);
}

uint32_t packet_port_room(const struct packet_port *port)
{
	uint64_t used = port->written - LOAD_ACQUIRE(port->out->ring.read);

	return used <= PACKET_SLOTS ? PACKET_SLOTS - (uint32_t)used : 0;
}

void packet_port_write(const struct packet_port *port, uint32_t at, const void *from, uint32_t bytes)
{
	const uint8_t *source = from;

	while (bytes != 0) {
		uint32_t offset = at % PACKET_SLOT_BYTES;
		uint32_t piece = PACKET_SLOT_BYTES - offset < bytes ? PACKET_SLOT_BYTES - offset : bytes;

		memcpy(packet_port_slot(port, at / PACKET_SLOT_BYTES) + offset, source, piece);
		at += piece;
		source += piece;
		bytes -= piece;
	}
}

void packet_port_send(struct packet_port *port, const struct net_packet *header)
{
	port->out->ring.entries[port->written % PACKET_SLOTS] = *header;
	port->written += packet_slots(header->bytes);
	STORE_RELEASE(port->out->ring.written, port->written);
	port->sent = true;
}

/* Each of its words is read once. */
static struct net_packet copy_header(const struct net_packet *shared)
{
	uint64_t words[2];
	struct net_packet header;

	for (uint32_t i = 0; i < 2; i++) {
		words[i] = ((const volatile uint64_t *)(const volatile void *)shared)[i];
	}
	memcpy(&header, words, sizeof(header));
	return header;
}

/* What a receiver may rely on: sizes and places are inside the packet, and go together. */
static bool makes_sense(const struct net_packet *header)
{
	if (header->bytes < PACKET_BYTES_MIN || header->bytes > PACKET_BYTES_MAX ||
	    (header->packet_flags & ~NET_PACKET_FLAGS_MASK) != 0 || !net_segmentation_valid(header->segmentation) ||
	    header->ecn > 1) {
		return false;
	}
	if ((header->packet_flags & NET_PACKET_FLAGS_NEEDS_CHECKSUM) != 0 &&
	    (uint32_t)header->checksum_start + header->checksum_offset + 2u > header->bytes) {
		return false;
	}
	if (header->segmentation == NET_SEGMENTATION_NONE) {
		return header->ecn == 0;
	}
	return (header->packet_flags & NET_PACKET_FLAGS_NEEDS_CHECKSUM) != 0 && header->segment_bytes != 0;
}

bool packet_port_next(struct packet_port *port, struct packet_in *in)
{
	uint32_t slots = filled(port);

	if (slots == 0) {
		return false;
	}
	in->header = copy_header(&port->in->ring.entries[port->read % PACKET_SLOTS]);
	in->slots = packet_slots(in->header.bytes);
	if (!makes_sense(&in->header) || in->slots > slots) {
		set_read(port, port->read + slots);
		return false;
	}
	return true;
}

void packet_port_read(const struct packet_port *port, uint32_t at, void *to, uint32_t bytes)
{
	uint8_t *target = to;

	while (bytes != 0) {
		uint32_t offset = at % PACKET_SLOT_BYTES;
		uint32_t piece = PACKET_SLOT_BYTES - offset < bytes ? PACKET_SLOT_BYTES - offset : bytes;

		memcpy(target, packet_port_received(port, at / PACKET_SLOT_BYTES) + offset, piece);
		at += piece;
		target += piece;
		bytes -= piece;
	}
}

void packet_port_done(struct packet_port *port, const struct packet_in *in)
{
	set_read(port, port->read + in->slots);
}

void packet_port_drop(struct packet_port *port)
{
	set_read(port, LOAD_ACQUIRE(port->in->ring.written));
}

void packet_port_accept(const struct packet_port *port, net_offloads_t offloads)
{
	STORE_RELEASE(port->in->words.accepts, offloads);
}

net_offloads_t packet_needs(const struct net_packet *header)
{
	net_offloads_t needs = 0;

	if ((header->packet_flags & NET_PACKET_FLAGS_NEEDS_CHECKSUM) != 0) {
		needs |= NET_OFFLOADS_CHECKSUM;
	}
	if (header->segmentation == NET_SEGMENTATION_TCP4) {
		needs |= NET_OFFLOADS_TSO4;
	} else if (header->segmentation == NET_SEGMENTATION_TCP6) {
		needs |= NET_OFFLOADS_TSO6;
	}
	return header->ecn != 0 ? needs | NET_OFFLOADS_ECN : needs;
}

/* True if the other side sleeps: it is said to be awake before it is woken. */
static bool wake(uint64_t *sleeps)
{
	if (LOAD(*sleeps) != 1) {
		return false;
	}
	STORE(*sleeps, 0);
	return true;
}

bool packet_port_wakes(struct packet_port *port)
{
	bool reader;
	bool writer;

	if (!port->sent && !port->received) {
		return false;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the indices before the words that say whether they are looked at */
	reader = port->sent && wake(&port->out->words.reader_sleeps);
	writer = port->received && wake(&port->in->words.writer_waits);
	port->sent = false;
	port->received = false;
	return reader || writer;
}

bool packet_port_sleep(const struct packet_port *port)
{
	/* Once more, in case that the other side has spoilt it: an empty ring that looks full would stay so. */
	STORE(port->in->ring.read, port->read);
	STORE(port->in->words.reader_sleeps, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return LOAD_ACQUIRE(port->in->ring.written) != port->read;
}

void packet_port_awake(const struct packet_port *port)
{
	if (LOAD(port->in->words.reader_sleeps) != 0) {
		STORE(port->in->words.reader_sleeps, 0);
	}
}

bool packet_port_wait_room(const struct packet_port *port, uint32_t slots)
{
	STORE(port->out->words.writer_waits, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return packet_port_room(port) >= slots;
}
