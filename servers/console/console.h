/*
 * The console server's state, and its parts' functions. One thread, so no locks.
 *
 * The terminal's one line is shared by many streams: each server with a console
 * of its own has a region "stream:NAME" of two byte rings, every server has its log
 * in "log:NAME". Two ways to share it, chosen by the manifest's /chosen:
 *   terminal  a person looks at one stream at a time, with log lines in between, and
 *             gives commands behind the escape key Ctrl-A;
 *   framed    a program at the other end gets all streams, told apart by frame bytes (output.h).
 *
 * What survives a kill: the rings' indices, and everything in `struct sk_console_state`.
 * A character counts as taken (read index) right after it was handed to the hardware.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/byte_ring.h>
#include <sk/idl/console.h>
#include <sk/start.h>
#include <skink/manifest.h>

#include "output.h"

#define CONSOLE_STREAMS 40u
#define CONSOLE_LOGS 48u
#define CONSOLE_LOG_INDEX 255u   /* what interface console calls the merged log */
#define CONSOLE_ESCAPE 0x01u     /* Ctrl-A */
#define CONSOLE_TURN_BYTES 256u  /* a stream's turn before the next one's */
#define CONSOLE_BATCH_NS 1000000u

/* What was printed, kept in a ring: byte i of the stream is at i % bytes. */
struct scroll_back {
	uint8_t *data;
	uint32_t bytes;
};

struct stream {
	char name[SK_NAME_BYTES];
	char id;                  /* '0' control, 'M' monitor, else by manifest_stream_id(); 0: none */
	struct sk_byte_ring *printed;
	struct sk_byte_ring *typed;
	uint64_t capacity;        /* of either */
	struct scroll_back back;
	sk_cap_t client;          /* notification: signalled for typed bytes and for room */
	bool signal;              /* something was typed since the client was signalled */
};

struct log_source {
	char name[SK_NAME_BYTES];
	struct sk_byte_ring *ring;
	uint64_t capacity;
};

struct console {
	struct output output;
	struct sk_console_state *state;
	struct stream streams[CONSOLE_STREAMS];
	uint32_t stream_count;
	uint32_t next_stream; /* whose turn it is */
	struct log_source logs[CONSOLE_LOGS];
	uint32_t log_count;
	uint32_t next_log;
	struct scroll_back log_back;
	sk_cap_t supervisor;  /* its operator interface, if granted */
};

/*
 * Finds streams and logs in the start page, and divides `back` among them for scroll-back. True: `state` is an earlier
 * instance's, of the same layout, and this one goes on with it. False: console_begin() comes next.
 */
bool console_open(struct console *console, const struct sk_start *start, struct sk_console_state *state,
		  const struct scroll_back *back);

/* Sets the state to its beginning: the manifest's letters, the first VM's console selected, log lines shown. */
void console_begin(struct console *console, const struct manifest *manifest);

/* The stream with this letter, or NULL. */
struct stream *console_stream(struct console *console, char id);

static inline struct stream *console_selected(struct console *console)
{
	return &console->streams[console->state->selected];
}

/* mux.c: what goes out. */

enum mux_result {
	MUX_EMPTY, /* nothing waits any more */
	MUX_MORE,  /* the turns are over and something waits */
	MUX_FULL,  /* the hardware takes no more for now */
};

/* Gives every stream one turn and every log one line. */
enum mux_result mux_round(struct console *console);

/* True if a ring is so full that its writer may soon have to wait. */
bool mux_urgent(const struct console *console);

/* input.c: what comes in. */

/* Takes one byte from the line. */
void input_byte(struct console *console, uint8_t byte);

/* Signals the clients that were typed to. */
void input_signal(struct console *console);

/* size.c: the terminal's size, which all streams' clients are told. */

/* What the next byte of input is part of, beside mere input: `escape` of the state. */
enum { ESCAPE_NONE, ESCAPE_KEY, ESCAPE_COLUMNS, ESCAPE_ROWS };

/* From now on; 0 columns: unknown. Then input_signal(). */
void size_set(struct console *console, uint32_t columns, uint32_t rows);

/* Whatever an earlier instance left undone of that. */
void size_tell(struct console *console);

/* One byte behind Ctrl-A w: COLUMNSxROWS; and anything else ends it without effect. */
void size_byte(struct console *console, uint8_t byte);

/* escape.c: the operator's commands behind the escape key. */

void escape_command(struct console *console, uint8_t key);

/* Shows this stream from now on (terminal mode): what it printed unseen comes first. */
void escape_select(struct console *console, uint32_t index);

#endif
