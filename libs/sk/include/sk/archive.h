/*
 * The boot archive: a cpio file in the "newc" format (SVR4 without checksum), as
 * cpio(5) describes it. It is read in place; nothing is copied. Whoever made it is not
 * trusted: every length is checked against the archive's end before it is used.
 */
#ifndef SK_ARCHIVE_H
#define SK_ARCHIVE_H

#include <stdint.h>

/* An archive in memory, from its first entry's header on. */
struct sk_archive {
	const uint8_t *base;
	uint64_t bytes;
};

struct sk_archive_file {
	const char *name;    /* in the archive, NUL-terminated, without leading "./" or "/" */
	const uint8_t *data; /* in the archive, aligned to 4 bytes from its base */
	uint64_t bytes;
	uint32_t mode;       /* st_mode: file type and permissions */
	uint32_t modified;   /* seconds since 1970 */
	uint32_t number;     /* inode number */
};

enum sk_archive_result {
	SK_ARCHIVE_FILE,    /* *file is the next entry */
	SK_ARCHIVE_END,     /* the trailer was reached; or, of a search, no such file */
	SK_ARCHIVE_DAMAGED, /* not a cpio header, or an entry that runs past the archive's end; *offset is where */
};

/* Reads the entry at *offset (0: the first) and moves *offset behind it. */
enum sk_archive_result sk_archive_next(const struct sk_archive *archive, uint64_t *offset,
				       struct sk_archive_file *file);

/* Finds an entry by its name; leading "./" and "/" of `name` don't count. */
enum sk_archive_result sk_archive_find(const struct sk_archive *archive, const char *name,
				       struct sk_archive_file *file);

/* The archive in this process's region "archive"; empty (no file is found) when there is none. */
struct sk_archive sk_archive_granted(void);

#endif
