/*
 * --check-against: interfaces only grow. A released FILE.json lists what others
 * were built against; what has gone, moved to another number or changed its
 * form since is an error. New interfaces, methods, errors, events, enum members
 * and types are fine. A persistent struct may change with its version.
 */
#ifndef IDLC_RELEASED_H
#define IDLC_RELEASED_H

#include "ast.h"

/* Reports through diagnostic_error(); a dump that can't be read is an error of its own place. */
void released_check(const char *path, const struct list *files);

#endif
