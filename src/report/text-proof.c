/* SPDX-License-Identifier: MIT */
/* What debug information says of two definitions, in words. */
#include "text-priv.h"

/* "libA.so: core/shape.cc:12 (GNU C++17 12.2.0, built in /build/x)" */
static void write_place(struct bs_report *report, const struct bs_run *run, const char *label,
			const struct bs_proof_side *side)
{
	const char *before = " (";

	bs_text_field(report, label);
	bs_say_escaped(report, bs_text_short_name(run, side->object));
	bs_say(report, ": ");
	bs_say_escaped(report, side->file ? side->file : "no file told");
	if (side->file && side->line)
		bs_write_format(report->writer, ":%u", side->line);
	if (side->producer) {
		bs_say(report, before);
		bs_say_escaped(report, side->producer);
		before = ", ";
	}
	if (side->directory) {
		bs_say(report, before);
		bs_say(report, "built in ");
		bs_say_escaped(report, side->directory);
		before = ", ";
	}
	bs_say(report, *before == ',' ? ")\n" : "\n");
}

/* Where both are from, and which symbol that is if it is not the first example. */
static void write_places(struct bs_report *report, const struct bs_run *run,
			 const struct bs_finding *f, const struct bs_proof_symbol *symbol)
{
	if (strcmp(symbol->name, bs_run_symbol_name(run, &f->examples[0])) != 0) {
		bs_text_field(report, "as in");
		bs_say_escaped(report, bs_demangled(symbol->name));
		bs_say(report, "\n");
	}
	write_place(report, run, "defined", &symbol->sides[0]);
	write_place(report, run, "", &symbol->sides[1]);
}

static void say_difference(struct bs_report *report, const struct bs_run *run,
			   const struct bs_proof_symbol *symbol)
{
	const struct bs_difference *d = &symbol->difference;
	const struct bs_text_words words = {
		.first = bs_text_short_name(run, symbol->sides[0].object),
		.second = bs_text_short_name(run, symbol->sides[1].object),
		.object = bs_text_short_name(run, symbol->sides[d->left ? 0 : 1].object),
		.n = d->n_left,
		.of = d->n_right,
		.type = d->type,
		.name = d->name,
		.left = d->left,
		.right = d->right,
	};

	bs_text_fill_in(report, bs_difference_text(d->kind)->words, &words);
}

static void write_differ(struct bs_report *report, const struct bs_run *run,
			 const struct bs_finding *f, const struct bs_proof *proof)
{
	bs_text_field(report, "proof");
	bs_say_ink(report, BS_INK_STRONG, "violates the one definition rule");
	bs_say(report, ": ");
	say_difference(report, run, &proof->symbols[0]);
	bs_say(report, "\n");
	write_places(report, run, f, &proof->symbols[0]);
	if (proof->n_compared > 1) {
		bs_text_field(report, "compared");
		bs_say_count(report, proof->n_compared, "definition", "definitions");
		bs_write_format(report->writer, ", of which %u %s\n", proof->n_differ,
				proof->n_differ == 1 ? "differs" : "differ");
	}
}

static const struct bs_proof_symbol *first_compared(const struct bs_proof *proof)
{
	for (uint32_t i = 0; i < proof->n_symbols; i++)
		if (proof->symbols[i].verdict == BS_PROOF_SAME)
			return &proof->symbols[i];
	return NULL;
}

static void write_same(struct bs_report *report, const struct bs_run *run,
		       const struct bs_finding *f, const struct bs_proof *proof)
{
	const struct bs_proof_symbol *symbol = first_compared(proof);

	bs_text_field(report, "proof");
	bs_say(report, "the definitions are the same in signature and layout (");
	bs_write_grouped(report->writer, proof->n_compared);
	bs_say(report, " of ");
	bs_write_grouped(report->writer, f->n);
	bs_say(report, " compared)\n");
	if (symbol)
		write_places(report, run, f, symbol);
}

static void write_reason(struct bs_report *report, const struct bs_run *run, const char *label,
			 const struct bs_proof_side *side)
{
	const struct bs_text_words words = {
		.object = bs_text_short_name(run, side->object),
	};

	bs_text_field(report, label);
	bs_text_fill_in(report, bs_unproven_text(side->unproven)->words, &words);
	bs_say(report, "\n");
}

/* What can be told of any two files. */
static void write_sizes(struct bs_report *report, const struct bs_proof *proof)
{
	bs_text_field(report, "");
	bs_write_format(report->writer, "%u of ", proof->n_same_size);
	bs_say_count(report, proof->n_looked, "definition has", "definitions have");
	bs_say(report, " the same size in both");
	if (proof->n_code) {
		bs_write_format(report->writer, "; %u of ", proof->n_alike);
		bs_say_count(report, proof->n_code, "function is", "functions are");
		bs_say(report, " the same instructions");
	}
	if (proof->has_build_ids)
		bs_say(report, proof->same_build ? "; the files are of one build"
						 : "; the files are of two builds");
	bs_say(report, "\n");
}

static void write_unknown(struct bs_report *report, const struct bs_run *run,
			  const struct bs_proof *proof)
{
	const struct bs_proof_side *sides = proof->symbols[0].sides;
	const char *label = "proof";

	if (!sides[0].unproven && !sides[1].unproven) {
		bs_text_field(report, label);
		bs_say(report, "the definitions could not be compared in full\n");
	} else if (sides[0].unproven == BS_UNPROVEN_NO_DEBUG &&
		   sides[1].unproven == BS_UNPROVEN_NO_DEBUG) {
		bs_text_field(report, label);
		bs_say(report, "no debug information in ");
		bs_say_escaped(report, bs_text_short_name(run, sides[0].object));
		bs_say(report, " and ");
		bs_say_escaped(report, bs_text_short_name(run, sides[1].object));
		bs_say(report, "\n");
	} else {
		for (unsigned i = 0; i < 2; i++) {
			if (!sides[i].unproven || (i && sides[i].unproven == sides[0].unproven &&
						   sides[i].unproven == BS_UNPROVEN_NO_LIBRARY))
				continue;
			write_reason(report, run, label, &sides[i]);
			label = "";
		}
	}
	write_sizes(report, proof);
}

void bs_text_proof(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f)
{
	if (!f->proof)
		return;
	switch (f->proof->verdict) {
	case BS_PROOF_DIFFER:
		write_differ(report, run, f, f->proof);
		break;
	case BS_PROOF_SAME:
		write_same(report, run, f, f->proof);
		break;
	case BS_PROOF_UNKNOWN:
		write_unknown(report, run, f->proof);
		break;
	}
	if (f->proof->before == f->proof->after)
		return;
	bs_text_field(report, "");
	bs_write_format(report->writer, "by this proof the level is %s, not %s\n",
			bs_level_name(f->level), bs_level_name(f->proof->before));
}
