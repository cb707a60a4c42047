/*
 * When a crashed server is started again: the manifest's policy applied to the
 * history of its crashes. Pure: no clock, no kernel.
 *
 * First crash in a window at once, later ones after the manifest's backoffs
 * (the last of them repeats), at most `max` restarts in `window_ms`; then the fallback.
 */
#ifndef SUPERVISOR_RESTART_H
#define SUPERVISOR_RESTART_H

#include <stdint.h>

#include <skink/manifest.h>

#define RESTART_HISTORY 32u /* crashes remembered; a larger `max` counts as this */

struct restart_history {
	uint64_t at_ns[RESTART_HISTORY]; /* restarts granted in the window, oldest first */
	uint32_t count;
};

enum restart_verdict { RESTART_NOW, RESTART_LATER, RESTART_NEVER };

/*
 * Judges a crash at `now_ns` and records the restart it grants. RESTART_LATER: not
 * before `*delay_ns` from now; otherwise `*delay_ns` is 0.
 */
enum restart_verdict restart_judge(const struct manifest_restart *policy, struct restart_history *history,
				   uint64_t now_ns, uint64_t *delay_ns);

#endif
