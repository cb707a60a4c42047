/* See trigger.h. */
#include "trigger.h"

#include <string.h>

static void window_push(struct trigger *trigger, size_t length, uint8_t byte)
{
	if (trigger->filled >= length) {
		memmove(trigger->window, trigger->window + 1, length - 1);
		trigger->filled = length - 1;
	}
	trigger->window[trigger->filled++] = byte;
}

const char *trigger_take(struct trigger *trigger, const uint8_t *data, size_t size, size_t *used)
{
	const struct options *options = trigger->options;
	*used = size;
	if (trigger->next == options->monitor_count) {
		return NULL;
	}
	if (options->when[trigger->next] == NULL) { /* nothing to wait for but the boot */
		*used = 0;
		return trigger->ready ? options->monitor[trigger->next++] : NULL;
	}
	const char *when = options->when[trigger->next];
	size_t length = strlen(when) < TRIGGER_TEXT ? strlen(when) : TRIGGER_TEXT;
	for (size_t i = 0; i < size; i++) {
		window_push(trigger, length, data[i]);
		if (trigger->filled == length && memcmp(trigger->window, when, length) == 0) {
			trigger->filled = 0;
			*used = i + 1;
			return options->monitor[trigger->next++];
		}
	}
	return NULL;
}
