/*
 * A server's `restart` node: what happens when it crashes.
 */
#include "reader.h"

static const char *const restart_policies[] = { "never", "always", NULL };
static const char *const restart_fallbacks[] = { "none", "mark-failed", "stop-vm", "restart-dependants", "halt", NULL };

static const struct property restart_properties[] = {
	{ "policy", "\"always\" or \"never\"", true },
	{ "max", "restarts in a window, 1 to 1000", false },
	{ "window-ms", "milliseconds, 1 to 3600000", false },
	{ "backoff-ms", "1 to 8 delays in milliseconds, each 0 to 60000", false },
	{ "fallback", "\"none\", \"mark-failed\", \"stop-vm\", \"restart-dependants\" or \"halt\"", false },
	{ "standby", "no value", false },
};
static const struct schema restart_schema = { "a restart policy", SCHEMA_PROPERTIES(restart_properties),
					      schema_no_children };

void restart_read(struct reader *reader, int server_node, struct manifest_restart *restart)
{
	*restart = (struct manifest_restart){
		.policy = MANIFEST_RESTART_ALWAYS,
		.fallback = MANIFEST_FALLBACK_NONE,
		.max = 10,
		.window_ms = 10000,
		.backoff_ms = { 0 },
		.backoff_count = 1,
		.node = fdt_subnode_offset(reader->fdt, server_node, "restart"),
	};
	if (restart->node < 0) {
		restart->node = -1;
		return;
	}
	struct section section = section_open(reader, restart->node, &restart_schema);
	restart->policy =
		(enum manifest_restart_policy)value_word(&section, "policy", restart_policies, restart->policy);
	restart->fallback =
		(enum manifest_fallback)value_word(&section, "fallback", restart_fallbacks, restart->fallback);
	value_u32(&section, "max", (struct bounds){ 1, 1000 }, &restart->max);
	value_u32(&section, "window-ms", (struct bounds){ 1, 3600000 }, &restart->window_ms);
	value_u32_list(&section, "backoff-ms", (struct bounds){ 0, 60000 }, restart->backoff_ms, MANIFEST_BACKOFFS,
		       &restart->backoff_count);
	value_flag(&section, "standby", &restart->standby);
}
