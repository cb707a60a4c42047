/*
 * libfdt's sequential writer with a sticky error: after the first failure every
 * further call does nothing, and the one check is at the end.
 */
#ifndef GUEST_FDT_WRITER_H
#define GUEST_FDT_WRITER_H

#include <stdint.h>
#include <string.h>

#include <libfdt.h>

struct fdt_writer {
	void *fdt;
	int error; /* 0 or libfdt's first negative answer */
};

static inline void writer_note(struct fdt_writer *w, int result)
{
	if (w->error == 0 && result < 0) {
		w->error = result;
	}
}

static inline void writer_begin(struct fdt_writer *w, const char *name)
{
	writer_note(w, w->error != 0 ? 0 : fdt_begin_node(w->fdt, name));
}

static inline void writer_end(struct fdt_writer *w)
{
	writer_note(w, w->error != 0 ? 0 : fdt_end_node(w->fdt));
}

static inline void writer_bytes(struct fdt_writer *w, const char *name, const void *bytes, uint32_t count)
{
	writer_note(w, w->error != 0 ? 0 : fdt_property(w->fdt, name, bytes, (int)count));
}

static inline void writer_flag(struct fdt_writer *w, const char *name)
{
	writer_bytes(w, name, "", 0);
}

static inline void writer_string(struct fdt_writer *w, const char *name, const char *value)
{
	writer_bytes(w, name, value, (uint32_t)strlen(value) + 1);
}

static inline void writer_u32(struct fdt_writer *w, const char *name, uint32_t value)
{
	writer_note(w, w->error != 0 ? 0 : fdt_property_u32(w->fdt, name, value));
}

/* A list of cells. */
static inline void writer_cells(struct fdt_writer *w, const char *name, const uint32_t *cells, uint32_t count)
{
	fdt32_t out[16];

	if (count > 16) {
		writer_note(w, -FDT_ERR_NOSPACE);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		out[i] = cpu_to_fdt32(cells[i]);
	}
	writer_bytes(w, name, out, count * (uint32_t)sizeof(fdt32_t));
}

/* A list of 64-bit values, two cells each. */
static inline void writer_u64s(struct fdt_writer *w, const char *name, const uint64_t *values, uint32_t count)
{
	fdt64_t out[8];

	if (count > 8) {
		writer_note(w, -FDT_ERR_NOSPACE);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		out[i] = cpu_to_fdt64(values[i]);
	}
	writer_bytes(w, name, out, count * (uint32_t)sizeof(fdt64_t));
}

#endif
