/* SPDX-License-Identifier: MIT */
/*
 * as_if PLAN FILE HOW [NAME...]: simulates PLAN with FILE as another link would have made it, and
 * prints what it comes to, in lines that can be sorted and compared.
 *
 * HOW is none, symbolic, symbolic-functions, or hidden or protected, which are about the symbols
 * with these names.
 */
#include "cli/cli.h"
#include "study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct bs_image *image_of(const struct bs_study *study, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		bs_vec_each (i, &study->objects) {
			const struct bs_image *image = study->objects.v[i].image;

			if (image->ino == st.st_ino && image->dev == st.st_dev)
				return image;
		}
	return NULL;
}

static bool is_named(const char *name, char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

static bool is_touched(const struct bs_image *image, uint32_t symbol, const char *how,
		       char *const *names)
{
	const struct bs_symbol s = bs_image_symbol(image, symbol);

	if (!bs_is_exported(&s))
		return false;
	if (strncmp(how, "symbolic", 8) == 0)
		return bs_symbolic_keeps(&s, how[8] != '\0');
	return is_named(bs_image_string(image, s.name), names);
}

/* False: there is no such HOW. */
static bool relink(struct bs_study *study, const struct bs_image *image, const char *how,
		   char *const *names)
{
	const struct bs_ctx ctx = { .arena = study->arena };
	uint8_t *bits = bs_new(study->arena, uint8_t, image->symbols.n / 8 + 1);
	struct bs_as_if as_if = { .symbolic = strcmp(how, "symbolic") == 0 };

	if (as_if.symbolic || strcmp(how, "symbolic-functions") == 0)
		as_if.kept = bits;
	else if (strcmp(how, "hidden") == 0)
		as_if.hidden = bits;
	else if (strcmp(how, "protected") == 0)
		as_if.protected = bits;
	else
		return false;
	for (uint32_t i = 1; i < image->symbols.n; i++)
		if (is_touched(image, i, how, names))
			bits[i / 8] |= (uint8_t)(1u << i % 8);
	bs_store_as_if(study->store, &ctx, image, &as_if);
	return true;
}

/* ---- what it comes to ------------------------------------------------------------------------ */

/* Copies in other namespaces are told apart by their number. */
static void print_object(const struct bs_study *study, bs_object_id object)
{
	if (object == BS_NO_OBJECT)
		printf("-");
	else
		printf("%s[%u]", study->objects.v[object].image->path,
		       study->objects.v[object].copy);
}

static void print_binding(const struct bs_study *study, const struct bs_end_binding *b)
{
	const struct bs_image *image = study->objects.v[b->referrer].image;
	uint16_t version = bs_image_versym(image, b->symbol) & 0x7fff;

	printf("binding\t");
	print_object(study, b->referrer);
	printf("\t%s", bs_end_binding_name(study, b));
	if (version < image->versions.n_versions && image->versions.versions[version].name)
		printf("@%s", image->versions.versions[version].name);
	printf("\t%u\t", b->type_class);
	if (b->definer == BS_NO_OBJECT)
		printf("%s", b->outcome == BS_UNRESOLVED_WEAK ? "null" : "undefined");
	else
		print_object(study, b->definer);
	printf("\n");
}

static void print_ending(const struct bs_study *study, const struct bs_ending *ending)
{
	bs_vec_each (i, &ending->steps)
		printf("step\t%u\t%d\t%s\n", i, ending->steps.v[i].state,
		       ending->steps.v[i].message ? ending->steps.v[i].message : "");
	bs_vec_each (i, &ending->bindings)
		print_binding(study, &ending->bindings.v[i]);
	bs_vec_each (i, &ending->findings) {
		const struct bs_ending_finding *f = &ending->findings.v[i];

		printf("finding\t%s\t%s\t", bs_rule_text(f->rule)->slug, bs_level_name(f->level));
		print_object(study, f->from);
		printf("\t");
		print_object(study, f->to);
		printf("\t%u\n", f->n);
	}
}

int main(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_store *store = bs_store_new();
	const struct bs_check_options check = { .shows_notes = true };
	struct bs_plan plan;
	struct bs_ending ending;
	int status = 2;

	if (!arena || !store || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	if (argc < 4 || !bs_plan_load(arena, argv[1], &plan))
		return 2;
	struct bs_study *study = bs_study_new(arena, store, &check);

	bs_study_run(study, &plan, &ending);
	if (strcmp(argv[3], "none") != 0) {
		const struct bs_image *image = image_of(study, argv[2]);

		bs_ending_done(&ending);
		if (image && !relink(study, image, argv[3], argv + 4))
			return 2;
		bs_study_run(study, &plan, &ending);
		bs_store_as_it_is(store);
	}
	if (ending.status == BS_SIM_OK || ending.status == BS_SIM_REFUSED) {
		print_ending(study, &ending);
		status = 0;
	} else {
		fprintf(stderr, "%s\n", ending.problem ? ending.problem : "no answer");
	}
	bs_ending_done(&ending);
	bs_store_free(store);
	bs_arena_free(arena);
	return status;
}
