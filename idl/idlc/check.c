/* The order of the checks: what a later one relies on, an earlier one has made sure of. */
#include "check.h"

void check_files(const struct list *files)
{
	for (size_t i = 0; i < files->count; i++) {
		check_declarations(list_at(files, i));
	}
	for (size_t i = 0; i < files->count; i++) {
		check_layout(list_at(files, i));
	}
	if (diagnostic_count() != 0) {
		return;
	}
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = list_at(files, i);
		for (size_t j = 0; j < file->interfaces.count; j++) {
			check_interface(files, list_at(&file->interfaces, j));
		}
	}
	check_numbers(files);
	if (diagnostic_count() == 0) {
		check_symbols(files);
	}
}
