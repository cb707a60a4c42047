#include "format.h"

#include <stdio.h>
#include <string.h>

#include <sk/idl/supervisor.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

const char *format_size(char text[FORMAT_BYTES], uint64_t bytes)
{
	if (bytes < 1024u * 1024u) {
		(void)snprintf(text, FORMAT_BYTES, "%llu KiB", (unsigned long long)((bytes + 1023) / 1024));
	} else {
		uint64_t tenths = bytes * 10 / (1024u * 1024u);

		(void)snprintf(text, FORMAT_BYTES, "%llu.%llu MiB", (unsigned long long)(tenths / 10),
			       (unsigned long long)(tenths % 10));
	}
	return text;
}

const char *format_time(char text[FORMAT_BYTES], uint64_t ns)
{
	unsigned long long n = ns;

	if (n < 1000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu ns", n);
	} else if (n < 1000000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%llu us", n / 1000, n % 1000 / 100);
	} else if (n < 1000000000) {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%03llu ms", n / 1000000, n % 1000000 / 1000);
	} else {
		(void)snprintf(text, FORMAT_BYTES, "%llu.%03llu s", n / 1000000000, n % 1000000000 / 1000000);
	}
	return text;
}

const char *format_share(char text[FORMAT_BYTES], uint64_t part, uint64_t whole)
{
	if (whole == 0) {
		return strcpy(text, "-");
	}
	uint64_t thousandths = (uint64_t)((unsigned __int128)part * 1000 / whole);

	(void)snprintf(text, FORMAT_BYTES, "%llu.%llu %%", (unsigned long long)(thousandths / 10),
		       (unsigned long long)(thousandths % 10));
	return text;
}

const char *format_cores(char text[FORMAT_BYTES], uint32_t mask)
{
	size_t used = 0;

	for (uint32_t core = 0; core < SK_MAX_CORES; core++) {
		if ((mask >> core & 1u) != 0) {
			text[used++] = (char)('0' + core);
			text[used++] = ' ';
		}
	}
	text[used == 0 ? 0 : used - 1] = '\0';
	return text;
}

const char *format_rights(char text[FORMAT_BYTES], uint32_t rights)
{
	static const char letters[] = "rwxclkg"; /* read, write, execute, call, listen, control, grant */

	for (uint32_t i = 0; i < COUNT(letters) - 1; i++) {
		text[i] = (rights >> i & 1u) != 0 ? letters[i] : '-';
	}
	text[COUNT(letters) - 1] = '\0';
	return text;
}

static const char *word(const char *const *words, uint32_t count, uint64_t value)
{
	return value < count && words[value] != NULL ? words[value] : "?";
}

static const char *format_operator_error(sk_status_t status)
{
	static const char *const words[] = {
		[OPERATOR_ERROR_NO_SUCH_SERVER] = "there is no such server",
		[OPERATOR_ERROR_NO_SUCH_VM] = "there is no such VM",
		[OPERATOR_ERROR_NO_SUCH_THREAD] = "there is no such thread or vCPU",
		[OPERATOR_ERROR_NO_SUCH_RECORD] = "there is no such crash record (any more)",
		[OPERATOR_ERROR_WRONG_STATE] = "its state does not allow this",
		[OPERATOR_ERROR_FAILED] = "it was tried and failed; the supervisor's log says why",
		[OPERATOR_ERROR_REFUSED] = "refused",
		[OPERATOR_ERROR_BUSY] = "another order for it is not finished yet",
		[OPERATOR_ERROR_NO_MORE] = "there are no more",
	};

	return word(words, COUNT(words), (uint64_t)status);
}

const char *format_status(sk_status_t status)
{
	static const char *const words[] = {
		[-SK_BAD_CAP] = "this monitor has no capability for it",
		[-SK_STALE] = "its object has been destroyed",
		[-SK_BAD_TYPE] = "its capability names something else",
		[-SK_NO_RIGHT] = "this monitor lacks the right",
		[-SK_BAD_ARG] = "an argument is out of range",
		[-SK_BAD_STATE] = "its state does not allow this",
		[-SK_UNKNOWN_OP] = "it does not know this request",
		[-SK_NO_MEMORY] = "there is not enough memory",
		[-SK_NO_SLOT] = "a table is full",
		[-SK_OVERLAP] = "it is taken already",
		[-SK_SERVER_DIED] = "the server died while it was at it; whether it happened is unknown",
		[-SK_NO_RECEIVER] = "nobody answers there",
		[-SK_WOULD_BLOCK] = "nothing is there",
		[-SK_CANCELLED] = "it was cancelled",
		[-SK_TOO_DEEP] = "too many servers call each other",
		[-SK_UNSUPPORTED] = "this machine can't do that",
	};

	if (status == SK_OK) {
		return "done";
	}
	return status > 0 ? format_operator_error(status) : word(words, COUNT(words), (uint64_t)-status);
}
