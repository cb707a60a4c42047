/* Running another program to its end. */
#define _GNU_SOURCE /* pipe2 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { INPUT, OUTPUT, ERRORS, STREAMS };

struct program {
	int ours[STREAMS];
	int theirs[STREAMS];
};

static void close_both(struct program *program, int stream)
{
	if (program->ours[stream] >= 0) {
		close(program->ours[stream]);
		program->ours[stream] = -1;
	}
}

static bool program_start(struct program *program, const char *const argv[], pid_t *child)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < STREAMS; i++) {
		int ends[2];
		if (pipe2(ends, O_CLOEXEC) != 0) {
			fatal(TOOL_FAILED, "can't make a pipe");
		}
		program->theirs[i] = ends[i == INPUT ? 0 : 1];
		program->ours[i] = ends[i == INPUT ? 1 : 0];
		posix_spawn_file_actions_adddup2(&actions, program->theirs[i], i);
	}
	int failed = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < STREAMS; i++) {
		close(program->theirs[i]);
	}
	return failed == 0;
}

/* Takes what the program printed on one stream; closes the stream at its end. */
static void program_take(struct program *program, int stream, struct bytes *bytes)
{
	uint8_t piece[4096];
	ssize_t n = read(program->ours[stream], piece, sizeof(piece));
	if (n > 0) {
		bytes_append(bytes, piece, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		close_both(program, stream);
	}
}

static void program_feed(struct program *program, const struct bytes *input, size_t *sent)
{
	size_t left = input == NULL ? 0 : input->size - *sent;
	ssize_t n = left == 0 ? 0 : write(program->ours[INPUT], input->data + *sent, left);
	*sent += n > 0 ? (size_t)n : 0;
	if (left == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		close_both(program, INPUT);
	}
}

static void program_converse(struct program *program, const struct bytes *input, struct bytes *output,
			     struct bytes *errors)
{
	size_t sent = 0;
	fcntl(program->ours[INPUT], F_SETFL, O_NONBLOCK);
	while (program->ours[OUTPUT] >= 0 || program->ours[ERRORS] >= 0) {
		struct pollfd polled[STREAMS] = {
			{ program->ours[INPUT], POLLOUT, 0 },
			{ program->ours[OUTPUT], POLLIN, 0 },
			{ program->ours[ERRORS], POLLIN, 0 },
		};
		if (poll(polled, STREAMS, -1) < 0 && errno != EINTR) {
			break;
		}
		if (polled[INPUT].revents != 0) {
			program_feed(program, input, &sent);
		}
		if (polled[OUTPUT].revents != 0) {
			program_take(program, OUTPUT, output);
		}
		if (polled[ERRORS].revents != 0) {
			program_take(program, ERRORS, errors);
		}
	}
	for (int i = 0; i < STREAMS; i++) {
		close_both(program, i);
	}
}

int program_run(const char *const argv[], const struct bytes *input, struct bytes *output, struct bytes *errors)
{
	struct program program;
	pid_t child;
	int status;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	if (!program_start(&program, argv, &child)) {
		for (int i = 0; i < STREAMS; i++) {
			close_both(&program, i);
		}
		return 127;
	}
	sigaction(SIGPIPE, &ignore, &before);
	program_converse(&program, input, output, errors);
	sigaction(SIGPIPE, &before, NULL);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) {
			return 127;
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
