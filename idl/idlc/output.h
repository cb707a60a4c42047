/* Files out: all are written beside their places first and renamed when the last one is complete. */
#ifndef IDLC_OUTPUT_H
#define IDLC_OUTPUT_H

#include <stdbool.h>

#include "text.h"

/* Adds a file to be written; takes the text over. */
void output_add(const char *folder, const char *name, struct text text);
/* Writes and renames all. False with a message on standard error, and nothing of ours left, when one fails. */
bool output_commit(void);
void output_discard(void);

#endif
