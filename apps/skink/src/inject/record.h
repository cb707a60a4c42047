/*
 * One boot of a campaign as it is heard: the control stream's lines (what `inject` did, who crashed) and the guest's
 * console (the load), in the order in which the machine says them. What happens belongs to the last fault before it.
 * What is wrong with the load shows late, when the next line comes: a fault is to blame only once a line was right
 * since the fault before it was over.
 *
 * A fault into the console may lead lines astray: what `inject` says of a fault is in the supervisor's log a second time,
 * and counts from there if the control stream goes on without it. Should both be lost, `inject` says it a third time at
 * the fault's end; what happened since the end of the fault before is held until it is known whose it is.
 */
#ifndef INJECT_RECORD_H
#define INJECT_RECORD_H

#include <skink/manifest.h>

#include "load.h"
#include "row.h"

#define RECORD_FAULTS 64u
#define RECORD_TEXT 16384u
#define RECORD_HELD 16u

/* What came after a fault, and before the next one. */
struct aftermath {
	bool made;    /* the supervisor did it */
	bool gave_up; /* a server within the fault's domain was not restarted */
	bool load_failed;
	bool vm_failed;
	bool crossed;
	struct bytes text; /* log and control lines, for the crash record */
};

/* What the log says of a fault. */
struct hearsay {
	struct row fault; /* at_ns 0: nothing */
	bool made;
};

/* What is held: a line of the control stream, or news of the load. */
enum held_kind { HELD_EVENT, HELD_NEWS };

struct held {
	enum held_kind kind;
	enum load_news news;
	char text[LOAD_LINE];
};

struct record {
	const struct manifest *manifest;
	struct row rows[RECORD_FAULTS];
	struct hearsay hearsay[RECORD_FAULTS];
	struct aftermath after[RECORD_FAULTS];
	uint32_t count;		  /* faults that this boot was to have */
	uint32_t current;	  /* the last one begun; RECORD_FAULTS: none yet */
	uint32_t blamed;	  /* who is to blame for what is wrong with the load */
	bool over;		  /* the current fault's end was heard of */
	struct held held[RECORD_HELD];
	uint32_t held_count;
	bool good;		  /* a line of the load was right since the last fault was over */
	char broken[ROW_WORD];	  /* the device that something was wrong with last, "" */
	uint32_t broke;		  /* … by which fault */
	uint32_t broken_until;	  /* … after which one it was seen last */
	bool gave_up;		  /* some server was not restarted: its fallback is in force */
	bool stopped;		  /* … and that it stops the VM, as the manifest says */
	bool ended;		  /* `inject` came to its end */
	bool deadline;		  /* the machine had to be switched off */
	bool off;		  /* the VM switched itself off */
	bool halted;		  /* the machine went off in good order */
	char trouble[ROW_DETAIL]; /* before the first fault: the boot is worth nothing; "" */
	struct load load;
	struct load second; /* the lines of a virtio console */
	char second_stream;
	char line[1024]; /* of the control stream */
	size_t length;
	char log[1024];
	size_t log_length;
};

/* `seed`, `load`, `boot` go into every row. */
void record_begin(struct record *record, const struct manifest *manifest, const struct row *common, uint32_t count);

/* A session_observe. */
void record_observe(void *context, char stream, const uint8_t *data, size_t size);

/*
 * The machine has stopped; `panicked`: the kernel did. Gives each row its outcome. False: it was in trouble
 * before the first fault.
 */
bool record_judge(struct record *record, bool panicked, bool timed_out);

#endif
