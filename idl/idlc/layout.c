/*
 * Where things are: fields in structs (natural alignment, the struct's size a
 * multiple of its alignment), parameters in words and message buffer.
 *
 * Structs may contain structs declared later, so the layout goes round until
 * nothing new gets a size; what is left over then contains itself.
 */
#include "check.h"

#define STRUCT_BYTES_MAX (1u << 24)

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

static const struct type *struct_inside(const struct type *type)
{
	if (type->kind == TYPE_ARRAY) {
		type = type->element;
	}
	return type->kind == TYPE_STRUCT ? type : NULL;
}

static bool fields_known(const struct declaration *declaration)
{
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		const struct type *inner = struct_inside(field->type);
		if (field->type->kind == TYPE_BAD || (inner != NULL && inner->declaration->size == 0)) {
			return false;
		}
	}
	return true;
}

static void lay_out(struct declaration *declaration)
{
	uint64_t offset = 0;
	uint32_t align = 1;
	for (size_t i = 0; i < declaration->fields.count; i++) {
		struct field *field = list_at(&declaration->fields, i);
		uint32_t field_align = type_align(field->type);
		align = field_align > align ? field_align : align;
		offset = align_up(offset, field_align);
		field->offset = (uint32_t)offset;
		offset += type_size(field->type);
		if (offset > STRUCT_BYTES_MAX) {
			diagnostic_error(field->name.at, "struct '%s' is larger than %u bytes, expected less",
					 declaration->name.text, STRUCT_BYTES_MAX);
			offset = 1;
		}
	}
	declaration->align = align;
	declaration->size = (uint32_t)align_up(offset == 0 ? 1 : offset, align);
}

/* One round over a scope; returns whether any struct got its size. */
static bool lay_out_round(const struct list *declarations)
{
	bool progress = false;
	for (size_t i = 0; i < declarations->count; i++) {
		struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind == DECLARATION_STRUCT && declaration->size == 0 && fields_known(declaration)) {
			lay_out(declaration);
			progress = true;
		}
	}
	return progress;
}

static bool has_bad_field(const struct declaration *declaration)
{
	for (size_t i = 0; i < declaration->fields.count; i++) {
		const struct field *field = list_at(&declaration->fields, i);
		if (field->type->kind == TYPE_BAD) {
			return true;
		}
	}
	return false;
}

static void report_endless(const struct list *declarations)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		if (declaration->kind == DECLARATION_STRUCT && declaration->size == 0 && !has_bad_field(declaration)) {
			diagnostic_error(declaration->name.at, "struct '%s' contains itself, expected structs that end",
					 declaration->name.text);
		}
	}
}

void check_layout(struct file *file)
{
	bool progress = true;
	unsigned errors = diagnostic_count();
	while (progress) {
		progress = lay_out_round(&file->declarations);
		for (size_t i = 0; i < file->interfaces.count; i++) {
			struct interface *interface = list_at(&file->interfaces, i);
			progress = lay_out_round(&interface->declarations) || progress;
		}
	}
	if (errors != 0) {
		return; /* what has no size now may only contain something that was reported */
	}
	report_endless(&file->declarations);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);
		report_endless(&interface->declarations);
	}
}

static struct cell *cell_add(struct message *message, const struct field *field, enum cell_role role)
{
	struct cell *cell = memory_take(sizeof(*cell));
	cell->field = field;
	cell->role = role;
	list_add(&message->cells, cell);
	return cell;
}

static void place_in_buffer(struct message *message, struct cell *cell, uint32_t bytes)
{
	cell->offset = message->fixed_bytes;
	cell->bytes = bytes;
	if (message->payload_bytes <= MESSAGE_BYTES) { /* beyond it, it is refused: only stay beyond */
		message->payload_bytes = (uint32_t)align_up(message->payload_bytes, 8) + bytes;
	}
}

static void place_scalar(struct message *message, const struct field *field, enum cell_role role)
{
	struct cell *cell = cell_add(message, field, role);
	if (message->words < MESSAGE_WORDS) {
		cell->in_word = true;
		cell->index = message->words;
		message->words++;
		return;
	}
	place_in_buffer(message, cell, 8);
	message->fixed_bytes += 8;
}

static void place_block(struct message *message, const struct field *field)
{
	const struct type *type = field->type;
	struct cell *cell = cell_add(message, field, CELL_BLOCK);
	if (type->kind == TYPE_BYTES) {
		place_in_buffer(message, cell, (uint32_t)type->count.value);
		message->varies = true;
		return;
	}
	uint64_t bytes = type_size(type);
	if (bytes > MESSAGE_BYTES) {
		bytes = MESSAGE_BYTES + 1; /* reported by the caller's limit on the whole */
	}
	place_in_buffer(message, cell, (uint32_t)bytes);
	message->fixed_bytes += (uint32_t)align_up(bytes, 8);
}

void message_layout(struct message *message)
{
	for (size_t i = 0; i < message->fields.count; i++) {
		const struct field *field = list_at(&message->fields, i);
		switch (field->type->kind) {
		case TYPE_CAP: {
			struct cell *cell = cell_add(message, field, CELL_CAP);
			cell->index = message->caps;
			message->caps++;
			break;
		}
		case TYPE_BUFFER:
			place_scalar(message, field, CELL_REGION);
			place_scalar(message, field, CELL_OFFSET);
			break;
		case TYPE_RING:
			place_scalar(message, field, CELL_REGION);
			break;
		case TYPE_BYTES:
			place_scalar(message, field, CELL_LENGTH);
			place_block(message, field);
			break;
		case TYPE_STRUCT:
		case TYPE_ARRAY:
			place_block(message, field);
			break;
		default:
			place_scalar(message, field, CELL_VALUE);
			break;
		}
	}
}
