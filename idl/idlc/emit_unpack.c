/* Messages coming in: what is refused, and how a word becomes a value. */
#include "emit.h"

uint64_t unpack_mask(const struct declaration *declaration)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		mask |= member->value.value;
	}
	return mask;
}

void unpack_refusals(struct list *items, const struct type *type, const char *source)
{
	switch (type->kind) {
	case TYPE_BOOL:
		emit_item(items, text_format("%s > 1", source));
		break;
	case TYPE_ENUM:
		emit_item(items, text_format("!%s_valid(%s)", type->declaration->c_name, source));
		break;
	case TYPE_FLAGS:
		if (unpack_mask(type->declaration) != UINT64_MAX) {
			emit_item(items,
				  text_format("(%s & ~(uint64_t)%s_MASK) != 0", source, type->declaration->c_constant));
		}
		break;
	default:
		if (type->bits < 64) {
			emit_item(items, text_format("%s > UINT%u_MAX", source, type->bits));
		}
		break;
	}
}

const char *unpack_scalar(const struct type *type, const char *source)
{
	if (type->kind == TYPE_BOOL) {
		return text_format("%s != 0", source);
	}
	return type->bits == 64 && type->kind != TYPE_ENUM ? source : text_format("(%s)%s", c_scalar(type), source);
}

static const char *cell_part(const struct cell *cell)
{
	return cell->role == CELL_LENGTH ? "_length" : cell->role == CELL_OFFSET ? "_offset" : "";
}

const char *unpack_source(const struct cell *cell, const char *msg)
{
	return cell->in_word ? text_format("%sw[%u]", msg, cell->index)
			     : text_format("%s%s_word", cell->field->name.text, cell_part(cell));
}

static void check_elements(struct text *out, const struct type *type, const char *name, const char *index)
{
	struct list refusals = {0};
	const struct type *element = type->element;
	if (element->kind == TYPE_STRUCT) {
		emit_item(&refusals, text_format("!%s_valid(&%s[%s])", element->declaration->c_name, name, index));
	} else if (element->kind == TYPE_BOOL || element->kind == TYPE_ENUM || element->kind == TYPE_FLAGS) {
		unpack_refusals(&refusals, element, text_format("%s[%s]", name, index));
	}
	if (refusals.count == 0) {
		return;
	}
	text_add(out, "\tfor (uint32_t %s = 0; %s < %lluu; %s++) {\n", index, index,
		 (unsigned long long)type->count.value, index);
	emit_wrapped(out, 2, "if (", &refusals, " || ", ") {");
	text_add(out, "\t\t\treturn SK_BAD_ARG;\n\t\t}\n\t}\n");
}

void unpack_check_block(struct text *out, const struct type *type, const char *name, bool by_value, const char *index)
{
	if (type->kind == TYPE_ARRAY) {
		check_elements(out, type, name, index);
	} else if (type->kind == TYPE_STRUCT) {
		text_add(out, "\tif (!%s_valid(%s%s)) {\n\t\treturn SK_BAD_ARG;\n\t}\n", type->declaration->c_name,
			 by_value ? "&" : "", name);
	}
}

static const char *length_refusal(const struct cell *cell, const char *msg)
{
	return text_format("%s > %lluu", unpack_source(cell, msg), (unsigned long long)cell->field->type->count.value);
}

static void define_length(struct text *out, const struct cell *cell, const char *msg, const char *suffix)
{
	text_add(out, "\tuint32_t %s%s = (uint32_t)%s;\n", cell->field->name.text, suffix, unpack_source(cell, msg));
}

static void unpack_word_lengths(struct text *out, const struct message *message, const char *msg, const char *suffix)
{
	struct list refusals = {0};
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->role == CELL_LENGTH && cell->in_word) {
			emit_item(&refusals, length_refusal(cell, msg));
		}
	}
	emit_refusal(out, &refusals);
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->role == CELL_LENGTH && cell->in_word) {
			define_length(out, cell, msg, suffix);
		}
	}
}

void unpack_lengths(struct text *out, const struct message *message, const char *msg, const char *payload,
		    const char *suffix)
{
	unpack_word_lengths(out, message, msg, suffix);
	for (size_t i = 0; i < message->cells.count; i++) {
		const struct cell *cell = list_at(&message->cells, i);
		if (cell->in_word || cell->role == CELL_BLOCK || cell->role == CELL_CAP) {
			continue;
		}
		const char *word = text_format("%s%s_word", cell->field->name.text, cell_part(cell));
		text_add(out, "\tuint64_t %s;\n", word);
		text_add(out, "\tmemcpy(&%s, %s, 8u);\n", word, pack_position(payload, message, cell, suffix));
		if (cell->role == CELL_LENGTH) {
			struct list refusals = {0};
			emit_item(&refusals, length_refusal(cell, msg));
			emit_refusal(out, &refusals);
			define_length(out, cell, msg, suffix);
		}
	}
}
