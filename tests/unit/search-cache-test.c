/* SPDX-License-Identifier: MIT */
/* ld.so.cache: its formats, its order, what an entry is worth, and files that lie. */
#include "search-tree.h"
#include "search-cachefile.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char cache_path[] = "/etc/ld.so.cache";

static int cache_setup(void **state)
{
	loader_setup(state);
	struct loader *l = *state;

	l->setup.cache_path = cache_path;
	return 0;
}

/* Writes FILE and starts a process that has not read it yet. */
static void start_with(struct loader *l, const struct cache_file *file)
{
	unsigned char bytes[CACHE_BYTES];

	tree_bytes(&l->tree, cache_path, bytes, cache_write(file, bytes));
	loader_start(l, NULL);
}

/* What the cache gives for NAME, whether that file is there or not. */
static const char *look_up(struct loader *l, const char *name)
{
	const struct bs_hwcaps *hwcaps = bs_hwcaps_new(&l->ctx, &l->setup);
	int error = 0;
	const struct bs_cache *cache =
		bs_cache_read(&l->ctx, l->fs, NULL, &l->setup, hwcaps, &error);

	return cache ? bs_cache_lookup(cache, &l->setup, name) : NULL;
}

#define assert_look_up(l, name, value)                                                             \
	do {                                                                                       \
		const char *value_ = look_up((l), (name));                                         \
		assert_string_equal(value_ ? value_ : "(none)", (value));                          \
	} while (0)

/* ---- order ---------------------------------------------------------------------------------- */

static int sign(int n)
{
	return n < 0 ? -1 : n > 0;
}

static void names_are_ordered_by_their_numbers(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{ "libx.so.1", "libx.so.1", 0 },
		{ "libx.so.1", "libx.so.01", 0 },
		{ "libx.so.10", "libx.so.9", 1 },
		{ "lib2.so.9", "lib10.so.1", -1 },
		{ "lib1", "liba", 1 },
		{ "liba", "lib1", -1 },
		{ "lib.so", "lib1.so", -1 },
		{ "lib", "lib1", -1 },
		{ "lib1", "lib", 1 },
		{ "lib", "libx", -1 },
		{ "", "", 0 },
		{ "libB", "liba", -1 },
		{ "x4294967297", "x1", 0 },
		{ "x2147483648", "x1", 1 },
		{ "x2147483648", "x0", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(sign(bs_cache_compare(cases[i].a, cases[i].b, false)),
				 cases[i].order);
		if (!strstr(cases[i].a, "2147483648"))
			assert_int_equal(sign(bs_cache_compare(cases[i].b, cases[i].a, false)),
					 -cases[i].order);
	}
	assert_int_equal(sign(bs_cache_compare("lib\xc3", "liba", false)), -1);
	assert_int_equal(sign(bs_cache_compare("lib\xc3", "liba", true)), 1);
}

/* ---- formats -------------------------------------------------------------------------------- */

static const struct cache_file sorted = {
	.entries = {
		{ 0x303, "libz.so.1", "/z/libz.so.1", 0 },
		{ 0x303, "libx.so.10", "/x/libx.so.10", 0 },
		{ 0x303, "libx.so.9", "/x/libx.so.9", 0 },
		{ 0x303, "libm.so.6", "/m/libm.so.6", 0 },
		{ 0x303, "liba.so.1", "/a/liba.so.1", 0 },
	},
};

static void every_format_is_read(void **state)
{
	struct loader *l = *state;

	for (enum cache_format format = CACHE_NEW; format <= CACHE_COMPAT; format++) {
		struct cache_file file = sorted;

		file.format = format;
		start_with(l, &file);
		for (size_t i = 0; i < 5; i++)
			assert_look_up(l, file.entries[i].key, file.entries[i].value);
		assert_look_up(l, "libx.so.09", "/x/libx.so.9");
		assert_look_up(l, "libzz.so", "(none)");
		assert_look_up(l, "libx.so.8", "(none)");
		assert_look_up(l, "aaa", "(none)");
		assert_look_up(l, "", "(none)");
	}
	assert_int_equal(l->diags.list.n, 0);
}

static void the_byte_order_is_the_machines(void **state)
{
	static const struct bs_machine s390x = {
		.e_machine = EM_S390,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2MSB,
	};
	struct loader *l = *state;
	struct cache_file file = sorted;

	file.flags = 2;
	start_with(l, &file);
	assert_look_up(l, "libm.so.6", "/m/libm.so.6");
	l->setup.target.machine = &s390x;
	assert_null(look_up(l, "libm.so.6"));
	assert_int_equal(l->diags.list.n, 1);
	assert_int_equal(l->diags.list.v[0].code, BS_DIAG_CACHE_UNUSABLE);

	file.big_endian = true;
	file.flags = 3;
	file.hwcaps[0] = "z15";
	file.entries[3].flags = 0x403;
	file.entries[3].hwcap = CACHE_EXTENSION(0, 0);
	l->setup.hwcaps_levels = (const char *const[]){ "z15", NULL };
	l->setup.isa_level = 0;
	for (enum cache_format format = CACHE_NEW; format <= CACHE_COMPAT; format++) {
		file.format = format;
		start_with(l, &file);
		assert_look_up(l, "libm.so.6", "/m/libm.so.6");
		assert_look_up(l, "liba.so.1", "(none)");
	}
	assert_int_equal(l->diags.list.n, 1);
	file.format = CACHE_NEW;
	file.flags = 1;
	start_with(l, &file);
	assert_null(look_up(l, "libm.so.6"));
	assert_int_equal(l->diags.list.n, 2);
}

static void unusable_files_are_told_once(void **state)
{
	struct loader *l = *state;
	struct bs_request request = { .name = "libx.so.9" };

	tree_bytes(&l->tree, cache_path, "ld.so-1.7.0 is no cache", 23);
	loader_start(l, NULL);
	assert_null(loader_search(l, &request));
	assert_null(loader_search(l, &request));
	assert_int_equal(l->diags.list.n, 1);
	assert_int_equal(l->diags.list.v[0].code, BS_DIAG_CACHE_UNUSABLE);
	assert_string_equal(l->diags.list.v[0].path, cache_path);
	/* No file is no news. */
	assert_int_equal(unlink(tree_path(&l->tree, cache_path)), 0);
	loader_start(l, NULL);
	assert_null(loader_search(l, &request));
	assert_int_equal(l->diags.list.n, 1);
	tree_dir(&l->tree, cache_path);
	loader_start(l, NULL);
	assert_null(loader_search(l, &request));
	assert_int_equal(l->diags.list.n, 2);
	assert_int_equal(l->diags.list.v[1].os_error, EISDIR);
}

/* ---- entries -------------------------------------------------------------------------------- */

static void flags_tell_machines_apart(void **state)
{
	static const struct {
		uint16_t e_machine;
		uint8_t elf_class;
		uint32_t e_flags;
		int32_t taken, other;
	} cases[] = {
		{ EM_X86_64, ELFCLASS64, 0, 0x303, 3 },
		{ EM_X86_64, ELFCLASS32, 0, 0x803, 0x303 },
		{ EM_386, ELFCLASS32, 0, 3, 0x303 },
		{ EM_386, ELFCLASS32, 0, 1, 0x803 },
		{ EM_AARCH64, ELFCLASS64, 0, 0xa03, 3 },
		{ EM_ARM, ELFCLASS32, EF_ARM_ABI_FLOAT_HARD, 0x903, 0xb03 },
		{ EM_ARM, ELFCLASS32, EF_ARM_ABI_FLOAT_SOFT, 0xb03, 0x903 },
		{ EM_ARM, ELFCLASS32, EF_ARM_ABI_FLOAT_HARD, 3, 1 },
		{ EM_RISCV, ELFCLASS64, EF_RISCV_FLOAT_ABI_DOUBLE | 1, 0x1003, 0xf03 },
		{ EM_RISCV, ELFCLASS64, 0, 0xf03, 0x1003 },
		{ EM_PPC64, ELFCLASS64, 2, 0x503, 3 },
		{ EM_S390, ELFCLASS64, 0, 0x403, 3 },
		{ EM_S390, ELFCLASS32, 0, 3, 0x403 },
		{ EM_MIPS, ELFCLASS32, EF_MIPS_ABI2 | EF_MIPS_NAN2008, 0xd03, 0x603 },
		{ EM_MIPS, ELFCLASS32, EF_MIPS_ABI2, 0x603, 3 },
		{ EM_MIPS, ELFCLASS64, 0, 0x703, 0xe03 },
		{ EM_LOONGARCH, ELFCLASS64, 0, 3, 0x303 },
	};
	struct loader *l = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bs_machine machine = {
			.e_machine = cases[i].e_machine,
			.elf_class = cases[i].elf_class,
			.data = ELFDATA2LSB,
		};
		struct cache_file file = {
			.entries = { { cases[i].other, "libx.so", "/other", 0 },
				     { cases[i].taken, "libx.so", "/taken", 0 },
				     { 0x4203, "libx.so", "/odd", 0 } },
		};

		l->setup.target.machine = &machine;
		l->setup.target.e_flags = cases[i].e_flags;
		start_with(l, &file);
		assert_look_up(l, "libx.so", "/taken");
	}
}

static void glibc_hwcaps_entries(void **state)
{
	static const char *const levels[] = { "x86-64-v3", "x86-64-v2", NULL };
	struct loader *l = *state;
	const struct cache_file file = {
		.hwcaps = { "mine", "x86-64-v2", "x86-64-v3", "x86-64-v4" },
		.entries = {
			{ 0x303, "libx.so", "/mine", CACHE_EXTENSION(0, 0) },
			{ 0x303, "libx.so", "/v2", CACHE_EXTENSION(1, 0) },
			{ 0x303, "libx.so", "/v3", CACHE_EXTENSION(2, 0) },
			{ 0x303, "libx.so", "/v4", CACHE_EXTENSION(3, 0) },
			{ 0x303, "libx.so", "/none", CACHE_EXTENSION(99, 0) },
			{ 0x303, "libx.so", "/plain", 0 },
			{ 0x303, "libm.so", "/m-v3-needs-v4", CACHE_EXTENSION(2, 3) },
			{ 0x303, "libm.so", "/m-needs-v3", CACHE_EXTENSION(1, 2) },
			{ 0x303, "libm.so", "/m", 0 },
		},
	};

	for (enum cache_format format = CACHE_NEW; format <= CACHE_COMPAT; format += 2) {
		struct cache_file as = file;

		as.format = format;
		start_with(l, &as);
		l->setup.hwcaps_prepend = NULL;
		l->setup.hwcaps_mask = NULL;
		l->setup.hwcaps_levels = levels;
		assert_look_up(l, "libx.so", "/v3");
		l->setup.hwcaps_mask = "x86-64-v2:other";
		assert_look_up(l, "libx.so", "/v2");
		l->setup.hwcaps_prepend = "mine:x86-64-v3";
		assert_look_up(l, "libx.so", "/mine");
		l->setup.hwcaps_prepend = "x86-64-v3:mine:x86-64-v3";
		assert_look_up(l, "libx.so", "/v3");
		l->setup.hwcaps_prepend = NULL;
		l->setup.hwcaps_mask = "";
		assert_look_up(l, "libx.so", "/plain");
		/* What an entry's file needs of the CPU is asked apart from its subdirectory. */
		l->setup.hwcaps_mask = NULL;
		l->setup.isa_level = 4;
		assert_look_up(l, "libm.so", "/m-v3-needs-v4");
		l->setup.isa_level = 3;
		assert_look_up(l, "libm.so", "/m-needs-v3");
		l->setup.isa_level = 2;
		assert_look_up(l, "libm.so", "/m");
		l->setup.isa_level = 3;
	}
	/* A loader that does not know them sees a hwcap bit that it does not have. */
	l->policy.glibc_hwcaps = false;
	assert_look_up(l, "libx.so", "/plain");
	assert_int_equal(l->diags.list.n, 0);
}

static void legacy_entries(void **state)
{
	const uint64_t haswell = UINT64_C(1) << 50, phi = UINT64_C(1) << 51;
	const uint64_t tls = UINT64_C(1) << 63, avx512 = 4, x86_64 = 2;
	struct loader *l = *state;
	const struct cache_file file = {
		.entries = {
			{ 0x303, "libx.so", "/tls/haswell/avx512", tls | haswell | avx512 },
			{ 0x303, "libx.so", "/phi", phi },
			{ 0x303, "libx.so", "/haswell", haswell | x86_64 },
			{ 0x303, "libx.so", "/x86_64", tls | x86_64 },
			{ 0x303, "libx.so", "/plain", 0 },
		},
	};

	start_with(l, &file);
	l->setup.legacy_hwcap = x86_64;
	assert_look_up(l, "libx.so", "/x86_64");
	l->setup.legacy_platform_bits = haswell;
	assert_look_up(l, "libx.so", "/haswell");
	l->setup.legacy_hwcap = x86_64 | avx512;
	assert_look_up(l, "libx.so", "/tls/haswell/avx512");
	l->setup.legacy_hwcap = avx512;
	l->setup.legacy_platform_bits = phi;
	assert_look_up(l, "libx.so", "/phi");
	l->policy.cache_legacy_bits = false;
	assert_look_up(l, "libx.so", "/plain");
}

/* ---- in a search ---------------------------------------------------------------------------- */

static void a_hit_is_opened_and_a_miss_goes_on(void **state)
{
	struct loader *l = *state;
	struct bs_request request = { .name = "libx.so.9" };

	tree_file(&l->tree, "/x/libx.so.9", SIZE_TAKE);
	tree_file(&l->tree, "/lib/libm.so.6", SIZE_TAKE);
	tree_file(&l->tree, "/a/liba.so.1", SIZE_OTHER_CLASS);
	start_with(l, &sorted);
	assert_string_equal(loader_search(l, &request), "/x/libx.so.9");
	assert_int_equal(l->found.how, BS_HOW_CACHE);
	assert_log(l, "find libx.so.9\n"
		      " cache /etc/ld.so.cache\n"
		      "  try /x/libx.so.9\n");
	request.name = "libm.so.6";
	assert_string_equal(loader_search(l, &request), "/lib/libm.so.6");
	assert_log(l, "find libm.so.6\n"
		      " cache /etc/ld.so.cache\n"
		      "  try /m/libm.so.6\n"
		      " path /lib:/usr/lib (system search path)\n"
		      "  try /lib/libm.so.6\n");
	request.name = "liba.so.1";
	assert_null(loader_search(l, &request));
	assert_string_equal(loader_message(l), "liba.so.1: wrong ELF class: ELFCLASS32");
	loader_forget(l);
	l->setup.inhibit_cache = true;
	request.name = "libx.so.9";
	assert_null(loader_search(l, &request));
	/* /usr/lib was found missing by the search before. */
	assert_log(l, "find libx.so.9\n"
		      " path /lib (system search path)\n"
		      "  try /lib/libx.so.9\n");
}

static void hits_in_default_directories_and_nodeflib(void **state)
{
	struct loader *l = *state;
	const struct bs_image nodeflib = { .flags_1 = DF_1_NODEFLIB }, plain = { 0 };
	struct bs_requester main = { .name = "", .image = &nodeflib };
	struct bs_requester library = { .map = 1, .name = "/lib/libl.so", .image = &plain };
	struct bs_request request = { .name = "libx.so", .chain = &main, .n_chain = 1 };
	const struct cache_file file = {
		.entries = { { 0x303, "libx.so", "/usr/lib/libx.so", 0 },
			     { 0x303, "libm.so", "/opt/libm.so", 0 } },
	};

	tree_file(&l->tree, "/usr/lib/libx.so", SIZE_TAKE);
	tree_file(&l->tree, "/opt/libm.so", SIZE_TAKE);
	start_with(l, &file);
	assert_null(loader_search(l, &request));
	assert_string_equal(loader_message(l), "libx.so: cannot open shared object file");
	assert_log(l, "find libx.so\n"
		      " cache /etc/ld.so.cache\n"
		      "  drop /usr/lib/libx.so\n");
	request.name = "libm.so";
	assert_string_equal(loader_search(l, &request), "/opt/libm.so");
	request.name = "libx.so";
	request.chain = &library;
	assert_string_equal(loader_search(l, &request), "/usr/lib/libx.so");
	/* Nobody asks: for the cache it is the executable that counts. */
	request.n_chain = 0;
	request.main = &main;
	request.nodeflib = &library;
	loader_forget(l);
	assert_string_equal(loader_search(l, &request), "/usr/lib/libx.so");
	assert_int_equal(l->found.how, BS_HOW_DEFAULT);
}

/* ---- files that lie ------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void damaged_files_do_no_harm(void **state)
{
	static const char *const levels[] = { "x86-64-v3", "x86-64-v2", NULL };
	static const uint32_t values[] = { 0, 1, 0x7f, 0xff };
	struct loader *l = *state;
	unsigned char bytes[CACHE_BYTES];
	uint32_t seed = 1;

	l->setup.hwcaps_levels = levels;
	for (unsigned round = 0; round < 1500; round++) {
		struct cache_file file = sorted;

		file.format = (enum cache_format)(round % 3);
		file.hwcaps[0] = "x86-64-v2";
		file.hwcaps[1] = "x86-64-v3";
		file.entries[1].hwcap = CACHE_EXTENSION(1, 0);
		size_t n = cache_write(&file, bytes), kept = n;
		/* The header and the extension's directory are where it hurts. */
		size_t reach = round % 2 ? n : 64;

		for (uint32_t i = next_random(&seed) % 6; i > 0; i--)
			bytes[next_random(&seed) % reach] =
				(unsigned char)values[next_random(&seed) % 4];
		if (next_random(&seed) % 4 == 0)
			kept = next_random(&seed) % n;
		tree_bytes(&l->tree, cache_path, bytes, kept);
		for (size_t i = 0; i < 5; i++)
			look_up(l, sorted.entries[i].key);
	}
}

static void offsets_at_the_edge(void **state)
{
	struct loader *l = *state;
	unsigned char bytes[CACHE_BYTES];
	struct cache_file file = { .entries = { { 0x303, "libx.so", "/x", 0 } } };
	size_t n = cache_write(&file, bytes);

	/* The value's last byte is the file's last: its NUL is ours. */
	bytes[n - 1] = 'y';
	tree_bytes(&l->tree, cache_path, bytes, n);
	assert_look_up(l, "libx.so", "/xy");
	/* The value begins behind the file. */
	bytes[48 + 8] = (unsigned char)n;
	tree_bytes(&l->tree, cache_path, bytes, n);
	assert_look_up(l, "libx.so", "(none)");
	/* One entry more than there are bytes. */
	bytes[20] = (unsigned char)((n - 48) / 24 + 1);
	tree_bytes(&l->tree, cache_path, bytes, n);
	assert_int_equal(l->diags.list.n, 0);
	assert_look_up(l, "libx.so", "(none)");
	assert_int_equal(l->diags.list.n, 1);
}

/* ---- the real thing ------------------------------------------------------------------------- */

static void copy_of_this_program(struct loader *l, const char *path)
{
	struct bs_fs *host = bs_fs_open(&l->ctx, NULL, NULL);
	size_t n = 0;
	const char *bytes = bs_fs_read(host, &l->ctx, "/proc/self/exe", &n);

	assert_non_null(bytes);
	tree_bytes(&l->tree, path, bytes, n);
	bs_fs_close(host);
}

static bool run_ldconfig(const char *root, const char *format)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execlp("ldconfig", "ldconfig", "-X", "-c", format, "-r", root, NULL);
		execl("/sbin/ldconfig", "ldconfig", "-X", "-c", format, "-r", root, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void ldconfig_writes_what_is_read(void **state)
{
	static const char *const levels[] = { "x86-64-v3", "x86-64-v2", NULL };
	static const char *const names[] = { "liba.so.1", "libx.so.9", "libx.so.10", "libzz9.so.2",
					     "libzz10.so.2" };
	struct loader *l = *state;
	char path[64];

#if !defined(__x86_64__)
	skip();
#endif
	tree_bytes(&l->tree, "/etc/ld.so.conf", "/opt\n", 5);
	tree_dir(&l->tree, "/lib");
	tree_dir(&l->tree, "/usr/lib");
	tree_dir(&l->tree, "/var/cache/ldconfig");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "/opt/%s", names[i]);
		copy_of_this_program(l, path);
	}
	copy_of_this_program(l, "/opt/glibc-hwcaps/x86-64-v3/libx.so.9");
	copy_of_this_program(l, "/opt/glibc-hwcaps/x86-64-v2/libx.so.9");
	copy_of_this_program(l, "/opt/glibc-hwcaps/other/libx.so.9");
	l->setup.hwcaps_levels = levels;
	if (!run_ldconfig(l->tree.root, "compat"))
		skip();
	/* ldconfig counts the names of subdirectories from another place than the loader then. */
	assert_look_up(l, "libx.so.9", "/opt/libx.so.9");
	if (!run_ldconfig(l->tree.root, "new"))
		skip();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "/opt/%s%s",
			 strcmp(names[i], "libx.so.9") ? "" : "glibc-hwcaps/x86-64-v3/", names[i]);
		assert_look_up(l, names[i], path);
	}
	assert_look_up(l, "libx.so.11", "(none)");
	l->setup.hwcaps_mask = "other";
	assert_look_up(l, "libx.so.9", "/opt/libx.so.9");
	l->setup.hwcaps_prepend = "other";
	assert_look_up(l, "libx.so.9", "/opt/glibc-hwcaps/other/libx.so.9");
	assert_int_equal(l->diags.list.n, 0);
}

#define with_cache(test) cmocka_unit_test_setup_teardown(test, cache_setup, loader_teardown)

/* Read as often as they name each other they would be 4 to the power of the depth. Found by
 * fuzz-conf. */
static void files_that_include_each_other_come_to_an_end(void **state)
{
	static const char text[] = "include /etc/ld.so.conf.d/*.conf\n/opt\n";
	struct loader *l = *state;

	tree_dir(&l->tree, "/opt");
	tree_bytes(&l->tree, "/etc/ld.so.conf", text, sizeof text - 1);
	tree_bytes(&l->tree, "/etc/ld.so.conf.d/a.conf", text, sizeof text - 1);
	tree_bytes(&l->tree, "/etc/ld.so.conf.d/b.conf", text, sizeof text - 1);
	tree_bytes(&l->tree, "/etc/ld.so.conf.d/c.conf", text, sizeof text - 1);
	tree_bytes(&l->tree, "/etc/ld.so.conf.d/d.conf", text, sizeof text - 1);
	l->setup.conf_path = "/etc/ld.so.conf";
	const char *const *dirs = bs_search_conf_dirs(&l->ctx, l->fs, &l->setup);

	assert_string_equal(dirs[0], "/opt");
	assert_null(dirs[1]);
}

/* A component that is no pattern stands for itself, before and behind one that is. */
static void patterns_have_several_components(void **state)
{
	static const char text[] = "include ld.so.conf.d//?/x/[a-b]*.conf\n"
				   "include /etc/./ld.so.conf.d/9/y.conf\n"
				   "include ld.so.conf.d/*/\n";
	struct loader *l = *state;
	static const char *const files[][2] = {
		{ "/etc/ld.so.conf.d/2/x/a.conf", "/two" },
		{ "/etc/ld.so.conf.d/1/x/b1.conf", "/one" },
		{ "/etc/ld.so.conf.d/1/x/c.conf", "/no" },
		{ "/etc/ld.so.conf.d/10/x/a.conf", "/no" },
		{ "/etc/ld.so.conf.d/9/y.conf", "/nine" },
		{ "/etc/ld.so.conf.d/1/z/a.conf", "/no" },
		{ "/etc/ld.so.conf.d/.1/x/a.conf", "/no" },
		{ "/etc/ld.so.conf.d/last", "/last" },
	};

	tree_bytes(&l->tree, "/etc/ld.so.conf", text, sizeof text - 1);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		tree_dir(&l->tree, files[i][1]);
		tree_bytes(&l->tree, files[i][0], files[i][1], strlen(files[i][1]));
	}
	l->setup.conf_path = "/etc/ld.so.conf";
	const char *const *dirs = bs_search_conf_dirs(&l->ctx, l->fs, &l->setup);

	assert_string_equal(dirs[0], "/one");
	assert_string_equal(dirs[1], "/two");
	assert_string_equal(dirs[2], "/nine");
	assert_string_equal(dirs[3], "/last");
	assert_null(dirs[4]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_ordered_by_their_numbers),
		with_cache(every_format_is_read),
		with_cache(the_byte_order_is_the_machines),
		with_cache(unusable_files_are_told_once),
		with_cache(flags_tell_machines_apart),
		with_cache(glibc_hwcaps_entries),
		with_cache(legacy_entries),
		with_cache(a_hit_is_opened_and_a_miss_goes_on),
		with_cache(hits_in_default_directories_and_nodeflib),
		with_cache(damaged_files_do_no_harm),
		with_cache(offsets_at_the_edge),
		with_cache(ldconfig_writes_what_is_read),
		with_cache(files_that_include_each_other_come_to_an_end),
		with_cache(patterns_have_several_components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
