/* SPDX-License-Identifier: MIT */
/* Where files were looked for, and which were not found. */
#include "account-priv.h"

/* ---- searches -------------------------------------------------------------------------------- */

static struct bs_log_search search_record(struct bs_log_details *d, bool is_sure)
{
	struct bs_log_state *s = d->state;
	bs_name *tried = bs_new(d->arena, bs_name, s->search.tried.n);
	bs_name *reasons = bs_new(d->arena, bs_name, s->search.tried.n);

	for (uint32_t i = 0; i < s->search.tried.n; i++) {
		tried[i] = s->search.tried.v[i];
		reasons[i] = s->search.reasons.v[i];
	}
	return (struct bs_log_search){
		.name = s->search.name,
		.ns = s->search.ns,
		.by = s->search.by,
		.n = 1,
		.n_tried = s->search.tried.n,
		.tried = tried,
		.reasons = reasons,
		.is_sure = is_sure,
		.place = s->search.place,
	};
}

/* The search that was last led to nothing: it is a failure. Its number, or UINT32_MAX. */
uint32_t bs_log_fail_search(struct bs_log_details *d, bool is_sure)
{
	struct bs_log_state *s = d->state;

	if (!s->search.is_there)
		return UINT32_MAX;
	s->search.is_there = false;
	bs_vec_each (i, &d->searches) {
		struct bs_log_search *known = &d->searches.v[i];

		if (known->name == s->search.name && known->ns == s->search.ns &&
		    known->by == s->search.by) {
			known->n++;
			return i;
		}
	}
	bs_vec_push(d->arena, &d->searches, search_record(d, is_sure));
	return d->searches.n - 1;
}

/* Another search begins, or it does not matter any more what became of the last one. Without
 * `files' that comes out at the end. */
void bs_log_leave_search(struct bs_log_details *d)
{
	struct bs_log_state *s = d->state;

	if (s->search.is_there && !s->has_files)
		bs_vec_push(d->arena, &s->open_searches, search_record(d, false));
	s->search.is_there = false;
}

void bs_log_begin_search(struct bs_log_details *d, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;

	bs_log_leave_search(d);
	s->search.is_there = true;
	s->search.name = event->to;
	s->search.ns = bs_log_ns_of(event->to_ns);
	s->search.by = s->wanted.is_there && s->wanted.to == event->to ? s->wanted.from : 0;
	s->search.has_cache_hit = s->search.goes_by_path = false;
	s->search.tried.n = s->search.reasons.n = 0;
	s->search.place = event->place;
}

void bs_log_go_on_searching(struct bs_log_details *d, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;

	switch ((int)event->kind) {
	case BS_LOG_CACHE:
		s->search.has_cache_hit = false;
		s->search.goes_by_path = false;
		break;
	case BS_LOG_SEARCH_PATH:
		s->search.goes_by_path = true;
		s->search.path = event->to;
		s->search.origin = event->from;
		s->search.has_cache_hit = false;
		break;
	case BS_LOG_TRYING:
		s->search.has_cache_hit = !s->search.goes_by_path;
		bs_vec_push(d->arena, &s->search.tried, event->to);
		bs_vec_push(d->arena, &s->search.reasons, 0);
		break;
	case BS_LOG_REJECTED:
		s->search.has_cache_hit = false;
		if (s->search.reasons.n)
			s->search.reasons.v[s->search.reasons.n - 1] = event->to;
		break;
	default:
		break;
	}
}

/* Nothing was found in the last search: it came to the last of the system's directories. One that
 * finds something and makes nothing of it (RTLD_NOLOAD) ends before, as a rule. */
bool bs_log_is_exhausted(const struct bs_log_details *d, const struct bs_names *names)
{
	const struct bs_log_state *s = d->state;

	if (!s->search.is_there || s->search.has_cache_hit)
		return false;
	if (!s->search.tried.n)
		return true;
	if (!s->search.goes_by_path ||
	    strcmp(bs_name_text(names, s->search.origin), "system search path") != 0)
		return false;
	const char *file = bs_name_text(names, s->search.tried.v[s->search.tried.n - 1]);
	const char *path = bs_name_text(names, s->search.path);
	const char *colon = strrchr(path, ':'), *last = colon ? colon + 1 : path;
	size_t n = strlen(last);

	return strncmp(file, last, n) == 0 &&
	       strcmp(file + n + (file[n] == '/'), bs_log_base_name(file)) == 0;
}
