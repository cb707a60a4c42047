/* Consoles: the streams on the line, which one a terminal shows, and what they printed. */
#include <string.h>

#include <sk/idl/console_client.h>

#include "command.h"
#include "names.h"
#include "report.h"
#include "screen.h"
#include "table.h"

#define LOG_INDEX 255u /* the merged log, to console.scroll_back */

static void list_consoles(const struct argument *arguments, uint32_t count)
{
	struct sk_stream_info stream;
	uint32_t selected = 0;
	uint32_t streams = 0;
	bool log_shown = false;
	bool framed = false;

	(void)arguments;
	(void)count;
	if (!report_answered("console", console_info(names_console(), &selected, &streams, &log_shown, &framed))) {
		return;
	}
	table_begin("key|name|>printed|>typed|>waiting|>typed in vain|");
	for (uint32_t i = 0; i < streams && console_stream(names_console(), i, &stream) == SK_OK; i++) {
		table_cell("%c", stream.id == 0 ? '-' : (int)stream.id);
		table_cell("%.24s", (const char *)stream.name);
		table_cell("%llu", (unsigned long long)stream.printed);
		table_cell("%llu", (unsigned long long)stream.typed);
		table_cell("%llu", (unsigned long long)(stream.printed - stream.taken));
		table_cell("%llu", (unsigned long long)stream.lost);
		table_cell("%s", i == selected && !framed ? "on the terminal" : "");
	}
	table_end("there are no consoles");
	screen_print("log lines are %s\n", framed ? "framed" : log_shown ? "shown" : "hidden");
}

static void select_console(const struct argument *arguments, uint32_t count)
{
	(void)count;
	report_order("console", arguments[0].word, console_select(names_console(), (uint32_t)arguments[0].value));
}

static void show_log_lines(const struct argument *arguments, uint32_t count)
{
	(void)count;
	report_order("log lines", arguments[0].word, console_show_log(names_console(), arguments[0].value != 0));
}

static void set_size(const struct argument *arguments, uint32_t count)
{
	uint16_t columns = (uint16_t)arguments[0].value;
	uint16_t rows = (uint16_t)arguments[1].value;

	(void)count;
	if (columns != arguments[0].value || rows != arguments[1].value) {
		screen_print("size: expected numbers up to 65535\n");
		return;
	}
	report_order("size", arguments[0].word, console_resize(names_console(), columns, rows));
}

static void show_scroll_back(uint32_t index, const char *name)
{
	uint8_t text[2048];
	uint64_t from = 0;
	uint32_t bytes = 0;

	do {
		bytes = sizeof(text);
		if (!report_answered(name, console_scroll_back(names_console(), index, from, &from, text, &bytes))) {
			return;
		}
		screen_write((const char *)text, bytes);
	} while (bytes == sizeof(text));
	screen_text("\n");
}

static void scroll_back(const struct argument *arguments, uint32_t count)
{
	(void)count;
	show_scroll_back((uint32_t)arguments[0].value, arguments[0].word);
}

static void show_log(const struct argument *arguments, uint32_t count)
{
	(void)arguments;
	(void)count;
	show_scroll_back(LOG_INDEX, "log");
}

const struct command command_console[] = {
	{ "consoles", { ARGUMENT_NONE }, 0, "", "list the streams on the line", NULL, list_consoles },
	{ "console", { ARGUMENT_STREAM }, 1, "NAME", "show another stream on the terminal",
	  "Like Ctrl-A and its key. Ctrl-A m comes back.", select_console },
	{ "loglines", { ARGUMENT_SWITCH }, 1, "on|off", "log lines among the output", NULL, show_log_lines },
	{ "scrollback", { ARGUMENT_STREAM }, 1, "NAME", "what a stream printed before", NULL, scroll_back },
	{ "size", { ARGUMENT_NUMBER, ARGUMENT_NUMBER }, 2, "COLUMNS ROWS", "the terminal's size, for guests that ask",
	  "`skink run` tells it by itself, at a terminal. 0 0: unknown.", set_size },
	{ "log", { ARGUMENT_NONE }, 0, "", "the servers' last log lines", NULL, show_log },
	{ .name = NULL },
};
