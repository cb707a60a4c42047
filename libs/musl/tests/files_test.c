/*
 * Open files over a small archive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sk/process.h>

#include "files.h"

#define ENTRY(inode, mode, size, name_size) \
	"070701" inode mode "000000000000000000000001" "00000010" size                                              \
	"00000000000000000000000000000000" name_size "00000000"

/* A file of 10 bytes, a directory, the end. */
static const char image[] = ENTRY("00000001", "000081A4", "0000000A", "00000006") "hello\0"
			    "0123456789\0\0" ENTRY("00000002", "000041ED", "00000000", "00000004") "dir\0\0\0"
			    ENTRY("00000000", "00000000", "00000000", "0000000B") "TRAILER!!!\0\0\0";

static struct sk_start page = { .magic = SK_START_MAGIC, .counter_hz = 1 };

static void grant(const char *archive, size_t bytes)
{
	page.regions[0] = (struct sk_start_region){
		.name = "archive", .address = (uintptr_t)archive, .bytes = bytes
	};
	page.region_count = 1;
	assert_true(sk_process_adopt(&page));
}

static int open_archive(void **state)
{
	(void)state;
	grant(image, sizeof(image));
	return 0;
}

static void test_reads_to_the_end(void **state)
{
	char text[16] = { 0 };
	int fd = (int)files_open("/hello", O_RDONLY);

	(void)state;
	assert_int_equal(fd, FILES_FIRST);
	assert_int_equal(files_read(fd, text, 4), 4);
	assert_int_equal(files_read(fd, text + 4, 12), 6);
	assert_string_equal(text, "0123456789");
	assert_int_equal(files_read(fd, text, 1), 0);
	assert_int_equal(files_close(fd), 0);
	assert_int_equal(files_close(fd), -EBADF);
	assert_int_equal(files_read(fd, text, 1), -EBADF);
}

static void test_reads_into_parts(void **state)
{
	char a[3] = { 0 };
	char b[16] = { 0 };
	struct iovec parts[] = { { a, 3 }, { NULL, 0 }, { b, sizeof(b) } };
	int fd = (int)files_open("hello", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(files_readv(fd, parts, 3), 10);
	assert_memory_equal(a, "012", 3);
	assert_string_equal(b, "3456789");
	assert_int_equal(files_readv(fd, parts, 3), 0);
	assert_int_equal(files_readv(fd, parts, -1), -EINVAL);
	assert_int_equal(files_close(fd), 0);
}

static void test_seeks(void **state)
{
	char c = 0;
	int fd = (int)files_open("hello", O_RDONLY);

	(void)state;
	assert_int_equal(files_seek(fd, -2, SEEK_END), 8);
	assert_int_equal(files_read(fd, &c, 1), 1);
	assert_int_equal(c, '8');
	assert_int_equal(files_seek(fd, -4, SEEK_CUR), 5);
	assert_int_equal(files_seek(fd, -6, SEEK_CUR), -EINVAL);
	assert_int_equal(files_seek(fd, INT64_MAX, SEEK_CUR), -EOVERFLOW);
	assert_int_equal(files_seek(fd, 0, 9), -EINVAL);
	assert_int_equal(files_seek(fd, 100, SEEK_SET), 100);
	assert_int_equal(files_read(fd, &c, 1), 0);
	assert_int_equal(files_pread(fd, &c, 1, 3), 1);
	assert_int_equal(c, '3');
	assert_int_equal(files_pread(fd, &c, 1, -1), -EINVAL);
	assert_int_equal(files_close(fd), 0);
}

static void test_refuses_to_write(void **state)
{
	(void)state;
	assert_int_equal(files_open("hello", O_WRONLY), -EROFS);
	assert_int_equal(files_open("hello", O_RDONLY | O_TRUNC), -EROFS);
	assert_int_equal(files_open("new", O_RDWR | O_CREAT), -EROFS);
	assert_int_equal(files_open("new", O_RDONLY), -ENOENT);
}

static void test_directories_are_not_read(void **state)
{
	char c;
	int fd = (int)files_open("dir", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_in_range(fd, FILES_FIRST, FILES_FIRST + FILES_MAX);
	assert_int_equal(files_read(fd, &c, 1), -EISDIR);
	assert_int_equal(files_close(fd), 0);
	assert_int_equal(files_open("hello", O_RDONLY | O_DIRECTORY), -ENOTDIR);
}

static void test_describes(void **state)
{
	struct sk_archive_file file;
	int fd = (int)files_open("hello", O_RDONLY);

	(void)state;
	assert_int_equal(files_describe(fd, &file), 0);
	assert_int_equal(file.bytes, 10);
	assert_int_equal(files_describe_path("dir", &file), 0);
	assert_int_equal(file.mode, 0040755);
	assert_int_equal(files_describe_path("none", &file), -ENOENT);
	assert_int_equal(files_close(fd), 0);
	assert_int_equal(files_describe(fd, &file), -EBADF);
	assert_int_equal(files_describe(-1, &file), -EBADF);
	assert_int_equal(files_describe(FILES_FIRST + FILES_MAX, &file), -EBADF);
}

static void test_has_so_many_descriptors(void **state)
{
	(void)state;
	for (int i = 0; i < FILES_MAX; i++) {
		assert_int_equal(files_open("hello", O_RDONLY), FILES_FIRST + i);
	}
	assert_int_equal(files_open("hello", O_RDONLY), -EMFILE);
	assert_int_equal(files_close(FILES_FIRST + 5), 0);
	assert_int_equal(files_open("hello", O_RDONLY), FILES_FIRST + 5);
	for (int i = 0; i < FILES_MAX; i++) {
		assert_int_equal(files_close(FILES_FIRST + i), 0);
	}
}

static void test_damage_is_an_input_error(void **state)
{
	(void)state;
	grant(image, 50);
	assert_int_equal(files_open("hello", O_RDONLY), -EIO);
	page.region_count = 0;
	assert_int_equal(files_open("hello", O_RDONLY), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reads_to_the_end, open_archive),
		cmocka_unit_test_setup(test_reads_into_parts, open_archive),
		cmocka_unit_test_setup(test_seeks, open_archive),
		cmocka_unit_test_setup(test_refuses_to_write, open_archive),
		cmocka_unit_test_setup(test_directories_are_not_read, open_archive),
		cmocka_unit_test_setup(test_describes, open_archive),
		cmocka_unit_test_setup(test_has_so_many_descriptors, open_archive),
		cmocka_unit_test_setup(test_damage_is_an_input_error, open_archive),
	};

	return cmocka_run_group_tests_name("port_files", tests, NULL, NULL);
}
