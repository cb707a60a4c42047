/*
 * `inject`: faults into the servers of a running system, one after the other, all drawn from one seed. The supervisor
 * (idl/supervisor.idl, injection) has the means; what is done to whom, where and when is decided here. Under QEMU's
 * instruction counting a boot with the same arguments is the same boot, to the instruction.
 *
 * Time is cut into slots. A slot begins quietly, so that who listens can tell that all is well; then, at a drawn
 * moment, one fault is made; the rest is for what follows from it. At the slot's end what is left of the fault is taken
 * back, so that each fault meets a healthy system; if it is not healthy (a server is down, or has crashed just now), the
 * slot passes without one.
 *
 * Arguments: seed, boot, faults (slots), start-ms (of the machine's clock), slot-ms, types and targets (names with
 * commas between; default: all), hostile (the server whose device the guest is hostile to when it gets our line). Lines to the control stream, which tools read:
 *
 *	inject begin seed=S boot=B faults=N
 *	inject fault K TYPE TARGET at=NS place=0xA clear=0xC flip=0xF register=R delay=NS
 *	inject made K status=S           0, or why the supervisor refused
 *	inject was K TYPE …              what was said of a fault that was made, again: the console may have lost it
 *	inject after K WORD              what became of it: see faults.c
 *	inject skipped K WHY
 *	inject end
 *	inject deadline                  the machine should have been off; it is switched off
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>
#include <sk/server.h>
#include <sk/timer.h>

#include <inject/faults.h>

#define NS_PER_MS 1000000ull
#define SERVERS_MAX 64u
#define TYPES_MAX 32u
#define LINE_BYTES 160u
#define QUIET_NS (20 * NS_PER_MS)      /* no crash for so long, and the system is well again */
#define PATIENCE_SLOTS 25u	       /* behind the last one */
#define DRAWS 64u		       /* of a fault that some target has */

static struct {
	sk_cap_t supervisor;
	sk_cap_t injection;
	struct draw draw;
	uint32_t faults;
	uint64_t start_ns;
	uint64_t slot_ns;
	char names[SERVERS_MAX][SK_NAME_BYTES];
	uint32_t targets[SERVERS_MAX]; /* servers that faults go to */
	uint32_t target_count;
	const struct fault_type *types[TYPES_MAX];
	uint32_t type_count;
	uint32_t crashes; /* seen so far */
} campaign;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(line, sizeof(line), format, arguments);

	va_end(arguments);
	if (n > 0) {
		uint32_t bytes = (uint32_t)n < sizeof(line) ? (uint32_t)n : (uint32_t)sizeof(line) - 1;

		(void)injection_say(campaign.injection, (const uint8_t *)line, bytes);
	}
}

/* Is `name` among `list`, names with commas between? An empty list has all. */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	if (list == NULL || *list == '\0') {
		return true;
	}
	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',' ? 1 : 0;
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
			return true;
		}
	}
	return false;
}

static void find_targets(const char *list)
{
	struct sk_server_info info;

	for (uint32_t i = 0; i < SERVERS_MAX && operator_server(campaign.supervisor, i, &info) == SK_OK; i++) {
		char *name = campaign.names[i];

		memcpy(name, info.name, SK_NAME_BYTES);
		name[SK_NAME_BYTES - 1] = '\0';
		if (strcmp(name, sk_start()->name) != 0 && listed(list, name)) {
			campaign.targets[campaign.target_count++] = i;
			if (sk_argument("hostile") != NULL && strcmp(name, sk_argument("hostile")) == 0) {
				faults_order(sk_cap_named_of_type("virq", SK_OBJECT_TYPE_VIRQ), i);
			}
		}
	}
}

static void find_types(const char *list)
{
	for (const struct fault_type *type = fault_types; type->name != NULL && campaign.type_count < TYPES_MAX;
	     type++) {
		if (listed(list, type->name)) {
			campaign.types[campaign.type_count++] = type;
		}
	}
}

/* A type, then a target that has what it takes. */
static bool draw_fault(struct fault *fault)
{
	struct draw *draw = &campaign.draw;

	for (uint32_t i = 0; i < DRAWS; i++) {
		*fault = (struct fault) {
			.type = campaign.types[draw_below(draw, campaign.type_count)],
			.target = campaign.targets[draw_below(draw, campaign.target_count)],
			.register_number = FAULT_NO_REGISTER,
		};
		if (fault->type->draw(fault, draw)) {
			return true;
		}
	}
	return false;
}

static uint32_t crash_total(void)
{
	uint32_t servers;
	uint32_t vms;
	uint32_t cores;
	uint32_t crashes = 0;
	uint64_t now_ns;

	(void)operator_system(campaign.supervisor, &servers, &vms, &cores, &crashes, &now_ns);
	return crashes;
}

/* Why no fault can be made now; NULL: all is well. */
static const char *unwell(void)
{
	static struct sk_crash_record record;
	struct sk_server_info info;
	uint32_t crashes = crash_total();

	for (uint32_t i = 0; operator_server(campaign.supervisor, i, &info) == SK_OK; i++) {
		if (info.state != SK_SERVER_STATE_RUNNING && info.state != SK_SERVER_STATE_EXITED) {
			return "a server is down";
		}
	}
	if (crashes != 0 && operator_crash(campaign.supervisor, crashes, &record) == SK_OK &&
	    sk_now_ns() - record.at_ns < QUIET_NS) {
		return "a server crashed just now";
	}
	return NULL;
}

/* The records of crashes since the last look, to the log; not of those who were killed: there is nothing to see. */
static void show_crashes(void)
{
	static struct sk_crash_record record;
	uint32_t crashes = crash_total();

	while (campaign.crashes < crashes) {
		uint8_t text[1024];
		uint32_t bytes = sizeof(text);

		campaign.crashes++;
		if (operator_crash(campaign.supervisor, campaign.crashes, &record) != SK_OK ||
		    record.reason == SK_CRASH_REASON_KILLED) {
			continue;
		}
		for (uint32_t at = 0;
		     operator_crash_text(campaign.supervisor, campaign.crashes, at, text, &bytes) == SK_OK &&
		     bytes != 0;
		     at += bytes, bytes = sizeof(text)) {
			(void)fwrite(text, 1, bytes, stdout);
		}
	}
}

/* "fault" or "was", and all that was drawn. */
static void announce(const char *word, uint32_t number, const struct fault *fault, uint64_t at_ns)
{
	say("%s %" PRIu32 " %s %s at=%" PRIu64 " place=%#" PRIx64 " clear=%#" PRIx64 " flip=%#" PRIx64
	    " register=%" PRIu32 " delay=%" PRIu64,
	    word, number, fault->type->name, campaign.names[fault->target], at_ns, fault->place, fault->clear,
	    fault->flip, fault->register_number, fault->delay_ns);
}

/* Without a scheduler there are no timers. Then the supervisor, who looks after the next one, wakes us. */
static void sleep_until(uint64_t at_ns)
{
	struct sk_msg msg;
	struct sk_caller caller;

	while (!sk_sleep_until(at_ns) && sk_now_ns() < at_ns) {
		(void)sk_wait(sk_cap_named_of_type("notification", SK_OBJECT_TYPE_NOTIFICATION), &msg, &caller);
	}
}

static void run_slot(uint32_t number)
{
	struct fault fault;
	sk_status_t status = SK_OK;
	uint64_t at_ns = 0;
	uint64_t begin_ns = campaign.start_ns + number * campaign.slot_ns;

	sleep_until(begin_ns + campaign.slot_ns / 5 + draw_below(&campaign.draw, campaign.slot_ns / 4));

	const char *why = unwell();

	if (why == NULL && !draw_fault(&fault)) {
		why = "no target has what it takes";
	}
	if (why != NULL) {
		say("skipped %" PRIu32 " %s", number, why);
	} else {
		at_ns = sk_now_ns();
		announce("fault", number, &fault, at_ns);
		status = fault.type->make(&fault);
		say("made %" PRIu32 " status=%d", number, (int)status);
	}
	sleep_until(begin_ns + campaign.slot_ns - NS_PER_MS);
	if (why == NULL && status == SK_OK) {
		announce("was", number, &fault, at_ns);
	}
	if (why == NULL) {
		say("after %" PRIu32 " %s", number, fault.type->end(&fault));
	}
	show_crashes();
}

static void run_campaign(uint64_t seed, uint64_t boot)
{
	campaign.draw = draw_begin(seed, boot);
	say("begin seed=%" PRIu64 " boot=%" PRIu64 " faults=%" PRIu32, seed, boot, campaign.faults);
	for (uint32_t i = 0; i < campaign.faults; i++) {
		run_slot(i);
	}
	say("end");
	sleep_until(campaign.start_ns + (campaign.faults + PATIENCE_SLOTS) * campaign.slot_ns);
	say("deadline");
	(void)operator_power_off(campaign.supervisor);
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(sk_server_other, signalled)

int main(void)
{
	campaign.supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);
	campaign.injection = sk_cap_named_of_type("injection", SK_OBJECT_TYPE_ENDPOINT);
	campaign.faults = (uint32_t)sk_argument_number("faults", 0);
	campaign.start_ns = sk_argument_number("start-ms", 1200) * NS_PER_MS;
	campaign.slot_ns = sk_argument_number("slot-ms", 200) * NS_PER_MS;
	if (campaign.supervisor == SK_CAP_NONE || campaign.injection == SK_CAP_NONE) {
		(void)printf(
			"no capability \"injection\": the manifest has no `fault-injection`, or no `operator` here\n");
		return EXIT_FAILURE;
	}
	faults_open(campaign.supervisor, campaign.injection);
	find_targets(sk_argument("targets"));
	find_types(sk_argument("types"));
	if (campaign.faults != 0 && campaign.target_count != 0 && campaign.type_count != 0) {
		run_campaign(sk_argument_number("seed", 0), sk_argument_number("boot", 0));
	}
	sk_server_run();
}
