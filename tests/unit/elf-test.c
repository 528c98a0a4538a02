/* SPDX-License-Identifier: MIT */
/*
 * What src/elf says about sound files: of every kind that the linkers at hand make.
 */
#include "elf-test.h"

#include <string.h>

/* A test of one fixture: the image is there while BODY runs. */
#define WITH(name, image)                                                                          \
	for (struct open_fixture f = open_fixture(name); f.run; close_fixture(&f))                 \
		for (struct bs_image *image = f.image; image; image = NULL)

struct open_fixture {
	struct run *run;
	struct bytes bytes;
	struct bs_image *image;
};

static struct open_fixture open_fixture(const char *name)
{
	struct open_fixture f = { .bytes = bytes_of(name) };

	f.run = run_new();
	f.image = image_of(f.run, &f.bytes);
	return f;
}

static void close_fixture(struct open_fixture *f)
{
	bs_image_close(f->image);
	bytes_free(&f->bytes);
	run_free(f->run);
	f->run = NULL;
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
	unsigned n = 0;

	for (uint32_t t = 0; t <= image->relocations.n_eager; t++) {
		const struct bs_reloc_table *table = t < image->relocations.n_eager
							     ? &image->relocations.eager[t]
							     : &image->relocations.plt;

		for (uint32_t i = 0; i < table->n; i++)
			n += kind_at(image, table, i) == kind &&
			     strcmp(bs_image_symbol_name(image, bs_reloc_at(table, i).symbol),
				    symbol) == 0;
	}
	return n;
}

static void names_and_paths(void **state)
{
	(void)state;
	WITH("plain", image)
	{
		static const uint8_t build_id[] = {
			0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
		};

		assert_int_equal(image->state, BS_IMAGE_OK);
		assert_true(image->complete);
		assert_int_equal(f.run->diags.list.n, 0);
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
		assert_true(image->has_tls);
		assert_int_equal(image->tls_size, sizeof(int));
		assert_true(image->has_dynamic);
	}
	WITH("sysv", image)
	{
		assert_string_equal(image->rpath, "/old");
		assert_null(image->runpath);
		assert_null(image->soname);
	}
	WITH("empty-soname", image)
	if (bs_image_has_dynamic(image, DT_SONAME))
		assert_string_equal(image->soname, "");
	WITH("both", image)
	{
		assert_true(image->bind_now);
		assert_true(image->symbolic);
	}
}

static void an_executable(void **state)
{
	(void)state;
	WITH("executable", image)
	{
		assert_int_equal(image->header.type, ET_EXEC);
		assert_string_equal(image->interp, "/lib/ld.so.9");
		assert_int_equal(count_relocations(image, BS_RELOC_COPY, "counter"), 1);
		assert_int_equal(count_relocations(image, BS_RELOC_SLOT, "work"), 1);
		assert_int_equal(image->dynamic[0].tag, DT_NEEDED);
		assert_string_equal(bs_image_string(image, image->dynamic[0].value),
				    "libplain.so.1");
	}
}

static void symbols_are_as_written(void **state)
{
	(void)state;
	WITH("plain", image)
	{
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
}

/* Both tables of one file lead from a name to the same symbol. */
static void both_hash_tables_agree(void **state)
{
	(void)state;
	WITH("both", image)
	{
		const struct bs_gnu_hash *gnu = &image->gnu_hash;

		assert_true(gnu->present && image->sysv_hash.present);
		assert_int_equal(image->symbols.n, image->sysv_hash.n_chain);
		assert_int_equal(image->symbols.n, gnu->symbol_base + gnu->n_chain);
		for (uint32_t i = gnu->symbol_base; i < image->symbols.n; i++) {
			const char *name = bs_image_symbol_name(image, i);

			assert_int_equal(bs_image_stored_hash(image, i), bs_hash_gnu(name) >> 1);
			image->gnu_hash.present = true;
			assert_int_equal(look_up(image, name), i);
			image->gnu_hash.present = false;
			assert_int_equal(look_up(image, name), i);
		}
		assert_true(look_up(image, "other") != 0);
	}
}

static void defined_versions(void **state)
{
	(void)state;
	WITH("versioned", image)
	{
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
}

static void needed_versions(void **state)
{
	(void)state;
	WITH("user", image)
	{
		const struct bs_version_tables *t = &image->versions;

		assert_false(t->has_defs);
		assert_int_equal(t->n_needs, 1);
		assert_string_equal(t->needs[0].file, "libversioned.so");
		assert_int_equal(t->needs[0].n_aux, 2);
		assert_int_equal(t->n_versions, 4);
		for (uint32_t i = 0; i < image->symbols.n; i++) {
			const char *name = bs_image_symbol_name(image, i);
			const struct bs_version *v = &t->versions[bs_image_versym(image, i)];

			if (strcmp(name, "name") == 0)
				assert_string_equal(v->name, "V2");
			else if (strcmp(name, "plain") == 0)
				assert_string_equal(v->name, "V1");
			else
				continue;
			assert_string_equal(v->filename, "libversioned.so");
			assert_false(v->hidden);
			assert_int_equal(v->hash, bs_hash_sysv(v->name));
		}
	}
	/* Without a table of versions the object counts as unversioned. */
	WITH("plain", image)
	assert_int_equal(image->versions.n_versions, 0);
}

static void packed_relative_relocations(void **state)
{
	(void)state;
	WITH("relr", image)
	{
		if (image->relocations.has_relr)
			assert_int_equal(image->relocations.n_relr, 42);
		else
			assert_int_equal(image->relocations.eager[0].n_relative, 42);
	}
}

static void relative_and_indirect_relocations(void **state)
{
	(void)state;
	WITH("plain", image)
	{
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
	WITH("ifunc", image)
	assert_true(count_relocations(image, BS_RELOC_IRELATIVE, "") > 0);
}

static void processor_levels(void **state)
{
	(void)state;
	WITH("property", image)
	assert_int_equal(image->notes.x86_isa_needed, 1 << 2);
	WITH("plain", image)
	assert_int_equal(image->notes.x86_isa_needed, 0);
}

/* Whatever stands in section headers, or that there are none, changes nothing. */
static void section_headers_do_not_matter(void **state)
{
	(void)state;
	WITH("versioned-headless", image)
	{
		assert_true(image->complete);
		assert_int_equal(image->versions.n_defs, 3);
		assert_true(look_up(image, "plain") != 0);
	}
	WITH("plain", image)
	{
		struct bytes odd = bytes_copy(&f.bytes, f.bytes.n);
		uint64_t sum = touch_everything(image);

		for (uint32_t i = 0; i < 3; i++) {
			put64(&odd, offsetof(Elf64_Ehdr, e_shoff),
			      (uint64_t[]){ 8, 1u << 30, ~0 }[i]);
			put32(&odd, offsetof(Elf64_Ehdr, e_shentsize), i ? ~0u : 0);
			struct bs_image *other = image_of(f.run, &odd);

			assert_true(other->complete);
			assert_int_equal(touch_everything(other), sum);
			bs_image_close(other);
		}
		bytes_free(&odd);
	}
}

/* What the library of elf-fixtures.py looks like on each machine. */
static const struct {
	const char *fixture, *machine;
	bool rel, has_glob_dat, tls_desc;
} machines[] = {
	{ "plain", "x86-64", false, true, false },
	{ "i386", "i386", true, true, false },
	{ "aarch64", "aarch64", false, true, true },
	{ "arm", "arm", true, true, false },
	{ "riscv64", "riscv64", false, false, false },
	{ "ppc64le", "ppc64le", false, false, false },
	{ "s390x", "s390x", false, true, false },
};

static void one_machine(size_t m)
{
	WITH(machines[m].fixture, image)
	{
		const struct bs_reloc_table *eager = &image->relocations.eager[0];
		enum bs_reloc_kind tls = machines[m].tls_desc ? BS_RELOC_TLS_DESC : BS_RELOC_TLS;
		struct bs_symbol counter = bs_image_symbol(image, look_up(image, "counter"));

		assert_true(image->complete);
		assert_string_equal(image->machine->name, machines[m].machine);
		assert_int_equal(image->relocations.n_eager, 1);
		assert_int_equal(eager->format == BS_REL32 || eager->format == BS_REL64,
				 machines[m].rel);
		assert_int_equal(counter.size, 4);
		assert_int_equal(bs_symbol_type(&counter), STT_OBJECT);
		assert_int_equal(count_relocations(image, BS_RELOC_UNKNOWN, ""), 0);
		assert_int_equal(count_relocations(image, BS_RELOC_SLOT, "other"), 1);
		assert_int_equal(count_relocations(image, BS_RELOC_DATA, "other_data"), 1);
		assert_int_equal(count_relocations(image, tls, "tls_other"),
				 machines[m].tls_desc ? 1 : 2);
		if (machines[m].has_glob_dat)
			assert_int_equal(count_relocations(image, BS_RELOC_GLOB_DAT, "perhaps"), 1);
		for (uint32_t i = 0; i < eager->n; i++)
			assert_non_null(
				bs_machine_reloc_name(image->machine, bs_reloc_at(eager, i).type));
	}
}

static void i386(void **state)
{
	(void)state;
	one_machine(1);
}

static void aarch64(void **state)
{
	(void)state;
	one_machine(2);
}

static void arm(void **state)
{
	(void)state;
	one_machine(3);
}

static void riscv64(void **state)
{
	(void)state;
	one_machine(4);
}

static void ppc64le(void **state)
{
	(void)state;
	one_machine(5);
}

static void s390x(void **state)
{
	(void)state;
	one_machine(6);
}

/* 64-bit words in DT_HASH, big-endian. */
static void s390x_hash_words(void **state)
{
	(void)state;
	WITH("s390x-by-hand", image)
	{
		assert_true(image->complete);
		assert_true(image->sysv_hash.wide);
		assert_int_equal(look_up(image, "f"), 1);
		assert_int_equal(look_up(image, "g"), 2);
		assert_int_equal(bs_image_symbol(image, 2).value, 0x1001);
		assert_int_equal(bs_image_symbol(image, 2).section, 1);
	}
}

/* r_info of little-endian files is no number; type classes differ from other machines. */
static void mips64el(void **state)
{
	(void)state;
	WITH("mips64el", image)
	{
		assert_true(image->complete);
		assert_int_equal(image->relocations.eager[0].format, BS_REL_MIPS64);
		assert_int_equal(count_relocations(image, BS_RELOC_UNKNOWN, ""), 0);
		assert_int_equal(count_relocations(image, BS_RELOC_RELATIVE, "other_data"), 1);
		assert_int_equal(count_relocations(image, BS_RELOC_DATA, "tls_other"), 2);
		assert_true(look_up(image, "work") != 0);
	}
}

static void mips64el_translated_hash(void **state)
{
	(void)state;
	WITH("mips64el-xhash", image)
	{
		const struct bs_gnu_hash *hash = &image->gnu_hash;

		assert_true(image->complete);
		assert_true(hash->present && hash->xlat);
		for (uint32_t i = 1; i < image->symbols.n; i++) {
			struct bs_symbol s = bs_image_symbol(image, i);
			const char *name = bs_image_symbol_name(image, i);

			if (s.section == SHN_UNDEF || !*name)
				continue;
			assert_int_equal(look_up(image, name), i);
			assert_int_equal(bs_image_stored_hash(image, i), bs_hash_gnu(name) >> 1);
		}
	}
}

/* Machines without a table here: everything but the kinds of relocations is read. */
static void unknown_machines(void **state)
{
	static const char *const names[] = { "ppc64", "mips64", "mips" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		WITH(names[i], image)
		{
			assert_true(image->complete);
			assert_null(image->machine);
			assert_int_equal(f.run->diags.list.n, 1);
			assert_int_equal(f.run->diags.list.v[0].code, BS_DIAG_FOREIGN_MACHINE);
			assert_true(look_up(image, "work") != 0);
			assert_string_equal(image->soname + strlen(names[i]), ".so");
			assert_true(image->relocations.eager[0].n > 0);
		}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_paths),
		cmocka_unit_test(an_executable),
		cmocka_unit_test(symbols_are_as_written),
		cmocka_unit_test(both_hash_tables_agree),
		cmocka_unit_test(defined_versions),
		cmocka_unit_test(needed_versions),
		cmocka_unit_test(packed_relative_relocations),
		cmocka_unit_test(relative_and_indirect_relocations),
		cmocka_unit_test(processor_levels),
		cmocka_unit_test(section_headers_do_not_matter),
		cmocka_unit_test(i386),
		cmocka_unit_test(aarch64),
		cmocka_unit_test(arm),
		cmocka_unit_test(riscv64),
		cmocka_unit_test(ppc64le),
		cmocka_unit_test(s390x),
		cmocka_unit_test(s390x_hash_words),
		cmocka_unit_test(mips64el),
		cmocka_unit_test(mips64el_translated_hash),
		cmocka_unit_test(unknown_machines),
	};

	if (argc > 1)
		fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
