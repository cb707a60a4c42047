/*
 * Does the C library do what ISO C says, in a process of this system? A program
 * that runs once and ends with exit code 0 if every case passed.
 */
#include <stdlib.h>

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
	return check_finish() ? EXIT_SUCCESS : EXIT_FAILURE;
}
