/* See load.h. */
#include "load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A line is "load NUMBER SUM TEXT", each SUM following from the one before and the number. Time is read from the
 * guest's clock device. Most of the time the guest sleeps: what it does not do costs no instructions.
 */
#define CHATTER "the quick brown fox jumps over the lazy dog 0123456789"
#define SCRIPT_BEGIN \
	"i=0; c=1; ok=0\n" \
	"say() { i=$((i+1)); c=$(((c*31+i)%1000003)); echo \"load $i $c $1\"; }\n" \
	"until_then() { read up x </proc/uptime; [ ${up%.*}${up#*.} -lt $until ]; }\n" \
	"clock() { read t </sys/class/rtc/rtc0/since_epoch && say \"clock $t\"; }\n" \
	"chatter() { for k in a b c d; do say '" CHATTER "'; done; }\n" \
	"echo load begins\n"
#define SCRIPT_END "echo \"load ends $i $c\"\n"

static const char linux_script[] =
	SCRIPT_BEGIN "while until_then; do chatter; clock; usleep 20000; done\n" SCRIPT_END;

#define BARE(name, parts) { name, "campaign.dts", parts, NULL, 32, 120, 50, 60 }

static const struct load_kind kinds[] = {
	BARE("all", "blk net entropy lines hostile"),
	BARE("console", ""),
	BARE("blk", "blk hostile"),
	BARE("net", "net"),
	{ "linux", "inject.dts", NULL, linux_script, 16, 1200, 200, 300 },
};

static const char begin_text[] = "load begins";

const struct load_kind *load_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

char *load_names(void)
{
	char *names = text_print("%s", "");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *longer = text_print("%s%s%s", names, i == 0 ? "" : ", ", kinds[i].name);
		free(names);
		names = longer;
	}
	return names;
}

void load_begin(struct load *load, load_report *report, void *context)
{
	*load = (struct load) { .report = report, .context = context, .next = 1, .sum = 1 };
}

__attribute__((format(printf, 2, 3))) static void wrong(const struct load *load, const char *format, ...)
{
	char text[LOAD_LINE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	load->report(load->context, LOAD_WRONG, text);
}

static uint64_t sum_after(uint64_t sum, uint64_t number)
{
	return (sum * 31 + number) % 1000003;
}

static bool follows(uint64_t now, uint64_t before)
{
	return now >= before && now <= before + 2;
}

/*
 * The guest's clock shows seconds; it goes forward, and not by leaps. One that is right again after it was wrong is no
 * second leap.
 */
static bool take_clock(struct load *load, uint64_t now)
{
	bool good = load->clock == 0 || follows(now, load->clock_good);
	bool fine = good || follows(now, load->clock);
	load->clock_good = good ? now : load->clock_good;
	if (!fine) {
		wrong(load, "the clock went from %" PRIu64 " to %" PRIu64, load->clock, now);
	}
	load->clock = now;
	return fine;
}

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* What a line says behind its number and sum. */
static bool take_text(struct load *load, uint64_t number, const char *text)
{
	uint64_t now;
	int used = 0;
	if (sscanf(text, "clock %" SCNu64 "%n", &now, &used) == 1 && text[used] == '\0') {
		return take_clock(load, now);
	}
	if (begins(text, "waits ")) {
		load->waiting++;
	} else if (begins(text, "goes on ") && load->waiting != 0) {
		load->waiting--;
	} else if (begins(text, "failed ")) {
		load->report(load->context, LOAD_FAILED, text);
		return true;
	} else if (strcmp(text, CHATTER) == 0) {
		return true;
	} else if (!begins(text, "note ")) {
		wrong(load, "line %" PRIu64 " says: %.60s", number, text);
		return false;
	}
	load->report(load->context, LOAD_NOTE, text);
	return true;
}

/* A line that is not the one that was due: what follows is judged from there on. */
static void take_line(struct load *load)
{
	const char *line = load->line;
	uint64_t number;
	uint64_t sum;
	int used = 0;
	if (sscanf(line, "load ends %" SCNu64 " %" SCNu64, &number, &sum) == 2) {
		load->complete = number + 1 == load->next && sum == load->sum;
		if (!load->complete) {
			wrong(load, "the load ends with line %" PRIu64 " when %" PRIu64 " was the last", number,
				load->next - 1);
		}
		load->begun = false;
		return;
	}
	if (sscanf(line, "load %" SCNu64 " %" SCNu64 " %n", &number, &sum, &used) != 2 || used == 0) {
		wrong(load, "line %" PRIu64 " was due; found: %.60s", load->next, line);
		return;
	}
	bool due = number == load->next && sum == sum_after(load->sum, number);
	if (!due) {
		wrong(load, "line %" PRIu64 " was due; found %" PRIu64 "%s", load->next, number,
			number == load->next ? " with a wrong sum" : "");
	}
	load->next = number + 1;
	load->sum = sum;
	if (!take_text(load, number, line + used) || !due) {
		return;
	}
	if (load->waiting == 0) {
		load->report(load->context, LOAD_GOOD, NULL);
	}
}

void load_take(struct load *load, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			if (data[i] != '\r' && load->length < LOAD_LINE - 1) {
				load->line[load->length++] = (char)data[i];
			}
			continue;
		}
		load->line[load->length] = '\0';
		load->length = 0;
		if (load->begun) {
			take_line(load);
		} else if (!load->complete && strcmp(load->line, begin_text) == 0) {
			load->begun = true;
		}
	}
}
