/* From a file to its tree. What scanner and grammar share while they work on one file. */
#ifndef IDLC_PARSE_H
#define IDLC_PARSE_H

#include "ast.h"

#include <stdio.h>

struct parse {
	struct file *file;
	int line;
	int column;
	bool started; /* a declaration has begun: `///` is no longer the file's */
	struct text doc;
	struct location doc_at;
	struct location comment_at;
};

/* NULL, with an error printed, when the file can't be read; otherwise its tree, in part if there were errors. */
struct file *parse_file(const char *path);

#endif
