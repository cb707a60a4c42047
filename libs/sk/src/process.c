/*
 * Look-ups in the start page (see sk/process.h). The page is the supervisor's
 * word and is checked once, by sk_process_adopt(); it is read-only afterwards.
 */
#include <string.h>

#include <sk/process.h>

struct sk_process sk_process;

enum { NS_PER_SECOND = 1000000000 };

/* Names are filled up with zeroes, so that the last byte tells. */
static bool name_ends(const char *name)
{
	return name[SK_NAME_BYTES - 1] == '\0';
}

/* Every argument ends inside `args`, and so does their list (by an empty one, or by the field's end). */
static bool arguments_end(const char *args)
{
	return args[SK_START_ARGS_BYTES - 1] == '\0';
}

static bool tables_are_sound(const struct sk_start *start)
{
	for (uint32_t i = 0; i < start->cap_count; i++) {
		if (!name_ends(start->caps[i].name)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < start->region_count; i++) {
		if (!name_ends(start->regions[i].name)) {
			return false;
		}
	}
	return true;
}

bool sk_process_adopt(const struct sk_start *start)
{
	if (start == NULL || start->magic != SK_START_MAGIC || start->counter_hz == 0 ||
	    start->threads > SK_MAX_CORES || start->cap_count > SK_START_CAPS ||
	    start->region_count > SK_START_REGIONS || !name_ends(start->name) || !arguments_end(start->args) ||
	    !tables_are_sound(start)) {
		return false;
	}
	sk_process.start = start;
	sk_process.ns_per_tick = ((uint64_t)NS_PER_SECOND << 32) / start->counter_hz;
	return true;
}

sk_cap_t sk_cap_named(const char *name)
{
	return sk_cap_named_of_type(name, 0);
}

sk_cap_t sk_cap_named_of_type(const char *name, uint32_t type)
{
	const struct sk_start *start = sk_start();

	for (uint32_t i = 0; i < start->cap_count; i++) {
		const struct sk_start_cap *cap = &start->caps[i];
		/* Most names differ in their first letter: a restart's cost counts. */
		if (cap->name[0] == name[0] && (type == 0 || cap->type == type) && strcmp(cap->name, name) == 0) {
			return cap->slot;
		}
	}
	return SK_CAP_NONE;
}

const struct sk_start_region *sk_region_named(const char *name)
{
	const struct sk_start *start = sk_start();

	for (uint32_t i = 0; i < start->region_count; i++) {
		if (start->regions[i].name[0] == name[0] && strcmp(start->regions[i].name, name) == 0) {
			return &start->regions[i];
		}
	}
	return NULL;
}

const char *sk_argument_next(const char *previous)
{
	const char *args = sk_start()->args;
	const char *next = previous == NULL ? args : previous + strlen(previous) + 1;

	return next < args + SK_START_ARGS_BYTES && *next != '\0' ? next : NULL;
}

const char *sk_argument(const char *name)
{
	size_t length = strlen(name);

	for (const char *arg = sk_argument_next(NULL); arg != NULL; arg = sk_argument_next(arg)) {
		if (strncmp(arg, name, length) == 0) {
			if (arg[length] == '=') {
				return arg + length + 1;
			}
			if (arg[length] == '\0') {
				return arg + length;
			}
		}
	}
	return NULL;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return (unsigned)(c - '0');
	}
	if (c >= 'a' && c <= 'f') {
		return (unsigned)(c - 'a') + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return (unsigned)(c - 'A') + 10;
	}
	return 16;
}

uint64_t sk_argument_number(const char *name, uint64_t otherwise)
{
	const char *text = sk_argument(name);

	if (text == NULL) {
		return otherwise;
	}

	unsigned base = 10;
	uint64_t value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (*text == '\0') {
		return otherwise;
	}
	for (; *text != '\0'; text++) {
		unsigned d = digit_value(*text);
		if (d >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, d, &value)) {
			return otherwise;
		}
	}
	return value;
}
