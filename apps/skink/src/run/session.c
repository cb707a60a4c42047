/* What becomes of the bytes of either direction. See session.h; loop.c moves them. */
#define _POSIX_C_SOURCE 200809L
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define CTRL_A 0x01
#define LEAVE_MS 2000
#define POWER_OFF_MS 10000 /* from the first VM's end to the machine's */

int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_all(struct session *session, int file, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(file, data, size);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { file, POLLOUT, 0 };
			poll(&wait, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR) {
			qemu_stop(&session->qemu);
			fatal(TOOL_FAILED, "standard output can't be written: %s", strerror(errno));
		}
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void session_monitor(struct session *session, const char *command)
{
	struct bytes line = { 0 };
	bytes_text(&line, command);
	bytes_text(&line, "\n");
	demux_encode(&session->to_machine, &session->selected, DEMUX_MONITOR, line.data, line.size);
	bytes_free(&line);
}

static void session_triggers(struct session *session, const uint8_t *data, size_t size)
{
	size_t used;
	const char *command = trigger_take(&session->trigger, data, size, &used);
	while (command != NULL) {
		session_monitor(session, command);
		data += used;
		size -= used;
		command = trigger_take(&session->trigger, data, size, &used);
	}
}

static void session_control(struct session *session, const uint8_t *data, size_t size)
{
	struct verdict *verdict = &session->verdict;
	verdict_control(verdict, data, size);
	session->trigger.ready = verdict->booted;
	session_triggers(session, NULL, 0);
	/* A server that failed for good need not be the end; the first VM's end is. */
	if ((verdict->off || verdict->halted || verdict->vm_failed) && session->leave_ms == 0) {
		session->leave_ms = now_ms() + POWER_OFF_MS;
	}
}

static void session_deliver(void *context, char stream, const uint8_t *data, size_t size)
{
	struct session *session = context;
	if (session->observe != NULL) {
		session->observe(session->context, stream, data, size);
	}
	if (stream == DEMUX_CONTROL) {
		session_control(session, data, size);
	}
	if (stream == session->console && stream != DEMUX_RAW) {
		write_all(session, STDOUT_FILENO, data, size);
		session_triggers(session, data, size);
		return;
	}
	lines_take(&session->lines, stream, data, size);
}

/* Typed, as a person could: Ctrl-A w COLUMNSxROWS; and not between a person's Ctrl-A and its key. */
static void tell_size(struct session *session)
{
	struct winsize size;
	if (!session->size_due || session->escape || !session->heard) {
		return;
	}
	session->size_due = false;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_row != 0) {
		char *text = text_print("%cw%ux%u;", CTRL_A, size.ws_col, size.ws_row);
		bytes_text(&session->to_machine, text);
		free(text);
	}
}

void session_resized(struct session *session)
{
	session->size_due = !session->framed;
	tell_size(session);
}

/* `skink top` is a run at whose terminal this is typed first. */
static void type_top(struct session *session)
{
	if (session->options->command == COMMAND_TOP && !session->heard) {
		char *text = text_print("%cmtop\r", CTRL_A);
		bytes_text(&session->to_machine, text);
		free(text);
	}
}

void session_output(struct session *session, const uint8_t *data, size_t size)
{
	type_top(session);
	session->heard = true;
	tell_size(session);
	verdict_watch(&session->verdict, data, size);
	if (session->framed) {
		if (session->demux.deliver == NULL) {
			session->demux.deliver = session_deliver;
			session->demux.context = session;
		}
		demux_take(&session->demux, data, size);
		return;
	}
	if (session->log != NULL) {
		fwrite(data, 1, size, session->log);
		fflush(session->log);
	}
	write_all(session, STDOUT_FILENO, data, size);
}

/* Ctrl-A x goes to the machine, which powers itself off; one that doesn't any more is stopped soon after. */
static void session_escapes(struct session *session, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (session->escape && (data[i] == 'x' || data[i] == 'X')) {
			session->left = true;
			session->leave_ms = now_ms() + LEAVE_MS;
		}
		session->escape = !session->escape && data[i] == CTRL_A;
	}
}

void session_input(struct session *session, const uint8_t *data, size_t size)
{
	if (session->framed) {
		demux_encode(&session->to_machine, &session->selected, session->console, data, size);
		return;
	}
	session_escapes(session, data, size);
	bytes_append(&session->to_machine, data, size);
	tell_size(session);
}
