/* SPDX-License-Identifier: MIT */
/*
 * html-priv.h - what the files of the HTML page share
 *
 * A page has a section for each plan. Bindings stand before it, in blocks of JSON that are written
 * as the steps come; what a person reads first is known when the run is over.
 *
 * Names come from files. They reach the page by bs_html_text(), or in blocks that have no "<".
 */
#pragma once

#include "ci-priv.h"
#include "json-priv.h"

enum {
	SHOW_HTML_STEPS = 1 << 0,
	SHOW_HTML_FINDINGS = 1 << 1,
	SHOW_HTML_NOTES = 1 << 2,
	SHOW_HTML_OBJECTS = 1 << 3,
	SHOW_HTML_SCOPES = 1 << 4,
	SHOW_HTML_BINDINGS = 1 << 5,
	SHOW_HTML_SUPPRESSED = 1 << 6,
};

/* A global scope that is another one than after the step before. */
struct bs_html_global {
	uint32_t step, ns;
	bs_ids maps;
};

/* One plan of a page: the state of the format. */
struct bs_html {
	struct bs_ci ci; /* the first member: see bs_ci_init() */
	const struct bs_run *run;
	struct bs_writer *out;
	uint32_t plan; /* from 1 on; begins all ids of its section */
	/* What the JSON report makes of bindings, written into this page. */
	struct bs_json_report json;
	struct bs_report rows;
	/* Symbols, versions, and manners: all of a binding but its reference. What is kept of
	 * bindings until the end is as many as there are different ones. */
	struct bs_names *symbols, *versions, *manners;
	uint32_t n_symbols, n_manners;
	BS_VEC(struct bs_html_global) globals; /* in the order of time */
	struct bs_names *lists;		       /* searchlists, each once: S1 is name 1 */
};

/* html.c */
/* TEXT as character data or the value of an attribute, with what is no character as \xNN. */
void bs_html_text(struct bs_html *html, const char *text);
/* The first N bytes of TEXT, which are escaped already but for markup. */
void bs_html_words(struct bs_html *html, const char *text, size_t n);
/* The object's short name, which leads to its row where there is one. */
void bs_html_object(struct bs_html *html, const struct bs_report *report, bs_map_id map);
/* "<h3 id=...>WORDS</h3>" of a part of the plan. */
void bs_html_heading(struct bs_html *html, const char *part, const char *words);

/* html-data.c: the blocks that the search reads; see page.js. */
void bs_html_data_begin(struct bs_html *html, const struct bs_report *report);
void bs_html_data_step(struct bs_html *html, const struct bs_step_result *result);
void bs_html_data_end(struct bs_html *html, struct bs_report *report);

/* html-finding.c */
void bs_html_findings(struct bs_html *html, struct bs_report *report);
void bs_html_suppressed(struct bs_html *html, struct bs_report *report);

/* html-clash.c: who clashes with whom, as a matrix. */
void bs_html_clashes(struct bs_html *html, struct bs_report *report);

/* html-object.c */
void bs_html_objects(struct bs_html *html, struct bs_report *report);

/* html-scope.c */
/* Takes note of the global scopes as the step leaves them. */
void bs_html_scopes_step(struct bs_html *html, const struct bs_step_result *result);
void bs_html_scopes(struct bs_html *html, const struct bs_report *report);
