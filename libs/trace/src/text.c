/* See trace.h. */
#include <skink/trace.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <sk/abi.h>
#include <sk/idl/block_trace.h>
#include <sk/idl/console_trace.h>
#include <sk/idl/device_trace.h>
#include <sk/idl/entropy_trace.h>
#include <sk/idl/fallback_trace.h>
#include <sk/idl/kernel_trace.h>
#include <sk/idl/net_trace.h>
#include <sk/idl/pci_trace.h>
#include <sk/idl/rtc_trace.h>
#include <sk/idl/sched_trace.h>
#include <sk/idl/server_trace.h>
#include <sk/idl/supervisor_trace.h>
#include <sk/idl/virtio_trace.h>
#include <sk/idl/vm_exit_trace.h>
#include <sk/idl/vmm_trace.h>

static const struct {
	const struct sk_trace_method *methods;
	const size_t *count;
} tables[] = {
	{ vm_exit_trace, &vm_exit_trace_count },	{ device_trace, &device_trace_count },
	{ kernel_trace, &kernel_trace_count },		{ sched_trace, &sched_trace_count },
	{ console_trace, &console_trace_count },	{ supervisor_trace, &supervisor_trace_count },
	{ vmm_trace, &vmm_trace_count },		{ block_trace, &block_trace_count },
	{ net_trace, &net_trace_count },		{ entropy_trace, &entropy_trace_count },
	{ pci_trace, &pci_trace_count },		{ rtc_trace, &rtc_trace_count },
	{ server_trace, &server_trace_count },		{ virtio_trace, &virtio_trace_count },
	{ fallback_trace, &fallback_trace_count },
};

static const char *const kind_names[] = { "?", "call", "reply", "signal", "dispatch", "fault", "interrupt", "start" };

const struct sk_trace_method *trace_method(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t j = 0; j < *tables[i].count; j++) {
			if (tables[i].methods[j].tag == (tag & SK_TAG_METHOD_MASK)) {
				return &tables[i].methods[j];
			}
		}
	}
	return NULL;
}

const char *trace_kind_name(uint32_t kind)
{
	return kind < sizeof(kind_names) / sizeof(kind_names[0]) ? kind_names[kind] : kind_names[0];
}

/* Text that grows as long as there is room. */
struct writer {
	char *text;
	size_t size;
	size_t at;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int length = vsnprintf(writer->text + writer->at, writer->size - writer->at, format, list);
	va_end(list);
	writer->at += length < 0 ? 0 : (size_t)length;
	writer->at = writer->at < writer->size ? writer->at : writer->size - 1;
}

static void put_name(struct writer *writer, uint32_t object, trace_namer namer)
{
	char name[TRACE_NAME_BYTES] = "nobody";

	if (object != 0) {
		namer(name, object);
	}
	put(writer, "%s", name);
}

/* The first word, if it is one of the fields: the others were not noted. */
static void put_field(struct writer *writer, const struct sk_trace_field *fields, uint32_t count, uint64_t word)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fields[i].word == 0) {
			put(writer, " %s=0x%" PRIx64, fields[i].name, word);
			return;
		}
	}
}

static void put_method(struct writer *writer, uint32_t tag, const struct sk_trace_method *method)
{
	if (method != NULL) {
		put(writer, " %s.%s", method->interface, method->method);
	} else {
		put(writer, " method 0x%" PRIx32, (uint32_t)(tag & SK_TAG_METHOD_MASK));
	}
}

static void put_call(struct writer *writer, const struct sk_trace_record *record)
{
	uint32_t tag = SK_TRACE_TAG_OF(record->what);
	const struct sk_trace_method *method = trace_method(tag);

	put_method(writer, tag, method);
	if (method == NULL) {
		put(writer, " word=0x%" PRIx64, record->word);
	} else {
		put_field(writer, method->parameters, method->parameter_count, record->word);
	}
	if (SK_TAG_BYTES_OF(tag) != 0) {
		put(writer, " +%" PRIu32 " bytes", SK_TAG_BYTES_OF(tag));
	}
}

static void put_reply(struct writer *writer, const struct sk_trace_record *record, uint32_t call_tag)
{
	sk_status_t status = sk_reply_status(SK_TRACE_TAG_OF(record->what));
	const struct sk_trace_method *method = call_tag != 0 ? trace_method(call_tag) : NULL;

	if (call_tag != 0) {
		put_method(writer, call_tag, method);
	}
	if (status != SK_OK) {
		put(writer, " status %d", (int)status);
	} else if (method != NULL) {
		put_field(writer, method->results, method->result_count, record->word);
	} else {
		put(writer, " word=0x%" PRIx64, record->word);
	}
}

void trace_text(char *text, size_t size, const struct sk_trace_record *record, uint32_t call_tag, trace_namer namer)
{
	struct writer writer = { text, size, 0 };
	uint32_t kind = SK_TRACE_KIND_OF(record->what);
	uint32_t subject = SK_TRACE_OBJECT_OF(record->token);
	uint32_t peer = SK_TRACE_PEER_OF(record->what);

	put(&writer, "%-9s ", trace_kind_name(kind));
	switch (kind) {
	case SK_TRACE_CALL:
		put_name(&writer, subject, namer);
		put(&writer, " -> ");
		put_name(&writer, peer, namer);
		put_call(&writer, record);
		break;
	case SK_TRACE_REPLY:
		put_name(&writer, subject, namer);
		put(&writer, " <- ");
		put_name(&writer, peer, namer);
		put_reply(&writer, record, call_tag);
		break;
	case SK_TRACE_SIGNAL:
		put_name(&writer, subject, namer);
		put(&writer, " -> ");
		put_name(&writer, peer, namer);
		put(&writer, " bits 0x%" PRIx64, record->word);
		break;
	case SK_TRACE_DISPATCH:
		put_name(&writer, subject, namer);
		if (peer != subject) {
			put(&writer, " on the turn of ");
			put_name(&writer, peer, namer);
		}
		break;
	case SK_TRACE_FAULT:
		put_name(&writer, subject, namer);
		put(&writer, " reason %" PRIu32 " address 0x%" PRIx64, SK_TRACE_TAG_OF(record->what), record->word);
		break;
	case SK_TRACE_INTERRUPT:
		put(&writer, "line %" PRIu32, SK_TRACE_TAG_OF(record->what));
		break;
	case SK_TRACE_START:
		put_name(&writer, subject, namer);
		break;
	default:
		put(&writer, "what 0x%" PRIx64, record->what);
		break;
	}
}

uint32_t trace_oldest(const struct sk_trace_record *ring)
{
	uint32_t newest = sk_trace_newest(ring);
	uint32_t next = (newest + 1u) % SK_TRACE_RECORDS;

	if (newest == SK_TRACE_RECORDS) {
		return SK_TRACE_RECORDS;
	}
	return SK_TRACE_KIND_OF(ring[next].what) == SK_TRACE_NONE ? 0 : next;
}
