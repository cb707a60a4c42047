/*
 * Faults by hand: the same types as a campaign's (apps/inject), with place and value drawn from a seed that the
 * operator may give. One at a time: the next one first takes back what is left of the one before.
 */
#include <inject/faults.h>

#include "command.h"
#include "names.h"
#include "report.h"
#include "screen.h"

static struct {
	struct fault fault;
	bool made;
	uint64_t seed; /* when none is given: another one each time */
} last;

static void end_fault(void)
{
	if (last.made) {
		screen_print("the %s before: %s\n", last.fault.type->name, last.fault.type->end(&last.fault));
		last.made = false;
	}
}

static void show(const struct fault *fault)
{
	screen_print("place %#llx, clears %#llx, flips %#llx", (unsigned long long)fault->place,
		     (unsigned long long)fault->clear, (unsigned long long)fault->flip);
	if (fault->register_number != FAULT_NO_REGISTER) {
		screen_print(" of register %u there", (unsigned)fault->register_number);
	}
	if (fault->delay_ns != 0) {
		screen_print(", %llu ns later", (unsigned long long)fault->delay_ns);
	}
	screen_text("\n");
}

static void inject(const struct argument *arguments, uint32_t count)
{
	uint64_t seed = count > 2 ? arguments[2].value : ++last.seed;
	struct draw draw = draw_begin(seed, 0);
	struct fault fault = {
		.type = &fault_types[arguments[0].value],
		.target = (uint32_t)arguments[1].value,
		.register_number = FAULT_NO_REGISTER,
	};

	if (names_injection() == SK_CAP_NONE) {
		screen_text(
			"this system allows no fault injection: its manifest's /supervisor lacks `fault-injection`\n");
		return;
	}
	faults_open(names_supervisor(), names_injection());
	end_fault();
	if (!fault.type->draw(&fault, &draw)) {
		screen_print("%s has nothing for %s, or not with seed %llu\n", arguments[1].word, fault.type->name,
			     (unsigned long long)seed);
		return;
	}
	screen_print("seed %llu: ", (unsigned long long)seed);
	show(&fault);

	sk_status_t status = fault.type->make(&fault);

	last.fault = fault;
	last.made = status == SK_OK;
	report_order("inject", arguments[1].word, status);
}

static void settle(const struct argument *arguments, uint32_t count)
{
	(void)arguments;
	(void)count;
	if (!last.made) {
		screen_text("there is no fault to settle\n");
	}
	end_fault();
}

const struct command command_inject[] = {
	{ "inject",
	  { ARGUMENT_FAULT, ARGUMENT_SERVER, ARGUMENT_NUMBER },
	  2,
	  "TYPE SERVER [SEED]",
	  "put a fault into a server",
	  "Place and value are drawn from the seed. See `settle`, and `skink inject` for campaigns.",
	  inject },
	{ "settle",
	  { ARGUMENT_NONE },
	  0,
	  "",
	  "take the last fault back, and tell its effect",
	  "A wrong word that nobody has written since is put right; a trap that nobody came to is taken away.",
	  settle },
	{ .name = NULL },
};
