/*
 * C has one name space for functions and typedefs, one for tags and one for
 * macros; the IDL's scopes are folded into names with '_', so two of them can
 * meet ('a_b' + 'c', 'a' + 'b_c'). All headers of one run may be included
 * together, so the check spans all files.
 */
#include "check.h"

#include <string.h>

#define BUCKETS 1024u

struct symbol {
	struct symbol *next;
	const char *text;
	struct location at;
	const char *type; /* newtypes: the same one may be declared by several files */
};

struct symbols {
	struct symbol *buckets[BUCKETS];
};

static void symbol_add(struct symbols *symbols, struct location at, const char *text, const char *type)
{
	uint32_t hash = 5381;
	for (const char *c = text; *c != '\0'; c++) {
		hash = hash * 33 + (unsigned char)*c;
	}
	struct symbol **bucket = &symbols->buckets[hash % BUCKETS];
	for (const struct symbol *symbol = *bucket; symbol != NULL; symbol = symbol->next) {
		if (strcmp(symbol->text, text) != 0) {
			continue;
		}
		if (type == NULL || symbol->type == NULL || strcmp(type, symbol->type) != 0) {
			diagnostic_error(at, "its C name '%s' is also that of %s:%d, expected names that differ", text,
					 symbol->at.file, symbol->at.line);
		}
		return;
	}
	struct symbol *symbol = memory_take(sizeof(*symbol));
	*symbol = (struct symbol){*bucket, text, at, type};
	*bucket = symbol;
}

/* Tags have a name space of their own, which struct and enum share. */
static const char *tag(const char *name)
{
	return text_format("tag %s", name);
}

static void add_declaration(struct symbols *symbols, const struct declaration *declaration)
{
	struct location at = declaration->name.at;
	const char *name = declaration->c_name;
	if (declaration->kind == DECLARATION_NEWTYPE) {
		symbol_add(symbols, at, text_format("%s_t", name), declaration->base.text);
		return;
	}
	if (declaration->kind != DECLARATION_FLAGS) {
		symbol_add(symbols, at, tag(name), NULL);
	}
	if (declaration->kind == DECLARATION_FLAGS) {
		symbol_add(symbols, at, text_format("%s_t", name), NULL);
		symbol_add(symbols, at, text_format("%s_MASK", declaration->c_constant), NULL);
	} else {
		symbol_add(symbols, at, text_format("%s_valid", name), NULL);
	}
	if (declaration->kind != DECLARATION_STRUCT) {
		symbol_add(symbols, at, text_format("%s_name", name), NULL);
	}
	for (size_t i = 0; i < declaration->members.count; i++) {
		const struct member *member = list_at(&declaration->members, i);
		symbol_add(symbols, member->name.at,
			   text_format("%s_%s", declaration->c_constant, text_upper(member->name.text)), NULL);
	}
	if (declaration->persistent) {
		static const char *const suffixes[] = {"open",   "commit",       "fields",
						       "SCHEMA", "FIELDS_BYTES", "REGION_BYTES"};
		const char *prefix = declaration->scope == NULL ? declaration->name.text : name;
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			symbol_add(symbols, at, text_format("%s_%s", i < 3 ? prefix : text_upper(prefix), suffixes[i]),
				   NULL);
		}
	}
}

static void add_method(struct symbols *symbols, const struct interface *interface, const struct method *method)
{
	struct location at = method->name.at;
	const char *prefix = interface->name.text;
	const char *name = method->name.text;
	const char *upper = text_upper(name);
	symbol_add(symbols, at, text_format("%s_%s", prefix, name), NULL);
	symbol_add(symbols, at, text_format("%s_dispatch_%s", prefix, name), NULL);
	symbol_add(symbols, at, text_format("%s_%s_%s", prefix, interface->kernel ? "do" : "serve", name), NULL);
	symbol_add(symbols, at, text_format("%s_expect_%s", prefix, name), NULL);
	symbol_add(symbols, at, text_format("%s_answer_%s", prefix, name), NULL);
	symbol_add(symbols, at, text_format("%s_mock_%s", prefix, name), NULL);
	symbol_add(symbols, at, text_format("%s_METHOD_%s", interface->c_constant, upper), NULL);
	symbol_add(symbols, at, text_format("%s_TAG_%s", interface->c_constant, upper), NULL);
	symbol_add(symbols, at, text_format("%s_BUDGET_%s", interface->c_constant, upper), NULL);
	if (!interface->kernel) {
		static const char *const suffixes[] = {"reply", "message", "results"};
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			symbol_add(symbols, at, text_format("%s_%s_%s", prefix, name, suffixes[i]), NULL);
		}
		symbol_add(symbols, at, text_format("%s_SERVES_%s", interface->c_constant, upper), NULL);
	}
}

static void add_interface(struct symbols *symbols, const struct interface *interface)
{
	static const char *const constants[] = {"INTERFACE", "HASH", "SERVE_SOME"};
	static const char *const functions[] = {"dispatch",    "region",     "status",    "mock_done",
						"method_name", "error_name", "event_name"};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		symbol_add(symbols, interface->name.at, text_format("%s_%s", interface->name.text, functions[i]), NULL);
	}
	if (interface->kernel) {
		symbol_add(symbols, interface->name.at, text_format("%s_state", interface->name.text), NULL);
	}
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		symbol_add(symbols, interface->name.at, text_format("%s_%s", interface->c_constant, constants[i]),
			   NULL);
	}
	for (size_t i = 0; i < interface->declarations.count; i++) {
		add_declaration(symbols, list_at(&interface->declarations, i));
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		add_method(symbols, interface, list_at(&interface->methods, i));
	}
	if (interface->has_errors) {
		symbol_add(symbols, interface->errors_at, tag(text_format("%s_error", interface->name.text)), NULL);
	}
	for (size_t i = 0; i < interface->errors.count; i++) {
		const struct member *error = list_at(&interface->errors, i);
		symbol_add(symbols, error->name.at,
			   text_format("%s_ERROR_%s", interface->c_constant, text_upper(error->name.text)), NULL);
	}
	for (size_t i = 0; i < interface->events.count; i++) {
		const struct event *event = list_at(&interface->events, i);
		symbol_add(symbols, event->name.at,
			   text_format("%s_EVENT_%s", interface->c_constant, text_upper(event->name.text)), NULL);
	}
}

/* Names of the hand-written headers that generated ones are included with. */
static void add_system_names(struct symbols *symbols)
{
	static const char *const tags[] = {
		"sk_msg",         "sk_caller",      "sk_start",        "sk_start_cap",   "sk_start_region",
		"sk_syscall",     "sk_boot_info",   "sk_boot_segment", "sk_boot_device", "sk_boot_slot",
		"sk_vcpu_state",  "sk_line",        "sk_byte_ring",    "sk_span",        "sk_region",
		"sk_persistence", "sk_trace_field", "sk_trace_method",
	};
	struct location at = {"<sk/*.h>", 1, 1};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		symbol_add(symbols, at, tag(tags[i]), NULL);
	}
	symbol_add(symbols, at, "sk_cap_t", NULL);
	symbol_add(symbols, at, "sk_status_t", NULL);
}

/* SK_RIGHT_READ, SK_TAG_BYTES …: file-scope types whose constants would fall among those of the ABI's headers. */
static void check_prefix(const struct declaration *declaration)
{
	static const char *const taken[] = {
		"badge", "boot",   "call",  "cap",   "cold",  "line", "msg", "page", "persistent",
		"plan",  "region", "reply", "right", "start", "sys",  "tag", "va",   "wait",
	};
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (declaration->members.count != 0 && strcmp(declaration->name.text, taken[i]) == 0) {
			diagnostic_error(declaration->name.at,
					 "type '%s' would share constants with sk/abi.h (%s_…), expected another name",
					 taken[i], declaration->c_constant);
		}
	}
}

void check_symbols(const struct list *files)
{
	struct symbols *symbols = memory_take(sizeof(*symbols));
	add_system_names(symbols);
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = list_at(files, i);
		struct location start = {file->path, 1, 1};
		symbol_add(symbols, start, text_format("%s_trace", file->base), NULL);
		symbol_add(symbols, start, text_format("%s_trace_count", file->base), NULL);
		symbol_add(symbols, start, text_format("%s_call_rule", file->base), NULL);
		symbol_add(symbols, start, text_format("%s_call_dispatch", file->base), NULL);
		symbol_add(symbols, start, text_format("%s_call_unknown", file->base), NULL);
		for (size_t j = 0; j < file->declarations.count; j++) {
			check_prefix(list_at(&file->declarations, j));
			add_declaration(symbols, list_at(&file->declarations, j));
		}
		for (size_t j = 0; j < file->interfaces.count; j++) {
			add_interface(symbols, list_at(&file->interfaces, j));
		}
	}
}
