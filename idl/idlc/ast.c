/* Questions about types that every emitter asks. */
#include "ast.h"

bool type_is_scalar(const struct type *type)
{
	switch (type->kind) {
	case TYPE_INTEGER:
	case TYPE_BOOL:
	case TYPE_TIME:
	case TYPE_NEWTYPE:
	case TYPE_ENUM:
	case TYPE_FLAGS:
		return true;
	default:
		return false;
	}
}

uint32_t type_align(const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRUCT:
		return type->declaration->align;
	case TYPE_ARRAY:
		return type_is_scalar(type->element) ? type->element->bits / 8 : type->element->declaration->align;
	case TYPE_BYTES:
		return 4;
	default:
		return type->bits / 8;
	}
}

uint64_t type_size(const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRUCT:
		return type->declaration->size;
	case TYPE_ARRAY: {
		uint64_t one =
			type_is_scalar(type->element) ? type->element->bits / 8 : type->element->declaration->size;
		return one * type->count.value;
	}
	case TYPE_BYTES:
		return 4 + type->count.value;
	default:
		return type->bits / 8;
	}
}

static const char *direction_text(enum direction direction)
{
	switch (direction) {
	case DIRECTION_IN:
		return "in";
	case DIRECTION_OUT:
		return "out";
	default:
		return "inout";
	}
}

static const char *cap_text(const struct type *type)
{
	struct text text = {0};
	text_add(&text, "cap<%s%s", type->move ? "move " : "", type->object);
	if (type->endpoint != NULL) {
		text_add(&text, " %s", type->endpoint);
	}
	for (size_t i = 0; i < type->rights.count; i++) {
		const struct name *right = list_at(&type->rights, i);
		text_add(&text, " %s", right->text);
	}
	text_add(&text, ">");
	const char *copy = text_copy(text.bytes, text.length);
	text_free(&text);
	return copy;
}

static const char *slot_text(const struct type *type)
{
	struct text text = {0};
	text_add(&text, "%s<", type->name.text);
	for (size_t i = 0; i < type->words.count; i++) {
		const struct name *word = list_at(&type->words, i);
		text_add(&text, "%s%s", i == 0 ? "" : " ", word->text);
	}
	text_add(&text, ">");
	const char *copy = text_copy(text.bytes, text.length);
	text_free(&text);
	return copy;
}

const char *type_text(const struct type *type)
{
	switch (type->kind) {
	case TYPE_ARRAY:
		return text_format("%s[%llu]", type->element->name.text, (unsigned long long)type->count.value);
	case TYPE_BYTES:
		return text_format("bytes<%llu>", (unsigned long long)type->count.value);
	case TYPE_RING:
		return text_format("ring<%s, %llu>", type->element->name.text, (unsigned long long)type->count.value);
	case TYPE_BUFFER:
		return text_format("buffer<%llu, %s>", (unsigned long long)type->count.value,
				   direction_text(type->direction));
	case TYPE_CAP:
		return cap_text(type);
	default:
		return type->described ? slot_text(type) : type->name.text;
	}
}
