/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the debug information of an object, whose functions and variables are compared with
 * each other.
 *
 * A byte each for the shares of .debug_abbrev, .debug_str and .debug_line, and one for addresses at
 * which functions are sought; the sections' own bytes follow, .debug_info's last. The functions of
 * bs_fs that look for debug information are this file's: there is the object, in memory, and no
 * other file.
 */
#include "fuzz.h"

#include "proof/proof-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int __wrap_bs_fs_open_file(const struct bs_fs *fs, const char *path);
const char *__wrap_bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx,
				   const char *path);

enum { N_SECTIONS = 6, ROOM = 1 << 16, MOST_COMPARED = 6, BUDGET = 4000 };

static struct {
	Elf64_Ehdr header;
	Elf64_Phdr load;
	Elf64_Shdr sections[N_SECTIONS];
	char names[64];
	uint8_t bytes[ROOM];
} file;

static size_t used; /* of BYTES */
static int object = -1;

static const char object_path[] = "/x.so";

int __wrap_bs_fs_open_file(const struct bs_fs *fs, const char *path)
{
	(void)fs;
	errno = ENOENT;
	return strcmp(path, object_path) == 0 ? fcntl(object, F_DUPFD_CLOEXEC, 0) : -1;
}

const char *__wrap_bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx,
				   const char *path)
{
	(void)fs;
	return bs_arena_strndup(ctx->arena, path, strlen(path));
}

static void add_section(unsigned i, const char *name, struct bs_fuzz_in part)
{
	static size_t name_at;

	if (i == 1)
		used = name_at = 1;
	if (part.n > ROOM - used)
		part.n = ROOM - used;
	strcpy(file.names + name_at, name);
	file.sections[i] = (Elf64_Shdr){
		.sh_name = (Elf64_Word)name_at,
		.sh_type = SHT_PROGBITS,
		.sh_offset = offsetof(__typeof__(file), bytes) + used,
		.sh_size = part.n,
		.sh_addralign = 1,
	};
	name_at += strlen(name) + 1;
	if (part.n)
		memcpy(file.bytes + used, part.at, part.n);
	used += part.n;
}

static struct bs_fuzz_in make_file(struct bs_fuzz_in in)
{
	uint8_t shares[] = { bs_fuzz_u8(&in), bs_fuzz_u8(&in), bs_fuzz_u8(&in) };

	add_section(1, ".debug_abbrev", bs_fuzz_take_share(&in, shares[0]));
	add_section(2, ".debug_str", bs_fuzz_take_share(&in, shares[1]));
	add_section(3, ".debug_line", bs_fuzz_take_share(&in, shares[2]));
	add_section(4, ".debug_info", in);
	file.sections[5] = (Elf64_Shdr){
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(__typeof__(file), names),
		.sh_size = sizeof file.names,
		.sh_addralign = 1,
	};
	size_t n = offsetof(__typeof__(file), bytes) + used;

	file.header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = offsetof(__typeof__(file), load),
		.e_shoff = offsetof(__typeof__(file), sections),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = N_SECTIONS,
		.e_shstrndx = 5,
	};
	file.load = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = n, .p_memsz = n
	};
	return (struct bs_fuzz_in){ (const uint8_t *)&file, n };
}

static void compare(struct bs_arena *arena, struct bs_debug *debug, const struct bs_placed *a,
		    const struct bs_placed *b)
{
	static const struct bs_edge edge = { .kind = BS_DIFFERENCE_VARIABLE_TYPE };
	static const struct bs_type_pairs none;
	struct bs_comparison c = { .arena = arena, .texts = arena, .known = &none };
	const struct bs_evidence left = { .at = { debug, a->die }, .address = a->address };
	const struct bs_evidence right = { .at = { debug, b->die }, .address = b->address };
	struct bs_type x, y;

	if (a->is_function != b->is_function)
		return;
	if (a->is_function) {
		if (bs_compare_functions(&c, NULL, &left.at, &right.at))
			bs_compare_rest(&c);
	} else if (bs_type_of(debug, &a->die, &x) && bs_type_of(debug, &b->die, &y)) {
		bs_type_text(arena, &x);
		if (bs_compare_types(&c, &edge, &x, &y) &&
		    bs_compare_values(&c, &edge, &left, &right))
			bs_compare_rest(&c);
	}
}

static void ask(struct bs_arena *arena, struct bs_debug *debug, uint8_t address)
{
	BS_VEC(struct bs_placed) placed = { 0 };
	Dwarf_Die die;

	bs_find_function(debug, address, &die);
	bs_find_variable(debug, "v", address, address & 1, &die);
	bs_find_type(debug, "S", NULL, &die);
	bs_vec_each (i, &debug->units) {
		bs_unit_of(debug, &debug->units.v[i].die);
		bs_vec_each (k, &debug->units.v[i].placed)
			if (placed.n < MOST_COMPARED)
				bs_vec_push(arena, &placed, debug->units.v[i].placed.v[k]);
		bs_vec_each (k, &debug->units.v[i].named)
			if (k < MOST_COMPARED)
				bs_whole_name(debug, &debug->units.v[i].named.v[k].die);
	}
	bs_vec_each (i, &placed)
		bs_vec_each (k, &placed)
			compare(arena, debug, &placed.v[i], &placed.v[k]);
}

/* The file's bytes are OBJECT's, too. */
static void write_object(struct bs_fuzz_in in, struct stat *ret)
{
	if (object < 0)
		object = memfd_create("object", MFD_CLOEXEC);
	if (object < 0 || ftruncate(object, (off_t)in.n) != 0 ||
	    pwrite(object, in.at, in.n, 0) != (ssize_t)in.n || fstat(object, ret) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_fuzz_in in = { data, n };
	uint8_t address = bs_fuzz_u8(&in);
	struct bs_arena *arena = bs_fuzz_arena();
	struct stat st;

	if (bs_libdw_open())
		abort();
	struct bs_diags diags = { .arena = arena };
	const struct bs_run run = { .ctx = { arena, bs_names_new(arena), &diags } };

	in = make_file(in);
	write_object(in, &st);
	void *copy = bs_fuzz_copy(in);
	struct bs_image *image = bs_image_read_memory(&run.ctx, copy, in.n, object_path);

	image->dev = st.st_dev;
	image->ino = st.st_ino;
	struct bs_debug *debug = bs_debug_open(arena, &run, image, BUDGET);

	if (!debug->unproven)
		ask(arena, debug, address);
	bs_debug_close(debug);
	bs_image_close(image);
	free(copy);
	bs_arena_free(arena);
	return 0;
}
