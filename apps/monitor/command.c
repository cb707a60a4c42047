#include "command.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "screen.h"

static const struct command *const groups[] = {
	command_vm, command_server, command_inject, command_statistics, command_top, command_trace, command_console,
	command_system,
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

const struct command *command_at(uint32_t i)
{
	for (uint32_t group = 0; group < GROUPS; group++) {
		for (const struct command *command = groups[group]; command->name != NULL; command++) {
			if (i-- == 0) {
				return command;
			}
		}
	}
	return NULL;
}

const struct command *command_named(const char *name)
{
	const struct command *command = NULL;

	for (uint32_t i = 0; (command = command_at(i)) != NULL && strcmp(command->name, name) != 0; i++) {
	}
	return command;
}

/* Cuts `text` into words in place. More than COMMAND_WORDS: returns COMMAND_WORDS + 1. */
static uint32_t split(char *text, const char *words[COMMAND_WORDS])
{
	uint32_t count = 0;

	for (char *next = text; *next != '\0';) {
		while (*next == ' ') {
			*next++ = '\0';
		}
		if (*next == '\0') {
			break;
		}
		if (count == COMMAND_WORDS) {
			return COMMAND_WORDS + 1;
		}
		words[count++] = next;
		while (*next != '\0' && *next != ' ') {
			next++;
		}
	}
	return count;
}

static const char *kind_name(enum argument_kind kind)
{
	switch (kind) {
	case ARGUMENT_VM:
		return "VM";
	case ARGUMENT_SERVER:
		return "server";
	case ARGUMENT_STREAM:
		return "console";
	case ARGUMENT_COMMAND:
		return "command";
	case ARGUMENT_NUMBER:
		return "number";
	case ARGUMENT_SWITCH:
		return "\"on\" or \"off\"";
	case ARGUMENT_FAULT:
		return "type of fault";
	default:
		return "argument";
	}
}

static void list_names(enum argument_kind kind)
{
	char name[SK_NAME_BYTES];

	for (uint32_t i = 0; names_at(kind, i, name); i++) {
		screen_print("%s%s", i == 0 ? " There are: " : ", ", name);
	}
	screen_text("\n");
}

static bool resolve(enum argument_kind kind, const char *word, struct argument *argument)
{
	argument->word = word;
	if (kind == ARGUMENT_NUMBER) {
		if (!names_number(word, &argument->value)) {
			screen_print("\"%s\" is not a number\n", word);
			return false;
		}
		return true;
	}
	if (names_find(kind, word, &argument->value)) {
		return true;
	}
	if (kind == ARGUMENT_COMMAND || kind == ARGUMENT_SWITCH) {
		screen_print("\"%s\" is not a %s\n", word, kind_name(kind));
	} else {
		screen_print("there is no %s \"%s\".", kind_name(kind), word);
		list_names(kind);
	}
	return false;
}

void command_run(const char *line)
{
	char text[LINE_BYTES];
	const char *words[COMMAND_WORDS];
	struct argument arguments[COMMAND_WORDS] = { { NULL, 0 } };

	(void)strncpy(text, line, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	uint32_t count = split(text, words);

	if (count == 0) {
		return;
	}
	const struct command *command = command_named(words[0]);
	if (command == NULL) {
		screen_print("no command \"%s\"; `help` lists them\n", words[0]);
		return;
	}
	uint32_t given = count - 1;
	uint32_t most = 0;

	while (most < 3 && command->arguments[most] != ARGUMENT_NONE) {
		most++;
	}
	if (given < command->required || given > most) {
		screen_print("too %s arguments; usage: %s%s%s\n", given < command->required ? "few" : "many",
			     command->name, *command->usage == '\0' ? "" : " ", command->usage);
		return;
	}
	for (uint32_t i = 0; i < given; i++) {
		if (!resolve(command->arguments[i], words[1 + i], &arguments[i])) {
			return;
		}
	}
	command->run(arguments, given);
}
