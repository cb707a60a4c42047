/*
 * --when and --monitor: monitor commands that wait for a text on the first VM's
 * console, one after the other: each begins to look behind the text that the one before it found. One without a text
 * follows the one before it at once.
 */
#ifndef TRIGGER_H
#define TRIGGER_H

#include "../options.h"

#define TRIGGER_TEXT 256u

struct trigger {
	const struct options *options;
	uint32_t next;		      /* command that waits */
	uint8_t window[TRIGGER_TEXT]; /* the console's last bytes */
	size_t filled;
	bool ready; /* the system has booted */
};

/*
 * Takes what the console printed (or nothing) and returns the next command that is due now, or NULL.
 * Call again with what `*used` left over until it returns NULL.
 */
const char *trigger_take(struct trigger *trigger, const uint8_t *data, size_t size, size_t *used);

#endif
