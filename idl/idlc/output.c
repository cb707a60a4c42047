/* A failure in the midst of the renames (never seen: the folder is the same) leaves those already in place. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct output {
	const char *path;
	const char *temporary;
	struct text text;
};

static struct list outputs;

void output_add(const char *folder, const char *name, struct text text)
{
	struct output *output = memory_take(sizeof(*output));
	output->path = text_format("%s/%s", folder, name);
	output->temporary = text_format("%s.%ld.tmp", output->path, (long)getpid());
	output->text = text;
	list_add(&outputs, output);
}

static bool output_write(const struct output *output)
{
	FILE *file = fopen(output->temporary, "w");
	if (file == NULL) {
		return false;
	}
	bool written = fwrite(output->text.bytes, 1, output->text.length, file) == output->text.length;
	return fclose(file) == 0 && written;
}

static void output_unlink(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct output *output = list_at(&outputs, i);
		unlink(output->temporary);
	}
}

bool output_commit(void)
{
	for (size_t i = 0; i < outputs.count; i++) {
		const struct output *output = list_at(&outputs, i);
		if (!output_write(output)) {
			fprintf(stderr, "idlc: %s can't be written: %s\n", output->path, strerror(errno));
			output_unlink(i + 1);
			return false;
		}
	}
	for (size_t i = 0; i < outputs.count; i++) {
		const struct output *output = list_at(&outputs, i);
		if (rename(output->temporary, output->path) != 0) {
			fprintf(stderr, "idlc: %s can't be replaced: %s\n", output->path, strerror(errno));
			output_unlink(outputs.count);
			return false;
		}
	}
	return true;
}

void output_discard(void)
{
	for (size_t i = 0; i < outputs.count; i++) {
		struct output *output = list_at(&outputs, i);
		text_free(&output->text);
	}
	outputs = (struct list){0};
}
