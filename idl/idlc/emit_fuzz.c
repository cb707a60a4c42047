/*
 * FILE_fuzz.c: a libFuzzer / AFL entry that feeds the file's dispatchers with a
 * message made of the input: byte 0 chooses the interface, 56 bytes are tag and
 * words, the rest is the message buffer. Handlers are weak and do nothing: link
 * a server's own to fuzz those. A reply that breaks the message format traps.
 */
#include "emit.h"

#include <string.h>

#include "objects.h"

/* The name in a C parameter: its last word. */
static const char *parameter_name(const char *parameter)
{
	const char *name = parameter;
	for (const char *c = parameter; *c != '\0'; c++) {
		if (*c == ' ' || *c == '*') {
			name = c + 1;
		}
	}
	return name;
}

static void emit_handler(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	if (interface->kernel) {
		kernel_parameters(&parameters, interface, method);
	} else {
		emit_item(&parameters, text_format("const struct sk_caller *%s", c_local(method, "caller")));
		c_inputs(&parameters, interface, &method->in.fields, SIDE_SERVER);
		c_outputs(&parameters, &method->out.fields);
	}
	text_add(out, "\n");
	emit_wrapped(out, 0,
		     text_format("__attribute__((weak)) sk_status_t %s_%s_%s(", interface->name.text,
				 interface->kernel ? "do" : "serve", method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n");
	for (size_t i = 0; i < parameters.count; i++) {
		const char *name = parameter_name(list_at(&parameters, i));
		if (strcmp(name, "void") != 0) {
			text_add(out, "\t(void)%s;\n", name);
		}
	}
	text_add(out, "\treturn SK_OK;\n}\n");
}

static void emit_region(const struct interface *interface, struct text *out)
{
	text_add(out,
		 "\n__attribute__((weak)) bool %s_region(const struct sk_caller *caller, uint32_t index, "
		 "struct sk_region *region)\n{\n",
		 interface->name.text);
	text_add(out, "\tstatic _Alignas(8) uint8_t memory[SK_PAGE_BYTES];\n\t(void)caller;\n");
	text_add(out, "\t*region = (struct sk_region){memory, sizeof(memory), index != 1};\n\treturn index < 2;\n}\n");
}

/* What the dispatch takes from the kernel: any slot has any object. */
static const char kernel_part[] =
	"\nenum object_type {\n\tOBJECT_MEMORY, OBJECT_SPACE, OBJECT_THREAD, OBJECT_VCPU, OBJECT_ENDPOINT, "
	"OBJECT_NOTIFICATION, OBJECT_INTERRUPT,\n\tOBJECT_VIRQ, OBJECT_CORE, OBJECT_MACHINE,\n};\n"
	"\nstruct object {\n\tvoid *body;\n};\n"
	"\nstruct kernel_call {\n\tstruct sk_msg *msg;\n\tvoid *buffer;\n\tuint32_t buffer_bytes;\n"
	"\tuint32_t reply_bytes;\n\tstruct object *object;\n\tuint32_t badge;\n"
	"\tbool home;\n\tsk_status_t status;\n};\n"
	"\nstatic inline bool call_is_home(struct kernel_call *call)\n{\n\tcall->home = true;\n\treturn true;\n}\n"
	"\nstatic inline struct object *call_object(struct kernel_call *call, uint32_t slot,\n"
	"\t\tenum object_type type, uint32_t rights, sk_status_t *status)\n{\n"
	"\t(void)type;\n\t(void)rights;\n\t*status = SK_BAD_CAP;\n\treturn slot == 0 ? NULL : call->object;\n}\n"
	"\nstatic inline sk_status_t call_destination(const struct kernel_call *call, uint32_t slot, bool self)\n"
	"{\n\t(void)call;\n\t(void)self;\n\treturn slot == 0 ? SK_BAD_ARG : SK_OK;\n}\n";

static void emit_kernel_part(const struct file *file, struct text *out)
{
	text_add(out, "%s\n#include \"%s_kernel.h\"\n", kernel_part, file->base);
}

static void emit_state(const struct interface *interface, struct text *out)
{
	const char *name = interface->name.text;
	const struct object_type *type = object_type_find(name);
	const char *self = type != NULL && type->form == FORM_BODY ? name : "object";
	text_add(out, "\n__attribute__((weak)) enum %s_state %s_state(const struct %s *%s)\n{\n", name, name, self,
		 name);
	text_add(out, "\t(void)%s;\n", name);
	text_add(out, "\treturn (enum %s_state)1;\n}\n", name);
}

static void emit_feed_kernel(const struct file *file, struct text *out)
{
	text_add(out, "\nstatic void feed_kernel(struct sk_msg *msg)\n{\n");
	text_add(out, "\tstruct object object = {sk_fuzz_buffer};\n");
	text_add(out, "\tstruct kernel_call call = {\n\t\t.msg = msg, .buffer = sk_fuzz_buffer, .object = &object,\n");
	text_add(out, "\t\t.buffer_bytes = SK_TAG_BYTES_OF(msg->tag),\n\t};\n");
	text_add(out, "\t(void)%s_call_dispatch(&call);\n\tif (call.reply_bytes > SK_MSG_BYTES) "
		      "{\n\t\t__builtin_trap();\n\t}\n}\n", file->base);
}

static void emit_feed_server(struct text *out)
{
	text_add(out, "\nstatic void feed_server(bool (*dispatch)(const struct sk_caller *, struct sk_msg *), "
		      "struct sk_msg *msg)\n{\n");
	text_add(out, "\tstruct sk_caller caller = {0};\n");
	text_add(out, "\tif (dispatch(&caller, msg) && SK_TAG_BYTES_OF(msg->tag) > SK_MSG_BYTES) {\n");
	text_add(out, "\t\t__builtin_trap();\n\t}\n}\n");
}

static struct list with_methods(const struct file *file)
{
	struct list interfaces = {0};
	for (size_t i = 0; i < file->interfaces.count; i++) {
		struct interface *interface = list_at(&file->interfaces, i);
		if (interface->methods.count != 0) {
			list_add(&interfaces, interface);
		}
	}
	return interfaces;
}

static void emit_entry(const struct list *interfaces, struct text *out)
{
	text_add(out, "\nint LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);\n\n");
	text_add(out, "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)\n{\n");
	text_add(out, "\tstruct sk_msg msg;\n\tif (size < 1 + sizeof(msg)) {\n\t\treturn 0;\n\t}\n");
	text_add(out, "\tmemcpy(&msg, data + 1, sizeof(msg));\n\tsize_t rest = size - 1 - sizeof(msg);\n");
	text_add(out, "\tmemset(sk_fuzz_buffer, 0, sizeof(sk_fuzz_buffer));\n");
	text_add(out, "\tmemcpy(sk_fuzz_buffer, data + 1 + sizeof(msg), rest < SK_PAGE_BYTES ? rest : "
		      "SK_PAGE_BYTES);\n");
	text_add(out, "\tmsg.tag &= ~(uint64_t)0xff00u;\n\tswitch (data[0] %% %zuu) {\n", interfaces->count);
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = list_at(interfaces, i);
		if (i + 1 == interfaces->count) {
			text_add(out, "\tdefault:\n");
		} else {
			text_add(out, "\tcase %zu:\n", i);
		}
		text_add(out, "\t\tmsg.tag |= SK_TAG_METHOD(%s_INTERFACE, 0);\n", interface->c_constant);
		if (interface->kernel) {
			text_add(out, "\t\tfeed_kernel(&msg);\n\t\tbreak;\n");
		} else {
			text_add(out, "\t\tfeed_server(%s_dispatch, &msg);\n\t\tbreak;\n", interface->name.text);
		}
	}
	text_add(out, "\t}\n\treturn 0;\n}\n");
}

static bool has_kind(const struct list *interfaces, bool kernel)
{
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = list_at(interfaces, i);
		if (interface->kernel == kernel) {
			return true;
		}
	}
	return false;
}

void emit_fuzz(const struct file *file, struct text *out)
{
	struct list selected = with_methods(file);
	const struct list *interfaces = &selected;
	emit_head(file, out, "fuzz harness, for the host's mock architecture");
	text_add(out, "#include <string.h>\n\n#include \"%s_server.h\"\n", file->base);
	if (interfaces->count == 0) {
		return;
	}
	if (has_kind(interfaces, true)) {
		emit_kernel_part(file, out);
	}
	text_add(out, "\nstatic _Alignas(8) uint8_t sk_fuzz_buffer[SK_PAGE_BYTES];\n");
	text_add(out, "\n__attribute__((weak)) void *sk_message_buffer(void)\n{\n\treturn sk_fuzz_buffer;\n}\n");
	text_add(out, "\n__attribute__((weak)) sk_status_t sk_reply(uint64_t token, const struct sk_msg *msg)\n{\n"
		      "\t(void)token;\n\t(void)msg;\n\treturn SK_OK;\n}\n");
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = list_at(interfaces, i);
		if (interface_shares(interface)) {
			emit_region(interface, out);
		}
		if (kernel_has_states(interface)) {
			emit_state(interface, out);
		}
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_handler(interface, list_at(&interface->methods, j), out);
		}
	}
	if (has_kind(interfaces, true)) {
		emit_feed_kernel(file, out);
	}
	if (has_kind(interfaces, false)) {
		emit_feed_server(out);
	}
	emit_entry(interfaces, out);
}
