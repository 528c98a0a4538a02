/* SPDX-License-Identifier: MIT */
/*
 * --format=ld-debug: what ld.so says while it searches and loads (LD_DEBUG=libs, files). The lines
 * are those of glibc elf/dl-load.c, elf/dl-map-segments.h and elf/dl-object.c.
 */
#include "lddebug-priv.h"

#include <elf.h>
#include <inttypes.h>

#define LINE(report, ...) bs_lddebug_line((report), (const char *const[]){ __VA_ARGS__, NULL })

static const char *name_or_program(const struct bs_run *run, const char *name)
{
	return *name ? name : run->program;
}

/* Why a file that was tried is not taken, where nothing else will say it. (glibc
 * elf/dl-load.c:open_verify, open_path) */
static void write_rejection(struct bs_report *report, const struct bs_trace *trace)
{
	if (trace->os_error) {
		LINE(report, "    (no such file)");
		return;
	}
	switch (trace->verdict) {
	case BS_SKIP:
		LINE(report, "    (incompatible ELF machine)");
		return;
	case BS_SKIP_OTHER_CLASS:
		LINE(report, "    (incompatible ELF class)");
		return;
	case BS_SKIP_NO_SETUID:
		LINE(report, "  refusing to load file=", trace->text,
		     ", the shared object cannot be tested for being SUID or the bit is not set");
		return;
	case BS_TAKE:
	case BS_REFUSE:
		return;
	}
}

void bs_lddebug_trace(struct bs_report *report, const struct bs_run *run,
		      const struct bs_trace *trace)
{
	if (run->scope_policy.fixed.used) {
		bs_lddebug_search(report, trace);
		return;
	}
	switch (trace->kind) {
	case BS_TRACE_FIND:
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "find library=");
		bs_write_text(report->writer, trace->text);
		bs_write_text(report->writer, " [");
		bs_write_number(report->writer, trace->ns);
		bs_write_text(report->writer, "]; searching");
		bs_lddebug_end_line(report);
		return;
	case BS_TRACE_PATH_LIST:
		if (trace->where)
			LINE(report, " search path=", trace->text, "\t\t(", trace->label,
			     " from file ", name_or_program(run, trace->where), ")");
		else
			LINE(report, " search path=", trace->text, "\t\t(", trace->label, ")");
		return;
	case BS_TRACE_CACHE:
		LINE(report, " search cache=", trace->text);
		return;
	case BS_TRACE_TRY:
		if (trace->how != BS_HOW_PATH)
			LINE(report, "  trying file=", trace->text);
		if (run->profile->tells_rejections)
			write_rejection(report, trace);
		return;
	case BS_TRACE_CACHE_DROPPED:
		LINE(report, "  trying file=", trace->text);
		return;
	case BS_TRACE_AUXILIARY:
		LINE(report, "load auxiliary object=", trace->text,
		     " requested by file=", name_or_program(run, trace->where));
		return;
	case BS_TRACE_END:
		return;
	}
}

/* "file=NAME [NS];  WORDS OBJECT [NS]" */
static void write_asked(struct bs_report *report, const struct bs_run *run,
			const struct bs_load_note *note, const char *words)
{
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "file=");
	bs_write_text(report->writer, note->name);
	bs_write(report->writer, " [", 2);
	bs_write_number(report->writer, note->ns);
	bs_write_text(report->writer, "];  ");
	bs_write_text(report->writer, words);
	bs_lddebug_map(report, run, note->by);
	bs_lddebug_end_line(report);
}

static uint64_t first_address(const struct bs_image *image, uint32_t type)
{
	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].type == type)
			return image->segments[i].vaddr;
	return 0;
}

/* Where the program headers are mapped: by PT_PHDR, else by the segment that holds them. */
static uint64_t header_address(const struct bs_image *image)
{
	uint64_t at = first_address(image, PT_PHDR);

	for (uint32_t i = 0; !at && i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_LOAD && s->offset <= image->header.phoff &&
		    image->header.phoff - s->offset < s->filesz)
			at = image->header.phoff - s->offset + s->vaddr;
	}
	return at;
}

/* Bytes from the first page of the object to the end of its last segment. */
static uint64_t mapped_size(const struct bs_image *image)
{
	const uint64_t page_mask = 4095;
	uint64_t start = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type != PT_LOAD)
			continue;
		if ((s->vaddr & ~page_mask) < start)
			start = s->vaddr & ~page_mask;
		end = s->vaddr + s->memsz;
	}
	return start < end ? end - start : 0;
}

/* Addresses as if the object were loaded at 0, which nobody knows before. */
static void write_addresses(struct bs_report *report, const struct bs_image *image)
{
	int digits = image->header.ident[EI_CLASS] == ELFCLASS64 ? 16 : 8;

	bs_lddebug_begin_line(report);
	bs_write_format(report->writer,
			"  dynamic: 0x%0*" PRIx64 "  base: 0x%0*x   size: 0x%0*" PRIx64, digits,
			first_address(image, PT_DYNAMIC), digits, 0, digits, mapped_size(image));
	bs_lddebug_end_line(report);
	bs_lddebug_begin_line(report);
	bs_write_format(report->writer,
			"    entry: 0x%0*" PRIx64 "  phdr: 0x%0*" PRIx64 "  phnum:   %*u", digits,
			image->header.entry, digits, header_address(image), digits,
			image->header.phnum);
	bs_lddebug_end_line(report);
}

void bs_lddebug_load(struct bs_report *report, const struct bs_run *run,
		     const struct bs_load_note *note)
{
	switch (note->kind) {
	case BS_LOAD_ASKED:
		write_asked(report, run, note, "needed by ");
		return;
	case BS_LOAD_DLOPENED:
		write_asked(report, run, note, "dynamically loaded by ");
		return;
	case BS_LOAD_BEGINS:
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "file=");
		bs_write_text(report->writer, note->name);
		bs_write_format(report->writer, " [%u];  generating link map", note->ns);
		bs_lddebug_end_line(report);
		return;
	case BS_LOAD_ODD_FLAGS:
		bs_lddebug_begin_line(report);
		bs_write_format(report->writer,
				"WARNING: Unsupported flag value(s) of 0x%x in DT_FLAGS_1.",
				note->flags);
		bs_lddebug_end_line(report);
		return;
	case BS_LOAD_RESERVED:
		return;
	case BS_LOAD_MAPPED:
		write_addresses(report, bs_map_of(&run->process, note->map)->image);
		return;
	}
}
