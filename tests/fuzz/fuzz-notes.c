/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the notes of a shared object; what they say of dlopen is read as JSON.
 *
 * A byte each: the kind of the file, how the notes are aligned, the shares of the first two of
 * three segments, and how much the file lacks at its end. The notes' own bytes follow.
 */
#include "frame.h"
#include "touch.h"

#include "report/dlopen-notes.h"

enum { PROPERTY = 64, OVERLAPPING = 128 };

static void read_entries(const struct bs_ctx *ctx, const struct bs_image *image)
{
	struct bs_map map = { .image = image };
	struct bs_run run = { .ctx = *ctx };
	bs_note_entries entries = { 0 };

	if (!image->notes.n_dlopen)
		return;
	map.name = bs_name_of(ctx->names, "input");
	bs_vec_push(ctx->arena, &run.process.maps, map);
	bs_note_entries_read(&run, 0, &entries);
	bs_vec_each (i, &entries) {
		bs_touch(entries.v[i].feature);
		bs_touch(entries.v[i].description);
		bs_vec_each (k, &entries.v[i].sonames)
			bs_touch(entries.v[i].sonames.v[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t aligns[] = { 4, 8, 1, 0 };
	static struct bs_fuzz_frame f;
	struct bs_fuzz_in in = { data, n };

	bs_frame_begin(&f, bs_fuzz_u8(&in));
	uint8_t how = bs_fuzz_u8(&in), share[2] = { bs_fuzz_u8(&in), bs_fuzz_u8(&in) };
	uint8_t cut = bs_fuzz_u8(&in);

	bs_frame_symbols(&f, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct bs_fuzz_in part =
			i < 2 ? bs_fuzz_take_share(&in, share[i]) : bs_fuzz_take(&in, in.n);
		uint64_t at = bs_frame_add(&f, part, 8);

		bs_frame_segment(&f, PT_NOTE, PF_R, how & OVERLAPPING ? at - part.n : at, f.n - at,
				 aligns[how >> 2 * i & 3]);
		if (how & PROPERTY && i == 0)
			bs_frame_segment(&f, PT_GNU_PROPERTY, PF_R, at, f.n - at,
					 aligns[how >> 2 * i & 3]);
	}
	bs_touch_file(bs_frame_end(&f, cut), read_entries);
	return 0;
}
