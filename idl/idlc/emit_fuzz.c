/*
 * FILE_fuzz.c: a libFuzzer / AFL entry that feeds the file's dispatchers with a
 * message made of the input: byte 0 chooses the interface, 56 bytes are tag and
 * words, the rest is the message buffer. Handlers are weak and do nothing: link
 * a server's own to fuzz those. A reply that breaks the message format traps.
 */
#include "emit.h"

static void emit_handler(const struct interface *interface, const struct method *method, struct text *out)
{
	struct list parameters = {0};
	const char *first = c_local(method, interface->kernel ? "call" : "caller");
	emit_item(&parameters,
		  text_format(interface->kernel ? "struct kernel_call *%s" : "const struct sk_caller *%s", first));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_SERVER);
	c_outputs(&parameters, &method->out.fields);
	text_add(out, "\n");
	emit_wrapped(out, 0,
		     text_format("__attribute__((weak)) sk_status_t %s_%s_%s(", interface->name.text,
				 interface->kernel ? "do" : "serve", method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n\t(void)%s;\n", first);
	const struct list *sides[] = {&method->in.fields, &method->out.fields};
	for (size_t side = 0; side < 2; side++) {
		for (size_t i = 0; i < sides[side]->count; i++) {
			const struct field *field = list_at(sides[side], i);
			text_add(out, "\t(void)%s;\n", field->name.text);
			if (field->type->kind == TYPE_BYTES || field->type->kind == TYPE_BUFFER) {
				text_add(out, "\t(void)%s_bytes;\n", field->name.text);
			}
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

static void emit_kernel_call(const struct file *file, struct text *out)
{
	text_add(out, "\nstruct kernel_call {\n\tstruct sk_msg *msg;\n\tvoid *buffer;\n\tuint32_t buffer_bytes;\n");
	text_add(out, "\tuint32_t reply_bytes;\n};\n\n#include \"%s_kernel.h\"\n", file->base);
}

static void emit_feed_kernel(struct text *out)
{
	text_add(out, "\nstatic void feed_kernel(sk_status_t (*dispatch)(struct kernel_call *), struct sk_msg "
		      "*msg)\n{\n");
	text_add(out, "\tstruct kernel_call call = {msg, sk_fuzz_buffer, SK_TAG_BYTES_OF(msg->tag), 0};\n");
	text_add(out, "\t(void)dispatch(&call);\n\tif (call.reply_bytes > SK_MSG_BYTES) "
		      "{\n\t\t__builtin_trap();\n\t}\n}\n");
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
		text_add(out, "\t\t%s(%s_dispatch, &msg);\n\t\tbreak;\n",
			 interface->kernel ? "feed_kernel" : "feed_server", interface->name.text);
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
		emit_kernel_call(file, out);
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
		for (size_t j = 0; j < interface->methods.count; j++) {
			emit_handler(interface, list_at(&interface->methods, j), out);
		}
	}
	if (has_kind(interfaces, true)) {
		emit_feed_kernel(out);
	}
	if (has_kind(interfaces, false)) {
		emit_feed_server(out);
	}
	emit_entry(interfaces, out);
}
