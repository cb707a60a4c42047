/*
 * FILE_mock.h: the client stubs' names, answered by a script that a cmocka test
 * writes before. `<iface>_expect_<method>(to, in…, status, results…)` wants a call
 * with just these parameters; `<iface>_answer_<method>(status, results…)` takes any.
 * Either way the call is recorded in `<iface>_mock_<method>`, and
 * `<iface>_mock_done()` fails the test when a promised call did not come.
 *
 * The header keeps FILE_client.h out: it has to be included before the code under
 * test (or forced in with -include). Its variables are weak: all of a program's
 * files share one script.
 */
#include "emit.h"

#define MOCK_DEPTH 16

static void emit_entry_field(const struct field *field, struct text *out)
{
	const char *name = field->name.text;
	switch (field->type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\t%s %s;\n", c_pointee(field->type), name);
		break;
	case TYPE_ARRAY:
		text_add(out, "\t%s %s[%llu];\n", c_pointee(field->type), name,
			 (unsigned long long)field->type->count.value);
		break;
	case TYPE_BYTES:
		text_add(out, "\tuint32_t %s_bytes;\n\tuint8_t %s[%llu];\n", name, name,
			 (unsigned long long)field->type->count.value);
		break;
	case TYPE_CAP:
		text_add(out, "\tsk_cap_t %s;\n", name);
		break;
	case TYPE_RING:
		text_add(out, "\tuint32_t %s;\n", name);
		break;
	case TYPE_BUFFER:
		text_add(out, "\tstruct sk_span %s;\n", name);
		break;
	default:
		text_add(out, "\t%s %s;\n", c_scalar(field->type), name);
		break;
	}
}

static void emit_state(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *tag = text_format("%s_mock_%s", interface->name.text, method->name.text);
	text_add(out, "\nstruct %s {\n\tbool %s; /* parameters are compared */\n\tsk_cap_t %s;\n", tag,
		 c_local(method, "exact"), c_local(method, "to"));
	for (size_t i = 0; i < method->in.fields.count; i++) {
		emit_entry_field(list_at(&method->in.fields, i), out);
	}
	text_add(out, "\tsk_status_t %s;\n", c_local(method, "status"));
	for (size_t i = 0; i < method->out.fields.count; i++) {
		emit_entry_field(list_at(&method->out.fields, i), out);
	}
	text_add(out,
		 "};\n\nstruct %s_script {\n\tuint32_t promised;\n\tuint32_t called;\n\tstruct %s calls[%d];\n};\n",
		 tag, tag, MOCK_DEPTH);
	text_add(out, "__attribute__((weak)) struct %s_script %s;\n", tag, tag);
}

/* Copies a parameter or result that was passed by value or const pointer into the entry `mock`. */
static void emit_store(const struct field *field, const char *mock, struct text *out)
{
	const char *name = field->name.text;
	switch (field->type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\t%s->%s = *%s;\n", mock, name, name);
		break;
	case TYPE_ARRAY:
		text_add(out, "\tmemcpy(%s->%s, %s, sizeof(%s->%s));\n", mock, name, name, mock, name);
		break;
	case TYPE_BYTES:
		text_add(out, "\tassert_true(%s_bytes <= sizeof(%s->%s));\n", name, mock, name);
		text_add(out, "\t%s->%s_bytes = %s_bytes;\n", mock, name, name);
		text_add(out, "\tif (%s_bytes != 0) {\n\t\tmemcpy(%s->%s, %s, %s_bytes);\n\t}\n", name, mock, name,
			 name, name);
		break;
	default:
		text_add(out, "\t%s->%s = %s;\n", mock, name, name);
		break;
	}
}

static void emit_compare(const struct field *field, const char *mock, struct text *out)
{
	const char *name = field->name.text;
	switch (field->type->kind) {
	case TYPE_STRUCT:
		text_add(out, "\t\tassert_memory_equal(%s, &%s->%s, sizeof(%s->%s));\n", name, mock, name, mock, name);
		break;
	case TYPE_ARRAY:
		text_add(out, "\t\tassert_memory_equal(%s, %s->%s, sizeof(%s->%s));\n", name, mock, name, mock, name);
		break;
	case TYPE_BYTES:
		text_add(out, "\t\tassert_int_equal(%s_bytes, %s->%s_bytes);\n", name, mock, name);
		text_add(out, "\t\tif (%s_bytes != 0) {\n\t\t\tassert_memory_equal(%s, %s->%s, %s_bytes);\n\t\t}\n",
			 name, name, mock, name, name);
		break;
	case TYPE_BUFFER:
		text_add(out, "\t\tassert_memory_equal(&%s, &%s->%s, sizeof(%s));\n", name, mock, name, name);
		break;
	default:
		text_add(out, "\t\tassert_int_equal(%s, %s->%s);\n", name, mock, name);
		break;
	}
}

static void emit_result(const struct field *field, const char *mock, struct text *out)
{
	const char *name = field->name.text;
	switch (field->type->kind) {
	case TYPE_ARRAY:
		text_add(out, "\tmemcpy(%s, %s->%s, sizeof(%s->%s));\n", name, mock, name, mock, name);
		break;
	case TYPE_BYTES:
		text_add(out, "\tassert_true(%s->%s_bytes <= *%s_bytes);\n", mock, name, name);
		text_add(out, "\tmemcpy(%s, %s->%s, %s->%s_bytes);\n", name, mock, name, mock, name);
		text_add(out, "\t*%s_bytes = %s->%s_bytes;\n", name, mock, name);
		break;
	default:
		text_add(out, "\t*%s = %s->%s;\n", name, mock, name);
		break;
	}
}

static void emit_promise(const struct interface *interface, const struct method *method, bool exact, struct text *out)
{
	const char *tag = text_format("%s_mock_%s", interface->name.text, method->name.text);
	const char *script = c_local(method, "script");
	const char *mock = c_local(method, "mock");
	struct list parameters = {0};
	if (exact) {
		emit_item(&parameters, text_format("sk_cap_t %s", c_local(method, "to")));
		c_inputs(&parameters, interface, &method->in.fields, SIDE_CLIENT);
	}
	emit_item(&parameters, text_format("sk_status_t %s", c_local(method, "status")));
	c_inputs(&parameters, interface, &method->out.fields, SIDE_CLIENT);
	text_add(out, "\n");
	emit_wrapped(out, 0,
		     text_format("static inline void %s_%s_%s(", interface->name.text, exact ? "expect" : "answer",
				 method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n\tstruct %s_script *%s = &%s;\n\tassert_true(%s->promised < %d);\n", tag, script, tag, script,
		 MOCK_DEPTH);
	text_add(out, "\tstruct %s *%s = &%s->calls[%s->promised];\n", tag, mock, script, script);
	text_add(out, "\t%s->promised++;\n\t%s->%s = %s;\n", script, mock, c_local(method, "exact"),
		 exact ? "true" : "false");
	if (exact) {
		text_add(out, "\t%s->%s = %s;\n", mock, c_local(method, "to"), c_local(method, "to"));
		for (size_t i = 0; i < method->in.fields.count; i++) {
			emit_store(list_at(&method->in.fields, i), mock, out);
		}
	}
	text_add(out, "\t%s->%s = %s;\n", mock, c_local(method, "status"), c_local(method, "status"));
	for (size_t i = 0; i < method->out.fields.count; i++) {
		emit_store(list_at(&method->out.fields, i), mock, out);
	}
	text_add(out, "}\n");
}

static void emit_stub(const struct interface *interface, const struct method *method, struct text *out)
{
	const char *tag = text_format("%s_mock_%s", interface->name.text, method->name.text);
	const char *script = c_local(method, "script");
	const char *mock = c_local(method, "mock");
	const char *to = c_local(method, "to");
	struct list parameters = {0};
	emit_item(&parameters, text_format("sk_cap_t %s", to));
	c_inputs(&parameters, interface, &method->in.fields, SIDE_CLIENT);
	c_outputs(&parameters, &method->out.fields);
	text_add(out, "\n");
	emit_wrapped(out, 0, text_format("static inline sk_status_t %s_%s(", interface->name.text, method->name.text),
		     &parameters, ", ", ")");
	text_add(out, "{\n\tstruct %s_script *%s = &%s;\n\tif (%s->called == %s->promised) {\n", tag, script, tag,
		 script, script);
	text_add(out, "\t\tfail_msg(\"a call of %s.%s that no test expects\");\n\t}\n", interface->name.text,
		 method->name.text);
	text_add(out, "\tstruct %s *%s = &%s->calls[%s->called];\n\t%s->called++;\n", tag, mock, script, script,
		 script);
	text_add(out, "\tif (%s->%s) {\n\t\tassert_int_equal(%s, %s->%s);\n", mock, c_local(method, "exact"), to, mock,
		 to);
	for (size_t i = 0; i < method->in.fields.count; i++) {
		emit_compare(list_at(&method->in.fields, i), mock, out);
	}
	text_add(out, "\t}\n\t%s->%s = %s;\n", mock, to, to);
	for (size_t i = 0; i < method->in.fields.count; i++) {
		emit_store(list_at(&method->in.fields, i), mock, out);
	}
	if (method->out.fields.count != 0) {
		text_add(out, "\tif (%s->%s != SK_OK) {\n\t\treturn %s->%s;\n\t}\n", mock, c_local(method, "status"),
			 mock, c_local(method, "status"));
	}
	for (size_t i = 0; i < method->out.fields.count; i++) {
		emit_result(list_at(&method->out.fields, i), mock, out);
	}
	text_add(out, "\treturn %s->%s;\n}\n", mock, c_local(method, "status"));
}

static void emit_done(const struct interface *interface, struct text *out)
{
	const char *name = interface->name.text;
	text_add(out, "\n/* Fails when a promised call of interface %s did not come, and empties the script. */\n",
		 name);
	text_add(out, "static inline void %s_mock_done(void)\n{\n", name);
	for (size_t i = 0; i < interface->methods.count; i++) {
		const struct method *method = list_at(&interface->methods, i);
		const char *script = text_format("%s_mock_%s", name, method->name.text);
		text_add(out, "\tassert_int_equal(%s.called, %s.promised);\n", script, script);
		text_add(out, "\tmemset(&%s, 0, sizeof(%s));\n", script, script);
	}
	text_add(out, "}\n");
}

void emit_mock(const struct file *file, struct text *out)
{
	const char *guard = emit_guard(file, "MOCK_");
	emit_head(file, out, "mock of the client side, for cmocka");
	text_add(out, "/* Include before the code under test: it takes the place of %s_client.h. */\n", file->base);
	text_add(out,
		 "#ifndef %s\n#define %s\n#ifdef %s\n#error \"include %s_mock.h before %s_client.h\"\n#endif\n#define "
		 "%s\n\n",
		 guard, guard, emit_guard(file, "CLIENT_"), file->base, file->base, emit_guard(file, "CLIENT_"));
	text_add(out, "#include <setjmp.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include "
		      "<string.h>\n\n");
	text_add(out, "#include <cmocka.h>\n\n#include \"%s.h\"\n", file->base);
	for (size_t i = 0; i < file->interfaces.count; i++) {
		const struct interface *interface = list_at(&file->interfaces, i);
		for (size_t j = 0; j < interface->methods.count; j++) {
			const struct method *method = list_at(&interface->methods, j);
			emit_state(interface, method, out);
			emit_promise(interface, method, true, out);
			emit_promise(interface, method, false, out);
			emit_stub(interface, method, out);
		}
		if (interface->methods.count != 0) {
			emit_done(interface, out);
		}
	}
	text_add(out, "\n#endif\n");
}
