/* The loop of a run: UART, standard input, signals, time. */
#define _GNU_SOURCE /* signalfd */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "terminal.h"

#define INPUT_QUEUE_MAX 65536u

enum { UART_OUT, UART_IN, INPUT, SIGNALS, POLLED };

static int signals_open(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGWINCH);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int poll_timeout(const struct session *session)
{
	int64_t first = session->deadline_ms;
	if (session->leave_ms != 0 && (first == 0 || session->leave_ms < first)) {
		first = session->leave_ms;
	}
	if (first == 0) {
		return -1;
	}
	int64_t left = first - now_ms();
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left + 1;
}

/* False at the end of the UART's output: QEMU is going. */
static bool move_output(struct session *session)
{
	uint8_t piece[16384];
	ssize_t n = read(session->qemu.output, piece, sizeof(piece));
	if (n > 0) {
		session_output(session, piece, (size_t)n);
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static void move_input(struct session *session)
{
	uint8_t piece[4096];
	ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));
	if (n > 0) {
		session_input(session, piece, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		session->read_input = false;
	}
}

static void move_to_machine(struct session *session)
{
	struct bytes *queue = &session->to_machine;
	ssize_t n = write(session->qemu.input, queue->data, queue->size);
	if (n > 0) {
		memmove(queue->data, queue->data + n, queue->size - (size_t)n);
		queue->size -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		queue->size = 0; /* QEMU is going; its output's end will tell */
	}
}

enum ending { GOES_ON, STOPPED, TIMED_OUT, LEFT, SIGNALLED };

static enum ending loop_once(struct session *session, int signals, int *number)
{
	bool may_read = session->read_input && session->to_machine.size < INPUT_QUEUE_MAX;
	struct pollfd polled[POLLED] = {
		[UART_OUT] = { session->qemu.output, POLLIN, 0 },
		[UART_IN] = { session->to_machine.size != 0 ? session->qemu.input : -1, POLLOUT, 0 },
		[INPUT] = { may_read ? STDIN_FILENO : -1, POLLIN, 0 },
		[SIGNALS] = { signals, POLLIN, 0 },
	};
	if (poll(polled, POLLED, poll_timeout(session)) < 0 && errno != EINTR) {
		fatal(TOOL_FAILED, "poll: %s", strerror(errno));
	}
	struct signalfd_siginfo info;
	if (polled[SIGNALS].revents != 0 && read(signals, &info, sizeof(info)) == sizeof(info)) {
		*number = (int)info.ssi_signo;
		if (info.ssi_signo != SIGWINCH) {
			return SIGNALLED;
		}
		session_resized(session);
	}
	if (polled[UART_IN].revents != 0) {
		move_to_machine(session);
	}
	if (polled[INPUT].revents != 0) {
		move_input(session);
	}
	if (polled[UART_OUT].revents != 0 && !move_output(session)) {
		return STOPPED;
	}
	if (session->deadline_ms != 0 && now_ms() >= session->deadline_ms) {
		return TIMED_OUT;
	}
	return session->leave_ms != 0 && now_ms() >= session->leave_ms ? LEFT : GOES_ON;
}

/* The machine stopped, or was stopped because it should have. */
static int session_verdict(struct session *session, int qemu_status, bool by_itself)
{
	const struct verdict *verdict = &session->verdict;
	enum tool_status status = verdict_status(verdict, session->framed);
	/* A trace's last order switches the machine off, with its VM or without. */
	bool wanted = session->left || (session->options->command == COMMAND_TRACE && verdict->halted && !verdict->crashed);
	if (wanted && status != TOOL_PANIC) {
		return TOOL_OK;
	}
	if (status == TOOL_PANIC || (status == TOOL_CRASHED && verdict->crashed)) {
		notice("%s", verdict->why);
		return status;
	}
	if (by_itself && qemu_status != 0) {
		notice("'%s' ended with status %d before the system did", session->qemu.argv[0], qemu_status);
		return session->options->cpu != NULL && !verdict->booted ? TOOL_BAD_INPUT : TOOL_FAILED;
	}
	if (status == TOOL_CRASHED) {
		notice("the machine stopped, but VM `%s` had not powered itself off",
		       verdict->first_vm != NULL ? verdict->first_vm : "(none)");
	}
	return status;
}

int session_run(struct session *session)
{
	int number = 0;
	int signals = signals_open();
	qemu_start(&session->qemu);
	if (!session->framed) {
		terminal_raw();
	}
	enum ending ending = GOES_ON;
	while (ending == GOES_ON) {
		ending = loop_once(session, signals, &number);
	}
	int qemu_status = ending == STOPPED ? qemu_wait(&session->qemu) : qemu_stop(&session->qemu);
	terminal_restore();
	lines_flush(&session->lines);
	if (ending == SIGNALLED) {
		notice("stopped by signal %d", number);
		return 128 + number;
	}
	if (ending == TIMED_OUT) {
		bool panic = verdict_status(&session->verdict, session->framed) == TOOL_PANIC;
		notice("timeout: the system still ran after %llu s", (unsigned long long)session->options->timeout);
		return panic ? TOOL_PANIC : TOOL_TIMEOUT;
	}
	if (ending == LEFT && !session->left) {
		notice("the machine did not power itself off, and was stopped");
	}
	return session_verdict(session, qemu_status, ending == STOPPED);
}
