/*
 * Reading cpio archives, sound ones and ones that somebody damaged on purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sk/archive.h>

enum { ROOM = 1024 };

static uint8_t image[ROOM];
static size_t image_bytes;

static void append(const void *bytes, size_t count)
{
	assert_true(image_bytes + count <= ROOM);
	memcpy(image + image_bytes, bytes, count);
	image_bytes += count;
}

static void pad(void)
{
	while (image_bytes % 4 != 0) {
		append("", 1);
	}
}

static void add(const char *name, const char *data)
{
	char header[111];

	(void)snprintf(header, sizeof(header),
		       "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 7u, 0100644u, 0u, 0u, 1u, 1234u,
		       (unsigned)strlen(data), 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
	append(header, 110);
	append(name, strlen(name) + 1);
	pad();
	append(data, strlen(data));
	pad();
}

static int make_image(void **state)
{
	(void)state;
	image_bytes = 0;
	memset(image, 0, sizeof(image));
	add("./manifest.dtb", "tree");
	add("servers/uart", "");
	add("/linux", "0123456789");
	add("TRAILER!!!", "");
	return 0;
}

static struct sk_archive whole(void)
{
	return (struct sk_archive){ .base = image, .bytes = image_bytes };
}

static void test_lists_files_in_order(void **state)
{
	static const char *const names[] = { "manifest.dtb", "servers/uart", "linux" };
	struct sk_archive archive = whole();
	struct sk_archive_file file;
	uint64_t offset = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_FILE);
		assert_string_equal(file.name, names[i]);
	}
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_END);
}

static void test_finds_by_name(void **state)
{
	struct sk_archive archive = whole();
	struct sk_archive_file file;

	(void)state;
	assert_int_equal(sk_archive_find(&archive, "/./linux", &file), SK_ARCHIVE_FILE);
	assert_int_equal(file.bytes, 10);
	assert_memory_equal(file.data, "0123456789", 10);
	assert_int_equal(file.mode, 0100644);
	assert_int_equal(file.modified, 1234);
	assert_int_equal(file.number, 7);
	assert_int_equal(sk_archive_find(&archive, "servers/uart", &file), SK_ARCHIVE_FILE);
	assert_int_equal(file.bytes, 0);
	assert_int_equal(sk_archive_find(&archive, "servers", &file), SK_ARCHIVE_END);
}

static void test_nothing_granted_is_an_empty_archive(void **state)
{
	struct sk_archive archive = { .base = NULL, .bytes = 0 };
	struct sk_archive_file file;

	(void)state;
	assert_int_equal(sk_archive_find(&archive, "linux", &file), SK_ARCHIVE_END);
}

/* Every truncation is either noticed or cuts only what follows the file that is found. */
static void test_survives_truncation(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes < image_bytes; bytes++) {
		uint8_t *copy = malloc(bytes); /* exact, so that a sanitizer sees a read beyond */
		struct sk_archive archive = { .base = copy, .bytes = bytes };
		struct sk_archive_file file;

		assert_non_null(copy);
		memcpy(copy, image, bytes);
		if (sk_archive_find(&archive, "linux", &file) == SK_ARCHIVE_FILE) {
			assert_true(file.data + file.bytes <= copy + bytes);
		}
		assert_int_not_equal(sk_archive_find(&archive, "absent", &file), SK_ARCHIVE_FILE);
		free(copy);
	}
}

static void test_refuses_bad_headers(void **state)
{
	struct sk_archive archive = whole();
	struct sk_archive_file file;
	uint64_t offset = 0;

	(void)state;
	image[5] = '9';
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	assert_int_equal(offset, 0);
	image[5] = '1';
	image[54] = 'G'; /* file size: not a digit */
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	memcpy(image + 54, "FFFFFFFF", 8); /* beyond the end */
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	memcpy(image + 54, "00000004", 8);
	memcpy(image + 94, "FFFFFFFF", 8); /* name size */
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	memcpy(image + 94, "00000000", 8);
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	memcpy(image + 94, "00000003", 8); /* cuts the name before its end */
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
	offset = UINT64_MAX - 3;
	assert_int_equal(sk_archive_next(&archive, &offset, &file), SK_ARCHIVE_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lists_files_in_order, make_image),
		cmocka_unit_test_setup(test_finds_by_name, make_image),
		cmocka_unit_test(test_nothing_granted_is_an_empty_archive),
		cmocka_unit_test_setup(test_survives_truncation, make_image),
		cmocka_unit_test_setup(test_refuses_bad_headers, make_image),
	};

	return cmocka_run_group_tests_name("sk_archive", tests, NULL, NULL);
}
