/* SPDX-License-Identifier: MIT */
/*
 * What src/elf says about sound files: of every kind that the linkers at hand make.
 */
#include "elf-test.h"

#include <stdlib.h>
#include <string.h>

/* A fixture that a test runs on: cmocka's state. */
struct subject {
	struct run *run;
	struct bytes bytes;
	struct bs_image *image;
};

/* *STATE is the fixture's name; it stays NULL where that could not be made. */
static int begin(void **state)
{
	const char *name = *state;
	struct subject *s = NULL;

	if (bytes_there(name)) {
		s = calloc(1, sizeof *s);
		s->bytes = bytes_of(name);
		s->run = run_new();
		s->image = image_of(s->run, &s->bytes);
	}
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct subject *s = *state;

	if (!s)
		return 0;
	bs_image_close(s->image);
	bytes_free(&s->bytes);
	run_free(s->run);
	free(s);
	return 0;
}

static struct bs_image *image_in(void **state)
{
	struct subject *s = *state;

	if (!s)
		skip();
	return s->image;
}

static enum bs_reloc_kind kind_at(const struct bs_image *image, const struct bs_reloc_table *table,
				  uint32_t i)
{
	return bs_machine_kind(image->machine, bs_reloc_at(table, i).type);
}

/* How many relocations of KIND name SYMBOL. */
static unsigned count_relocations(const struct bs_image *image, enum bs_reloc_kind kind,
				  const char *symbol)
{
	const struct bs_relocations *all = &image->relocations;
	unsigned n = 0;

	for (uint32_t t = 0; t <= all->n_eager; t++) {
		const struct bs_reloc_table *table = t < all->n_eager ? &all->eager[t] : &all->plt;

		for (uint32_t i = 0; i < table->n; i++) {
			uint32_t index = bs_reloc_at(table, i).symbol;
			const char *name = bs_image_symbol_name(image, index);

			n += kind_at(image, table, i) == kind && strcmp(name, symbol) == 0;
		}
	}
	return n;
}

static void plain_facts(void **state)
{
	static const uint8_t build_id[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	const struct bs_image *image = image_in(state);

	assert_int_equal(image->state, BS_IMAGE_OK);
	assert_true(image->complete);
	assert_int_equal(((struct subject *)*state)->run->diags.list.n, 0);
	assert_int_equal(image->header.type, ET_DYN);
	assert_string_equal(image->machine->name, "x86-64");
	assert_string_equal(image->soname, "libplain.so.1");
	assert_string_equal(image->runpath, "/one:/two");
	assert_null(image->rpath);
	assert_null(image->interp);
	assert_false(image->bind_now);
	assert_false(image->symbolic);
	assert_int_equal(image->notes.n_build_id, sizeof build_id);
	assert_memory_equal(image->notes.build_id, build_id, sizeof build_id);
	assert_int_equal(image->notes.x86_isa_needed, 0);
	assert_true(image->has_tls);
	assert_int_equal(image->tls_size, sizeof(int));
	assert_true(image->has_dynamic);
	/* Without a table of versions the object counts as unversioned. */
	assert_int_equal(image->versions.n_versions, 0);
}

static void old_rpath(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_string_equal(image->rpath, "/old");
	assert_null(image->runpath);
	assert_null(image->soname);
}

static void an_executable(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_int_equal(image->header.type, ET_EXEC);
	assert_string_equal(image->interp, "/lib/ld.so.9");
	assert_int_equal(count_relocations(image, BS_RELOC_COPY, "counter"), 1);
	assert_int_equal(count_relocations(image, BS_RELOC_SLOT, "work"), 1);
	assert_int_equal(image->dynamic[0].tag, DT_NEEDED);
	assert_string_equal(bs_image_string(image, image->dynamic[0].value), "libplain.so.1");
}

static void symbols_are_as_written(void **state)
{
	const struct bs_image *image = image_in(state);
	struct bs_symbol counter = bs_image_symbol(image, look_up(image, "counter"));
	struct bs_symbol guarded = bs_image_symbol(image, look_up(image, "guarded"));

	assert_int_equal(counter.size, sizeof(int));
	assert_int_equal(bs_symbol_type(&counter), STT_OBJECT);
	assert_int_equal(bs_symbol_bind(&counter), STB_GLOBAL);
	assert_int_equal(bs_symbol_visibility(&guarded), STV_PROTECTED);
	assert_int_equal(look_up(image, "no such symbol"), 0);
	/* Undefined symbols are no part of DT_GNU_HASH. */
	assert_int_equal(look_up(image, "other"), 0);
	assert_int_equal(bs_image_symbol(image, image->symbols.n).value, 0);
	assert_string_equal(bs_image_symbol_name(image, image->symbols.n), "");
	assert_string_equal(bs_image_string(image, image->symbols.n_strings), "");
}

/* Both tables of one file lead from a name to the same symbol. */
static void both_hash_tables_agree(void **state)
{
	struct bs_image *image = image_in(state);
	const struct bs_gnu_hash *gnu = &image->gnu_hash;

	assert_true(image->bind_now);
	assert_true(image->symbolic);
	assert_true(gnu->present && image->sysv_hash.present);
	/* No loader reads the older table beside the other. */
	assert_int_equal(image->sysv_hash.n_buckets, 0);
	assert_int_equal(image->symbols.n, gnu->symbol_base + gnu->n_chain);
	for (uint32_t i = gnu->symbol_base; i < image->symbols.n; i++) {
		const char *name = bs_image_symbol_name(image, i);

		assert_int_equal(bs_image_stored_hash(image, i), bs_hash_gnu(name) >> 1);
		assert_int_equal(look_up(image, name), i);
	}

	struct change c = change_begin("both");

	put64(&c.bytes, tag(&c, DT_GNU_HASH), 0x6ffffd00);
	assert_int_equal(change_read(&c)->sysv_hash.n_chain, image->symbols.n);
	/* The older one has what is undefined, too. */
	assert_true(look_up(c.image, "other") != 0);
	assert_int_equal(look_up(image, "other"), 0);
	for (uint32_t i = gnu->symbol_base; i < image->symbols.n; i++)
		assert_int_equal(look_up(c.image, bs_image_symbol_name(image, i)), i);
	change_end(&c);
}

static void defined_versions(void **state)
{
	const struct bs_image *image = image_in(state);
	const struct bs_version_tables *t = &image->versions;
	struct bs_hash_step step = { 0 };
	unsigned hidden = 0, shown = 0;
	uint32_t i;

	assert_true(t->has_defs);
	assert_int_equal(t->n_defs, 3);
	assert_int_equal(t->defs[0].flags, VER_FLG_BASE);
	assert_string_equal(t->defs[0].name, "libversioned.so");
	assert_string_equal(t->defs[2].name, "V2");
	assert_int_equal(t->defs[2].hash, bs_hash_sysv("V2"));
	assert_int_equal(t->n_versions, 4);
	assert_null(t->versions[1].name);
	assert_int_equal(t->versions[1].hash, 0);
	assert_string_equal(t->versions[2].name, "V1");
	assert_null(t->versions[2].filename);
	assert_int_equal(t->n_needs, 0);

	while ((i = bs_image_hash_next(image, "name", bs_hash_gnu("name"), &step))) {
		hidden += bs_image_versym(image, i) == (0x8000 | 2);
		shown += bs_image_versym(image, i) == 3;
	}
	assert_int_equal(hidden, 1);
	assert_int_equal(shown, 1);
}

/* The version that the reference to NAME asks for. */
static const struct bs_version *version_of(const struct bs_image *image, const char *name)
{
	for (uint32_t i = 1; i < image->symbols.n; i++)
		if (strcmp(bs_image_symbol_name(image, i), name) == 0)
			return &image->versions.versions[bs_image_versym(image, i)];
	fail_msg("no symbol %s", name);
	return NULL;
}

static void needed_versions(void **state)
{
	const struct bs_image *image = image_in(state);
	const struct bs_version_tables *t = &image->versions;
	const struct bs_version *of_name = version_of(image, "name");

	assert_false(t->has_defs);
	assert_int_equal(t->n_needs, 1);
	assert_string_equal(t->needs[0].file, "libversioned.so");
	assert_int_equal(t->needs[0].n_aux, 2);
	assert_int_equal(t->n_versions, 4);
	assert_string_equal(of_name->name, "V2");
	assert_string_equal(of_name->filename, "libversioned.so");
	assert_int_equal(of_name->hash, bs_hash_sysv("V2"));
	assert_false(of_name->hidden);
	assert_string_equal(version_of(image, "plain")->name, "V1");
}

static void packed_relative_relocations(void **state)
{
	const struct bs_image *image = image_in(state);

	/* A linker that does not know the option makes the others. */
	if (!image->relocations.has_relr)
		skip();
	assert_int_equal(image->relocations.n_relr, 42);
}

static void relocations(void **state)
{
	const struct bs_image *image = image_in(state);
	const struct bs_reloc_table *eager = &image->relocations.eager[0];

	assert_int_equal(image->relocations.n_eager, 1);
	assert_true(eager->n_relative > 0);
	for (uint32_t i = 0; i < eager->n; i++)
		assert_int_equal(kind_at(image, eager, i) == BS_RELOC_RELATIVE,
				 i < eager->n_relative);
	assert_int_equal(count_relocations(image, BS_RELOC_DATA, "other_data"), 1);
	assert_int_equal(count_relocations(image, BS_RELOC_GLOB_DAT, "perhaps"), 1);
	assert_int_equal(count_relocations(image, BS_RELOC_TLS, "tls_other"), 2);
	assert_int_equal(count_relocations(image, BS_RELOC_SLOT, "other"), 1);
}

static void indirect_functions(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_true(count_relocations(image, BS_RELOC_IRELATIVE, "") > 0);
}

static void notes(void **state)
{
	const struct bs_notes *n = &image_in(state)->notes;

	assert_int_equal(n->x86_isa_needed, 1 << 2);
	assert_true(n->has_abi_tag);
	assert_int_equal(n->abi_os, 0);
	assert_int_equal(n->abi_version[0], 5);
	assert_int_equal(n->abi_version[2], 7);
}

static void without_section_headers(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_true(image->complete);
	assert_int_equal(image->versions.n_defs, 3);
	assert_true(look_up(image, "plain") != 0);
}

/* Whatever the header says about section headers changes nothing. */
static void with_odd_section_headers(void **state)
{
	static const uint64_t places[] = { 8, 1u << 30, UINT64_MAX };
	uint64_t sum = touch_everything(image_in(state));
	struct subject *s = *state;
	struct bytes odd = bytes_copy(&s->bytes, s->bytes.n);

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		put64(&odd, offsetof(Elf64_Ehdr, e_shoff), places[i]);
		put32(&odd, offsetof(Elf64_Ehdr, e_shentsize), i ? UINT32_MAX : 0);
		struct bs_image *image = image_of(s->run, &odd);

		assert_true(image->complete);
		assert_int_equal(touch_everything(image), sum);
		bs_image_close(image);
	}
	bytes_free(&odd);
}

/* What the library of elf-fixtures.py looks like on a machine. */
struct expected {
	const char *machine;
	enum bs_reloc_format format;
	bool has_glob_dat;
	enum bs_reloc_kind tls;
	unsigned n_tls;
};

static void expect_machine(void **state, const struct expected *expected)
{
	const struct bs_image *image = image_in(state);
	const struct bs_reloc_table *eager = &image->relocations.eager[0];
	struct bs_symbol counter = bs_image_symbol(image, look_up(image, "counter"));

	assert_true(image->complete);
	assert_string_equal(image->machine->name, expected->machine);
	assert_int_equal(image->relocations.n_eager, 1);
	assert_int_equal(eager->format, expected->format);
	assert_int_equal(counter.size, 4);
	assert_int_equal(bs_symbol_type(&counter), STT_OBJECT);
	assert_int_equal(count_relocations(image, BS_RELOC_SLOT, "other"), 1);
	assert_int_equal(count_relocations(image, BS_RELOC_DATA, "other_data"), 1);
	assert_int_equal(count_relocations(image, expected->tls, "tls_other"), expected->n_tls);
	if (expected->has_glob_dat)
		assert_int_equal(count_relocations(image, BS_RELOC_GLOB_DAT, "perhaps"), 1);
	for (uint32_t i = 0; i < eager->n; i++) {
		assert_int_not_equal(kind_at(image, eager, i), BS_RELOC_UNKNOWN);
		assert_non_null(bs_machine_reloc_name(image->machine, bs_reloc_at(eager, i).type));
	}
}

static void i386(void **state)
{
	expect_machine(state, &(struct expected){ "i386", BS_REL32, true, BS_RELOC_TLS, 2 });
}

static void aarch64(void **state)
{
	expect_machine(state,
		       &(struct expected){ "aarch64", BS_RELA64, true, BS_RELOC_TLS_DESC, 1 });
}

static void arm(void **state)
{
	expect_machine(state, &(struct expected){ "arm", BS_REL32, true, BS_RELOC_TLS, 2 });
}

static void riscv64(void **state)
{
	expect_machine(state, &(struct expected){ "riscv64", BS_RELA64, false, BS_RELOC_TLS, 2 });
}

static void ppc64le(void **state)
{
	expect_machine(state, &(struct expected){ "ppc64le", BS_RELA64, false, BS_RELOC_TLS, 2 });
}

static void s390x(void **state)
{
	expect_machine(state, &(struct expected){ "s390x", BS_RELA64, true, BS_RELOC_TLS, 2 });
}

/* 64-bit words in DT_HASH, big-endian. */
static void s390x_hash_words(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_true(image->complete);
	assert_true(image->sysv_hash.wide);
	assert_int_equal(look_up(image, "f"), 1);
	assert_int_equal(look_up(image, "g"), 2);
	assert_int_equal(bs_image_symbol(image, 2).value, 0x1001);
	assert_int_equal(bs_image_symbol(image, 2).section, 1);
}

/* The kind of lookup that the GOT entry of NAME asks for. */
static enum bs_reloc_kind kind_in_got(const struct bs_image *image, const char *name)
{
	const struct bs_reloc_table *got = &image->relocations.got;

	for (uint32_t i = 0; i < got->n; i++) {
		struct bs_relocation r = bs_reloc_at(got, i);

		if (strcmp(bs_image_symbol_name(image, r.symbol), name) == 0)
			return bs_machine_kind(image->machine, r.type);
	}
	return BS_RELOC_UNKNOWN;
}

/* r_info of little-endian files is no number; type classes differ from other machines. */
static void mips64el(void **state)
{
	const struct bs_image *image = image_in(state);

	assert_true(image->complete);
	assert_int_equal(image->relocations.eager[0].format, BS_REL_MIPS64);
	assert_int_equal(count_relocations(image, BS_RELOC_UNKNOWN, ""), 0);
	assert_int_equal(count_relocations(image, BS_RELOC_RELATIVE, "other_data"), 1);
	assert_int_equal(count_relocations(image, BS_RELOC_TLS, "tls_other"), 2);
	assert_true(image->machine->tls_is_data);
	assert_int_equal(kind_in_got(image, "other_data"), BS_RELOC_GLOB_DAT);
	assert_int_equal(kind_in_got(image, "counter"), BS_RELOC_GLOB_DAT);
	assert_int_equal(kind_in_got(image, "work"), BS_RELOC_UNKNOWN);
	assert_true(look_up(image, "work") != 0);
}

static void mips64el_translated_hash(void **state)
{
	const struct bs_image *image = image_in(state);
	unsigned n = 0;

	assert_true(image->complete);
	assert_true(image->gnu_hash.present && image->gnu_hash.xlat);
	for (uint32_t i = 1; i < image->symbols.n; i++) {
		struct bs_symbol s = bs_image_symbol(image, i);
		const char *name = bs_image_symbol_name(image, i);

		if (s.section == SHN_UNDEF || !*name)
			continue;
		assert_int_equal(look_up(image, name), i);
		assert_int_equal(bs_image_stored_hash(image, i), bs_hash_gnu(name) >> 1);
		n++;
	}
	assert_true(n > 4);
	/* ld makes stubs for what is only called; lld makes none. */
	assert_int_equal(kind_in_got(image, "other"), BS_RELOC_SLOT);
	assert_int_equal(kind_in_got(image, "perhaps"), BS_RELOC_GLOB_DAT);
}

/* A machine without a table here: everything but the kinds of relocations is read. */
static void unknown_machine(void **state)
{
	const struct bs_image *image = image_in(state);
	const struct subject *s = *state;

	assert_true(image->complete);
	assert_null(image->machine);
	assert_int_equal(s->run->diags.list.n, 1);
	assert_int_equal(s->run->diags.list.v[0].code, BS_DIAG_FOREIGN_MACHINE);
	assert_true(look_up(image, "work") != 0);
	assert_non_null(strstr(image->soname, ".so"));
	assert_true(image->relocations.eager[0].n > 0);
}

/* The fixture's name is cmocka's initial state, which it does not write to. */
#define ON(fixture, test)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(test, begin, end, (void *)(fixture))

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ON("plain", plain_facts),
		ON("sysv", old_rpath),
		ON("executable", an_executable),
		ON("plain", symbols_are_as_written),
		ON("both", both_hash_tables_agree),
		ON("versioned", defined_versions),
		ON("user", needed_versions),
		ON("relr", packed_relative_relocations),
		ON("plain", relocations),
		ON("ifunc", indirect_functions),
		ON("property", notes),
		ON("versioned-headless", without_section_headers),
		ON("plain", with_odd_section_headers),
		ON("i386", i386),
		ON("aarch64", aarch64),
		ON("arm", arm),
		ON("riscv64", riscv64),
		ON("ppc64le", ppc64le),
		ON("s390x", s390x),
		ON("s390x-by-hand", s390x_hash_words),
		ON("mips64el", mips64el),
		ON("mips64el-xhash", mips64el_translated_hash),
		ON("ppc64", unknown_machine),
		ON("mips64", unknown_machine),
		ON("mips", unknown_machine),
	};

	if (argc > 1)
		fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
