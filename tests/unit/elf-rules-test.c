/* SPDX-License-Identifier: MIT */
/*
 * Files that bend one rule each: what the loader makes of them, src/elf has to say.
 */
#include "elf-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_has_note(const struct change *c, const char *detail, size_t offset)
{
	assert_false(c->image->complete);
	bs_vec_each (i, &c->run->diags.list) {
		const struct bs_diag *diag = &c->run->diags.list.v[i];

		if (strcmp(diag->detail, detail) == 0 && diag->offset == offset)
			return;
	}
	fail_msg("nothing says: %s", detail);
}

static void gnu_hash_rules(void **state)
{
	struct change c = change_begin("plain");
	size_t hash = table(&c, DT_GNU_HASH);
	uint32_t n_buckets = c.image->gnu_hash.n_buckets, words = c.image->gnu_hash.bloom_words;
	size_t chain = hash + 16 + words * 8 + n_buckets * 4;
	size_t last = chain + (c.image->gnu_hash.n_chain - 1) * 4;
	uint32_t before;

	(void)state;
	put32(&c.bytes, hash + 8, 3);
	change_read(&c);
	assert_non_null(strstr(c.image->broken, "power of two"));
	assert_int_equal(c.run->diags.list.v[0].offset, hash + 8);
	assert_true(c.image->gnu_hash.present);
	assert_int_equal(look_up(c.image, "counter"), 0);
	put32(&c.bytes, hash + 8, words);

	/* An empty table finds nothing, which is no fault. */
	put32(&c.bytes, hash, 0);
	assert_true(change_read(&c)->complete);
	assert_int_equal(look_up(c.image, "counter"), 0);
	put32(&c.bytes, hash, n_buckets);

	before = get32(&c.bytes, last);
	assert_true(before & 1);
	put32(&c.bytes, last, before & ~1u);
	change_read(&c);
	/* Unless what follows happens to look like an end mark, the chain has none. */
	assert_true(!c.image->complete || c.image->gnu_hash.n_chain * 4 > last - chain + 4);
	put32(&c.bytes, last, before);

	/* A bloom filter that says no hides the symbol, as it does from a loader. */
	for (uint32_t i = 0; i < words; i++)
		put64(&c.bytes, hash + 16 + i * 8, 0);
	assert_true(change_read(&c)->complete);
	assert_int_equal(look_up(c.image, "counter"), 0);
	change_end(&c);
}

/* The address N bytes before the end of the first segment, which holds all tables of a symbol. */
static uint64_t end_of_tables(const struct bs_image *image, uint64_t n)
{
	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].type == PT_LOAD)
			return image->segments[i].vaddr + image->segments[i].filesz - n;
	fail();
	return 0;
}

static void tables_at_the_end_of_a_segment(void **state)
{
	struct change c = change_begin("versioned");

	(void)state;
	put64(&c.bytes, tag(&c, DT_VERSYM) + 8, end_of_tables(c.image, 4));
	assert_non_null(strstr(change_read(&c)->broken, "DT_VERSYM"));
	assert_int_equal(c.image->symbols.n_versym, 2);
	assert_int_equal(bs_image_versym(c.image, 2), 0);
	put64(&c.bytes, tag(&c, DT_GNU_HASH) + 8, end_of_tables(c.image, 8));
	assert_string_equal(change_read(&c)->broken, "DT_GNU_HASH cut off");
	assert_int_equal(look_up(c.image, "plain"), 0);
	change_end(&c);

	c = change_begin("sysv");
	put64(&c.bytes, tag(&c, DT_HASH) + 8, end_of_tables(c.image, 4));
	assert_string_equal(change_read(&c)->broken, "DT_HASH cut off");
	assert_int_equal(look_up(c.image, "work"), 0);
	put64(&c.bytes, tag(&c, DT_SYMTAB) + 8, end_of_tables(c.image, 30));
	assert_int_equal(change_read(&c)->symbols.n, 1);
	change_end(&c);
}

static void circular_sysv_chain(void **state)
{
	struct change c = change_begin("sysv");
	size_t hash = table(&c, DT_HASH);
	uint32_t n_buckets = get32(&c.bytes, hash), n_chain = get32(&c.bytes, hash + 4);
	struct bs_hash_step step = { 0 };
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < n_buckets; i++)
		put32(&c.bytes, hash + 8 + i * 4, 1);
	for (uint32_t i = 0; i < n_chain; i++)
		put32(&c.bytes, hash + 8 + (n_buckets + i) * 4, i == 1 ? 2 : 1);
	change_read(&c);
	while (bs_image_hash_next(c.image, "x", bs_hash_gnu("x"), &step))
		n++;
	assert_int_equal(n, n_chain);
	change_end(&c);
}

static void circular_versions(void **state)
{
	struct change c = change_begin("user");
	size_t need = table(&c, DT_VERNEED);
	size_t aux = need + get32(&c.bytes, need + offsetof(Elf64_Verneed, vn_aux));

	(void)state;
	/* Offsets are unsigned: one that should lead back leads out of the segment. */
	put32(&c.bytes, need + offsetof(Elf64_Verneed, vn_next), (uint32_t)-16);
	assert_false(change_read(&c)->complete);
	assert_int_equal(c.image->versions.n_needs, 1);
	/* One byte on at a time, each entry with a list of its own. */
	put32(&c.bytes, need + offsetof(Elf64_Verneed, vn_next), 1);
	put32(&c.bytes, aux + offsetof(Elf64_Vernaux, vna_next), 1);
	change_read(&c);
	change_end(&c);
}

/*
 * Appends N bytes to the file and has the segment that says how executable the stack is map them
 * at ADDRESS instead.
 */
static size_t append_segment(struct change *c, uint64_t address, size_t n)
{
	size_t at = (c->bytes.n + 7) & ~(size_t)7;
	uint8_t *larger = realloc(c->bytes.v, at + n);

	assert_non_null(larger);
	memset(larger + c->bytes.n, 0, at + n - c->bytes.n);
	c->bytes = (struct bytes){ larger, at + n };
	for (uint32_t i = 0; i < c->image->n_segments; i++)
		if (c->image->segments[i].type == PT_GNU_STACK) {
			Elf64_Phdr load = {
				.p_type = PT_LOAD,
				.p_flags = PF_R,
				.p_offset = at,
				.p_vaddr = address,
				.p_filesz = n,
				.p_memsz = n,
			};

			memcpy(c->bytes.v + c->image->header.phoff + i * sizeof load, &load,
			       sizeof load);
			return at;
		}
	fail_msg("no segment to spare");
	return 0;
}

static void endless_versions(void **state)
{
	enum { N = 100000, ADDRESS = 0x10000000 };
	struct change c = change_begin("user");
	size_t at = append_segment(&c, ADDRESS, N * sizeof(Elf64_Verneed));
	Elf64_Verneed need = { .vn_version = 1, .vn_aux = 0, .vn_next = sizeof need };

	(void)state;
	/* As a vernaux, too, each entry leads to the next. */
	for (size_t i = 0; i < N; i++)
		memcpy(c.bytes.v + at + i * sizeof need, &need, sizeof need);
	put64(&c.bytes, tag(&c, DT_VERNEED) + 8, ADDRESS);
	change_read(&c);
	assert_null(c.image->broken);
	assert_string_equal(c.run->diags.list.v[0].detail, "DT_VERNEED without an end");
	assert_true(c.run->diags.list.n < 10);
	change_end(&c);
}

/* As many notes as a file has room for, once for each of its segments. */
static void countless_notes(void **state)
{
	struct change c = change_begin("plain");
	size_t n = 1 << 22, at = append_segment(&c, 0x10000000, n);

	(void)state;
	for (uint32_t i = 0; i < c.image->n_segments; i++) {
		size_t header = c.image->header.phoff + i * sizeof(Elf64_Phdr);

		if (c.image->segments[i].type == PT_LOAD)
			continue;
		put32(&c.bytes, header, PT_NOTE);
		put64(&c.bytes, header + offsetof(Elf64_Phdr, p_offset), at);
		put64(&c.bytes, header + offsetof(Elf64_Phdr, p_filesz), n);
	}
	change_read(&c);
	assert_null(c.image->notes.build_id);
	change_end(&c);
}

static void notes_about_dlopen(void **state)
{
	enum { NAME_SIZE = 0, TEXT_SIZE = 4, TYPE = 8, OWNER = 12, TEXT = 16 };
	struct change c = change_begin("plain");
	const struct bs_dlopen_note *notes = c.image->notes.dlopen;
	size_t text = notes[0].offset, note = text - TEXT, segment = 0;
	uint32_t n = notes[0].n;

	(void)state;
	assert_int_equal(c.image->notes.n_dlopen, 2);
	for (uint32_t i = 0; i < c.image->notes.n_dlopen; i++) {
		static const char begin[] = "[{\"soname\":[\"lib";

		assert_memory_equal(notes[i].text, begin, sizeof begin - 1);
		assert_int_equal(notes[i].text[notes[i].n - 1], ']');
	}
	assert_true(notes[0].offset < notes[1].offset);
	for (uint32_t i = 0; i < c.image->n_segments; i++)
		if (c.image->segments[i].type == PT_NOTE && c.image->segments[i].offset <= note &&
		    note < c.image->segments[i].offset + c.image->segments[i].filesz)
			segment = i;

	/* Another owner, another type. */
	c.bytes.v[note + OWNER] = 'X';
	assert_int_equal(change_read(&c)->notes.n_dlopen, 1);
	assert_true(c.image->complete);
	c.bytes.v[note + OWNER] = 'F';
	put32(&c.bytes, note + TYPE, 1);
	assert_int_equal(change_read(&c)->notes.n_dlopen, 1);
	put32(&c.bytes, note + TYPE, 0x407c0c0a);

	/* No NUL: all of it counts, and a NUL before the end ends it. */
	put32(&c.bytes, note + TEXT_SIZE, n);
	assert_int_equal(change_read(&c)->notes.dlopen[0].n, n);
	assert_has_note(&c, "a dlopen note without a NUL at its end", text);
	put32(&c.bytes, note + TEXT_SIZE, n + 1);
	c.bytes.v[text + 3] = '\0';
	assert_int_equal(change_read(&c)->notes.dlopen[0].n, 3);
	assert_true(c.image->complete);

	/* A length that leads out of the segment ends it. */
	for (uint32_t k = 0; k < 3; k++) {
		static const uint32_t sizes[] = { 0x10000, 0x7fffffff, UINT32_MAX };
		char words[64];

		put32(&c.bytes, note + TEXT_SIZE, sizes[k]);
		assert_int_equal(change_read(&c)->notes.n_dlopen, 0);
		snprintf(words, sizeof words, "a dlopen note that reaches beyond segment %zu",
			 segment);
		assert_has_note(&c, words, text);
	}
	put32(&c.bytes, note + TEXT_SIZE, n + 1);
	put32(&c.bytes, note + NAME_SIZE, UINT32_MAX);
	assert_int_equal(change_read(&c)->notes.n_dlopen, 0);
	change_end(&c);
}

/* What two segments hold is one note. */
static void notes_in_two_segments(void **state)
{
	struct change c = change_begin("plain");
	uint32_t n_notes = c.image->notes.n_dlopen;
	const struct bs_segment *notes = NULL;

	(void)state;
	for (uint32_t i = 0; i < c.image->n_segments; i++)
		if (c.image->segments[i].type == PT_NOTE && c.image->segments[i].align == 4)
			notes = &c.image->segments[i];
	assert_non_null(notes);
	for (uint32_t i = 0; i < c.image->n_segments; i++) {
		size_t header = c.image->header.phoff + i * sizeof(Elf64_Phdr);

		if (c.image->segments[i].type != PT_GNU_STACK)
			continue;
		memcpy(c.bytes.v + header,
		       c.bytes.v + c.image->header.phoff +
			       (size_t)(notes - c.image->segments) * sizeof(Elf64_Phdr),
		       sizeof(Elf64_Phdr));
	}
	change_read(&c);
	assert_int_equal(c.image->notes.n_dlopen, n_notes);
	change_end(&c);
}

static void properties_by_the_rules(void **state)
{
	enum { NAME = 12, TYPE = 16, SIZE = 20, VALUE = 24 };
	struct change c = change_begin("property");
	size_t note = 0, header = 0;

	(void)state;
	for (uint32_t i = 0; i < c.image->n_segments; i++)
		if (c.image->segments[i].type == PT_NOTE && c.image->segments[i].align == 8) {
			note = c.image->segments[i].offset;
			header = c.image->header.phoff + i * sizeof(Elf64_Phdr);
		}
	assert_true(note != 0);
	put32(&c.bytes, note + VALUE, 8);
	assert_int_equal(change_read(&c)->notes.x86_isa_needed, 8);
	put32(&c.bytes, note + SIZE, 8);
	assert_int_equal(change_read(&c)->notes.x86_isa_needed, 0);
	put32(&c.bytes, note + SIZE, UINT32_MAX);
	assert_int_equal(change_read(&c)->notes.x86_isa_needed, 0);
	put32(&c.bytes, note + SIZE, 4);
	put32(&c.bytes, note + TYPE, 0xb0008000);
	assert_int_equal(change_read(&c)->notes.needed_1, 8);
	assert_int_equal(c.image->notes.x86_isa_needed, 0);
	put32(&c.bytes, note + TYPE, 0xc0008002);
	c.bytes.v[note + NAME] = 'X';
	assert_int_equal(change_read(&c)->notes.x86_isa_needed, 0);
	c.bytes.v[note + NAME] = 'G';
	/* Only notes aligned to words of the class count. */
	put64(&c.bytes, header + offsetof(Elf64_Phdr, p_align), 4);
	assert_int_equal(change_read(&c)->notes.x86_isa_needed, 0);
	assert_true(c.image->complete);
	change_end(&c);
}

static void the_last_entry_of_a_tag_counts(void **state)
{
	struct change c = change_begin("plain");
	uint64_t soname = bs_image_dynamic(c.image, DT_SONAME, 0);

	(void)state;
	put64(&c.bytes, tag(&c, DT_RUNPATH), DT_SONAME);
	assert_string_equal(change_read(&c)->soname, "/one:/two");
	assert_int_not_equal(bs_image_dynamic(c.image, DT_SONAME, 0), soname);
	assert_null(c.image->runpath);
	change_end(&c);

	c = change_begin("plain");
	put64(&c.bytes, tag(&c, DT_SONAME), DT_RPATH);
	change_read(&c);
	assert_string_equal(c.image->rpath, "libplain.so.1");
	assert_string_equal(c.image->runpath, "/one:/two");
	/* An empty name is a name. */
	put64(&c.bytes, tag(&c, DT_RPATH) + 8, 0);
	assert_string_equal(change_read(&c)->rpath, "");
	assert_true(c.image->complete);
	change_end(&c);
}

static void strings_outside(void **state)
{
	struct change c = change_begin("plain");

	(void)state;
	put64(&c.bytes, tag(&c, DT_SONAME) + 8, 1u << 20);
	put64(&c.bytes, tag(&c, DT_RUNPATH), DT_AUXILIARY);
	assert_int_equal(change_read(&c)->complete, false);
	assert_null(c.image->soname);
	assert_has_note(&c, "DT_SONAME outside of the string table", tag(&c, DT_SONAME));
	assert_int_equal(c.run->diags.list.v[0].code, BS_DIAG_OUTSIDE_FILE);
	/* Whether that one is read depends on the look-ups; a need is read at once. */
	assert_null(c.image->broken);
	put64(&c.bytes, tag(&c, DT_AUXILIARY) + 8, 1u << 20);
	assert_string_equal(change_read(&c)->broken, "DT_AUXILIARY outside of the string table");
	put64(&c.bytes, tag(&c, DT_AUXILIARY) + 8, UINT64_MAX);
	assert_null(change_read(&c)->broken);
	assert_false(c.image->complete);
	change_end(&c);

	/* What stands before the table is as good. */
	c = change_begin("plain");
	memcpy(c.bytes.v + table(&c, DT_SYMTAB), "early", 6);
	put64(&c.bytes, tag(&c, DT_SONAME) + 8,
	      bs_image_dynamic(c.image, DT_SYMTAB, 0) - bs_image_dynamic(c.image, DT_STRTAB, 0));
	assert_string_equal(change_read(&c)->soname, "early");
	assert_null(c.image->broken);
	change_end(&c);
}

/* Loaders do without DT_STRSZ. */
static void string_table_size(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 3, 1u << 20, UINT64_MAX };
	struct change c = change_begin("plain");
	uint64_t n = c.image->symbols.n_strings;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		put64(&c.bytes, tag(&c, DT_STRSZ) + 8, sizes[i]);
		assert_null(change_read(&c)->broken);
		assert_int_equal(c.image->symbols.n_strings, n);
		assert_string_equal(c.image->soname, "libplain.so.1");
		assert_true(look_up(c.image, "counter") != 0);
		assert_true(c.image->complete == (sizes[i] <= 1));
	}
	put64(&c.bytes, tag(&c, DT_STRSZ), 0x6ffffd00);
	assert_true(change_read(&c)->complete);
	assert_int_equal(c.image->symbols.n_strings, n);
	change_end(&c);
}

static void the_older_hash_table(void **state)
{
	struct change c = change_begin("both");

	(void)state;
	put64(&c.bytes, tag(&c, DT_HASH) + 8, UINT64_MAX);
	assert_true(change_read(&c)->complete);
	assert_true(c.image->sysv_hash.present);
	assert_true(look_up(c.image, "work") != 0);
	change_end(&c);

	/* Alone it counts, but for the number of its chain words. */
	c = change_begin("sysv");
	size_t hash = table(&c, DT_HASH);
	uint32_t n_chain = c.image->sysv_hash.n_chain, index = look_up(c.image, "work");

	put32(&c.bytes, hash + 4, 1);
	assert_null(change_read(&c)->broken);
	assert_true(c.image->sysv_hash.n_chain <= n_chain);
	assert_int_equal(look_up(c.image, "work"), index);
	put32(&c.bytes, hash + 4, UINT32_MAX);
	assert_null(change_read(&c)->broken);
	assert_true(c.image->sysv_hash.n_chain <= n_chain);
	assert_int_equal(look_up(c.image, "work"), index);
	put32(&c.bytes, hash, UINT32_MAX);
	assert_string_equal(change_read(&c)->broken, "DT_HASH buckets cut off");
	change_end(&c);
}

static void cut_definitions(void **state)
{
	struct change c = change_begin("versioned");
	size_t def = table(&c, DT_VERDEF), next = def + offsetof(Elf64_Verdef, vd_next);

	(void)state;
	assert_false(c.image->versions.defs_cut);
	put32(&c.bytes, next, UINT32_MAX);
	assert_true(change_read(&c)->versions.defs_cut);
	assert_int_equal(c.image->versions.n_defs, 1);
	assert_string_equal(c.image->broken, "DT_VERDEF entry cut off");
	put64(&c.bytes, tag(&c, DT_VERDEF) + 8, UINT64_MAX);
	assert_true(change_read(&c)->versions.defs_cut);
	assert_int_equal(c.image->versions.n_defs, 0);
	change_end(&c);
}

static size_t header_of(const struct change *c, uint32_t type)
{
	for (uint32_t i = c->image->n_segments; i-- > 0;)
		if (c->image->segments[i].type == type)
			return c->image->header.phoff + i * sizeof(Elf64_Phdr);
	fail_msg("no segment of type %u", type);
	return 0;
}

static void what_no_loader_reads(void **state)
{
	struct change c = change_begin("executable");
	size_t interp = header_of(&c, PT_INTERP), note = header_of(&c, PT_NOTE);

	(void)state;
	put64(&c.bytes, interp + offsetof(Elf64_Phdr, p_offset), c.bytes.n);
	assert_null(change_read(&c)->interp);
	assert_false(c.image->complete);
	assert_null(c.image->broken);
	put64(&c.bytes, note + offsetof(Elf64_Phdr, p_offset), c.bytes.n);
	assert_null(change_read(&c)->broken);
	assert_int_equal(c.run->diags.list.n, 2);
	change_end(&c);
}

/* A segment that goes on beyond the file is mapped by pages: the last has zeros at its end. */
static void segments_cut_off(void **state)
{
	enum { PAGE = 4096 };
	struct change c = change_begin("plain");
	size_t header = header_of(&c, PT_LOAD);
	size_t filesz = header + offsetof(Elf64_Phdr, p_filesz);
	size_t memsz = header + offsetof(Elf64_Phdr, p_memsz);
	uint64_t offset = get64(&c.bytes, header + offsetof(Elf64_Phdr, p_offset));
	uint64_t address = get64(&c.bytes, header + offsetof(Elf64_Phdr, p_vaddr));
	uint64_t to_page_end = (uint64_t)PAGE - c.bytes.n % PAGE;

	(void)state;
	assert_true(to_page_end > 16 && to_page_end < PAGE);
	put64(&c.bytes, filesz, c.bytes.n - offset + 8);
	put64(&c.bytes, memsz, c.bytes.n - offset + 16);
	assert_null(change_read(&c)->broken);
	assert_string_equal(c.run->diags.list.v[0].detail,
			    "segment 3 cut off by the end of the file");
	/* The loader's own zeros for a page that is not there. */
	put64(&c.bytes, filesz, c.bytes.n - offset + to_page_end + 8);
	put64(&c.bytes, memsz, c.bytes.n - offset + to_page_end + 16);
	assert_non_null(strstr(change_read(&c)->broken, "zeros to follow"));
	put64(&c.bytes, memsz, get64(&c.bytes, filesz));
	assert_null(change_read(&c)->broken);
	/* A need in it. */
	put64(&c.bytes, tag(&c, DT_RUNPATH), DT_NEEDED);
	put64(&c.bytes, tag(&c, DT_NEEDED) + 8,
	      address + (c.bytes.n - offset) - bs_image_dynamic(c.image, DT_STRTAB, 0));
	assert_null(change_read(&c)->broken);
	put64(&c.bytes, tag(&c, DT_NEEDED) + 8,
	      address + (c.bytes.n - offset) + to_page_end -
		      bs_image_dynamic(c.image, DT_STRTAB, 0));
	assert_string_equal(change_read(&c)->broken, "DT_NEEDED outside of the string table");
	change_end(&c);
}

static void relocations_by_the_rules(void **state)
{
	struct change c = change_begin("plain");
	uint32_t n_eager = c.image->relocations.eager[0].n, n_plt = c.image->relocations.plt.n;
	size_t size = tag(&c, DT_RELASZ) + 8;

	(void)state;
	/* DT_RELA that ends with the PLT's relocations. */
	assert_int_equal(bs_image_dynamic(c.image, DT_RELA, 0) + n_eager * sizeof(Elf64_Rela),
			 bs_image_dynamic(c.image, DT_JMPREL, 0));
	put64(&c.bytes, size, (n_eager + n_plt) * sizeof(Elf64_Rela));
	assert_true(change_read(&c)->complete);
	assert_int_equal(c.image->relocations.eager[0].n, n_eager);
	assert_int_equal(c.image->relocations.plt.n, n_plt);

	/* One that ends there but starts later; without relative ones, which are done for all that.
	 */
	put64(&c.bytes, tag(&c, DT_RELACOUNT) + 8, 0);
	put64(&c.bytes, tag(&c, DT_RELA) + 8,
	      bs_image_dynamic(c.image, DT_JMPREL, 0) + sizeof(Elf64_Rela));
	put64(&c.bytes, size, (n_plt - 1) * sizeof(Elf64_Rela));
	assert_null(change_read(&c)->broken);
	assert_has_note(&c, "DT_RELA smaller than the DT_JMPREL in it", tag(&c, DT_RELASZ));
	put64(&c.bytes, tag(&c, DT_RELA) + 8,
	      bs_image_dynamic(c.image, DT_JMPREL, 0) - n_eager * sizeof(Elf64_Rela));

	/* The loader does an entry that only starts before the end. */
	put64(&c.bytes, size, n_eager * sizeof(Elf64_Rela) + 1);
	assert_false(change_read(&c)->complete);
	assert_null(c.image->broken);
	assert_int_equal(c.image->relocations.eager[0].n, n_eager + 1);
	put64(&c.bytes, size, n_eager * sizeof(Elf64_Rela));
	uint64_t plt_bytes = n_plt * sizeof(Elf64_Rela);

	put64(&c.bytes, tag(&c, DT_PLTRELSZ) + 8, plt_bytes + 1);
	assert_null(change_read(&c)->broken);
	put64(&c.bytes, tag(&c, DT_PLTRELSZ) + 8, plt_bytes);

	/* The loader of x86-64 looks at the type after all. */
	put64(&c.bytes, tag(&c, DT_RELACOUNT) + 8, n_eager + 1);
	assert_non_null(change_read(&c)->broken);
	assert_int_equal(c.image->relocations.eager[0].n_relative, n_eager);
	put64(&c.bytes, tag(&c, DT_RELACOUNT) + 8, n_eager);
	assert_non_null(change_read(&c)->broken);
	put64(&c.bytes, tag(&c, DT_RELACOUNT) + 8, 0);
	assert_true(change_read(&c)->complete);

	put64(&c.bytes, tag(&c, DT_RELAENT) + 8, 16);
	assert_string_equal(change_read(&c)->broken, "DT_RELAENT of 16");
	put64(&c.bytes, tag(&c, DT_RELAENT) + 8, sizeof(Elf64_Rela));

	/* x86-64 knows no DT_REL. */
	put64(&c.bytes, tag(&c, DT_PLTREL) + 8, DT_REL);
	assert_string_equal(change_read(&c)->broken, "DT_PLTREL of 17");
	put64(&c.bytes, tag(&c, DT_PLTREL) + 8, DT_RELA);

	/* Without DT_PLTREL nobody looks at DT_JMPREL. */
	put64(&c.bytes, tag(&c, DT_PLTREL), 0x6ffffd00);
	assert_true(change_read(&c)->complete);
	assert_int_equal(c.image->relocations.plt.n, 0);
	change_end(&c);
}

static void dynamic_section_without_an_end(void **state)
{
	struct change c = change_begin("i386");
	size_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < c.image->n_segments; i++)
		if (c.image->segments[i].type == PT_DYNAMIC)
			at = place_of_address(c.image, c.image->segments[i].vaddr);
	at += c.image->n_dynamic * sizeof(Elf32_Dyn);
	assert_int_equal(get32(&c.bytes, at), DT_NULL);
	for (; at + 4 <= c.bytes.n; at += 4)
		put32(&c.bytes, at, 0x6ffffd00);
	assert_string_equal(change_read(&c)->broken, "dynamic section without DT_NULL");
	assert_string_equal(c.image->soname, "i386.so");
	change_end(&c);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gnu_hash_rules),
		cmocka_unit_test(tables_at_the_end_of_a_segment),
		cmocka_unit_test(circular_sysv_chain),
		cmocka_unit_test(circular_versions),
		cmocka_unit_test(endless_versions),
		cmocka_unit_test(countless_notes),
		cmocka_unit_test(properties_by_the_rules),
		cmocka_unit_test(the_last_entry_of_a_tag_counts),
		cmocka_unit_test(strings_outside),
		cmocka_unit_test(string_table_size),
		cmocka_unit_test(the_older_hash_table),
		cmocka_unit_test(cut_definitions),
		cmocka_unit_test(what_no_loader_reads),
		cmocka_unit_test(segments_cut_off),
		cmocka_unit_test(notes_about_dlopen),
		cmocka_unit_test(notes_in_two_segments),
		cmocka_unit_test(relocations_by_the_rules),
		cmocka_unit_test(dynamic_section_without_an_end),
	};

	if (argc > 1)
		fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
