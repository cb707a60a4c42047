/*
 * Files of the boot archive, where this process has it; every archive holds the manifest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sk/archive.h>
#include <sk/process.h>

#include "check.h"

#define MANIFEST "/manifest.dtb"

static const unsigned char tree_magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };

static bool have_archive(void)
{
	if (sk_region_named("archive") == NULL) {
		check_skip("no archive was granted");
		return false;
	}
	return true;
}

static void read_by_stdio(void)
{
	struct sk_archive archive = sk_archive_granted();
	struct sk_archive_file file;
	unsigned char bytes[64];

	if (!have_archive()) {
		return;
	}
	CHECK(sk_archive_find(&archive, MANIFEST, &file) == SK_ARCHIVE_FILE);

	FILE *stream = fopen(MANIFEST, "rb");

	CHECK(stream != NULL);
	if (stream == NULL) {
		return;
	}
	CHECK(fread(bytes, 1, sizeof(tree_magic), stream) == sizeof(tree_magic));
	CHECK(memcmp(bytes, tree_magic, sizeof(tree_magic)) == 0);
	CHECK(ungetc('x', stream) == 'x' && fgetc(stream) == 'x');
	CHECK(fseek(stream, 0, SEEK_END) == 0 && ftell(stream) == (long)file.bytes);
	CHECK(fgetc(stream) == EOF && feof(stream) != 0);
	rewind(stream);
	CHECK(fgetc(stream) == tree_magic[0]);
	CHECK(fseek(stream, -8, SEEK_END) == 0 && fread(bytes, 1, sizeof(bytes), stream) == 8);
	CHECK(memcmp(bytes, file.data + file.bytes - 8, 8) == 0);
	CHECK(fputc('x', stream) == EOF);
	CHECK(fclose(stream) == 0);
}

static void read_by_descriptor(void)
{
	unsigned char bytes[4] = { 0 };
	struct stat status;

	if (!have_archive()) {
		return;
	}

	int fd = open(MANIFEST, O_RDONLY);

	CHECK(fd > STDERR_FILENO);
	CHECK(fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 40);
	CHECK(pread(fd, bytes, 2, 2) == 2 && bytes[0] == tree_magic[2]);
	CHECK(lseek(fd, 1, SEEK_SET) == 1 && read(fd, bytes, 1) == 1 && bytes[0] == tree_magic[1]);
	CHECK(access(MANIFEST, R_OK) == 0);
	CHECK(access(MANIFEST, W_OK) == -1 && errno == EROFS);
	CHECK(close(fd) == 0);
	CHECK(close(fd) == -1 && errno == EBADF);
}

void check_files(void)
{
	static const struct check_case cases[] = {
		{ "stdio reads a file", read_by_stdio },
		{ "descriptors read a file", read_by_descriptor },
	};

	CHECK_CASES("files", cases);
}
