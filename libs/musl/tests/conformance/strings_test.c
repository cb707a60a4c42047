/*
 * String and memory functions, at every alignment where that may matter.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "check.h"

enum { SPAN = 96, OFFSETS = 9 };

static unsigned char from[SPAN + OFFSETS];
static unsigned char to[SPAN + 2 * OFFSETS];

static bool untouched(size_t at, size_t bytes)
{
	for (size_t i = 0; i < sizeof(to); i++) {
		if ((i < at || i >= at + bytes) && to[i] != 0xee) {
			return false;
		}
	}
	return true;
}

static void copies(void)
{
	bool right = true;

	for (size_t i = 0; i < sizeof(from); i++) {
		from[i] = (unsigned char)(i * 7 + 1);
	}
	for (size_t a = 0; a < OFFSETS; a++) {
		for (size_t b = 0; b < OFFSETS; b++) {
			for (size_t bytes = 0; bytes <= SPAN; bytes += 5) {
				memset(to, 0xee, sizeof(to));
				memcpy(to + a, from + b, bytes);
				right = right && memcmp(to + a, from + b, bytes) == 0 && untouched(a, bytes);
				memset(to + a, 0x5a, bytes);
				right = right && untouched(a, bytes);
			}
		}
	}
	CHECK(right);
}

static void moves(void)
{
	char text[] = "0123456789";

	memmove(text + 2, text, 8);
	CHECK(strcmp(text, "0101234567") == 0);
	memmove(text, text + 2, 8);
	CHECK(strcmp(text, "0123456767") == 0);
}

static void compares(void)
{
	CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("\xff", "a") > 0);
	CHECK(strncmp("abcX", "abcY", 3) == 0 && strncmp("abcX", "abcY", 4) < 0);
	CHECK(memcmp("a\0b", "a\0c", 3) < 0);
	CHECK(strcasecmp("HeLLo", "hEllO") == 0);
	CHECK(strcoll("a", "b") < 0);
}

static void searches(void)
{
	const char *text = "one two three two";

	CHECK(strlen(text) == 17 && strnlen(text, 5) == 5);
	CHECK(strchr(text, 't') == text + 4 && strrchr(text, 't') == text + 14 && strchr(text, 'x') == NULL);
	CHECK(strchr(text, '\0') == text + 17);
	CHECK(strstr(text, "two") == text + 4 && strstr(text, "twos") == NULL && strstr(text, "") == text);
	CHECK(memchr(text, 'w', 5) == NULL && memchr(text, 'w', 6) == text + 5);
	CHECK(strspn(text, "eno") == 3 && strcspn(text, "w") == 5 && strpbrk(text, "xwr") == text + 5);
}

static void splits(void)
{
	char text[] = " a,b , c";
	char *rest = NULL;

	CHECK(strcmp(strtok_r(text, " ,", &rest), "a") == 0);
	CHECK(strcmp(strtok_r(NULL, " ,", &rest), "b") == 0);
	CHECK(strcmp(strtok_r(NULL, " ,", &rest), "c") == 0);
	CHECK(strtok_r(NULL, " ,", &rest) == NULL);
}

static void joins(void)
{
	char text[8] = "ab";

	CHECK(strcmp(strcat(text, "cd"), "abcd") == 0);
	CHECK(strcmp(strncat(text, "efgh", 2), "abcdef") == 0);
	memset(text, 'x', sizeof(text));
	CHECK(strncpy(text, "a", 4) == text && memcmp(text, "a\0\0\0xxxx", 8) == 0);
}

static void classifies(void)
{
	unsigned letters = 0;
	unsigned printable = 0;

	for (int c = 0; c < 256; c++) {
		letters += isalpha(c) != 0;
		printable += isprint(c) != 0;
	}
	CHECK(letters == 52 && printable == 95);
	CHECK(toupper('a') == 'A' && tolower('Z') == 'z' && isspace('\t') != 0 && isxdigit('G') == 0);
}

static void names_errors(void)
{
	CHECK(strcmp(strerror(2), "No such file or directory") == 0);
	CHECK(strlen(strerror(123456)) > 0);
}

void check_strings(void)
{
	static const struct check_case cases[] = {
		{ "memcpy and memset, every alignment", copies },
		{ "memmove overlaps", moves },
		{ "comparing", compares },
		{ "searching", searches },
		{ "splitting", splits },
		{ "joining", joins },
		{ "characters are classified", classifies },
		{ "errors have names", names_errors },
	};

	CHECK_CASES("strings", cases);
}
