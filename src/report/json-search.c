/* SPDX-License-Identifier: MIT */
/* What a step looked for, and every place that was tried. */
#include "json-priv.h"

static void begin_search(struct bs_json *json, const char *kind, const struct bs_trace *trace)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "kind", kind);
	bs_json_member(json, "name", trace->text);
	if (trace->kind == BS_TRACE_FIND) {
		bs_json_member_number(json, "namespace", trace->ns);
	}
	if (trace->kind == BS_TRACE_AUXILIARY) {
		bs_json_member(json, "filter", trace->where);
	}
	bs_json_key(json, "places");
	bs_json_array(json, BS_JSON_INLINE);
}

static void end_search(struct bs_json *json)
{
	bs_json_close(json);
	bs_json_close(json);
}

const char *bs_json_place_verdict(const struct bs_trace *trace)
{
	static const char *const names[] = {
		[BS_TAKE] = "taken",
		[BS_SKIP] = "skipped",
		[BS_SKIP_OTHER_CLASS] = "other-class",
		[BS_SKIP_NO_SETUID] = "skipped",
		[BS_REFUSE] = "refused",
	};

	if (trace->kind == BS_TRACE_CACHE_DROPPED)
		return "forbidden";
	return trace->os_error ? "not-opened" : names[trace->verdict];
}

static void write_file(struct bs_json *json, const struct bs_trace *trace)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "kind", "file");
	bs_json_member(json, "file", trace->text);
	bs_json_member_word(json, "how", bs_json_how_name(trace->how));
	bs_json_member_word(json, "verdict", bs_json_place_verdict(trace));
	bs_json_key(json, "errno");
	bs_json_errno(json, trace->os_error);
	bs_json_member(json, "words", trace->words);
	bs_json_close(json);
}

static void write_list(struct bs_json *json, const struct bs_trace *trace)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "kind", "list");
	bs_json_member(json, "directories", trace->text);
	bs_json_member(json, "label", trace->label);
	bs_json_member(json, "of", trace->where);
	bs_json_close(json);
}

static void write_cache(struct bs_json *json, const struct bs_trace *trace)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "kind", "cache");
	bs_json_member(json, "file", trace->text);
	bs_json_close(json);
}

void bs_json_searches(struct bs_json *json, const bs_traces *traces, enum bs_json_layout layout)
{
	bool within = false; /* a search is open */

	bs_json_key(json, "searches");
	bs_json_array(json, layout);
	bs_vec_each (i, traces) {
		const struct bs_trace *trace = &traces->v[i];
		bool by_path = trace->kind == BS_TRACE_TRY && trace->how == BS_HOW_PATH;
		bool begins = by_path || trace->kind == BS_TRACE_FIND ||
			      trace->kind == BS_TRACE_AUXILIARY;

		if (within && (begins || trace->kind == BS_TRACE_END)) {
			end_search(json);
			within = false;
		}
		switch (trace->kind) {
		case BS_TRACE_FIND:
			begin_search(json, "library", trace);
			within = true;
			break;
		case BS_TRACE_AUXILIARY:
			begin_search(json, "filtee", trace);
			end_search(json);
			break;
		case BS_TRACE_TRY:
			if (by_path)
				begin_search(json, "path", trace);
			write_file(json, trace);
			if (by_path)
				end_search(json);
			break;
		case BS_TRACE_CACHE_DROPPED:
			write_file(json, trace);
			break;
		case BS_TRACE_PATH_LIST:
			write_list(json, trace);
			break;
		case BS_TRACE_CACHE:
			write_cache(json, trace);
			break;
		case BS_TRACE_END:
			break;
		}
	}
	if (within)
		end_search(json);
	bs_json_close(json);
}
