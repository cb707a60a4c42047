#include "line.h"

#include <string.h>

#include "screen.h"

#define CTRL(key) ((key) & 0x1fu)
#define KEY_ESCAPE 0x1bu
#define KEY_DELETE 0x7fu

void line_open(struct line *line, const char *prompt, bool terminal)
{
	memset(line, 0, sizeof(*line));
	line->prompt = prompt;
	line->terminal = terminal;
}

void line_begin(struct line *line)
{
	line->text[0] = '\0';
	line->length = 0;
	line->cursor = 0;
	line->overflow = false;
	line->history_place = 0;
	screen_text(line->prompt);
}

/* The whole line anew, cursor in its place. */
static void show(const struct line *line)
{
	if (!line->terminal) {
		return;
	}
	screen_print("\r%s%s\x1b[K", line->prompt, line->text);
	if (line->cursor != line->length) {
		screen_print("\x1b[%uD", (unsigned)(line->length - line->cursor));
	}
}

void line_show_again(const struct line *line)
{
	show(line);
}

static void insert(struct line *line, const char *text, size_t bytes)
{
	if (line->length + bytes >= LINE_BYTES) {
		line->overflow = true;
		return;
	}
	memmove(line->text + line->cursor + bytes, line->text + line->cursor, line->length - line->cursor + 1);
	memcpy(line->text + line->cursor, text, bytes);
	line->length += (uint32_t)bytes;
	line->cursor += (uint32_t)bytes;
	if (line->terminal && line->cursor == line->length) {
		screen_write(text, bytes);
	} else {
		show(line);
	}
}

void line_insert(struct line *line, const char *text)
{
	insert(line, text, strlen(text));
}

/* Takes [from, to) out; the cursor goes to `from`. */
static void cut(struct line *line, uint32_t from, uint32_t to)
{
	memmove(line->text + from, line->text + to, line->length - to + 1);
	line->length -= to - from;
	line->cursor = from;
	show(line);
}

static uint32_t word_start(const struct line *line)
{
	uint32_t at = line->cursor;

	while (at != 0 && line->text[at - 1] == ' ') {
		at--;
	}
	while (at != 0 && line->text[at - 1] != ' ') {
		at--;
	}
	return at;
}

static void move(struct line *line, uint32_t cursor)
{
	line->cursor = cursor;
	show(line);
}

static void set_text(struct line *line, const char *text)
{
	(void)strncpy(line->text, text, LINE_BYTES - 1);
	line->text[LINE_BYTES - 1] = '\0';
	line->length = (uint32_t)strlen(line->text);
	move(line, line->length);
}

static const char *history_at(const struct line *line, uint32_t place)
{
	return line->history[(line->history_count - place) % LINE_HISTORY];
}

static void history_add(struct line *line)
{
	if (line->length == 0 || (line->history_count != 0 && strcmp(history_at(line, 1), line->text) == 0)) {
		return;
	}
	memcpy(line->history[line->history_count % LINE_HISTORY], line->text, LINE_BYTES);
	line->history_count++;
}

static void history_older(struct line *line)
{
	uint32_t kept = line->history_count < LINE_HISTORY ? line->history_count : LINE_HISTORY;

	if (line->history_place == kept) {
		return;
	}
	if (line->history_place == 0) {
		memcpy(line->typed, line->text, LINE_BYTES);
	}
	line->history_place++;
	set_text(line, history_at(line, line->history_place));
}

static void history_newer(struct line *line)
{
	if (line->history_place == 0) {
		return;
	}
	line->history_place--;
	set_text(line, line->history_place == 0 ? line->typed : history_at(line, line->history_place));
}

static void key_left(struct line *line)
{
	if (line->cursor != 0) {
		move(line, line->cursor - 1);
	}
}

static void key_right(struct line *line)
{
	if (line->cursor != line->length) {
		move(line, line->cursor + 1);
	}
}

static void key_delete(struct line *line)
{
	if (line->cursor != line->length) {
		cut(line, line->cursor, line->cursor + 1);
	}
}

static void key_backspace(struct line *line)
{
	if (line->cursor != 0) {
		cut(line, line->cursor - 1, line->cursor);
	}
}

/* ESC [ 3 ~ and the like. */
static void numbered_key(struct line *line)
{
	switch (line->parameter) {
	case 1:
	case 7:
		move(line, 0);
		break;
	case 3:
		key_delete(line);
		break;
	case 4:
	case 8:
		move(line, line->length);
		break;
	default:
		break;
	}
}

static void escape_key(struct line *line, uint8_t byte)
{
	if (line->escape == 1) {
		line->escape = byte == '[' || byte == 'O' ? 2 : 0;
		line->parameter = 0;
		return;
	}
	if (byte >= '0' && byte <= '9') {
		line->parameter = (uint8_t)(byte - '0');
		return;
	}
	if (byte == ';') {
		return;
	}
	line->escape = 0;
	switch (byte) {
	case 'A':
		history_older(line);
		break;
	case 'B':
		history_newer(line);
		break;
	case 'C':
		key_right(line);
		break;
	case 'D':
		key_left(line);
		break;
	case 'H':
		move(line, 0);
		break;
	case 'F':
		move(line, line->length);
		break;
	case '~':
		numbered_key(line);
		break;
	default:
		break;
	}
}

static void control_key(struct line *line, uint8_t byte)
{
	switch (byte) {
	case KEY_ESCAPE:
		line->escape = 1;
		break;
	case CTRL('b'):
		key_left(line);
		break;
	case CTRL('c'):
		screen_text("^C\n");
		line_begin(line);
		break;
	case CTRL('d'):
		key_delete(line);
		break;
	case CTRL('e'):
		move(line, line->length);
		break;
	case CTRL('f'):
		key_right(line);
		break;
	case CTRL('h'):
	case KEY_DELETE:
		key_backspace(line);
		break;
	case CTRL('k'):
		line->length = line->cursor;
		line->text[line->length] = '\0';
		show(line);
		break;
	case CTRL('l'):
		screen_text("\x1b[H\x1b[2J");
		show(line);
		break;
	case CTRL('n'):
		history_newer(line);
		break;
	case CTRL('p'):
		history_older(line);
		break;
	case CTRL('u'):
		cut(line, 0, line->cursor);
		break;
	case CTRL('w'):
		cut(line, word_start(line), line->cursor);
		break;
	default:
		break;
	}
}

static enum line_event end_of_line(struct line *line)
{
	if (line->terminal) {
		screen_text("\n");
		history_add(line);
		return LINE_READY;
	}
	return line->overflow ? LINE_TOO_LONG : LINE_READY;
}

enum line_event line_key(struct line *line, uint8_t byte)
{
	uint8_t last = line->last;

	line->last = byte;
	if (line->terminal && line->escape != 0) {
		escape_key(line, byte);
		return LINE_NOTHING;
	}
	if (byte == '\n' && last == '\r') {
		return LINE_NOTHING;
	}
	if (byte == '\r' || byte == '\n') {
		return end_of_line(line);
	}
	if (byte == '\t' && line->terminal) {
		return LINE_COMPLETE;
	}
	if (byte < 0x20 || byte == KEY_DELETE) {
		if (line->terminal) {
			control_key(line, byte);
		}
		return LINE_NOTHING;
	}
	insert(line, (const char *)&byte, 1);
	return LINE_NOTHING;
}
