/* SPDX-License-Identifier: MIT */
/*
 * undeclared-dependency: an object is bound to one that nothing it needs asks for. Somebody else
 * brought that one, and need not do so for ever.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

/* What glibc is installed as (glibc shlib-versions); it is one product, whoever asks for which part
 * of it. */
bool bs_is_soname_of_libc(const char *soname)
{
	static const char *const sonames[] = {
		"libc.so.6",	  "libm.so.6",	  "libpthread.so.0", "libdl.so.2",
		"librt.so.1",	  "libutil.so.1", "libresolv.so.2",  "libanl.so.1",
		"libmvec.so.1",	  "libnsl.so.1",  "libc.so",	     "libBrokenLocale.so.1",
		"ld-linux.so.2",  "libc.so.6.1",  "libm.so.6.1",     "libnss_files.so.2",
		"libnss_dns.so.2"
	};

	for (size_t i = 0; i < sizeof sonames / sizeof *sonames; i++)
		if (strcmp(sonames[i], soname) == 0)
			return true;
	/* ld-linux-x86-64.so.2, ld64.so.1, ld-linux-aarch64.so.1 ... */
	return strncmp(soname, "ld-", 3) == 0 || strncmp(soname, "ld64.so", 7) == 0;
}

bool bs_is_loader_or_libc(const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	return bs_map_of(&run->process, map->real)->role != BS_ROLE_ORDINARY ||
	       id == run->process.ns[map->ns].libc;
}

bool bs_is_of_libc(const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	return bs_is_loader_or_libc(run, id) ||
	       (map->image && map->image->soname && bs_is_soname_of_libc(map->image->soname));
}

void bs_note_promoted(struct bs_checker *checker, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	const bs_ids *promoted = &result->opening.promoted;

	bs_vec_each (i, promoted) {
		while (checker->promoted_by.n <= promoted->v[i])
			bs_vec_push(run->ctx.arena, &checker->promoted_by, 0);
		checker->promoted_by.v[promoted->v[i]] = result->number;
	}
}

/* How TO came where FROM sees it. */
static struct bs_fact way(const struct bs_pass *pass, bs_map_id from, bs_map_id to)
{
	const struct bs_run *run = pass->run;
	const struct bs_map *map = bs_map_of(&run->process, to);
	const bs_ids *promoted_by = &pass->checker->promoted_by;
	uint32_t step = to < promoted_by->n ? promoted_by->v[to] : 0;

	if (step && run->opened.v[step] != BS_NO_MAP &&
	    bs_map_of(&run->process, from)->born != step)
		return (struct bs_fact){ .kind = BS_FACT_COMES_GLOBAL,
					 .n = step,
					 .object = run->opened.v[step] };
	if (map->kind != BS_MAP_LOADED && (map->loader == BS_NO_MAP || map->preloaded))
		return (struct bs_fact){ .kind = BS_FACT_COMES_FROM_START, .object = to };
	if (map->loader == BS_NO_MAP)
		return (struct bs_fact){ .kind = BS_FACT_COMES_AS_ROOT, .object = from };
	return (struct bs_fact){ .kind = BS_FACT_COMES_WITH, .object = map->loader };
}

void bs_check_undeclared(struct bs_pass *pass, const struct bs_binding *b, bool waiting)
{
	const struct bs_run *run = pass->run;
	const struct bs_map *from = bs_map_of(&run->process, b->referrer);
	const struct bs_map *to = bs_map_of(&run->process, b->definer);

	/* What comes and goes while slots wait is told by healed and when-matters. */
	if (from->role != BS_ROLE_ORDINARY || pass->is_later)
		return;
	const struct bs_symbol reference = bs_image_symbol(from->image, b->symbol);

	if (bs_symbol_bind(&reference) == STB_WEAK ||
	    bs_counted_before(pass, &pass->counted, b, BS_COUNTED_UNDECLARED))
		return;
	bool is_usual = b->definer == run->process.executable || to->preloaded ||
			bs_is_of_libc(run, b->definer) ||
			(from->kind == BS_MAP_LOADED &&
			 bs_needs_directly(run, run->process.executable, b->definer));
	struct bs_finding *f = bs_finding_of(pass, BS_RULE_UNDECLARED_DEPENDENCY,
					     is_usual ? BS_LEVEL_NOTE : BS_LEVEL_WARNING, b);

	f->n_waiting += waiting;
	if (f->n > 1)
		return;
	f->preloaded = to->preloaded;
	const struct bs_fact fact = way(pass, b->referrer, b->definer);

	bs_finding_fact(run, f, &fact);
}
