#include "report.h"

#include "format.h"
#include "screen.h"

void report_order(const char *what, const char *name, sk_status_t status)
{
	if (status == SK_OK) {
		screen_print("%s %s: done\n", what, name);
	} else {
		screen_print("%s %s: not done: %s (%d)\n", what, name, format_status(status), (int)status);
	}
}

bool report_answered(const char *about, sk_status_t status)
{
	if (status != SK_OK) {
		screen_print("%s: %s (%d)\n", about, format_status(status), (int)status);
	}
	return status == SK_OK;
}
