/*
 * Does the C library do what ISO C says, in a process of this system? A program
 * that runs once, and ends with exit code 1 if a case failed; otherwise it switches the machine off.
 */
#include <stdlib.h>

#include <sk/idl/kernel.h>
#include <sk/idl/supervisor_client.h>
#include <sk/process.h>

#include "check.h"

int main(void)
{
	check_stdio();
	check_files();
	check_memory();
	check_strings();
	check_conversions();
	check_control();
	check_time();
	check_threads();
	if (!check_finish()) {
		return EXIT_FAILURE;
	}
	sk_cap_t supervisor = sk_cap_named_of_type("supervisor", SK_OBJECT_TYPE_ENDPOINT);

	return supervisor == SK_CAP_NONE || operator_power_off(supervisor) == SK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
