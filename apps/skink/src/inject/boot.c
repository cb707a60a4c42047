/* One boot. See campaign.h. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../run/session.h"
#include "campaign.h"
#include "record.h"

#define AFTER_MS 100u /* behind the last slot, until the load ends */
#define PATIENCE 2u /* times the time of a boot that did not end in it; one that hangs costs it all */
#define MEDIUM_BYTES (256u << 10)

char *boot_file(const struct campaign *campaign, uint64_t boot, const char *ending)
{
	return text_print("%s/boots/%08" PRIu64 "%s", campaign->folder, boot, ending);
}

/* What the tool says itself, and what the machine logs. */
static void redirect(const struct campaign *campaign, uint64_t boot)
{
	char *console = boot_file(campaign, boot, ".console");
	char *log = boot_file(campaign, boot, ".log");
	int out = open(console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int errors = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (out < 0 || errors < 0 || none < 0) {
		fatal(TOOL_FAILED, "'%s' can't be written: %s", console, strerror(errno));
	}
	dup2(none, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	free(console);
	free(log);
}

static char *inject_args(const struct campaign *campaign, uint64_t boot)
{
	const struct options *options = campaign->options;
	const struct load_kind *load = campaign->load;
	return text_print("inject seed=%" PRIu64 " boot=%" PRIu64 " faults=%" PRIu32
			  " start-ms=%u slot-ms=%u types=%s targets=%s%s",
			  options->seed, boot, campaign_faults(campaign, boot), load->start_ms, load->slot_ms,
			  options->types != NULL ? options->types : "",
			  options->targets != NULL ? options->targets : "",
			  load->parts != NULL && strstr(load->parts, "hostile") != NULL ? " hostile=vblk1" : "");
}

/* An empty disk that is this boot's alone. */
static char *medium(void)
{
	int file = memfd_create("skink-medium", 0);
	if (file < 0 || ftruncate(file, MEDIUM_BYTES) != 0) {
		fatal(TOOL_FAILED, "no memory for a disk: %s", strerror(errno));
	}
	return text_print("/proc/self/fd/%d", file);
}

/* As `skink run` would have them. */
static struct options boot_options(const struct campaign *campaign, uint64_t boot)
{
	const struct load_kind *load = campaign->load;
	uint32_t until_ms = load->start_ms + campaign_faults(campaign, boot) * load->slot_ms + AFTER_MS;
	struct options options = {
		.command = COMMAND_RUN,
		.manifest = campaign->manifest,
		.out = campaign->options->out,
		.qemu = campaign->options->qemu,
		.cpu = campaign->options->cpu,
		.cores = 1,
		.batch = true,
		.icount = true,
		.timeout = campaign->options->timeout != 0 ? campaign->options->timeout : load->timeout_s,
		.args = { inject_args(campaign, boot) },
		.args_count = 1,
	};
	if (load->parts == NULL) {
		options.append = "console=ttyAMA0 quiet";
		options.run = text_print("until=%u\n%s", until_ms / 10, load->script);
		return options;
	}
	options.append = text_print("%s until-ms=%u seed=%" PRIu64, load->parts, until_ms,
				    campaign->options->seed * 1000003u + boot);
	options.net = "hub";
	options.disk[options.disk_count++] = medium();
	return options;
}

static void write_failure(const struct campaign *campaign, const struct row *row, const struct aftermath *after)
{
	char *path = text_print("%s/failures/%08" PRIu32 "-%02" PRIu32 ".txt", campaign->folder, row->boot, row->fault);
	FILE *file = fopen(path, "we");
	char *replay = campaign_replay(campaign, row->boot);
	if (file == NULL) {
		fatal(TOOL_FAILED, "'%s' can't be written: %s", path, strerror(errno));
	}
	fprintf(file, "%s: %s into %s\n%s\n\nReplay:\n  %s\n\n%s\n", outcome_name(row->outcome), row->type, row->target,
		row->detail, replay, row_header);
	row_print(file, row);
	fprintf(file, "\nLog from the fault on:\n");
	fwrite(after->text.data, 1, after->text.size, file);
	if (fclose(file) != 0) {
		fatal(TOOL_FAILED, "'%s' can't be written: %s", path, strerror(errno));
	}
	free(path);
	free(replay);
}

static void write_rows(const struct campaign *campaign, uint64_t boot, const struct record *record)
{
	struct table table = { 0 };
	char *path = boot_file(campaign, boot, ".csv");
	for (uint32_t i = 0; i < record->count; i++) {
		table_add(&table, &record->rows[i]);
		if (record->rows[i].outcome > OUTCOME_DEGRADED) {
			write_failure(campaign, &record->rows[i], &record->after[i]);
		}
	}
	table_write(&table, path);
	free(path);
}

static void common_row(const struct campaign *campaign, uint64_t boot, struct row *row)
{
	*row = (struct row) { .seed = campaign->options->seed, .boot = (uint32_t)boot };
	snprintf(row->load, sizeof(row->load), "%s", campaign->load->name);
}

/* `session`'s manifest is known only when it runs: the record has one of its own. */
int boot_run(const struct campaign *campaign, uint64_t boot, bool patient)
{
	static struct record record;
	struct options options = boot_options(campaign, boot);
	struct row common;
	options.timeout *= patient ? PATIENCE : 1;
	redirect(campaign, boot);
	common_row(campaign, boot, &common);
	record_begin(&record, &system_load(&options)->manifest, &common, campaign_faults(campaign, boot));
	int status = run_observed(&options, record_observe, &record);
	if (status == TOOL_FAILED || status == TOOL_BAD_INPUT || status > TOOL_PANIC) {
		return status;
	}
	if (status == TOOL_TIMEOUT && !patient) {
		return status;
	}
	bool fine = record_judge(&record, status == TOOL_PANIC, status == TOOL_TIMEOUT);
	write_rows(campaign, boot, &record);
	if (!fine) {
		notice("boot %" PRIu64 ": before the first fault: %s", boot,
		       record.trouble[0] != '\0' ? record.trouble : "kernel panic");
	}
	return fine ? TOOL_OK : TOOL_CRASHED;
}
