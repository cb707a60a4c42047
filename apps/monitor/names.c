#include "names.h"

#include <stdlib.h>
#include <string.h>

#include <inject/faults.h>
#include <sk/idl/console_client.h>
#include <sk/idl/supervisor_client.h>

#define NAMES_MAX 256u

static sk_cap_t supervisor;
static sk_cap_t console;
static sk_cap_t injection;

void names_open(sk_cap_t supervisor_cap, sk_cap_t console_cap, sk_cap_t injection_cap)
{
	supervisor = supervisor_cap;
	console = console_cap;
	injection = injection_cap;
}

sk_cap_t names_supervisor(void)
{
	return supervisor;
}

sk_cap_t names_console(void)
{
	return console;
}

sk_cap_t names_injection(void)
{
	return injection;
}

static void copy_name(char name[SK_NAME_BYTES], const uint8_t *from)
{
	memcpy(name, from, SK_NAME_BYTES);
	name[SK_NAME_BYTES - 1] = '\0';
}

bool names_at(enum argument_kind kind, uint32_t i, char name[SK_NAME_BYTES])
{
	struct sk_vm_info vm;
	struct sk_server_info server;
	struct sk_stream_info stream;

	switch (kind) {
	case ARGUMENT_VM:
		if (operator_vm(supervisor, i, &vm) != SK_OK) {
			return false;
		}
		copy_name(name, vm.name);
		return true;
	case ARGUMENT_SERVER:
		if (operator_server(supervisor, i, &server) != SK_OK) {
			return false;
		}
		copy_name(name, server.name);
		return true;
	case ARGUMENT_STREAM:
		if (console_stream(console, i, &stream) != SK_OK) {
			return false;
		}
		copy_name(name, stream.name);
		return true;
	case ARGUMENT_COMMAND:
		if (command_at(i) == NULL) {
			return false;
		}
		(void)strncpy(name, command_at(i)->name, SK_NAME_BYTES - 1);
		name[SK_NAME_BYTES - 1] = '\0';
		return true;
	case ARGUMENT_SWITCH:
		(void)strcpy(name, i == 0 ? "off" : "on");
		return i < 2;
	case ARGUMENT_FAULT:
		/* The table's end has no name: nobody asks beyond it. */
		if (fault_types[i].name == NULL) {
			return false;
		}
		(void)strncpy(name, fault_types[i].name, SK_NAME_BYTES - 1);
		name[SK_NAME_BYTES - 1] = '\0';
		return true;
	default:
		return false;
	}
}

bool names_number(const char *word, uint64_t *value)
{
	char *end = NULL;

	if (*word < '0' || *word > '9') {
		return false;
	}
	*value = strtoull(word, &end, word[0] == '0' && word[1] == 'x' ? 16 : 10);
	return *end == '\0' && end != word;
}

bool names_find(enum argument_kind kind, const char *word, uint64_t *index)
{
	char name[SK_NAME_BYTES];
	uint32_t count = 0;

	for (; count < NAMES_MAX && names_at(kind, count, name); count++) {
		if (strcmp(name, word) == 0) {
			*index = count;
			return true;
		}
	}
	return names_number(word, index) && *index < count;
}
