/*
 * The line editor: keys in, an edited line out, with history. On a person's
 * terminal it echoes and understands the usual keys (Ctrl-A belongs to the console, so Home is
 * the way to the beginning); for a program it only collects characters up to the
 * line's end. It knows nothing of commands.
 */
#ifndef MONITOR_LINE_H
#define MONITOR_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES 200u   /* with the NUL */
#define LINE_HISTORY 32u

enum line_event {
	LINE_NOTHING,
	LINE_READY,    /* line->text is complete; call line_begin() when it has been dealt with */
	LINE_COMPLETE, /* Tab was pressed with the cursor at line->cursor */
	LINE_TOO_LONG, /* a program's line was too long and has been dropped; call line_begin() */
};

struct line {
	char text[LINE_BYTES];
	uint32_t length;
	uint32_t cursor;
	const char *prompt;
	bool terminal;
	bool overflow;
	uint8_t last;              /* the byte before: CR LF is one line's end */
	uint8_t escape;            /* 0: none, 1: after ESC, 2: after ESC [ or ESC O */
	uint8_t parameter;         /* of an escape sequence */
	char history[LINE_HISTORY][LINE_BYTES];
	uint32_t history_count;    /* ever added */
	uint32_t history_place;    /* how many lines back the one on show is; 0: the line being typed */
	char typed[LINE_BYTES];    /* the line being typed, while history is on show */
};

/* `prompt` lives as long as the line. */
void line_open(struct line *line, const char *prompt, bool terminal);

/* Shows the prompt with an empty line. */
void line_begin(struct line *line);

enum line_event line_key(struct line *line, uint8_t byte);

/* Puts text in at the cursor, as if it had been typed. */
void line_insert(struct line *line, const char *text);

/* Shows prompt and line again, on a new line: after something else was printed. */
void line_show_again(const struct line *line);

#endif
