/*
 * Formatting and scanning.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "check.h"

static char text[512];

/* A volatile pointer, so that the compiler neither folds nor checks what the library is to do. */
static int (*volatile format)(char *, size_t, const char *, va_list) = vsnprintf;

static bool prints(const char *expected, const char *pattern, ...)
{
	va_list args;

	va_start(args, pattern);
	int length = format(text, sizeof(text), pattern, args);
	va_end(args);
	return length == (int)strlen(expected) && strcmp(text, expected) == 0;
}

static void format_integers(void)
{
	CHECK(prints("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, 2147483647, -2147483647 - 1));
	CHECK(prints("[   42] [42   ] [00042] [+42] [ 42]", "[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42));
	CHECK(prints("ff FF 0xff 0XFF 17 017", "%x %X %#x %#X %o %#o", 255, 255, 255, 255, 15, 15));
	CHECK(prints("18446744073709551615", "%" PRIu64, UINT64_MAX));
	CHECK(prints("-9223372036854775808", "%lld", INT64_MIN));
	CHECK(prints("-1 65535", "%hhd %hu", 255, 65535));
	CHECK(prints("  007", "%5.3d", 7));
	CHECK(prints("", "%.0d", 0));
	CHECK(prints("   -7|", "%*d|", 5, -7));
	CHECK(prints("-7   |", "%*d|", -5, -7));
	CHECK(prints("4096 -1", "%zu %td", (size_t)4096, (ptrdiff_t)-1));
}

static void format_text(void)
{
	CHECK(prints("abc", "%s", "abc"));
	CHECK(prints("ab", "%.2s", "abc"));
	CHECK(prints("[  abc]", "[%5s]", "abc"));
	CHECK(prints("x%", "%c%%", 'x'));
	CHECK(prints("b a", "%2$s %1$s", "a", "b"));
	CHECK(prints("w\xc3\xa9", "%ls", L"w\u00e9") || errno == EILSEQ); /* the C locale may refuse */
}

static void format_pointers(void)
{
	int count = 0;

	CHECK(prints("0x1000", "%p", (void *)4096));
	CHECK(prints("abc", "abc%n", &count));
	CHECK(count == 3);
}

static void format_floating_point(void)
{
	CHECK(prints("0.000000 1.500000 -2.250000", "%f %f %f", 0.0, 1.5, -2.25));
	CHECK(prints("3.14 3 1e+10", "%.2f %.0f %g", 3.14159, 2.5001, 1e10));
	CHECK(prints("1.234560e+02", "%e", 123.456));
	CHECK(prints("1.7976931348623157e+308", "%.17g", 1.7976931348623157e308));
	CHECK(prints("4.9406564584124654e-324", "%.17g", 4.9406564584124654e-324));
	CHECK(prints("0.1000000000000000055511151231257827", "%.34f", 0.1));
	CHECK(prints("inf -INF nan", "%f %F %f", HUGE_VAL, -HUGE_VAL, fabs((double)NAN)));
	CHECK(prints("0x1.8p+1", "%a", 3.0));
	CHECK(prints("2.5000", "%.4Lf", 2.5L));
	CHECK(prints("0 2 2", "%.0f %.0f %.0f", 0.5, 1.5, 2.5)); /* to even */
}

static void format_into_too_little_room(void)
{
	char small[4] = "???";

	CHECK(snprintf(small, sizeof(small), "%s", text) == (int)strlen(text));
	CHECK(snprintf(small, 3, "%d", 12345) == 5 && strcmp(small, "12") == 0);
	CHECK(snprintf(NULL, 0, "%d", 12345) == 5);
}

static void scan(void)
{
	int a = 0;
	unsigned b = 0;
	double d = 0;
	char word[8];
	char set[8];
	int count = 0;

	CHECK(sscanf("12 0x1f 2.5e1 abc", "%d %x %lf %7s", &a, &b, &d, word) == 4);
	CHECK(a == 12 && b == 31 && d == 25.0 && strcmp(word, "abc") == 0);
	CHECK(sscanf("aab-7", "%7[ab]%d%n", set, &a, &count) == 2);
	CHECK(strcmp(set, "aab") == 0 && a == -7 && count == 5);
	CHECK(sscanf("x", "%d", &a) == 0);
	CHECK(sscanf("", "%d", &a) == EOF);
	CHECK(sscanf("10 20", "%*d %i", &a) == 1 && a == 20);
	CHECK(sscanf("abcdef", "%3s", word) == 1 && strcmp(word, "abc") == 0);
}

static void streams_report_errors(void)
{
	errno = 0;
	CHECK(fopen("/new", "w") == NULL && errno == EROFS);
	errno = 0;
	CHECK(fopen("/such/a/file", "r") == NULL && (errno == ENOENT || errno == EIO));
	CHECK(getchar() == EOF && feof(stdin) != 0);
	clearerr(stdin);
	CHECK(fputs("# text on stderr\n", stderr) >= 0);
	CHECK(ferror(stdout) == 0);
}

void check_stdio(void)
{
	static const struct check_case cases[] = {
		{ "integers are formatted", format_integers },
		{ "text is formatted", format_text },
		{ "pointers and counts are formatted", format_pointers },
		{ "floating point is formatted exactly", format_floating_point },
		{ "formatting stops at the buffer's end", format_into_too_little_room },
		{ "scanning", scan },
		{ "streams report errors", streams_report_errors },
	};

	CHECK_CASES("stdio", cases);
}
