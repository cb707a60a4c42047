/* See row.h. */
#include "row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 19u

static const char *const names[OUTCOMES] = {
	"not_injected",	 "no_effect", "masked",	      "recovered", "degraded",
	"guest_visible", "vm_lost",   "cross_domain", "kernel",
};

const char row_header[] =
	"seed,load,boot,fault,type,target,at_ns,place,clear,flip,register,delay_ns,state,reason,crashes,"
	"detect_ns,recovery_ns,outcome,detail";

const char *outcome_name(enum outcome outcome)
{
	return (unsigned)outcome < OUTCOMES ? names[outcome] : "?";
}

void row_note(struct row *row, const char *text)
{
	size_t length = strlen(row->detail);
	if (length != 0 && length + 3 < ROW_DETAIL) {
		memcpy(row->detail + length, "; ", 3);
		length += 2;
	}
	for (; *text != '\0' && length + 1 < ROW_DETAIL; text++) {
		bool plain = *text >= ' ' && *text < 0x7f && *text != ',' && *text != '"';
		row->detail[length++] = plain ? *text : '.';
	}
	row->detail[length] = '\0';
}

void row_print(FILE *file, const struct row *row)
{
	fprintf(file, "%" PRIu64 ",%s,%" PRIu32 ",%" PRIu32 ",%s,%s,%" PRIu64, row->seed, row->load, row->boot,
		row->fault, row->type, row->target, row->at_ns);
	fprintf(file, ",%#" PRIx64 ",%#" PRIx64 ",%#" PRIx64, row->place, row->clear, row->flip);
	if (row->register_number == ROW_NO_REGISTER) {
		fprintf(file, ",");
	} else {
		fprintf(file, ",%" PRIu32, row->register_number);
	}
	fprintf(file, ",%" PRIu64 ",%s,%s,%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%s,%s\n", row->delay_ns, row->state,
		row->reason, row->crashes, row->detect_ns, row->recovery_ns, outcome_name(row->outcome), row->detail);
}

/* Cuts `text` at its commas. False: too few or too many fields. */
static bool cut(char *text, char *fields[FIELDS])
{
	uint32_t count = 0;
	for (char *at = text; at != NULL; count++) {
		if (count == FIELDS) {
			return false;
		}
		fields[count] = at;
		at = strchr(at, ',');
		if (at != NULL) {
			*at++ = '\0';
		}
	}
	return count == FIELDS;
}

static bool number(const char *text, uint64_t *value)
{
	char *end;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && *end == '\0';
}

static bool number32(const char *text, uint32_t *value)
{
	uint64_t wide;
	bool fine = number(text, &wide) && wide <= UINT32_MAX;
	*value = (uint32_t)wide;
	return fine;
}

static bool word(const char *text, char *to, size_t room)
{
	snprintf(to, room, "%s", text);
	return strlen(text) < room;
}

static bool outcome_parse(const char *text, enum outcome *outcome)
{
	for (unsigned i = 0; i < OUTCOMES; i++) {
		if (strcmp(names[i], text) == 0) {
			*outcome = (enum outcome)i;
			return true;
		}
	}
	return false;
}

bool row_parse(const char *line, struct row *row)
{
	char text[1024];
	char *f[FIELDS];
	size_t length = strcspn(line, "\r\n");
	*row = (struct row) { .register_number = ROW_NO_REGISTER };
	if (length >= sizeof(text)) {
		return false;
	}
	memcpy(text, line, length);
	text[length] = '\0';
	return cut(text, f) && number(f[0], &row->seed) && word(f[1], row->load, ROW_WORD) &&
	       number32(f[2], &row->boot) && number32(f[3], &row->fault) && word(f[4], row->type, ROW_WORD) &&
	       word(f[5], row->target, ROW_WORD) && number(f[6], &row->at_ns) && number(f[7], &row->place) &&
	       number(f[8], &row->clear) && number(f[9], &row->flip) &&
	       (*f[10] == '\0' || number32(f[10], &row->register_number)) && number(f[11], &row->delay_ns) &&
	       word(f[12], row->state, ROW_WORD) && word(f[13], row->reason, ROW_WORD) &&
	       number32(f[14], &row->crashes) && number(f[15], &row->detect_ns) && number(f[16], &row->recovery_ns) &&
	       outcome_parse(f[17], &row->outcome) && word(f[18], row->detail, ROW_DETAIL);
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int row_compare(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int result = order(x->seed, y->seed);
	result = result != 0 ? result : strcmp(x->load, y->load);
	result = result != 0 ? result : order(x->boot, y->boot);
	return result != 0 ? result : order(x->fault, y->fault);
}
