/* SPDX-License-Identifier: MIT */
/*
 * `bindsim check` of archives: a wheel, a Debian package, a root file system or a saved container
 * image. What is to be seen of it is laid out in a private directory, and plans are made of what
 * lies there. Names are those in the archive.
 */
#include "archive-check.h"

#include "image.h"
#include "sets.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAR_MAGIC = 257, N_HEAD = 512 };

enum kind { NO_ARCHIVE, WHEEL, PACKAGE, SYSTEM };

/* What the first bytes say. A tar that is packed cannot be told from other packed files. */
static enum kind kind_of(struct bs_arena *arena, const char *path)
{
	static const struct {
		enum kind kind;
		size_t at, n;
		const char *bytes;
	} magics[] = {
		{ WHEEL, 0, 4, "PK\3\4" },
		{ WHEEL, 0, 4, "PK\5\6" },
		{ PACKAGE, 0, 8, "!<arch>\n" },
		{ SYSTEM, TAR_MAGIC, 5, "ustar" },
		{ SYSTEM, 0, 2, "\x1f\x8b" },
		{ SYSTEM, 0, 6,
		  "\xfd"
		  "7zXZ" },
		{ SYSTEM, 0, 4, "\x28\xb5\x2f\xfd" },
		{ SYSTEM, 0, 3, "BZh" },
	};
	char head[N_HEAD] = "";
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t n = fd < 0 ? 0 : bs_read_up_to(fd, head, sizeof head, 0);

	if (fd < 0)
		bs_must_not_lack(arena, path);
	else
		close(fd);
	for (size_t i = 0; n && i < sizeof magics / sizeof *magics; i++)
		if (memcmp(head + magics[i].at, magics[i].bytes, magics[i].n) == 0)
			return magics[i].kind;
	return NO_ARCHIVE;
}

/* The root of PLAN has the name PATH for something that is not the host's PATH. */
static bool is_of_root(struct bs_arena *arena, const struct bs_plan *plan, const char *path)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, plan);
	int fd = fs ? bs_fs_open_file(fs, path) : -1;
	struct stat there, host;
	bool is = fd >= 0 && fstat(fd, &there) == 0 && stat(path, &host) == 0 &&
		  (there.st_dev != host.st_dev || there.st_ino != host.st_ino);

	if (fd >= 0)
		close(fd);
	bs_fs_close(fs);
	return is;
}

bool bs_names_archive(struct bs_arena *arena, const struct bs_plan *plan)
{
	const char *path = plan->executable;

	return path && kind_of(arena, path) != NO_ARCHIVE &&
	       (!plan->root || !is_of_root(arena, plan, path));
}

/* ---- what is in it -------------------------------------------------------------------------- */

/* What comes out of the first entry of a package that is called DATA and whatever it is packed
 * with. (deb(5)) */
static const char *unpack_package(struct bs_unpacking *u, struct bs_archive *package)
{
	static const char data[] = "data.tar";
	struct bs_archive_entry entry;
	const char *problem = NULL;

	while (bs_archive_next(package, &entry, &problem) > 0) {
		if (strncmp(entry.path, data, strlen(data)) != 0)
			continue;
		struct bs_archive *files = bs_archive_open_entry(package, &u->budget, &problem);

		if (files)
			problem = bs_unpack(u, files);
		bs_archive_close(files);
		return problem;
	}
	return problem ? problem : "no Debian package: it has no data.tar";
}

static bool unpack(struct bs_unpacking *u, const char *path, enum kind kind)
{
	const char *problem;
	struct bs_archive *archive;

	u->tree.replaces = kind == SYSTEM;
	u->text_prefixes = kind == SYSTEM ? bs_image_texts : NULL;
	archive = bs_archive_open(u->arena, path, &u->budget, &problem);
	if (archive)
		problem = kind == PACKAGE ? unpack_package(u, archive) : bs_unpack(u, archive);
	bs_archive_close(archive);
	if (!problem && kind == SYSTEM && bs_is_image(u))
		problem = bs_unpack_image(u, path);
	if (problem)
		bs_complain("%s: %s", path, problem);
	return !problem;
}

/* The ELF files in DIRECTORY of what was laid out alone, without the root that it lies over. */
static bool find_files(const struct bs_option_reader *r, const struct bs_plan *base,
		       const char *directory, bool recursive, bs_set_files *ret)
{
	struct bs_plan alone = *base;

	alone.archive_is_root = true;
	return bs_set_find(r->arena, &alone, directory, recursive, ret);
}

static bool is_wanted(const struct bs_option_reader *r, const char *path)
{
	const char *glob = r->words.executables;

	return !glob || fnmatch(glob, path, 0) == 0 ||
	       fnmatch(glob, strrchr(path, '/') + 1, 0) == 0;
}

/* Each executable is a plan that is called like it. */
static void add_executables(struct bs_option_reader *r, const struct bs_plan *base,
			    const bs_set_files *files)
{
	bs_vec_each (i, files) {
		const struct bs_set_file *file = &files->v[i];
		struct bs_named_plan plan = { .name = file->path, .plan = *base };

		if (file->look.kind != BS_FILE_PROGRAM || !is_wanted(r, file->path))
			continue;
		plan.plan.executable = file->path;
		bs_set_add(r, &plan);
	}
}

static void add_shared_objects(struct bs_option_reader *r, const struct bs_plan *base,
			       bs_set_files files, const char *host)
{
	const struct bs_set set = { .base = base, .files = &files, .host = host };

	bs_set_keep(&files, BS_FILE_SHARED_OBJECT, NULL);
	bs_set_plans(r, &set);
}

/* ---- wheels --------------------------------------------------------------------------------- */

/* The first program called NAME that is made for MACHINE: what stands in $PATH first may be a
 * script that chooses among several. */
static const char *find_python(const struct bs_option_reader *r, const struct bs_plan *base,
			       const char *name, const char *machine)
{
	const char *path = base->root ? "/usr/local/bin:/usr/bin:/bin" : base->search_path;
	struct bs_diags diags = { .arena = r->arena };
	const struct bs_ctx ctx = { r->arena, bs_names_new(r->arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, base);
	struct bs_store *store = bs_store_new();
	const char *found = NULL;

	if (!store)
		bs_arena_exhausted(r->arena);
	for (; fs && path && *path && !found; path += strcspn(path, ":"), path += *path == ':') {
		const char *file =
			bs_arena_printf(r->arena, "%.*s/%s", (int)strcspn(path, ":"), path, name);
		struct bs_file_look look;

		if (*file == '/' && bs_look_at(&ctx, fs, store, file, &look) &&
		    look.kind == BS_FILE_PROGRAM && strcmp(look.machine, machine) == 0)
			found = file;
	}
	bs_fs_close(fs);
	bs_store_free(store);
	return found;
}

/* The program that opens the modules; NULL: nobody knows it. False after a message. */
static bool choose_host(const struct bs_option_reader *r, const struct bs_plan *base,
			const char *machine, const char **ret)
{
	const char *host = r->words.host;

	*ret = NULL;
	if (!machine)
		return true;
	if (host && strchr(host, '/')) {
		*ret = host;
		return true;
	}
	*ret = find_python(r, base, host ? host : "python3", machine);
	if (host && !*ret)
		bs_complain("the host %s for %s is in no directory of the search path", host,
			    machine);
	else if (!*ret && r->line->verbose)
		bs_complain(
			"there is no python3 for %s: modules are opened by a program that nobody "
			"knows",
			machine);
	return *ret || !host;
}

/* Python imports modules. Other libraries are asked about as a set. */
static bool add_wheel(struct bs_option_reader *r, const struct bs_plan *base,
		      const bs_set_files *files)
{
	bs_set_files modules = { 0 }, libraries = { 0 };
	const char *host;

	bs_vec_each (i, files) {
		struct bs_set_file file = files->v[i];

		if (file.look.kind != BS_FILE_SHARED_OBJECT)
			continue;
		/* As the archive has it: what is to be opened is a path with a slash. */
		file.path = strchr(file.path + 1, '/')
				    ? file.path + 1
				    : bs_arena_printf(r->arena, ".%s", file.path);
		if (bs_set_is_module(file.path))
			bs_vec_push(r->arena, &modules, file);
		else if (!bs_set_is_for_modules(file.path))
			bs_vec_push(r->arena, &libraries, file);
	}
	if (!choose_host(r, base, modules.n ? modules.v[0].look.machine : NULL, &host))
		return false;
	const struct bs_set sets[] = {
		{ .name = "modules", .base = base, .files = &modules, .host = host },
		{ .name = "libraries", .base = base, .files = &libraries },
	};

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (sets[i].files->n)
			bs_set_plans(r, &sets[i]);
	return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool add_system(struct bs_option_reader *r, const struct bs_plan *base)
{
	static const char *const directories[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						   "/usr/bin",	      "/sbin",		"/bin" };
	bs_set_files files = { 0 };

	if (r->words.executables) {
		if (!find_files(r, base, "/", true, &files))
			return false;
	} else {
		for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
			if (bs_set_has_directory(r->arena, base, directories[i]) &&
			    !find_files(r, base, directories[i], false, &files))
				return false;
	}
	add_executables(r, base, &files);
	return true;
}

static bool add_package(struct bs_option_reader *r, const struct bs_plan *base)
{
	bs_set_files files = { 0 };

	if (!find_files(r, base, "/", true, &files))
		return false;
	add_executables(r, base, &files);
	if (!r->words.executables)
		add_shared_objects(r, base, files, r->words.host);
	return true;
}

bool bs_archive_plans(struct bs_option_reader *r)
{
	struct bs_plan base = r->line->plan;
	const char *path = base.executable;
	enum kind kind = kind_of(r->arena, path);
	bs_set_files files = { 0 };
	struct bs_unpacking u;
	bool added;

	/* It was one a moment ago. */
	if (kind == NO_ARCHIVE) {
		bs_complain("%s: it cannot be read", path);
		return false;
	}
	if (kind == SYSTEM && base.root) {
		bs_complain("%s: it is a root itself: no --root goes with it", path);
		return false;
	}
	if (kind == WHEEL && r->words.executables) {
		bs_complain("%s: a wheel has modules: no --executable goes with it", path);
		return false;
	}
	if (!bs_unpacking_begin(r->arena, kind == PACKAGE, base.root, &u))
		return false;
	bool unpacked = unpack(&u, path, kind);

	bs_unpacking_done(&u);
	if (!unpacked)
		return false;
	base.archive = u.directory;
	base.archive_is_root = kind == SYSTEM;
	if (!base.cwd)
		base.cwd = "/";
	if (kind == WHEEL)
		added = find_files(r, &base, "/", true, &files) && add_wheel(r, &base, &files);
	else
		added = kind == PACKAGE ? add_package(r, &base) : add_system(r, &base);
	if (!added || r->line->check.plans.n || r->words.plan_name)
		return added;
	bs_complain("%s: no %s in it%s%s", path,
		    kind == WHEEL    ? "shared object"
		    : kind == SYSTEM ? "executable"
				     : "executable and no shared object",
		    r->words.executables ? " is called " : "",
		    r->words.executables ? r->words.executables : "");
	return false;
}
