/* SPDX-License-Identifier: MIT */
/*
 * A process that is dead: a core file, as Linux (fs/binfmt_elf.c:elf_core_dump) and gcore(1) write
 * it.
 *
 * Memory that it leaves out, text and read-only data above all, is read from the files that were
 * mapped, unless their build ID says that they are others now.
 */
#include "core-priv.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SEGMENTS = 1 << 20, LONGEST_ID = 64, PAGE = 4096, MOST_OPEN = 32 };

/* ---- the file's head ------------------------------------------------------------------------- */

uint64_t bs_core_number(const struct bs_core *core, const uint8_t *bytes, unsigned n)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < n; i++)
		number = number << 8 | bytes[core->is_big ? i : n - 1 - i];
	return number;
}

#define FIELD(core, bytes, Type32, Type64, member)                                                 \
	((core)->memory.word == 8 ? bs_core_number((core), (bytes) + offsetof(Type64, member),     \
						   sizeof((Type64 *)0)->member)                    \
				  : bs_core_number((core), (bytes) + offsetof(Type32, member),     \
						   sizeof((Type32 *)0)->member))

static const char *look_at_magic(const uint8_t *bytes, size_t n)
{
	static const struct {
		const char *magic, *words;
		size_t n;
	} others[] = {
		{ "\x28\xb5\x2f\xfd", "it is compressed: unpack it first (zstd -d)", 4 },
		{ "\x04\x22\x4d\x18", "it is compressed: unpack it first (lz4 -d)", 4 },
		{ "\x1f\x8b", "it is compressed: unpack it first (gunzip)", 2 },
		{ "\xfd"
		  "7zXZ",
		  "it is compressed: unpack it first (unxz)", 5 },
		{ "KDUMP   ", "it is a dump of a kernel, no process", 8 },
		{ "makedumpfile", "it is a dump of a kernel, no process", 12 },
	};

	if (n >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0)
		return NULL;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (n >= others[i].n && memcmp(bytes, others[i].magic, others[i].n) == 0)
			return others[i].words;
	return "it is no core file: no ELF file";
}

static const char *read_header(struct bs_core *core, uint64_t *ret_phoff, uint64_t *ret_n)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0 };
	size_t n = bs_read_up_to(core->fd, bytes, sizeof bytes, 0);
	const char *problem = n < sizeof bytes && errno ? strerror(errno) : look_at_magic(bytes, n);

	if (problem)
		return problem;
	core->memory.word = bytes[EI_CLASS] == ELFCLASS32 ? 4 : 8;
	core->is_big = bytes[EI_DATA] == ELFDATA2MSB;
	core->memory.swapped = core->is_big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	if (n < (core->memory.word == 8 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) ||
	    bytes[EI_CLASS] < ELFCLASS32 || bytes[EI_CLASS] > ELFCLASS64 ||
	    bytes[EI_DATA] < ELFDATA2LSB || bytes[EI_DATA] > ELFDATA2MSB)
		return "its ELF header is cut or odd";
	if (FIELD(core, bytes, Elf32_Ehdr, Elf64_Ehdr, e_type) != ET_CORE)
		return "it is no core file, but another kind of ELF file";
	*ret_phoff = FIELD(core, bytes, Elf32_Ehdr, Elf64_Ehdr, e_phoff);
	*ret_n = FIELD(core, bytes, Elf32_Ehdr, Elf64_Ehdr, e_phnum);
	if (*ret_n == PN_XNUM) {
		uint64_t shoff = FIELD(core, bytes, Elf32_Ehdr, Elf64_Ehdr, e_shoff);
		uint8_t section[sizeof(Elf64_Shdr)];

		if (!bs_read_at(core->fd, shoff, section,
				core->memory.word == 8 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
			return "it is cut: the number of its program headers is missing";
		*ret_n = FIELD(core, section, Elf32_Shdr, Elf64_Shdr, sh_info);
	}
	return *ret_n <= MOST_SEGMENTS ? NULL : "it has too many program headers";
}

static int by_from(const void *a, const void *b)
{
	const struct bs_core_piece *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static const char *read_headers(struct bs_core *core, struct bs_subject *subject)
{
	uint64_t phoff = 0, n = 0;
	const char *problem = read_header(core, &phoff, &n);
	size_t size = core->memory.word == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	for (uint64_t i = 0; i < n && !problem; i++) {
		uint8_t bytes[sizeof(Elf64_Phdr)];
		struct bs_core_piece piece;

		if (!bs_read_at(core->fd, phoff + i * size, bytes, size))
			return "it is cut: program headers are missing";
		piece.from = FIELD(core, bytes, Elf32_Phdr, Elf64_Phdr, p_vaddr);
		piece.offset = FIELD(core, bytes, Elf32_Phdr, Elf64_Phdr, p_offset);
		piece.n = FIELD(core, bytes, Elf32_Phdr, Elf64_Phdr, p_filesz);
		piece.n_memory = FIELD(core, bytes, Elf32_Phdr, Elf64_Phdr, p_memsz);
		switch (FIELD(core, bytes, Elf32_Phdr, Elf64_Phdr, p_type)) {
		case PT_NOTE:
			problem = bs_core_notes_read(core, piece.offset, piece.n, subject);
			break;
		case PT_LOAD:
			if (piece.n_memory > UINT64_MAX - piece.from)
				return "a program header leads out of the address space";
			bs_vec_push(core->ctx->arena, &core->pieces, piece);
			break;
		default:
			break;
		}
	}
	if (core->pieces.n)
		qsort(core->pieces.v, core->pieces.n, sizeof *core->pieces.v, by_from);
	return problem;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const struct bs_core_piece *piece_at(const struct bs_core *core, uint64_t address)
{
	uint32_t low = 0, high = core->pieces.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (core->pieces.v[middle].from <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	const struct bs_core_piece *piece = &core->pieces.v[low - 1];

	return address - piece->from < piece->n_memory ? piece : NULL;
}

/* The bytes from ADDRESS on that the core itself has, N at most. */
static size_t read_dumped(const struct bs_core *core, uint64_t address, void *to, size_t n)
{
	const struct bs_core_piece *piece = piece_at(core, address);
	uint64_t into = piece ? address - piece->from : 0;

	if (!piece || into >= piece->n)
		return 0;
	if (n > piece->n - into)
		n = (size_t)(piece->n - into);
	return bs_read_at(core->fd, piece->offset + into, to, n) ? n : 0;
}

/* The build ID is in what the core has, not in what would be filled in for it. */
static bool read_raw(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	const struct bs_core *core = ((const struct bs_core_raw *)memory)->core;

	return read_dumped(core, address, to, n) == n;
}

static struct bs_core_file *file_of(struct bs_core *core, const struct bs_live_area *area);

static size_t read_mapped(struct bs_core *core, uint64_t address, void *to, size_t n)
{
	const struct bs_live_area *area = bs_live_area_at(core->areas, address);
	const struct bs_core_file *file = area && area->file ? file_of(core, area) : NULL;

	if (!file || file->fd < 0)
		return 0;
	if (n > area->to - address)
		n = (size_t)(area->to - address);
	return bs_read_at(file->fd, area->offset + (address - area->from), to, n) ? n : 0;
}

static bool read_core(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	struct bs_core *core = (struct bs_core *)(uintptr_t)memory;
	char *bytes = to;

	while (n) {
		size_t got = read_dumped(core, address, bytes, n);

		if (!got)
			got = read_mapped(core, address, bytes, n);
		if (!got)
			return false;
		bytes += got;
		address += got;
		n -= got;
	}
	return true;
}

/* ---- the files that were mapped -------------------------------------------------------------- */

static void take_heads(struct bs_core *core)
{
	for (; core->n_heads < core->areas->n; core->n_heads++) {
		const struct bs_live_area *area = &core->areas->v[core->n_heads];

		if (!area->file || area->offset)
			continue;
		bs_name name = bs_name_of(core->names, area->file);

		while (core->heads.n <= name)
			bs_vec_push(core->ctx->arena, &core->heads, 0);
		if (!core->heads.v[name])
			core->heads.v[name] = core->n_heads + 1;
	}
}

/* Where the ELF header of AREA's file is mapped, or NULL. A core may have a million of both. */
static const struct bs_live_area *head_of(struct bs_core *core, const struct bs_live_area *area)
{
	take_heads(core);
	bs_name name = bs_name_find(core->names, area->file);
	uint32_t at = name && name < core->heads.n ? core->heads.v[name] : 0;

	return at ? &core->areas->v[at - 1] : NULL;
}

/* Whether FD, the file PATH, is what AREA was mapped from. */
static enum bs_live_file check(struct bs_core *core, const struct bs_live_area *area, int fd,
			       const char *path)
{
	const struct bs_live_area *head = head_of(core, area);
	struct bs_core_raw raw = { .memory = core->memory, .core = core };
	uint8_t id[LONGEST_ID];
	size_t n;

	raw.memory.read = read_raw;
	n = head ? bs_live_build_id(&raw.memory, head->from, id, sizeof id) : 0;
	if (!n)
		return BS_LIVE_FILE_UNCHECKED;
	const struct bs_image *image = bs_store_acquire(core->store, core->ctx, fd, path);

	if (!image)
		return BS_LIVE_FILE_GONE;
	bool is_same = image->notes.n_build_id == n && memcmp(image->notes.build_id, id, n) == 0;

	bs_store_release(core->store, image);
	return is_same ? BS_LIVE_FILE_SAME : BS_LIVE_FILE_REPLACED;
}

/* A process may have more files than one may have open: the one that was opened first makes room.
 */
static void make_room(struct bs_core *core)
{
	while (core->n_open >= MOST_OPEN) {
		struct bs_core_file *file = &core->files.v[core->next_parked];
		struct stat st;

		core->next_parked = (core->next_parked + 1) % core->files.n;
		if (file->fd < 0)
			continue;
		file->is_parked = fstat(file->fd, &st) == 0;
		file->dev = st.st_dev;
		file->ino = st.st_ino;
		close(file->fd);
		file->fd = -1;
		core->n_open--;
	}
}

/* The file that the core calls PATH: of the program another one may be named. */
static const char *path_of(const struct bs_core *core, const char *path)
{
	bool is_program = core->executable && core->program && strcmp(core->program, path) == 0;

	return is_program ? core->executable : path;
}

static int open_path(struct bs_core *core, const char *path)
{
	make_room(core);
	return bs_fs_open_file(core->fs, path_of(core, path));
}

/* FILE was checked: it is open again if its name leads to the same one still. */
static void wake(struct bs_core *core, struct bs_core_file *file)
{
	struct stat st;

	if (!file->is_parked)
		return;
	file->is_parked = false;
	file->fd = open_path(core, file->path);
	if (file->fd >= 0 &&
	    (fstat(file->fd, &st) != 0 || st.st_dev != file->dev || st.st_ino != file->ino)) {
		close(file->fd);
		file->fd = -1;
	}
	core->n_open += file->fd >= 0;
}

/* The file that AREA was mapped from, checked once. */
static struct bs_core_file *file_of(struct bs_core *core, const struct bs_live_area *area)
{
	struct bs_core_file file = { .path = area->file, .fd = -1, .state = BS_LIVE_FILE_GONE };

	bs_name name = bs_name_of(core->names, area->file);

	while (core->by_name.n <= name)
		bs_vec_push(core->ctx->arena, &core->by_name, 0);
	if (core->by_name.v[name]) {
		struct bs_core_file *known = &core->files.v[core->by_name.v[name] - 1];

		wake(core, known);
		return known;
	}
	bs_vec_reserve(core->ctx->arena, &core->files, 1);
	file.fd = open_path(core, area->file);
	/* Checking it reads memory, and must not come here again. */
	bs_vec_push(core->ctx->arena, &core->files, file);
	core->by_name.v[name] = core->files.n;
	if (file.fd >= 0) {
		file.state = check(core, area, file.fd, path_of(core, area->file));
		if (file.state == BS_LIVE_FILE_REPLACED || file.state == BS_LIVE_FILE_GONE) {
			close(file.fd);
			file.fd = -1;
		}
	}
	core->n_open += file.fd >= 0;
	core->files.v[core->files.n - 1] = file;
	return &core->files.v[core->files.n - 1];
}

static int open_area(void *data, const struct bs_live_area *area, enum bs_live_file *ret_file)
{
	const struct bs_core_file *file = file_of(data, area);

	*ret_file = file->state;
	return file->fd < 0 ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
}

static void find_vdso(struct bs_core *core, struct bs_subject *subject)
{
	const struct bs_core_piece *piece = piece_at(core, subject->auxiliary.vdso);
	struct bs_live_area area = { .is_vdso = true };
	uint32_t at = 0;

	if (!piece || !subject->auxiliary.vdso)
		return;
	area.from = piece->from;
	area.to = piece->from + piece->n_memory;
	bs_vec_push(core->ctx->arena, &subject->areas, area);
	for (at = subject->areas.n - 1; at && subject->areas.v[at - 1].from > area.from; at--)
		subject->areas.v[at] = subject->areas.v[at - 1];
	subject->areas.v[at] = area;
}

/* Memory without a file, which no note tells of, between what has one. */
static void add_anonymous(struct bs_core *core, struct bs_subject *subject)
{
	bs_live_areas all = { 0 };
	uint32_t next = 0;

	bs_vec_each (i, &core->pieces) {
		const struct bs_core_piece *piece = &core->pieces.v[i];

		while (next < subject->areas.n && subject->areas.v[next].from <= piece->from)
			bs_vec_push(core->ctx->arena, &all, subject->areas.v[next++]);
		if (piece->n_memory && !bs_live_area_at(&subject->areas, piece->from))
			bs_vec_push(core->ctx->arena, &all,
				    ((struct bs_live_area){
					    .from = piece->from,
					    .to = piece->from + piece->n_memory,
				    }));
	}
	while (next < subject->areas.n)
		bs_vec_push(core->ctx->arena, &all, subject->areas.v[next++]);
	subject->areas = all;
}

/* ---- a core that does not tell what was mapped --------------------------------------------------
 */

/* Adds the areas that IMAGE, of the file PATH, takes when it lies at BASE. */
static void add_segments(struct bs_core *core, struct bs_subject *subject,
			 const struct bs_image *image, const char *path, uint64_t base)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];
		uint64_t before = s->vaddr % PAGE;

		if (s->type == PT_LOAD && s->filesz && s->offset >= before)
			bs_vec_push(core->ctx->arena, &subject->areas,
				    ((struct bs_live_area){
					    .from = base + s->vaddr - before,
					    .to = base + s->vaddr + s->filesz,
					    .offset = s->offset - before,
					    .file = path,
				    }));
	}
}

/* The image of the file of the process PATH, counted up, or NULL. */
static const struct bs_image *acquire(struct bs_core *core, const char *path)
{
	const struct bs_live_area area = { .file = path };
	const struct bs_core_file *file = file_of(core, &area);
	const struct bs_image *image =
		file->fd < 0 ? NULL : bs_store_acquire(core->store, core->ctx, file->fd, path);

	if (image && image->state != BS_IMAGE_OK) {
		bs_store_release(core->store, image);
		image = NULL;
	}
	return image;
}

static int by_begin(const void *a, const void *b)
{
	const struct bs_live_area *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* Where the program and its loader lie is told by the auxiliary vector; that is enough to come to
 * the link maps, which name the others. Emulators and old kernels write such cores. */
static void guess_areas(struct bs_core *core, struct bs_subject *subject)
{
	const struct bs_image *program, *loader = NULL;
	uint64_t base = 0;

	core->program = core->executable;
	program = core->program ? acquire(core, core->program) : NULL;
	if (!program)
		return;
	for (uint32_t i = 0; i < program->n_segments; i++)
		if (program->segments[i].type == PT_PHDR)
			base = subject->auxiliary.phdr - program->segments[i].vaddr;
	add_segments(core, subject, program, core->program, base);
	if (program->interp && subject->auxiliary.base)
		loader = acquire(core, program->interp);
	if (loader)
		add_segments(core, subject, loader, program->interp, subject->auxiliary.base);
	if (subject->areas.n)
		qsort(subject->areas.v, subject->areas.n, sizeof *subject->areas.v, by_begin);
	bs_store_release(core->store, program);
	if (loader)
		bs_store_release(core->store, loader);
}

/* ---- all ------------------------------------------------------------------------------------- */

static const char *find_program(struct bs_core *core, const struct bs_subject *subject)
{
	const struct bs_live_area *area =
		bs_live_area_at(&subject->areas, subject->auxiliary.entry);

	core->program = area && area->file ? area->file : core->executable;
	/* `ld.so PROGRAM`: the kernel's program is the loader, for which none stands in. */
	if (area && area->file && !subject->auxiliary.base)
		core->executable = NULL;
	return core->program
		       ? NULL
		       : "it does not tell which files were mapped (NT_FILE): name the program";
}

static bool is_cut(const struct bs_core *core)
{
	struct stat st;

	if (fstat(core->fd, &st) != 0)
		return false;
	bs_vec_each (i, &core->pieces) {
		const struct bs_core_piece *piece = &core->pieces.v[i];

		if (piece->n && (piece->offset > (uint64_t)st.st_size ||
				 piece->n > (uint64_t)st.st_size - piece->offset))
			return true;
	}
	return false;
}

static const char *read_all(struct bs_core *core, struct bs_subject *subject)
{
	const struct bs_live_opener opener = { open_area, core };
	const char *problem = read_headers(core, subject);

	if (problem)
		return problem;
	if (!subject->auxiliary.phnum)
		return "it is no core of a process, or cut: it has no auxiliary vector (NT_AUXV)";
	core->areas = &subject->areas;
	if (!subject->areas.n)
		guess_areas(core, subject);
	find_vdso(core, subject);
	add_anonymous(core, subject);
	problem = find_program(core, subject);
	subject->executable = core->program;
	if (!problem)
		problem = bs_live_objects_find(core->ctx, core->store, &opener, subject);
	if (problem)
		return is_cut(core)
			       ? bs_arena_printf(core->ctx->arena, "it is cut, and so %s", problem)
			       : problem;
	if (is_cut(core))
		bs_diag_add(core->ctx->diags, BS_DIAG_CANNOT_READ, core->path, BS_NO_OFFSET, 0,
			    "the core file is cut: some of the memory is missing");
	bs_live_arguments_find(core->ctx, subject);
	return NULL;
}

/* Memory that is in no core is read from files for as long as somebody asks. */
static void close_core(struct bs_memory *memory)
{
	struct bs_core *core = (struct bs_core *)(void *)memory;

	bs_vec_each (i, &core->files)
		if (core->files.v[i].fd >= 0)
			close(core->files.v[i].fd);
	core->files.n = 0;
	bs_fs_close(core->fs);
}

const char *bs_subject_of_core(const struct bs_ctx *ctx, struct bs_store *store, const char *path,
			       const char *executable, const char *root, struct bs_subject *ret)
{
	struct bs_core *core = bs_new(ctx->arena, struct bs_core, 1);
	const char *problem;
	struct stat st;

	*ret = (struct bs_subject){ .is_core = true, .memory = &core->memory, .root = root };
	core->memory = (struct bs_memory){ .read = read_core, .close = close_core, .fd = -1 };
	core->ctx = ctx;
	core->store = store;
	core->names = bs_names_new(ctx->arena);
	core->path = path;
	core->executable = executable;
	core->fd = core->memory.fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (core->fd < 0)
		return bs_arena_printf(ctx->arena, "%s: %s", path, strerror(errno));
	if (fstat(core->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return bs_arena_printf(ctx->arena, "%s: it is no regular file", path);
	core->fs = bs_fs_open(ctx, root, NULL);
	if (!core->fs)
		return bs_arena_printf(ctx->arena, "the root directory %s cannot be opened", root);
	problem = read_all(core, ret);
	return problem ? bs_arena_printf(ctx->arena, "%s: %s", path, problem) : NULL;
}
