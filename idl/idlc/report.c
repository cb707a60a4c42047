/* A method that stays in registers both ways takes the kernel's fast path; the others are marked. */
#include "report.h"

#include <stdio.h>

static void print_message(const struct message *message)
{
	printf("  %u", message->words);
	if (message->payload_bytes != 0) {
		printf(message->varies ? " + <=%u B" : " + %u B", message->payload_bytes);
	}
	if (message->caps != 0) {
		printf(" + %u caps", message->caps);
	}
}

static void print_method(const struct interface *interface, const struct method *method)
{
	bool leaves = method->in.payload_bytes != 0 || method->out.payload_bytes != 0 || method->in.caps != 0 ||
		      method->out.caps != 0;
	printf("0x%04llx  %s.%s", (unsigned long long)(interface->number.value << 8 | method->number.value),
	       interface->name.text, method->name.text);
	print_message(&method->in);
	printf("  ->");
	print_message(&method->out);
	printf("%s\n", leaves ? "  LEAVES REGISTERS" : "");
}

void report_print(const struct list *files)
{
	puts("tag     method  words sent  ->  words answered");
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		for (size_t j = 0; j < file->interfaces.count; j++) {
			const struct interface *interface = list_at(&file->interfaces, j);
			for (size_t k = 0; k < interface->methods.count; k++) {
				print_method(interface, list_at(&interface->methods, k));
			}
		}
	}
}
