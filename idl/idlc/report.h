/* --report: what each method costs on the wire, as text for people. */
#ifndef IDLC_REPORT_H
#define IDLC_REPORT_H

#include "ast.h"

void report_print(const struct list *files);

#endif
