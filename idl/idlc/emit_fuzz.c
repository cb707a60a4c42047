/*
 * FILE_fuzz.c: a libFuzzer / AFL entry that feeds all that was generated from the file for messages and persistent
 * structs; what an input is, and what is expected, is in support/idl_fuzz.h. Handlers are weak: a server's own can be
 * linked in their place, with SK_FUZZ_OWN_HANDLERS defined.
 */
#include "emit.h"

#include "objects.h"

static void emit_region(const struct interface *interface, struct text *out)
{
	text_add(out,
		 "\n__attribute__((weak)) bool %s_region(const struct sk_caller *caller, uint32_t index, "
		 "struct sk_region *region)\n{\n",
		 interface->name.text);
	text_add(out, "\t(void)caller;\n\treturn sk_fuzz_region(index, region);\n}\n");
}

static void emit_state(const struct interface *interface, struct text *out)
{
	const char *name = interface->name.text;
	const struct object_type *type = object_type_find(name);
	const char *self = type != NULL && type->form == FORM_BODY ? name : "object";
	text_add(out, "\n__attribute__((weak)) enum %s_state %s_state(const struct %s *%s)\n{\n", name, name, self,
		 name);
	text_add(out, "\t(void)%s;\n", name);
	text_add(out, "\treturn (enum %s_state)sk_fuzz_state;\n}\n", name);
}

static void emit_feed(const struct file *file, const struct interface *interface, struct list *feeds, struct text *out)
{
	const char *name = text_format("sk_fuzz_feed_%s", interface->name.text);
	text_add(out, "\nstatic void %s(void)\n{\n\tstatic const struct sk_fuzz_method methods[] = {\n", name);
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		const struct message *in = &method->in;
		bool least = in->payload_bytes != 0 && in->fixed_bytes != 0 && in->varies;
		text_add(out, "\t\t{%s_TAG_%s, %u, %u},\n", interface->c_constant, text_upper(method->name.text),
			 least ? pack_least(in) : in->varies ? 0 : in->payload_bytes, in->caps);
	}
	text_add(out, "\t};\n");
	if (interface->kernel) {
		bool known = object_type_find(interface->name.text) != NULL;
		text_add(out, "\tsk_fuzz_kernel(%s_call_dispatch, OBJECT_%s, methods, %zuu);\n}\n", file->base,
			 known ? text_upper(interface->name.text) : "NONE", interface->methods.count);
	} else {
		text_add(out, "\tsk_fuzz_server(%s_dispatch, methods, %zuu);\n}\n", interface->name.text,
			 interface->methods.count);
	}
	emit_item(feeds, name);
}

/* Committed, damaged in one word, and opened again: what was committed comes back, or nothing does. */
static const char keeping[] =
	"\nstatic void sk_fuzz_keep_%s(void)\n"
	"{\n"
	"\t_Alignas(8) static uint64_t region[%s_REGION_BYTES / 8u];\n"
	"\tstruct %s states[2], state;\n"
	"\tsk_fuzz_fill(region, sizeof(region));\n"
	"\tif (%s_open(region, sizeof(region), &state) != SK_RESTORED) {\n"
	"\t\tSK_FUZZ_EXPECT(sk_fuzz_zero(&state, sizeof(state)));\n"
	"\t}\n"
	"\tfor (unsigned i = 0; i < 2; i++) {\n"
	"\t\tsk_fuzz_make_%s(&states[i]);\n"
	"\t\tSK_FUZZ_EXPECT(%s_commit(region, sizeof(region), &states[i]));\n"
	"\t}\n"
	"\tbool damaged = sk_fuzz_damage(region, sizeof(region));\n"
	"\tenum sk_persistence found = %s_open(region, sizeof(region), &state);\n"
	"\tbool newest = memcmp(&state, &states[1], sizeof(state)) == 0;\n"
	"\tif (found == SK_RESTORED) {\n"
	"\t\tSK_FUZZ_EXPECT(newest || (damaged && memcmp(&state, &states[0], sizeof(state)) == 0));\n"
	"\t} else {\n"
	"\t\tSK_FUZZ_EXPECT(damaged && sk_fuzz_zero(&state, sizeof(state)));\n"
	"\t}\n"
	"\tsk_fuzz_fill(&states[0], sizeof(states[0]));\n"
	"\tSK_FUZZ_EXPECT(%s_commit(region, sizeof(region), &states[0]));\n"
	"\tfound = %s_open(region, sizeof(region), &state);\n"
	"\tSK_FUZZ_EXPECT(found == SK_RESTORED || (found == SK_COLD_VALUE && sk_fuzz_zero(&state, sizeof(state))));\n"
	"\tif (found == SK_RESTORED) {\n"
	"\t\tsk_fuzz_check_%s(&state);\n"
	"\t}\n"
	"\tsk_fuzz_fill(%s_fields(region), sizeof(state));\n"
	"\tconst struct %s *fields = %s_fields(region);\n"
	"\tif (!sk_fuzz_zero(fields, sizeof(*fields))) {\n"
	"\t\tsk_fuzz_check_%s(fields);\n"
	"\t}\n"
	"}\n";

static void emit_keeps(const struct list *declarations, struct list *feeds, struct text *out)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *declaration = list_at(declarations, i);
		const char *name = c_persistent(declaration);
		const char *tag = declaration->c_name;
		if (declaration->persistent) {
			text_add(out, keeping, name, text_upper(name), tag, name, tag, name, name, name, name, tag,
				 name, tag, name, tag);
			emit_item(feeds, text_format("sk_fuzz_keep_%s", name));
		}
	}
}

/* Functions for one interface; `dispatchers` are fed as often as all the rest. */
static void emit_interface(const struct file *file, const struct interface *interface, struct list *dispatchers,
			   struct list *others, struct text *out)
{
	if (interface_shares(interface)) {
		emit_region(interface, out);
	}
	if (kernel_has_states(interface)) {
		emit_state(interface, out);
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		fuzz_handler(interface, list_at(&interface->methods, i), out);
	}
	if (interface->methods.count != 0) {
		emit_feed(file, interface, dispatchers, out);
	}
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		struct list askers = {0};
		fuzz_asker(interface, method, &askers, out);
		text_add(out, "\nstatic void %s_client(void)\n{\n\tsk_fuzz_client(%s);\n}\n",
			 (const char *)list_at(&askers, 0), (const char *)list_at(&askers, 0));
		emit_item(others, text_format("%s_client", (const char *)list_at(&askers, 0)));
		fuzz_reader(interface, method, others, out);
	}
}

static void emit_table(const char *name, const struct list *feeds, struct text *out)
{
	text_add(out, "\nstatic void (*const %s[])(void) = {\n", name);
	for (size_t i = 0; i < feeds->count; i++) {
		text_add(out, "\t%s,\n", (const char *)list_at(feeds, i));
	}
	text_add(out, "};\n");
}

static void emit_entry(const struct list *dispatchers, const struct list *others, struct text *out)
{
	const struct list *first = dispatchers->count != 0 ? dispatchers : others;
	const struct list *second = others->count != 0 ? others : dispatchers;
	emit_table("sk_fuzz_first", first, out);
	emit_table("sk_fuzz_second", second, out);
	text_add(out, "\nint LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);\n\n");
	text_add(out, "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)\n{\n");
	text_add(out, "\tint which = sk_fuzz_take(data, size);\n");
	text_add(out, "\tif (which >= 0 && which < 128) {\n\t\tsk_fuzz_first[which %% %zu]();\n", first->count);
	text_add(out, "\t} else if (which >= 0) {\n\t\tsk_fuzz_second[which %% %zu]();\n\t}\n", second->count);
	text_add(out, "\treturn 0;\n}\n");
}

static bool has_kernel(const struct file *file)
{
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		if (interface->kernel && interface->methods.count != 0) {
			return true;
		}
	}
	return false;
}

void emit_fuzz(const struct file *file, struct text *out)
{
	struct list dispatchers = {0};
	struct list others = {0};
	bool kernel = has_kernel(file);
	emit_head(file, out, "fuzz harness, for the host's mock architecture");
	text_add(out, kernel ? "#define SK_IDL_FUZZ_KERNEL\n" : "");
	text_add(out, "#include \"idl_fuzz.h\"\n\n#include \"%s_client.h\"\n#include \"%s_exit.h\"\n", file->base,
		 file->base);
	text_add(out, kernel ? "#include \"%s_kernel.h\"\n" : "%.0s", file->base);
	text_add(out, "#include \"%s_persistent.h\"\n#include \"%s_server.h\"\n", file->base, file->base);
	fuzz_structs(file, out);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		emit_interface(file, list_at(&file->interfaces, i), &dispatchers, &others, out);
	}
	emit_keeps(&file->declarations, &others, out);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		emit_keeps(&interface->declarations, &others, out);
	}
	if (dispatchers.count + others.count != 0) {
		emit_entry(&dispatchers, &others, out);
	}
}
