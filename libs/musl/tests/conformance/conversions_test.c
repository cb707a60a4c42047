/*
 * Numbers from text, arithmetic that the library does, sorting.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void integers(void)
{
	char *end;

	CHECK(strtol(" -42x", &end, 10) == -42 && *end == 'x');
	CHECK(strtol("0x7f", NULL, 0) == 127 && strtol("017", NULL, 0) == 15 && strtol("zz", NULL, 36) == 1295);
	errno = 0;
	CHECK(strtol("9223372036854775808", NULL, 10) == LONG_MAX && errno == ERANGE);
	errno = 0;
	CHECK(strtoul("18446744073709551615", NULL, 10) == ULONG_MAX && errno == 0);
	CHECK(strtoull("-1", NULL, 10) == ULLONG_MAX);
	CHECK(strtol("none", &end, 10) == 0 && strcmp(end, "none") == 0);
	CHECK(atoi("123abc") == 123);
	CHECK(llabs(-5LL) == 5 && div(-7, 2).quot == -3 && div(-7, 2).rem == -1);
}

static void floating_point(void)
{
	char *end;

	CHECK(strtod("2.5e3,", &end) == 2500.0 && *end == ',');
	CHECK(strtod("0x1.8p1", NULL) == 3.0);
	CHECK(strtod("0.1", NULL) == 0.1 && strtod("1e-310", NULL) == 1e-310);
	CHECK(strtod("1.7976931348623157e308", NULL) == 1.7976931348623157e308);
	errno = 0;
	CHECK(strtod("1e999", NULL) == HUGE_VAL && errno == ERANGE);
	CHECK(isnan(strtod("nan", NULL)) && isinf(strtod("-inf", NULL)));
	CHECK(strtof("0.1", NULL) == 0.1f);
	CHECK(strtold("0.5", NULL) == 0.5L);
}

static volatile double two = 2.0;
static volatile long double long_two = 2.0L;

static void arithmetic(void)
{
	CHECK(sqrt(two) > 1.41421356237 && sqrt(two) < 1.41421356238);
	CHECK(pow(two, 10.0) == 1024.0 && floor(-two / 3.0) == -1.0 && fmod(7.5, two) == 1.5);
	CHECK(fabs(sin(two) * sin(two) + cos(two) * cos(two) - 1.0) < 1e-15);
	CHECK(fabs(exp(log(two)) - two) < 1e-15);
	CHECK(long_two * 3.0L / 4.0L == 1.5L); /* in software */
	CHECK((uint64_t)(long_two * 4611686018427387904.0L) == 1ull << 63);
}

static int compare(const void *a, const void *b)
{
	const int *left = a;
	const int *right = b;

	return (*left > *right) - (*left < *right);
}

static void sorting(void)
{
	int numbers[200];
	uint32_t random = 7;
	bool sorted = true;

	for (unsigned i = 0; i < 200; i++) {
		random = random * 1664525u + 1013904223u;
		numbers[i] = (int)(random >> 20) * 2;
	}

	int wanted = numbers[13];
	int absent = wanted + 1;

	qsort(numbers, 200, sizeof(numbers[0]), compare);
	for (unsigned i = 1; i < 200; i++) {
		sorted = sorted && numbers[i - 1] <= numbers[i];
	}
	CHECK(sorted);

	int *found = bsearch(&wanted, numbers, 200, sizeof(numbers[0]), compare);

	CHECK(found != NULL && *found == wanted);
	CHECK(bsearch(&absent, numbers, 200, sizeof(numbers[0]), compare) == NULL);
}

static void random_numbers(void)
{
	srand(5);

	int first = rand();
	int second = rand();

	CHECK(first != second);
	srand(5);
	CHECK(rand() == first && rand() == second);
}

void check_conversions(void)
{
	static const struct check_case cases[] = {
		{ "integers from text", integers },
		{ "floating point from text", floating_point },
		{ "mathematics", arithmetic },
		{ "qsort and bsearch", sorting },
		{ "rand repeats", random_numbers },
	};

	CHECK_CASES("conversions", cases);
}
