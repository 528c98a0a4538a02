/* SPDX-License-Identifier: MIT */
/*
 * constructed-twice: two copies of a library run their constructors, and what these fill in or
 * register with is bound to one of them.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

/*
 * It has constructors beside the one that every object gets from the compiler's crtbegin.o, and
 * what has to be destroyed in the end. (Itanium C++ ABI: DSO Object Destruction)
 */
static bool constructs(const struct bs_image *image)
{
	static const char at_exit[] = "__cxa_atexit";
	uint64_t word = image->symbols.wide ? 8 : 4;

	return bs_image_dynamic(image, DT_INIT_ARRAYSZ, 0) > word &&
	       memmem(image->symbols.strings, image->symbols.n_strings, at_exit, sizeof at_exit);
}

static struct bs_finding *finding_like(struct bs_pass *pass, uint32_t captured, enum bs_level level)
{
	struct bs_finding *f = bs_finding_between(
		pass->run, pass->findings, BS_RULE_CONSTRUCTED_TWICE, pass->result->number,
		pass->findings->v[captured].from, pass->findings->v[captured].to);
	const struct bs_finding *like = &pass->findings->v[captured];

	if (level > f->level)
		f->level = level;
	f->n = like->n;
	f->n_functions = like->n_functions;
	f->n_data = like->n_data;
	f->n_examples = like->n_examples;
	memcpy(f->examples, like->examples, sizeof f->examples);
	return f;
}

static void tell(struct bs_pass *pass, struct bs_finding *f, enum bs_fact_kind kind,
		 const char *text)
{
	bs_finding_fact(pass->run, f,
			&(struct bs_fact){ .kind = kind, .object = BS_NO_MAP, .text = text });
}

void bs_check_constructed(struct bs_pass *pass, uint32_t captured, bool has_variables)
{
	const struct bs_run *run = pass->run;
	bs_map_id from = pass->findings->v[captured].from, to = pass->findings->v[captured].to;
	const bs_known_libraries *known = bs_known(pass->checker, run);

	bs_vec_each (i, known) {
		const struct bs_known_library *library = &known->v[i];

		if (!library->twice || !bs_carries(run, from, library) ||
		    !bs_carries(run, to, library))
			continue;
		struct bs_finding *f = finding_like(pass, captured, BS_LEVEL_ERROR);

		tell(pass, f, BS_FACT_CARRIED_BY_BOTH, library->name);
		tell(pass, f, BS_FACT_KNOWN_HARM, library->twice);
	}
	if (has_variables && constructs(bs_map_of(&run->process, from)->image) &&
	    constructs(bs_map_of(&run->process, to)->image))
		tell(pass, finding_like(pass, captured, BS_LEVEL_WARNING), BS_FACT_ONE_VARIABLE,
		     NULL);
}
