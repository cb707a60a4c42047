/*
 * One run of the machine: its UART between the person (or a program) and QEMU.
 */
#ifndef SESSION_H
#define SESSION_H

#include "demux.h"
#include "lines.h"
#include "qemu.h"
#include "trigger.h"
#include "verdict.h"

/* Hears all that the machine says, in the order in which it says it, before anybody else. */
typedef void session_observe(void *context, char stream, const uint8_t *data, size_t size);

struct session {
	const struct system *system;
	const struct options *options;
	struct qemu qemu;
	bool framed;
	char console; /* stream of the first VM's console; 0: it has none */
	struct demux demux;
	struct lines lines;
	struct trigger trigger;
	struct verdict verdict;
	struct bytes to_machine; /* not written to the UART yet */
	char selected;		 /* stream selected in that direction */
	bool read_input;	 /* standard input is forwarded */
	bool escape;		 /* the last byte typed was Ctrl-A */
	bool heard;		 /* the machine has said something: its console listens */
	bool size_due;		 /* the machine is to be told the terminal's size */
	int64_t deadline_ms;	 /* of --timeout; 0: none */
	int64_t leave_ms;	 /* when QEMU is stopped that should stop by itself; 0: not asked to */
	bool left;		 /* the person left */
	FILE *log;		 /* --log; NULL: none */
	session_observe *observe; /* NULL: nobody */
	void *context;
};

int64_t now_ms(void);

/* `skink run` with these options, and somebody who listens. Once in a process. */
int run_observed(const struct options *options, session_observe *observe, void *context);

/* Bytes from the UART. */
void session_output(struct session *session, const uint8_t *data, size_t size);
/* Bytes from standard input. */
void session_input(struct session *session, const uint8_t *data, size_t size);

/* The terminal's size may have changed. */
void session_resized(struct session *session);

/* Runs until the machine has stopped, the time is over or a signal came; returns the exit status. */
int session_run(struct session *session);

#endif
