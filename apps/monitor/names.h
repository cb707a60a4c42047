/* Names of servers, VMs and streams, as the supervisor and the console know them. */
#ifndef MONITOR_NAMES_H
#define MONITOR_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/idl/console.h>
#include <sk/idl/supervisor.h>

#include "command.h"

/* Capabilities, once at start. */
void names_open(sk_cap_t supervisor, sk_cap_t console, sk_cap_t injection);

sk_cap_t names_supervisor(void);
sk_cap_t names_console(void);
sk_cap_t names_injection(void); /* SK_CAP_NONE where the manifest does not allow it */

/* Name of the i-th thing of this kind in `name`; false beyond the last, or when nobody answers. */
bool names_at(enum argument_kind kind, uint32_t i, char name[SK_NAME_BYTES]);

/* Index of what is called `word` (or has this number); false if there is none. */
bool names_find(enum argument_kind kind, const char *word, uint64_t *index);

/* A number in decimal, or hexadecimal after 0x; false if `word` is anything else. */
bool names_number(const char *word, uint64_t *value);

#endif
