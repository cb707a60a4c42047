/*
 * Messages going out. Positions in the buffer are constants until a `bytes`
 * has been passed; from there they add its length, rounded up to 8. What lies
 * between two parts is zeroed: the buffer still holds an earlier message,
 * perhaps somebody else's.
 */
#include "emit.h"

bool pack_is_long(const struct message *message)
{
	return message->payload_bytes != 0 || message->caps != 0;
}

static bool cell_varies(const struct cell *cell)
{
	return cell->role == CELL_BLOCK && cell->field->type->kind == TYPE_BYTES;
}

static const char *text_take(struct text *text)
{
	const char *copy = text_copy(text->bytes == NULL ? "" : text->bytes, text->length);
	text_free(text);
	return copy;
}

/* " + 16u + (text_bytes + 7u) / 8u * 8u": what to add to the beginning of the buffer; empty for 0. */
static const char *offset_text(const struct message *message, const struct cell *cell, const char *suffix)
{
	struct text text = {0};
	if (cell->offset != 0) {
		text_add(&text, " + %uu", cell->offset);
	}
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *before = list_at(&message->cells, i);
		if (before == cell) {
			break;
		}
		if (cell_varies(before)) {
			text_add(&text, " + (%s%s + 7u) / 8u * 8u", before->field->name.text, suffix);
		}
	}
	return text_take(&text);
}

const char *pack_position(const char *payload, const struct message *message, const struct cell *cell,
			  const char *suffix)
{
	return text_format("%s%s", payload, offset_text(message, cell, suffix));
}

static const struct cell *last_in_buffer(const struct message *message)
{
	const struct cell *last = NULL;
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (!cell->in_word && cell->role != CELL_CAP) {
			last = cell;
		}
	}
	return last;
}

static const char *cell_length(const struct cell *cell, const char *suffix)
{
	return cell_varies(cell) ? text_format("%s%s", cell->field->name.text, suffix)
				 : text_format("%uu", cell->bytes);
}

const char *pack_total(const struct message *message, const char *suffix)
{
	if (!message->varies) {
		return text_format("%uu", message->payload_bytes);
	}
	const struct cell *last = last_in_buffer(message);
	return text_format("%s%s", cell_length(last, suffix), offset_text(message, last, suffix));
}

uint32_t pack_least(const struct message *message)
{
	const struct cell *last = last_in_buffer(message);
	return cell_varies(last) ? message->fixed_bytes : last->offset + last->bytes;
}

const char *pack_cap_position(const char *payload, const struct cell *cell)
{
	return cell->index == 0 ? text_format("%s + SK_MSG_BYTES", payload)
				: text_format("%s + SK_MSG_BYTES + %uu", payload, cell->index * 8);
}

const char *pack_tag(const struct message *message, const char *suffix)
{
	const char *bytes = "";
	if (message->payload_bytes != 0) {
		bytes = text_format(" | SK_TAG_BYTES(%s)", pack_total(message, suffix));
	}
	return message->caps == 0 ? bytes : text_format("%s | SK_TAG_CAPS(%u)", bytes, message->caps);
}

/* What a scalar cell sends. */
static const char *cell_value(const struct cell *cell)
{
	const char *name = cell->field->name.text;
	switch (cell->role) {
	case CELL_LENGTH:
		return text_format("%s_bytes", name);
	case CELL_REGION:
		return cell->field->type->kind == TYPE_RING
			       ? name
			       : text_format("%s.region | (uint64_t)%s.bytes << 32", name, name);
	case CELL_OFFSET:
		return text_format("%s.offset", name);
	default:
		return name;
	}
}

void pack_words(struct list *items, const struct message *message)
{
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->in_word) {
			emit_item(items, cell_value(cell));
		}
	}
}

static void pack_scalar(struct text *out, const struct cell *cell, const char *position)
{
	const char *name = cell->field->name.text;
	const char *part = cell->role == CELL_LENGTH ? "_length" : cell->role == CELL_OFFSET ? "_offset" : "";
	text_add(out, "\tuint64_t %s%s_word = %s;\n", name, part, cell_value(cell));
	text_add(out, "\tmemcpy(%s, &%s%s_word, 8u);\n", position, name, part);
}

static void pack_block(struct text *out, const struct cell *cell, const char *position, bool by_value)
{
	const char *name = cell->field->name.text;
	if (cell_varies(cell)) {
		text_add(out, "\tif (%s_bytes != 0) {\n", name);
		text_add(out, "\t\tmemcpy(%s, %s, %s_bytes);\n\t}\n", position, name, name);
		return;
	}
	const char *address = by_value && cell->field->type->kind == TYPE_STRUCT ? "&" : "";
	text_add(out, "\tmemcpy(%s, %s%s, %uu);\n", position, address, name, cell->bytes);
}

/* Zeroes up to the next multiple of 8 behind a part that another one follows. */
static void pack_gap(struct text *out, const struct cell *cell, const char *position)
{
	const char *name = cell->field->name.text;
	if (cell_varies(cell)) {
		text_add(out, "\tmemset(%s + %s_bytes, 0, (8u - %s_bytes %% 8u) %% 8u);\n", position, name, name);
	} else if (cell->bytes % 8 != 0) {
		text_add(out, "\tmemset(%s + %uu, 0, %uu);\n", position, cell->bytes, 8 - cell->bytes % 8);
	}
}

void pack_payload(struct text *out, const struct message *message, const char *payload, bool by_value)
{
	const struct cell *last = last_in_buffer(message);
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->in_word) {
			continue;
		}
		if (cell->role == CELL_CAP) {
			text_add(out, "\tuint64_t %s_slot = %s;\n", cell->field->name.text, cell->field->name.text);
			text_add(out, "\tmemcpy(%s, &%s_slot, 8u);\n", pack_cap_position(payload, cell),
				 cell->field->name.text);
			continue;
		}
		const char *position = pack_position(payload, message, cell, "_bytes");
		if (cell->role == CELL_BLOCK) {
			pack_block(out, cell, position, by_value);
		} else {
			pack_scalar(out, cell, position);
		}
		if (cell != last) {
			pack_gap(out, cell, position);
		}
	}
}
