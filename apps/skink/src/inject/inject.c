/* `skink inject`: see campaign.h. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run/session.h"
#include "campaign.h"

#define DEFAULT_FAULTS 16u
#define JOBS_MAX 1024u

uint32_t campaign_faults(const struct campaign *campaign, uint64_t boot)
{
	uint64_t before = (boot - 1) * campaign->per_boot;
	uint64_t left = campaign->faults > before ? campaign->faults - before : 0;
	bool whole = campaign->options->boot != 0 || left > campaign->per_boot;
	return whole ? campaign->per_boot : (uint32_t)left;
}

bool campaign_has(const struct campaign *campaign, uint64_t boot)
{
	if (campaign->options->boot != 0) {
		return boot == campaign->options->boot;
	}
	return (boot - 1) % campaign->parts == campaign->part;
}

static char *with_option(char *command, const char *option, const char *value)
{
	if (value == NULL) {
		return command;
	}
	char *longer = text_print("%s%s%s %s", command, *option == '\0' ? "" : " ", option, value);
	free(command);
	return longer;
}

char *campaign_replay(const struct campaign *campaign, uint64_t boot)
{
	const struct options *options = campaign->options;
	char *command = text_print("skink inject --seed %" PRIu64 " --load %s --per-boot %" PRIu32 " --boot %" PRIu64,
				   options->seed, campaign->load->name, campaign_faults(campaign, boot), boot);
	command = with_option(command, "--types", options->types);
	command = with_option(command, "--targets", options->targets);
	command = with_option(command, "--cpu", options->cpu);
	return with_option(with_option(command, "--out", "replay"), "", options->manifest);
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST) {
		fatal(TOOL_BAD_INPUT, "--out: '%s' can't be made: %s", path, strerror(errno));
	}
}

static void make_folders(const struct campaign *campaign)
{
	char *boots = text_print("%s/boots", campaign->folder);
	char *failures = text_print("%s/failures", campaign->folder);
	make_folder(campaign->folder);
	make_folder(boots);
	make_folder(failures);
	free(boots);
	free(failures);
}

static void read_shard(struct campaign *campaign, const char *text)
{
	int end = 0;
	uint64_t number;
	campaign->parts = 1;
	if (text == NULL) {
		return;
	}
	if (sscanf(text, "%" SCNu64 "/%" SCNu64 "%n", &number, &campaign->parts, &end) != 2 || text[end] != '\0' ||
	    number == 0 || number > campaign->parts) {
		fatal(TOOL_BAD_INPUT, "--shard is '%s'; expected I/N, I from 1 to N", text);
	}
	campaign->part = number - 1;
}

static void read_options(struct campaign *campaign, const struct options *options)
{
	const char *load = options->load != NULL ? options->load : "all";
	campaign->options = options;
	campaign->load = load_named(load);
	if (campaign->load == NULL) {
		fatal(TOOL_BAD_INPUT, "--load is '%s'; expected %s", load, load_names());
	}
	campaign->per_boot = options->per_boot != 0 ? (uint32_t)options->per_boot : campaign->load->per_boot;
	campaign->faults = options->faults != 0 ? options->faults : DEFAULT_FAULTS;
	campaign->boots =
		options->boot != 0 ? options->boot : (campaign->faults + campaign->per_boot - 1) / campaign->per_boot;
	campaign->folder = options->results;
	if (campaign->folder == NULL) {
		fatal(TOOL_BAD_INPUT, "no folder for the results is given; expected `skink inject --out DIR`");
	}
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	campaign->jobs = options->jobs != 0 ? options->jobs : cpus > 0 ? (uint64_t)cpus : 1;
	campaign->jobs = campaign->jobs < JOBS_MAX ? campaign->jobs : JOBS_MAX;
	read_shard(campaign, options->shard);
	char *out = system_out(options);
	campaign->manifest = options->manifest != NULL ? text_print("%s", options->manifest)
						       : system_manifest(out, campaign->load->manifest);
	free(out);
}

/* Boots that run. */
struct jobs {
	struct {
		pid_t process;
		uint64_t boot;
	} running[JOBS_MAX];
	uint64_t count;
	bool trouble; /* a boot failed before its first fault */
};

static void start_boot(const struct campaign *campaign, struct jobs *jobs, uint64_t boot, bool patient)
{
	fflush(NULL);
	pid_t process = fork();
	if (process < 0) {
		fatal(TOOL_FAILED, "can't start a process: %s", strerror(errno));
	}
	if (process == 0) {
		exit(boot_run(campaign, boot, patient));
	}
	jobs->running[jobs->count].process = process;
	jobs->running[jobs->count++].boot = boot;
}

/* A boot that could not even be run ends the campaign, and whatever runs beside it. */
static void end_all(const struct campaign *campaign, const struct jobs *jobs, uint64_t boot, int status)
{
	char *log = boot_file(campaign, boot, ".log");
	struct bytes text = { 0 };
	for (uint64_t i = 0; i < jobs->count; i++) {
		kill(jobs->running[i].process, SIGTERM);
	}
	while (wait(NULL) > 0 || errno == EINTR) {
	}
	if (file_read(log, 1u << 20, &text)) {
		fwrite(text.data, 1, text.size, stderr);
	}
	fatal(status == TOOL_BAD_INPUT ? TOOL_BAD_INPUT : TOOL_FAILED, "boot %" PRIu64 " could not be run (status %d)",
	      boot, status);
}

static void take_rows(const struct campaign *campaign, struct table *table, uint64_t boot)
{
	char *path = boot_file(campaign, boot, ".csv");
	table_read(table, path);
	unlink(path);
	free(path);
}

/* Waits for one of them. */
static void finish_boot(const struct campaign *campaign, struct jobs *jobs, struct table *table)
{
	int status;
	uint64_t i = 0;
	pid_t process = wait(&status);
	if (process < 0) {
		return; /* a signal */
	}
	while (i < jobs->count && jobs->running[i].process != process) {
		i++;
	}
	if (i == jobs->count) {
		return;
	}
	uint64_t boot = jobs->running[i].boot;
	jobs->running[i] = jobs->running[--jobs->count];
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (status == TOOL_TIMEOUT) {
		start_boot(campaign, jobs, boot, true);
		return;
	}
	if (status != TOOL_OK && status != TOOL_CRASHED) {
		end_all(campaign, jobs, boot, status);
	}
	jobs->trouble = jobs->trouble || status == TOOL_CRASHED;
	take_rows(campaign, table, boot);
}

static uint64_t total_faults(const struct campaign *campaign)
{
	uint64_t total = 0;
	for (uint64_t boot = 1; boot <= campaign->boots; boot++) {
		total += campaign_has(campaign, boot) ? campaign_faults(campaign, boot) : 0;
	}
	return total;
}

static size_t worse_than_degraded(const struct table *table)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++) {
		count += table->rows[i].outcome > OUTCOME_DEGRADED ? 1u : 0u;
	}
	return count;
}

static bool run_boots(const struct campaign *campaign, struct table *table)
{
	static struct jobs jobs;
	uint64_t total = total_faults(campaign);
	int64_t begun_ms = now_ms();
	uint64_t boot = 1;
	while (boot <= campaign->boots || jobs.count != 0) {
		if (boot <= campaign->boots && !campaign_has(campaign, boot)) {
			boot++;
		} else if (boot <= campaign->boots && jobs.count < campaign->jobs) {
			start_boot(campaign, &jobs, boot++, false);
		} else {
			progress_show(table->count, total, worse_than_degraded(table), begun_ms);
			finish_boot(campaign, &jobs, table);
		}
	}
	progress_show(table->count, total, worse_than_degraded(table), begun_ms);
	progress_end();
	return !jobs.trouble;
}

static int finish(struct table *table, const char *folder)
{
	char *csv = text_print("%s/faults.csv", folder);
	char *report = text_print("%s/report.html", folder);
	table_sort(table);
	table_write(table, csv);
	report_write(table, report);
	printf("%zu faults:", table->count);
	for (unsigned i = 0; i < OUTCOMES; i++) {
		size_t count = table_outcomes(table, (enum outcome)i);
		if (count != 0) {
			printf(" %s %zu", outcome_name((enum outcome)i), count);
		}
	}
	struct detected detected = table_detected(table);
	printf("\n%zu detected, %zu of them recovered\n%s\n%s\n", detected.count, detected.recovered, csv, report);
	free(csv);
	free(report);
	return table_status(table);
}

static int merge(const struct options *options)
{
	struct table table = { 0 };
	if (options->results == NULL) {
		fatal(TOOL_BAD_INPUT,
		      "no folder for the results is given; expected `skink inject --merge DIR … --out DIR`");
	}
	for (uint32_t i = 0; i < options->merge_count; i++) {
		char *path = text_print("%s/faults.csv", options->merge[i]);
		table_read(&table, path);
		free(path);
	}
	make_folder(options->results);
	return finish(&table, options->results);
}

int inject_main(const struct options *options)
{
	struct campaign campaign = { 0 };
	struct table table = { 0 };
	if (options->merge_count != 0) {
		return merge(options);
	}
	read_options(&campaign, options);
	make_folders(&campaign);
	bool fine = run_boots(&campaign, &table);
	int status = finish(&table, campaign.folder);
	if (!fine) {
		notice("boots went wrong before their first fault: see the logs in %s/boots", campaign.folder);
	}
	return status == TOOL_OK && !fine ? TOOL_CRASHED : status;
}
