/* See record.h. */
#define _POSIX_C_SOURCE 200809L /* strnlen */
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../run/demux.h"

#define NEVER UINT64_MAX

static void trouble(struct record *record, const char *text)
{
	if (record->trouble[0] == '\0') {
		snprintf(record->trouble, sizeof(record->trouble), "%s", text);
	}
}

/* Of the fault that is under way; NULL: none yet. */
static struct row *current_row(struct record *record)
{
	return record->current < record->count ? &record->rows[record->current] : NULL;
}

static struct aftermath *current_after(struct record *record)
{
	return record->current < record->count ? &record->after[record->current] : NULL;
}

static void set_word(char to[ROW_WORD], const char *from)
{
	size_t length = strnlen(from, ROW_WORD - 1);
	memmove(to, from, length);
	to[length] = '\0';
}

/*
 * What was wrong with a device in the slot before and is so still is not the next fault's doing. A device is known by the
 * word behind "says: wrong".
 */
static uint32_t who_broke(struct record *record, const char *text)
{
	const char *at = strstr(text, " says: wrong ");
	char device[ROW_WORD] = "";
	if (at == NULL || sscanf(at, " says: wrong %23[a-z0-9]", device) != 1) {
		return record->blamed;
	}
	bool same = strcmp(device, record->broken) == 0 && record->current <= record->broken_until + 1;
	if (!same) {
		record->broke = record->blamed;
		set_word(record->broken, device);
	}
	record->broken_until = record->current;
	return record->broke;
}

/*
 * Between one fault's end and the next one's announcement. Should the console lose that, only the next fault's end says
 * that there was one: until then it is open whose doing this is.
 */
static bool is_open(const struct record *record)
{
	return record->held_count < RECORD_HELD && (record->current >= record->count || record->over);
}

static void hold(struct record *record, enum held_kind kind, enum load_news news, const char *text)
{
	struct held *last = record->held_count != 0 ? &record->held[record->held_count - 1] : NULL;
	if (kind == HELD_NEWS && news == LOAD_GOOD && last != NULL && last->kind == kind && last->news == news) {
		return;
	}
	struct held *held = &record->held[record->held_count++];
	held->kind = kind;
	held->news = news;
	snprintf(held->text, sizeof(held->text), "%s", text != NULL ? text : "");
}

/* A device may fail for good if a server did, whose fallback that is. */
static void take_news(struct record *record, enum load_news news, const char *text)
{
	bool wrong = news == LOAD_WRONG || (news == LOAD_FAILED && !record->gave_up);
	if (news == LOAD_GOOD) {
		record->good = true;
		record->blamed = record->current;
		return;
	}
	if (record->blamed >= record->count) {
		if (wrong) {
			trouble(record, text);
		}
		return;
	}
	uint32_t blamed = wrong ? who_broke(record, text) : record->blamed;
	struct aftermath *after = &record->after[blamed];
	if (!after->load_failed) {
		row_note(&record->rows[blamed], text);
	}
	after->load_failed = after->load_failed || wrong;
}

static void load_news(void *context, enum load_news news, const char *text)
{
	struct record *record = context;
	if (is_open(record)) {
		hold(record, HELD_NEWS, news, text);
	} else {
		take_news(record, news, text);
	}
}

/* A good line there does not say that all is well. */
static void second_news(void *context, enum load_news news, const char *text)
{
	if (news != LOAD_GOOD) {
		load_news(context, news, text);
	}
}

/* Of the first virtio console: its lines are verified too. 0: there is none. */
static char second_stream(const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->server_count; i++) {
		if (manifest->servers[i].streams != 0 && strcmp(manifest->servers[i].image, "virtio_console") == 0) {
			return manifest_stream_id(manifest, i, 0);
		}
	}
	return 0;
}

void record_begin(struct record *record, const struct manifest *manifest, const struct row *common, uint32_t count)
{
	memset(record, 0, sizeof(*record));
	record->manifest = manifest;
	record->count = count < RECORD_FAULTS ? count : RECORD_FAULTS;
	record->current = RECORD_FAULTS;
	record->blamed = RECORD_FAULTS;
	for (uint32_t i = 0; i < record->count; i++) {
		record->rows[i] = *common;
		record->rows[i].fault = i;
		record->rows[i].register_number = ROW_NO_REGISTER;
	}
	load_begin(&record->load, load_news, record);
	load_begin(&record->second, second_news, record);
	record->second_stream = second_stream(manifest);
}

/* A server uses another one, directly or through others: so many steps there can be. */
static bool depends_on(const struct manifest *manifest, uint32_t client, uint32_t server, uint32_t steps)
{
	bool reached[MANIFEST_SERVERS] = { false };
	reached[client] = true;
	for (uint32_t step = 0; step < steps; step++) {
		for (uint32_t i = 0; i < manifest->server_count; i++) {
			for (uint32_t j = 0; reached[i] && j < manifest->servers[i].use_count; j++) {
				reached[manifest->servers[i].uses[j].server] = true;
			}
		}
	}
	return reached[server];
}

/* Is `name` the target, or does it depend on the target? All depend on the scheduler, which says who runs. */
static bool in_domain(const struct record *record, const char *name, const char *target)
{
	const struct manifest *manifest = record->manifest;
	uint32_t server = manifest_find_server(manifest, name);
	uint32_t hit = manifest_find_server(manifest, target);
	return strcmp(name, target) == 0 || strcmp(target, "sched") == 0 ||
	       (server != MANIFEST_NONE && hit != MANIFEST_NONE &&
					     depends_on(manifest, server, hit, manifest->server_count));
}

/*
 * Whose crash this is: the last fault's, or, if that was into somebody else, an earlier one's into the server that
 * crashed, which has lain there since.
 */
static uint32_t whose_crash(const struct record *record, const char *server)
{
	for (uint32_t i = record->current + 1; i-- != 0;) {
		const struct row *row = &record->rows[i];
		if (strcmp(row->target, server) == 0 && record->after[i].made) {
			return row->crashes == 0 || i == record->current ? i : record->current;
		}
	}
	return record->current;
}

/* "server NAME failed WHY": its fallback is in force. */
static void take_failed(struct record *record, const char *line)
{
	struct row *row = current_row(record);
	char name[ROW_WORD] = "";
	(void)sscanf(line, "server %23s", name);
	uint32_t server = manifest_find_server(record->manifest, name);
	if (row == NULL) {
		trouble(record, line);
		return;
	}
	row_note(row, line);
	record->gave_up = true;
	record->stopped = record->stopped ||
			  (server != MANIFEST_NONE && record->manifest->servers[server].restart.fallback ==
							      MANIFEST_FALLBACK_STOP_VM);
	current_after(record)->gave_up = true;
}

/* "vm NAME failed WHY". */
static void take_vm(struct record *record, const char *line)
{
	struct aftermath *after = current_after(record);
	const char *rest = strchr(line + strlen("vm "), ' ');
	if (rest == NULL) {
		return;
	}
	record->off = record->off || strcmp(rest, " off") == 0;
	if (strncmp(rest, " failed", strlen(" failed")) != 0 && strcmp(rest, " reset") != 0) {
		return;
	}
	if (after == NULL) {
		trouble(record, line);
		return;
	}
	after->vm_failed = !record->stopped;
	row_note(current_row(record), line);
}

/* "fault NUMBER TYPE TARGET at=… …", or "was …". False: that is none of this boot's. */
static bool read_fault(const struct record *record, const char *line, struct row *fault)
{
	*fault = (struct row) { 0 };
	return sscanf(line,
		      "%*s %" SCNu32 " %23s %23s at=%" SCNu64 " place=%" SCNx64 " clear=%" SCNx64 " flip=%" SCNx64
		      " register=%" SCNu32 " delay=%" SCNu64,
		      &fault->fault, fault->type, fault->target, &fault->at_ns, &fault->place, &fault->clear,
		      &fault->flip, &fault->register_number, &fault->delay_ns) == 9 &&
	       fault->fault < record->count;
}

/* From here on, what happens is its. */
static void begin_fault(struct record *record, const struct row *fault)
{
	struct row *row = &record->rows[fault->fault];
	struct row common = *row;
	*row = *fault;
	row->seed = common.seed;
	row->boot = common.boot;
	memcpy(row->load, common.load, sizeof(row->load));
	record->current = fault->fault;
	record->over = false;
	if (record->good || record->blamed == RECORD_FAULTS) {
		record->blamed = fault->fault;
	}
}

/* It is `now_ns`, as the control stream has it: what faults there were up to then it should have told before. */
static void catch_up(struct record *record, uint64_t now_ns)
{
	for (uint32_t i = record->current < record->count ? record->current + 1 : 0; i < record->count; i++) {
		const struct hearsay *heard = &record->hearsay[i];
		if (heard->fault.at_ns != 0 && heard->fault.at_ns <= now_ns) {
			begin_fault(record, &heard->fault);
			record->after[i].made = heard->made;
		}
	}
}

/* A line of the log, perhaps the supervisor's that `inject` says something. */
static void take_hearsay(struct record *record, const char *line)
{
	static const char begin[] = "[supervisor] inject ";
	const char *rest = line + strlen(begin);
	struct row fault;
	uint32_t number;
	int status;
	if (strncmp(line, begin, strlen(begin)) != 0) {
		return;
	}
	if (read_fault(record, rest, &fault)) {
		record->hearsay[fault.fault].fault = fault;
	} else if (sscanf(rest, "made %" SCNu32 " status=%d", &number, &status) == 2 && number < record->count) {
		record->hearsay[number].made = status == 0;
	}
}

static void take_crash(struct record *record, const char *line)
{
	char server[ROW_WORD];
	char reason[ROW_WORD];
	char verdict[ROW_WORD];
	uint64_t at;
	uint64_t delay;
	uint64_t took;
	char text[ROW_DETAIL];
	if (sscanf(line, "crash %*u %23s %23s %23s at=%" SCNu64 " delay=%" SCNu64 " took=%" SCNu64, server, reason,
		   verdict, &at, &delay, &took) != 6) {
		return;
	}
	catch_up(record, at);
	if (record->current >= record->count) {
		trouble(record, line);
		return;
	}
	uint32_t whose = whose_crash(record, server);
	struct row *row = &record->rows[whose];
	struct aftermath *after = &record->after[whose];
	if (strcmp(server, row->target) == 0) {
		if (row->crashes++ == 0) {
			set_word(row->reason, reason);
			row->detect_ns = at > row->at_ns ? at - row->at_ns : 0;
			row->recovery_ns = delay + took;
		}
		return;
	}
	snprintf(text, sizeof(text), "%s crashed: %s", server, reason);
	row_note(row, text);
	after->crossed = after->crossed || !in_domain(record, server, row->target);
}

static void take_event(struct record *record, const char *line)
{
	static const struct {
		const char *begin;
		void (*take)(struct record *record, const char *line);
	} kinds[] = {
		{ "crash ", take_crash },
		{ "server ", take_failed },
		{ "vm ", take_vm },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(line, kinds[i].begin, strlen(kinds[i].begin)) == 0) {
			kinds[i].take(record, line);
		}
	}
}

/* Of what is held: not before `from_ns`? News have no time, but good ones come before what is wrong. */
static bool is_later(const struct held *held, uint64_t from_ns)
{
	uint64_t at = NEVER;
	if (held->kind == HELD_NEWS) {
		return from_ns != NEVER && held->news != LOAD_GOOD && held->news != LOAD_NOTE;
	}
	(void)sscanf(held->text, "crash %*u %*s %*s %*s at=%" SCNu64, &at);
	return from_ns != NEVER && at >= from_ns;
}

/* What is held is the last fault's after all, up to `from_ns`. */
static void release(struct record *record, uint64_t from_ns)
{
	uint32_t i = 0;
	for (; i < record->held_count && !is_later(&record->held[i], from_ns); i++) {
		const struct held *held = &record->held[i];
		if (held->kind == HELD_NEWS) {
			take_news(record, held->news, held->text);
		} else {
			take_event(record, held->text);
		}
	}
	record->held_count -= i;
	memmove(record->held, &record->held[i], record->held_count * sizeof(record->held[0]));
}

static void take_fault(struct record *record, const char *line)
{
	struct row fault;
	if (read_fault(record, line, &fault)) {
		release(record, NEVER);
		catch_up(record, fault.at_ns);
		begin_fault(record, &fault);
	}
}

/* The announcement once more, at the fault's end: it counts if the first one was lost. */
static void take_again(struct record *record, const char *line)
{
	struct row fault;
	if (!read_fault(record, line, &fault) || record->rows[fault.fault].at_ns != 0) {
		return;
	}
	release(record, fault.at_ns);
	catch_up(record, fault.at_ns);
	begin_fault(record, &fault);
	record->after[fault.fault].made = true;
	release(record, NEVER);
}

static void take_skipped(struct record *record, uint32_t number, const char *why)
{
	row_note(&record->rows[number], why);
	record->rows[number].outcome = OUTCOME_NOT_INJECTED;
}

/* What `inject` says of itself. */
static void take_inject(struct record *record, const char *line)
{
	uint32_t number;
	int behind = 0;
	record->ended = record->ended || strcmp(line, "end") == 0;
	record->deadline = record->deadline || strcmp(line, "deadline") == 0;
	if (sscanf(line, "%*s %" SCNu32 " %n", &number, &behind) != 1 || behind == 0 || number >= record->count) {
		return;
	}
	struct row *row = &record->rows[number];
	const char *rest = line + behind;
	if (row->at_ns == 0 && strncmp(line, "fault ", strlen("fault ")) != 0) {
		catch_up(record, record->hearsay[number].fault.at_ns);
	}
	if (strncmp(line, "fault ", strlen("fault ")) == 0) {
		take_fault(record, line);
	} else if (strncmp(line, "was ", strlen("was ")) == 0) {
		take_again(record, line);
	} else if (strncmp(line, "skipped ", strlen("skipped ")) == 0) {
		release(record, NEVER);
		take_skipped(record, number, rest);
	} else if (strncmp(line, "made ", strlen("made ")) == 0) {
		record->after[number].made = strcmp(rest, "status=0") == 0;
		if (!record->after[number].made) {
			row_note(row, rest);
		}
	} else if (strncmp(line, "after ", strlen("after ")) == 0) {
		release(record, NEVER);
		set_word(row->state, rest);
		record->good = false;
		record->over = true;
	}
}

static void take_control(struct record *record, const char *line)
{
	record->halted = record->halted || strcmp(line, "halt") == 0;
	if (strncmp(line, "inject ", strlen("inject ")) == 0) {
		take_inject(record, line + strlen("inject "));
	} else if (is_open(record)) {
		hold(record, HELD_EVENT, LOAD_NOTE, line);
	} else {
		take_event(record, line);
	}
}

/* For the crash record of the fault, if it comes to one. */
static void keep(struct record *record, const char *line)
{
	struct aftermath *after = current_after(record);
	if (after != NULL && after->text.size < RECORD_TEXT) {
		bytes_text(&after->text, line);
		bytes_text(&after->text, "\n");
	}
}

/* True at a line's end: it is in `line`, without it. Longer ones are cut. */
static bool collect(char *line, size_t room, size_t *length, uint8_t byte)
{
	if (byte == '\n') {
		line[*length] = '\0';
		*length = 0;
		return true;
	}
	if (byte != '\r' && *length + 1 < room) {
		line[(*length)++] = (char)byte;
	}
	return false;
}

void record_observe(void *context, char stream, const uint8_t *data, size_t size)
{
	struct record *record = context;
	uint32_t console = manifest_console_of_vm(record->manifest, 0);
	if (console != MANIFEST_NONE && stream == manifest_stream_id(record->manifest, console, 0)) {
		load_take(&record->load, data, size);
	}
	if (record->second_stream != 0 && stream == record->second_stream) {
		load_take(&record->second, data, size);
	}
	for (size_t i = 0; i < size; i++) {
		if (stream == DEMUX_CONTROL && collect(record->line, sizeof(record->line), &record->length, data[i])) {
			take_control(record, record->line);
		}
		if (stream == DEMUX_LOG && collect(record->log, sizeof(record->log), &record->log_length, data[i])) {
			keep(record, record->log);
			take_hearsay(record, record->log);
		}
	}
}

/* Of a fault that nothing is known to have followed from. */
static enum outcome quiet_outcome(const struct row *row)
{
	static const char *const without_effect[] = { "kept", "unreached" };
	for (size_t i = 0; i < sizeof(without_effect) / sizeof(without_effect[0]); i++) {
		if (strcmp(row->state, without_effect[i]) == 0) {
			return OUTCOME_NO_EFFECT;
		}
	}
	return OUTCOME_MASKED;
}

static enum outcome judge(const struct row *row, const struct aftermath *after)
{
	if (!after->made && row->crashes == 0) {
		return OUTCOME_NOT_INJECTED;
	}
	return after->crossed	    ? OUTCOME_CROSS_DOMAIN
	       : after->vm_failed   ? OUTCOME_VM_LOST
	       : after->load_failed ? OUTCOME_GUEST_VISIBLE
	       : after->gave_up	    ? OUTCOME_DEGRADED
	       : row->crashes != 0  ? OUTCOME_RECOVERED
				    : quiet_outcome(row);
}

static const char *why_unfinished(const struct record *record, bool timed_out)
{
	return timed_out	  ? "the machine did not stop in time"
	       : record->deadline ? "the VM did not finish"
	       : !record->off	  ? "the VM did not switch itself off"
				  : "the load did not finish";
}

/* Faults into a system whose load has stopped for good show nothing: they don't count. */
static void forget_later(struct record *record)
{
	for (uint32_t i = record->blamed + 1; i < record->count; i++) {
		if (record->rows[i].at_ns != 0 && record->rows[i].outcome <= OUTCOME_RECOVERED) {
			record->rows[i].outcome = OUTCOME_NOT_INJECTED;
			row_note(&record->rows[i], "the load had stopped before");
		}
	}
}

/* The VM did not come to its end: that is the doing of the fault before which the load was last well. */
static void judge_end(struct record *record, struct row *last, bool timed_out)
{
	bool silent = timed_out || record->deadline || !record->off;
	struct row *row = silent && record->blamed < record->count ? &record->rows[record->blamed] : last;
	enum outcome outcome = record->off && record->ended && !record->deadline ? OUTCOME_GUEST_VISIBLE
										   : OUTCOME_VM_LOST;
	row_note(row, why_unfinished(record, timed_out));
	row->outcome = row->outcome < outcome ? outcome : row->outcome;
	if (row != last) {
		forget_later(record);
	}
}

bool record_judge(struct record *record, bool panicked, bool timed_out)
{
	release(record, NEVER);
	catch_up(record, NEVER);
	struct row *last = current_row(record);
	bool finished = (record->stopped && record->halted) ||
			(record->off && record->load.complete && !record->deadline);
	bool early = record->off && !record->load.complete; /* the VM: the machine follows it, and takes `inject` along */
	if (!finished && last == NULL) {
		trouble(record, why_unfinished(record, timed_out));
	}
	for (uint32_t i = 0; i < record->count; i++) {
		struct row *row = &record->rows[i];
		if (row->at_ns != 0) {
			row->outcome = judge(row, &record->after[i]);
		}
	}
	/* A load that stopped before keeps the host busy for so long that the rest may be cut off. */
	bool cut_off = timed_out && record->blamed != record->current;
	if (!record->ended && !record->stopped && !early && !cut_off && last != NULL) {
		/* `inject` is not the target, and what it waits for, a timer, has not come. */
		row_note(last, "inject itself was hit: it did not go on");
		last->outcome = in_domain(record, "inject", last->target) ? OUTCOME_VM_LOST : OUTCOME_CROSS_DOMAIN;
	}
	if (last != NULL && panicked) {
		row_note(last, "kernel panic");
		last->outcome = OUTCOME_KERNEL;
	} else if (last != NULL && !finished) {
		judge_end(record, last, timed_out);
	}
	if (last != NULL && !panicked && !record->halted && !timed_out) {
		row_note(last, "switched off without a word"); /* a kernel that panics has its say, but the console is gone */
	}
	for (uint32_t i = 0; i < record->count; i++) {
		if (record->rows[i].outcome == OUTCOME_NOT_INJECTED && record->rows[i].detail[0] == '\0') {
			row_note(&record->rows[i], "its time did not come");
		}
	}
	return last == NULL && panicked ? false : record->trouble[0] == '\0';
}
