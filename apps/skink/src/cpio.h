/*
 * Writing cpio archives in the "newc" format (cpio(5)).
 */
#ifndef CPIO_H
#define CPIO_H

#include "tool.h"

/* The file's data begins at a multiple of `align` (a power of two, at least 4) from the start of `archive`. */
void cpio_file(struct bytes *archive, const char *name, const void *data, size_t size, size_t align);
void cpio_folder(struct bytes *archive, const char *name);
void cpio_end(struct bytes *archive);

#endif
