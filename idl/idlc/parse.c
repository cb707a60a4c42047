/* Opens a file and runs scanner and grammar over it. */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "parser.h"

#include "lexer.h"

static const char *file_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(base, '.');
	return text_copy(base, dot == NULL || strcmp(dot, ".idl") != 0 ? strlen(base) : (size_t)(dot - base));
}

static bool file_base_is_name(const char *base)
{
	return base[0] != '\0' && strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(base);
}

struct file *parse_file(const char *path)
{
	struct location start = {path, 1, 1};
	FILE *input = fopen(path, "r");
	if (input == NULL) {
		diagnostic_error(start, "can't be opened (%s), expected a readable file", strerror(errno));
		return NULL;
	}
	struct file *file = memory_take(sizeof(*file));
	file->path = text_copy(path, strlen(path));
	file->base = file_base(path);
	if (!file_base_is_name(file->base)) {
		diagnostic_error(start,
				 "file name '%s' can't begin the outputs' names, expected a-z, 0-9 and '_' and .idl",
				 file->base);
	}
	struct parse parse = {.file = file, .line = 1, .column = 1};
	yyscan_t scanner;
	if (yylex_init_extra(&parse, &scanner) != 0) {
		diagnostic_error(start, "no memory for the scanner");
	} else {
		yyset_in(input, scanner);
		if (yyparse(scanner, &parse) == 2) {
			diagnostic_error(start, "nested too deeply, expected less");
		}
		yylex_destroy(scanner);
	}
	text_free(&parse.doc);
	fclose(input);
	return file;
}
